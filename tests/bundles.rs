//! Policy that comes from a bundle server.

use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};

use crate::harness::{RULES, SECRET, Setup, Site, Upstream, reply, request, soon, until};

/// A bundle server: what it serves can be exchanged, and it knows which one an agent has.
struct Server {
    served: Arc<Mutex<Vec<u8>>>,
    upstream: Upstream,
}

impl Server {
    fn new(bundle: Vec<u8>) -> Self {
        let served = Arc::new(Mutex::new(bundle));
        let answers = Arc::clone(&served);
        let upstream = Upstream::answering(move |asked| {
            let bundle = answers.lock().unwrap().clone();
            let tag = format!("\"{}\"", bundle.len());
            let mut answer = Response::builder().header("etag", &tag);
            let body = match asked.headers.get("if-none-match") {
                Some(known) if known == &tag => {
                    answer = answer.status(StatusCode::NOT_MODIFIED);
                    Vec::new()
                }
                _ => bundle,
            };
            answer.body(Full::from(body).map_err(|never| match never {}).boxed()).unwrap()
        });
        Self { served, upstream }
    }

    fn serve(&self, bundle: Vec<u8>) {
        *self.served.lock().unwrap() = bundle;
    }

    /// The section of the configuration.
    fn policy(&self) -> String {
        format!(
            "path: policy.tar.gz, server: {{ url: 'http://{}', resource: /b/authz.tar.gz, every: 1s, \
             wait: 0s, token: {{ file: secrets/api }} }}",
            self.upstream.address
        )
    }
}

fn bundle(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

const TEST: &str = r#"package countersign.authz_test

import data.countersign.authz

test_get_is_allowed if authz.decision.allowed with input as {"attributes": {"request": {"http": {"method": "GET"}}}}
"#;

fn rules(rules: &str) -> Vec<u8> {
    bundle(&[("authz/authz.rego", rules), ("authz/authz_test.rego", TEST)])
}

async fn downloads(site: &Site, result: &str) -> f64 {
    site.metric("countersign_bundle_downloads_total", &[("result", result)]).await
}

/// Waits for one more download of that kind.
async fn another(site: &Site, result: &str) {
    let before = downloads(site, result).await;
    soon(result, async { while downloads(site, result).await == before {} }).await;
}

#[tokio::test]
async fn rules_come_from_the_server_and_change_with_it() {
    let (server, upstream) = (Server::new(rules(RULES)), Upstream::answering(|_| reply("reached")));
    let setup = Setup::new(&upstream).policy(&server.policy());
    let site = setup.start();
    let agent = site.agent("reader");
    assert_eq!(agent.get("/").await.status, 200);
    let asked = server.upstream.requests();
    assert_eq!(asked[0].target, "/b/authz.tar.gz");
    assert_eq!(asked[0].header("authorization"), [format!("Bearer {SECRET}")]);

    until("it is asked again and has nothing new", || {
        server.upstream.requests().iter().any(|asked| !asked.header("if-none-match").is_empty())
    })
    .await;
    let mut kept = agent.h1().await;
    server.serve(rules(&RULES.replace("\"HEAD\", ", "")));
    let before = downloads(&site, "new").await;
    let refused = async { while kept.send(request("HEAD", "/")).await.status != 403 {} };
    soon("the new rules", refused).await;
    assert!(downloads(&site, "new").await > before);
}

#[tokio::test]
async fn a_bad_bundle_changes_nothing_and_a_restart_needs_no_server() {
    let (server, upstream) = (Server::new(rules(RULES)), Upstream::answering(|_| reply("reached")));
    let site = Setup::new(&upstream).policy(&server.policy()).start();
    assert_eq!(site.agent("reader").get("/").await.status, 200);
    let good = std::fs::read(site.path("policy.tar.gz")).unwrap();

    let failing = RULES.replace("\"GET\", ", "");
    for bad in [rules(&failing), b"no archive".to_vec()] {
        server.serve(bad);
        another(&site, "refused").await;
    }
    assert_eq!(std::fs::read(site.path("policy.tar.gz")).unwrap(), good);
    assert_eq!(site.agent("reader").get("/").await.status, 200);

    drop(server);
    another(&site, "failed").await;
    assert_eq!(site.agent("reader").get("/").await.status, 200);
}

#[test]
fn without_a_server_and_without_an_archive_it_does_not_start() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let policy = "path: policy.tar.gz, server: { url: 'http://127.0.0.1:1', resource: /b.tar.gz }";
    let why = Setup::new(&upstream).policy(policy).try_start().map(drop).unwrap_err().to_string();
    assert!(why.contains("policy.tar.gz: cannot be read"), "{why}");
}
