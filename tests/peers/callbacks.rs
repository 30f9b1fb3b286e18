//! Callbacks, heard by a server that has the libraries of CloudEvents and of HTTP signatures check
//! them; and addresses that nobody is called at.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::ed25519::Pair;
use http::Request;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::program::Server;
use crate::harness::{Agent, Answer, Setup, Site, Upstream, body, reply, until};

/// Every order is allowed but number 13.
const RULES: &str = "package countersign.authz\n\ndefault decision := {\"allowed\": true}\n\n\
     decision := {\"allowed\": false} if input.attributes.request.http.path == \"/13\"\n";

/// A site whose agents may be called at `allowed`, and a server that hears calls.
struct Scene {
    site: Site,
    _upstream: Upstream,
    server: Server,
    folder: TempDir,
    public: [u8; 32],
}

impl Scene {
    fn new(allowed: &str) -> Self {
        let upstream = Upstream::answering(|_| reply("done"));
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
        let setup = Setup::new(&upstream);
        let identity = setup.authority.server(&["localhost"]);
        std::fs::write(at("cert.pem"), identity.cert_pem).unwrap();
        std::fs::write(at("key.pem"), identity.key_pem).unwrap();
        let public = Pair::make(Path::new(&at("callbacks"))).unwrap().public();
        let known = STANDARD.encode(public);
        let told = [at("cert.pem"), at("key.pem"), known, at("heard")];
        let server = Server::python("hooks.py", &told.each_ref().map(String::as_str));
        let key = at("callbacks");
        let site = setup
            .rules(RULES)
            .section("state: { url: sqlite:state/countersign.db }")
            .section(&format!(
                "callbacks: {{ key: {{ file: '{key}' }}, source: 'urn:test', \
                 allow_addresses: [{allowed}], tls: {{ ca: pki/agents.pem }} }}"
            ))
            .start();
        Self { site, _upstream: upstream, server, folder, public }
    }

    /// Puts an order forward and wants to hear of it.
    async fn order(&self, agent: &Agent, number: u32, callback: Value) -> Answer {
        let url = format!("https://api.example.org/{number}");
        let wish = json!({ "request": { "method": "POST", "url": url }, "callback": callback });
        let request = Request::post("/.countersign/v1/proposals")
            .header("content-type", "application/json")
            .header("idempotency-key", format!("order-{number}"));
        agent.send(request.body(body(wish.to_string())).unwrap()).await
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.server.port)
    }

    fn heard(&self) -> Vec<Value> {
        let heard = std::fs::read_to_string(self.folder.path().join("heard")).unwrap_or_default();
        heard.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    async fn called(&self, result: &str, count: f64) {
        let name = "countersign_callbacks_total";
        let mut called = 0.0;
        while called < count {
            called = self.site.metric(name, &[("result", result)]).await;
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn an_agent_hears_what_becomes_of_its_proposal_and_who_says_so() {
    let scene = Scene::new("127.0.0.0/8, '::1/128'");
    let agent = scene.site.agent("writer");
    let put = scene
        .order(&agent, 1, json!({ "endpoint": scene.url("/hook?a=1"), "state": "mine" }))
        .await;
    assert_eq!(put.status, 202, "{}", put.text());
    let id = put.header("countersign-proposal");
    until("both calls", || scene.heard().len() >= 2).await;
    let heard: BTreeMap<_, _> =
        scene.heard().into_iter().map(|one| (one["type"].to_string(), one)).collect();
    let types: Vec<_> = heard.keys().map(String::as_str).collect();
    let both = ["\"dev.countersign.proposal.approved\"", "\"dev.countersign.proposal.succeeded\""];
    assert_eq!(types, both);
    for one in heard.values() {
        assert_eq!((&one["path"], &one["source"]), (&"/hook?a=1".into(), &"urn:test".into()));
        assert_eq!((&one["subject"], &one["data"]["proposal"]), (&id.into(), &id.into()));
        assert_eq!(one["data"]["state"], "mine");
        let status = one["data"]["status_endpoint"].as_str().unwrap();
        assert_eq!(agent.get(status).await.json()["id"], *id);
    }
    let keys = agent.get("/.countersign/v1/keys").await.json();
    assert_eq!(keys["keys"][0]["x"], URL_SAFE_NO_PAD.encode(scene.public));
}

#[tokio::test]
async fn who_does_not_take_a_call_is_called_again_and_who_is_gone_is_not() {
    let scene = Scene::new("127.0.0.0/8, '::1/128'");
    let agent = scene.site.agent("writer");
    let only = ["proposal.succeeded"];
    for (number, path) in [(1, "/later"), (2, "/gone"), (3, "/moved")] {
        let callback = json!({ "endpoint": scene.url(path), "events": only });
        assert_eq!(scene.order(&agent, number, callback).await.status, 202);
    }
    scene.called("given_up", 1.0).await;
    scene.called("sent", 1.0).await;
    scene.called("failed", 2.0).await;
    let heard = scene.heard();
    let times = |path: &str| heard.iter().filter(|one| one["path"] == path).count();
    assert_eq!((times("/later"), times("/gone"), times("/elsewhere")), (2, 1, 0));
    let ids: Vec<_> = heard.iter().filter(|one| one["path"] == "/later").collect();
    assert_eq!(ids[0]["id"], ids[1]["id"], "the same event, told twice");
}

#[tokio::test]
async fn nobody_is_called_where_agents_have_no_business() {
    let scene = Scene::new("");
    let agent = scene.site.agent("writer");
    let port = scene.server.port;
    let inside = [
        format!("https://localhost:{port}/x"),
        format!("https://127.0.0.1:{port}/x"),
        format!("https://[::ffff:127.0.0.1]:{port}/x"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://10.0.0.1/".to_owned(),
    ];
    for (number, endpoint) in (1_u32..).zip(&inside) {
        let callback = json!({ "endpoint": endpoint, "events": ["proposal.approved"] });
        assert_eq!(scene.order(&agent, number, callback).await.status, 202, "{endpoint}");
    }
    scene.called("failed", 5.0).await;
    assert_eq!(scene.heard(), Vec::<Value>::new());
    for (number, callback) in (20_u32..).zip([
        json!({ "endpoint": format!("http://localhost:{port}/") }),
        json!({ "endpoint": "https://2130706433/" }),
        json!({ "endpoint": "https://user@agent.example.org/" }),
        json!({ "endpoint": "file:///etc/passwd" }),
        json!({ "endpoint": "https://agent.example.org/", "events": ["proposal.all"] }),
        json!({ "endpoint": "https://agent.example.org/", "state": "x".repeat(600) }),
        json!({ "endpoint": "https://agent.example.org/", "headers": {} }),
        json!({ "state": "x" }),
    ]) {
        let answer = scene.order(&agent, number, callback.clone()).await;
        assert_eq!(answer.problem(), (400, "body_unfit".to_owned()), "{callback}");
    }
    // What is refused is not put forward, so there is nothing to be called for.
    let callback = json!({ "endpoint": "https://agent.example.org/" });
    assert_eq!(scene.order(&agent, 13, callback).await.status, 403);
}

#[tokio::test]
async fn without_a_key_nobody_is_called() {
    let upstream = Upstream::answering(|_| reply("done"));
    let setup = Setup::new(&upstream).section("state: { url: sqlite:state/countersign.db }");
    let site = setup.start();
    let wish = json!({
        "request": { "method": "POST", "url": "https://api.example.org/1" },
        "callback": { "endpoint": "https://agent.example.org/" },
    });
    let request = Request::post("/.countersign/v1/proposals")
        .header("content-type", "application/json")
        .header("idempotency-key", "one");
    let answer = site.agent("writer").send(request.body(body(wish.to_string())).unwrap()).await;
    assert_eq!(answer.problem(), (400, "body_unfit".to_owned()));
    let keys = site.agent("writer").get("/.countersign/v1/keys").await.json();
    assert_eq!(keys, json!({ "keys": [] }));
}
