//! What is revoked stops at once, on every replica: what begins, and what is open.

use std::future::pending;
use std::path::Path;
use std::process::Output;

use countersign::store::Store;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::sync::mpsc;

use crate::harness::{
    Feed, Human, Outgoing, Payload, RULES, Setup, Site, Upstream, body, countersign, postgres,
    records, reply, request, soon, until,
};
use crate::streaming::{HANDSHAKE, socket};

const READER: &str = "spiffe://example.org/agent/reader";

fn setup(upstream: &Upstream) -> Setup {
    Setup::new(upstream).section("state: { url: sqlite:state/countersign.db }")
}

/// `countersign revoke …` on the deployment in `folder`.
fn revoke(folder: &Path, arguments: &[&str]) -> Output {
    let output = countersign(folder).arg("revoke").args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

/// Waits until `site` refuses `agent`, and says how.
async fn refused(site: &Site, agent: &str) -> (u16, String) {
    let agent = site.agent(agent);
    soon("a refusal", async {
        loop {
            // The one that is under way in that moment is cut, and has no answer.
            let answer = agent.h1().await.try_send(request("GET", "/orders")).await;
            if let Some(answer) = answer.ok().filter(|answer| answer.status != 200) {
                return answer.problem();
            }
        }
    })
    .await
}

/// An upstream that answers with events, which the second value sends; it holds them for one.
pub fn events() -> (Upstream, mpsc::Sender<Frame<bytes::Bytes>>) {
    let (events, feed) = Feed::channel(1);
    let feed = std::sync::Mutex::new(Some(feed));
    let upstream = Upstream::answering(move |_| match feed.lock().unwrap().take() {
        Some(feed) => Response::new(feed.map_err(|never| match never {}).boxed()),
        None => reply("done"),
    });
    (upstream, events)
}

#[tokio::test]
async fn who_is_revoked_begins_nothing_and_gets_it_back_when_that_is_lifted() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = setup(&upstream).start();
    for (kind, name, refusal) in [
        ("agent", READER, "agent_revoked"),
        ("trust-domain", "example.org", "agent_revoked"),
        ("credential", "api", "credential_revoked"),
    ] {
        assert_eq!(site.agent("reader").get("/orders").await.status, 200);
        revoke(&site.path(""), &[kind, name, "--reason", "it was taken over"]);
        assert_eq!(refused(&site, "reader").await, (403, refusal.to_owned()), "{kind}");
        let listed = String::from_utf8(revoke(&site.path(""), &["list"]).stdout).unwrap();
        assert!(listed.contains(&format!("  {kind} {name}  it was taken over")), "{listed}");
        // Countersign's own answers are nobody's any more who is revoked; a credential is no agent.
        let whoami = site.agent("reader").get("/.countersign/v1/whoami").await.status;
        assert_eq!(whoami, if kind == "credential" { 200 } else { 403 });
        let other = site.agent("writer").get("/orders").await.status;
        assert_eq!(other, if kind == "agent" { 200 } else { 403 }, "{kind}");
        revoke(&site.path(""), &["lift", kind, name]);
        let agent = site.agent("reader");
        soon("it is lifted", async { while agent.get("/orders").await.status != 200 {} }).await;
    }
    assert_eq!(site.metric("countersign_revocation_lag_seconds_count", &[]).await, 3.0);
}

#[tokio::test]
async fn what_names_nothing_is_not_revoked() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = setup(&upstream).start();
    for (arguments, code) in [
        (["agent", "reader"].as_slice(), 3),
        (&["task", "prp_1"], 3),
        (&["task", "tsk_0193a0b0c0d07ef08193a0b0c0d0e0f0"], 5),
        (&["trust-domain", ""], 3),
        (&["lift", "agent", READER], 5),
        (&["lift", "route", "orders"], 3),
    ] {
        let mut command = countersign(&site.path(""));
        let output = command.arg("revoke").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    }
    assert_eq!(site.agent("reader").get("/orders").await.status, 200);
    // What may be a slip of the pen is done, and said.
    for (kind, name, known) in
        [("credential", "nosuch", "it has: api"), ("agent", "spiffe://exmple.org/x", "example.org")]
    {
        let output = revoke(&site.path(""), &[kind, name]);
        let warned = String::from_utf8(output.stderr).unwrap();
        assert!(warned.contains("warning: ") && warned.contains(known), "{warned}");
    }
}

#[tokio::test]
async fn an_open_stream_is_cut_and_its_record_says_why() {
    let (upstream, events) = events();
    let site = setup(&upstream).start();
    let mut client = site.agent("reader").h2().await;
    let opened = soon("a head", client.open(request("GET", "/events"))).await.unwrap();
    let mut stream = opened.into_body();
    events.send(Frame::data("data: 1\n\n".into())).await.unwrap();
    soon("an event", stream.frame()).await.unwrap().unwrap();
    revoke(&site.path(""), &["agent", READER]);
    assert!(soon("the cut", stream.frame()).await.unwrap().is_err());
    soon("the upstream's connection ends", events.closed()).await;
    let outcome = &site.recorded("outcome", 1).await[0];
    assert_eq!((&outcome["outcome"], &outcome["why"]), (&"aborted".into(), &"revoked".into()));
    assert_eq!(site.metric("countersign_exchanges_cut_total", &[]).await, 1.0);
}

#[tokio::test]
async fn a_websocket_is_cut() {
    let upstream = socket();
    let site = setup(&upstream).route("upgrade: [websocket]").start();
    let mut wire = site.agent("reader").wire().await;
    wire.write(HANDSHAKE).await;
    assert_eq!(wire.answer().await.status, 101);
    wire.write(b"ping").await;
    assert_eq!(wire.take(4).await, b"ping");
    revoke(&site.path(""), &["credential", "api"]);
    assert_eq!(wire.end().await, b"");
    let outcome = &site.recorded("outcome", 1).await[0];
    assert_eq!((&outcome["outcome"], &outcome["why"]), (&"aborted".into(), &"revoked".into()));
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_cut_as_well() {
    let (upstream, events) = events();
    let site = setup(&upstream).start();
    let mut client = site.agent("reader").h2().await;
    let stream = soon("a head", client.open(request("GET", "/events"))).await.unwrap();
    // More than the agent's window takes.
    let full = async { while events.send(Frame::data(vec![b'x'; 65_536].into())).await.is_ok() {} };
    let cut = async {
        revoke(&site.path(""), &["credential", "api"]);
        soon("the upstream's connection ends", events.closed()).await;
    };
    tokio::join!(soon("it is cut", full), cut);
    drop(stream);
    let outcome = &site.recorded("outcome", 1).await[0];
    assert_eq!((&outcome["outcome"], &outcome["why"]), (&"aborted".into(), &"revoked".into()));
}

#[tokio::test]
async fn a_call_that_waits_for_its_upstream_is_cut() {
    let upstream = Upstream::streaming(|_| pending::<Response<Payload>>());
    let site = setup(&upstream).start();
    let agent = site.agent("reader");
    let call = tokio::spawn(async move { agent.get("/orders").await.problem() });
    until("it arrives", || upstream.connections() == 1).await;
    site.recorded("intent", 1).await;
    revoke(&site.path(""), &["trust-domain", "example.org"]);
    assert_eq!(soon("an answer", call).await.unwrap(), (403, "agent_revoked".to_owned()));
    let outcome = &site.recorded("outcome", 1).await[0];
    assert_eq!((&outcome["outcome"], &outcome["why"]), (&"aborted".into(), &"revoked".into()));
}

/// Everything takes a person.
const ASKING: &str = r#"package countersign.authz

default decision := {"allowed": false, "approval": {"quorum": 1}}

decision := {"allowed": true} if input.countersign.approval != null
"#;

fn asking(upstream: &Upstream, maria: &Human) -> Setup {
    let people = format!("approvals: {{ hold: 2m, people: {{ {} }} }}", maria.entry(""));
    setup(upstream).rules(ASKING).section(&people)
}

fn order() -> Request<Outgoing> {
    Request::post("/orders").body(body("one")).unwrap()
}

#[tokio::test]
async fn a_held_call_is_cut_and_what_people_agree_to_is_not_carried_out() {
    let (upstream, maria) = (Upstream::answering(|_| reply("done")), Human::new("maria"));
    let site = asking(&upstream, &maria).start();
    let agent = site.agent("reader");
    let held = tokio::spawn(async move { agent.send(order()).await.problem() });
    let folder = site.path("");
    let store = format!("sqlite:{}", folder.join("state/countersign.db").display());
    let store = Store::open(&store).await.unwrap();
    let id = soon("it is held", async {
        loop {
            if let Some(proposal) = store.waiting(None).await.unwrap().first() {
                return proposal.id();
            }
        }
    })
    .await;
    revoke(&folder, &["agent", READER]);
    assert_eq!(soon("an answer", held).await.unwrap(), (403, "agent_revoked".to_owned()));
    assert!(maria.says("approve", &folder, id).status.success());
    // The agent learns nothing more, and the errand that would do it without the agent is refused.
    let mailbox = format!("/.countersign/v1/proposals/{id}/result");
    assert_eq!(site.agent("reader").get(&mailbox).await.problem().0, 403);
    soon("a try without the agent", async {
        while !records(&site.path("audit")).iter().any(|one| one["reason"] == "revoked") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn without_its_store_a_replica_soon_lets_nothing_pass_and_cuts_what_is_open() {
    let (url, database) = postgres();
    let (upstream, events) = events();
    let state = format!("state: {{ url: \"{url}\", stale_after: 1s }}");
    let site = Setup::new(&upstream).rules(RULES).section(&state).start();
    let mut client = site.agent("reader").h2().await;
    let opened = soon("a head", client.open(request("GET", "/events"))).await.unwrap();
    events.send(Frame::data("data: 1\n\n".into())).await.unwrap();
    let mut stream = opened.into_body();
    soon("an event", stream.frame()).await.unwrap().unwrap();
    drop(database);
    assert!(soon("the cut", stream.frame()).await.unwrap().is_err());
    assert_eq!(refused(&site, "reader").await, (503, "revocations_unknown".to_owned()));
}
