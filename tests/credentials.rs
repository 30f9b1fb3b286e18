//! Credentials as the upstream sees them, and what happens when their secret cannot be had.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;

use crate::harness::{Received, SECRET, Setup, Upstream, empty, logs, reply, until};

/// What reaches the upstream under a credential of this scheme.
async fn sent(scheme: &str) -> Received {
    let upstream = Upstream::answering(|_| reply("reached"));
    let site = Setup::new(&upstream).credential(scheme).start();
    let request = Request::get("/a?key=own&x=1&KEY=other")
        .header("authorization", "Bearer own")
        .header("cookie", "session=own")
        .header("x-api-key", "own");
    let answer = site.agent("reader").send(request.body(empty()).unwrap()).await;
    assert_eq!(answer.status, 200, "{scheme}: {answer:?}");
    upstream.request()
}

#[tokio::test]
async fn a_bearer_token_is_the_only_authorization() {
    let received = sent("scheme: bearer").await;
    assert_eq!(received.header("authorization"), [format!("Bearer {SECRET}")]);
    assert_eq!(received.header("cookie"), [""; 0]);
}

#[tokio::test]
async fn basic_is_a_name_and_the_secret() {
    let received = sent("scheme: basic, username: robot").await;
    let expected = STANDARD.encode(format!("robot:{SECRET}"));
    assert_eq!(received.header("authorization"), [format!("Basic {expected}")]);
}

#[tokio::test]
async fn any_header_can_carry_the_secret_behind_a_prefix() {
    let received = sent("scheme: header, name: X-Api-Key, prefix: 'Token '").await;
    assert_eq!(received.header("x-api-key"), [format!("Token {SECRET}")]);
    assert_eq!(received.header("authorization"), [""; 0]);
}

#[tokio::test]
async fn a_query_parameter_replaces_the_agents_own() {
    let received = sent("scheme: query, name: key").await;
    let query = received.target.split_once('?').unwrap().1;
    let keys: Vec<_> = query.split('&').filter(|pair| pair.starts_with("key=")).collect();
    let escaped = SECRET.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
    assert_eq!(keys, [format!("key={}", escaped.replace('?', "%3F"))], "{query}");
    assert!(query.contains("x=1"), "{query}");
}

#[tokio::test]
async fn a_cookie_is_the_only_cookie() {
    let received = sent("scheme: cookie, name: session").await;
    assert_eq!(received.header("cookie"), [format!("session={SECRET}")]);
}

#[tokio::test]
async fn a_secret_that_cannot_be_had_is_never_an_unsigned_request() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let mut site = Setup::new(&upstream).start();
    let agent = site.agent("reader");
    let mut kept = agent.h1().await;
    assert_eq!(kept.get("/").await.status, 200);
    let file = site.path("secrets/api");
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    site.reload(|setup| setup).await;
    let answer = kept.get("/").await;
    assert_eq!(answer.problem(), (502, "credential_unavailable".to_owned()));
    let said = file.display().to_string();
    until("a word for the operator", || logs().contains(&said)).await;
    std::fs::remove_file(&file).unwrap();
    site.reload(|setup| setup.without_file("secrets/api")).await;
    assert_eq!(kept.get("/").await.problem(), (502, "credential_unavailable".to_owned()));
    assert_eq!(upstream.requests().len(), 1);
    assert_eq!(site.metric("countersign_credential_errors_total", &[]).await, 2.0);
    site.reload(|setup| setup.file("secrets/api", SECRET)).await;
    assert_eq!(kept.get("/").await.status, 200);
}

#[tokio::test]
async fn a_changed_secret_is_picked_up() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let mut site = Setup::new(&upstream).start();
    let mut kept = site.agent("reader").h2().await;
    kept.get("/").await;
    site.reload(|setup| setup.secret("another-s3cret-value")).await;
    kept.get("/").await;
    let seen: Vec<_> =
        upstream.requests().iter().map(|r| r.header("authorization").join("|")).collect();
    assert_eq!(seen, [format!("Bearer {SECRET}"), "Bearer another-s3cret-value".to_owned()]);
}

/// Both routes and both upstreams exist; only the binding says that the two do not go together.
#[tokio::test]
async fn a_credential_cannot_be_reached_by_a_route_to_another_upstream() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let elsewhere = Upstream::answering(|_| reply("elsewhere"));
    let other = format!("elsewhere: {{ url: 'http://{}' }}", elsewhere.address);
    let setup = |credential: &str| {
        Setup::new(&upstream).another_upstream(&other).another_route(&format!(
            "other: {{ hosts: [other.example.org], upstream: elsewhere{credential} }}"
        ))
    };
    let bound = setup(", credential: api");
    let (line, text) = (1..)
        .zip(bound.config().lines().map(str::to_owned).collect::<Vec<_>>())
        .find(|(_, line)| line.contains("other.example.org"))
        .unwrap();
    let column = text.find("api }").unwrap() + 1;
    let Err(why) = bound.try_start() else { panic!("it started") };
    let said = why.to_string();
    assert!(said.contains("C032"), "{said}");
    assert!(said.contains("credential `api` may not be sent to upstream `elsewhere`"), "{said}");
    assert!(said.contains(&format!("countersign.yaml:{line}:{column}")), "{said}");
    assert!(said.contains("^^^ it is bound to: api"), "{said}");
    assert_eq!(said.matches("error[").count(), 1, "nothing else is wrong with it: {said}");
    assert!(upstream.is_untouched() && elsewhere.is_untouched());

    // The same without the credential is fine, and goes there without it.
    let site = setup("").start();
    let agent = site.agent("reader").asking_for("other.example.org");
    assert_eq!(agent.get("/").await.text(), "elsewhere");
    assert_eq!(elsewhere.request().header("authorization"), [""; 0]);
}
