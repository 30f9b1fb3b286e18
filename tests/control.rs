//! People at the control door: who they are, what they may read, and what they may do.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use countersign::clock::{Clock, Manual, Timestamp};
use countersign::id::ProposalId;
use http::{Method, Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::harness::{
    Agent, Answer, Authority, Client, Feed, Human, Identity, Outgoing, SECRET, Setup, Site,
    Upstream, body, empty, postgres, reply, request, soon, svid, until,
};

/// Posting takes one of the payments people.
const ONE: &str = r#"package countersign.authz

default decision := {"allowed": false}

decision := {"allowed": true} if input.attributes.request.http.method == "GET"

decision := {
	"allowed": false,
	"reasons": [{"code": "large", "message": "Refunds take one."}],
	"approval": {"quorum": 1, "approvers": ["payments"], "summary": "A refund", "risk": "high"},
} if {
	input.attributes.request.http.method == "POST"
	input.countersign.approval == null
}

decision := {"allowed": true} if count(input.countersign.approval.approvers) > 0
"#;

/// A deployment with people of their own trust domain.
struct Office {
    site: Site,
    people: Authority,
    ann: Human,
    bob: Human,
    eve: Human,
}

impl Office {
    fn new(upstream: &Upstream, change: impl FnOnce(Setup) -> Setup) -> Self {
        let people = Authority::new("people.example.org");
        let (ann, bob, eve) = (Human::new("ann"), Human::new("bob"), Human::new("eve"));
        let entries = entries([&ann, &bob, &eve]);
        let setup = configured(Setup::new(upstream), &people, &entries);
        let setup = setup.section("state: { url: sqlite:state/countersign.db }");
        Self { site: change(setup).start(), people, ann, bob, eve }
    }

    /// Another replica over the same database.
    fn replica(&self, upstream: &Upstream, url: &str) -> Site {
        let setup = Setup::trusting(upstream, Arc::clone(&self.site.authority));
        let entries = entries([&self.ann, &self.bob, &self.eve]);
        let setup = configured(setup, &self.people, &entries);
        setup.section(&format!("state: {{ url: \"{url}\" }}")).start()
    }

    fn identity(&self, name: &str) -> Identity {
        self.people.issue(svid(&format!("spiffe://people.example.org/{name}")))
    }

    /// One of the people, or an operator.
    fn person(&self, name: &str) -> Agent {
        self.site.at_control(Some(self.identity(name)))
    }

    /// What an agent puts forward.
    async fn put(&self, agent: &str) -> ProposalId {
        let answer = self.site.agent(agent).send(refund()).await;
        assert_eq!(answer.problem(), (428, "approval_pending".to_owned()), "{answer:?}");
        ProposalId::parse(answer.header("countersign-proposal")).unwrap()
    }

    /// The statement that `name` is to sign, and the entity tag that belongs to it.
    async fn statement(&self, name: &str, id: ProposalId) -> (String, String) {
        let path = format!("/v1/proposals/{id}/statement?verdict=approve");
        let answer = self.person(name).get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        (answer.text(), answer.header("etag").to_owned())
    }

    /// What comes of `name` handing in `proof`.
    async fn hand_in(&self, name: &str, id: ProposalId, tag: &str, proof: &str) -> Answer {
        let request = Request::post(format!("/v1/proposals/{id}/approvals"))
            .header("content-type", "application/json")
            .header("if-match", tag)
            .body(body(json!({ "proof": proof }).to_string()));
        self.person(name).send(request.unwrap()).await
    }
}

/// What `approvals.people` says of them. One of bob's agents is called `bobs`.
fn entries(people: [&Human; 3]) -> String {
    let entry = |human: &Human| {
        let alias = format!(", aliases: [spiffe://people.example.org/{}]", human.name);
        let owner = match human.name {
            "bob" => ", agents: [spiffe://example.org/agent/bobs]",
            _ => "",
        };
        human.entry(&(alias + owner))
    };
    people.map(entry).join(", ")
}

/// A control door for people of that authority, where ann and bob are asked.
fn configured(setup: Setup, people: &Authority, entries: &str) -> Setup {
    let groups = "{ payments: { people: [ann, bob] } }";
    setup
        .rules(ONE)
        .route("inspect: { body: json }")
        .listener("control: { address: 127.0.0.1:0 }")
        .file("pki/people.pem", people.pem())
        .section(&format!("approvals: {{ hold: 0s, people: {{ {entries} }}, groups: {groups} }}"))
        .section(
            "control: { trust: { people.example.org: { bundle: pki/people.pem } }, \
             operators: [spiffe://people.example.org/ops] }",
        )
}

fn refund() -> Request<Outgoing> {
    let request = Request::post("/orders?id=7").header("content-type", "application/json");
    request.body(body("{\"amount\": 45, \"note\": \"\u{202e}ok\"}")).unwrap()
}

fn post(path: &str, document: &Value) -> Request<Outgoing> {
    let request = Request::post(path).header("content-type", "application/json");
    request.body(body(document.to_string())).unwrap()
}

/// The problem's status and code; that it is one.
fn problem(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    let document = answer.json();
    let (status, code) = answer.problem();
    assert_eq!(document["status"], status);
    assert_eq!(document["type"], format!("urn:countersign:problem:{code}"));
    assert!(document["title"].is_string() && document["detail"].is_string(), "{document}");
    (status, code)
}

fn said(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn people_are_let_in_by_their_own_certificates_and_agents_by_none() {
    let upstream = Upstream::answering(|_| reply("done"));
    let office = Office::new(&upstream, |setup| setup);
    for name in ["ops", "ann"] {
        assert_eq!(office.person(name).get("/v1/proposals").await.json(), json!({ "items": [] }));
        let mut h2 = office.person(name).h2().await;
        assert_eq!(h2.get("/v1/proposals").await.status, 200);
    }
    // Somebody whose name differs in its case is somebody else.
    for name in ["mallory", "Ops", "ANN"] {
        let stranger = office.person(name).get("/v1/proposals").await;
        assert_eq!(problem(&stranger), said(403, "stranger"), "{name}");
    }
    // An agent, whatever it is called; somebody whom another authority vouches for; nobody.
    let forged = office.site.authority.issue(svid("spiffe://people.example.org/ops"));
    let agent = office.site.authority.agent("writer");
    for identity in [Some(agent), Some(forged), None] {
        let client = office.site.at_control(identity).try_h1().await;
        let refused = match client {
            Ok(mut client) => client.try_send(request("GET", "/v1/proposals")).await.is_err(),
            Err(_) => true,
        };
        assert!(refused, "let in");
    }
    // Nor are people let in where agents are.
    let door = office.site.agent_with(Some(office.identity("ops"))).try_h1().await;
    let refused = match door {
        Ok(mut client) => client.try_send(request("GET", "/orders")).await.is_err(),
        Err(_) => true,
    };
    assert!(refused && upstream.is_untouched());
    let counted =
        office.site.metric("countersign_control_requests_total", &[("code", "200")]).await;
    assert_eq!(counted, 4.0);
}

#[tokio::test]
async fn an_approval_through_the_api_carries_a_held_call_out() {
    let upstream = Upstream::answering(|_| reply("refunded"));
    let office = Office::new(&upstream, |setup| setup);
    let agent = office.site.agent("writer");
    let held = tokio::spawn(async move {
        let (mut parts, body) = refund().into_parts();
        parts.headers.insert("prefer", "wait=30".parse().unwrap());
        agent.send(Request::from_parts(parts, body)).await
    });
    let ann = office.person("ann");
    let listed = soon("the proposal", async {
        loop {
            let page = ann.get("/v1/proposals?status=pending").await.json();
            if let Some(one) = page["items"].get(0) {
                return one.clone();
            }
        }
    })
    .await;
    assert_eq!(listed["summary"], "A refund");
    assert_eq!(listed["agent"], "spiffe://example.org/agent/writer");
    let id = ProposalId::parse(listed["id"].as_str().unwrap()).unwrap();

    let shown = ann.get(&format!("/v1/proposals/{id}")).await;
    assert_eq!(shown.header("etag"), format!("\"{}\"", listed["digest"].as_str().unwrap()));
    assert!(shown.text().is_ascii() && shown.text().contains("\\u202e"), "{shown:?}");
    let whole = shown.json();
    assert_eq!(whole["request"]["url"], "https://api.example.org/orders?id=7");
    assert_eq!(whole["request"]["body"]["text"], "{\"amount\": 45, \"note\": \"\u{202e}ok\"}");
    assert_eq!(whole["credential"], "api");
    assert_eq!(whole["needs"], json!([{ "stages": [{ "quorum": 1, "groups": ["payments"] }] }]));
    assert_eq!((&whole["asks_you"], &whole["answers"]), (&json!(true), &json!([])));
    let card = Request::get(format!("/v1/proposals/{id}")).header("accept", "text/plain");
    let card = ann.send(card.body(empty()).unwrap()).await;
    assert!(card.text().starts_with("A refund\n") && card.text().contains("\\u{202e}"), "{card:?}");

    let (statement, tag) = office.statement("ann", id).await;
    assert!(statement.starts_with("countersign approval v1\nverdict: approve\n"), "{statement}");
    let answered = office.hand_in("ann", id, &tag, &office.ann.signs(&statement)).await;
    assert_eq!(answered.status, 201, "{answered:?}");
    let answered = answered.json();
    assert_eq!(answered["status"], "approved");
    assert_eq!(answered["answers"][0]["approver"], "ann");
    assert_eq!(answered["answers"][0]["verdict"], "approve");
    let answer = soon("the held call", held).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "refunded".to_owned()));
    assert_eq!(upstream.requests().len(), 1);
    until("the outcome", || !office.site.records("outcome").is_empty()).await;
    let done = ann.get(&format!("/v1/proposals/{id}")).await.json();
    assert_eq!(
        (&done["execution"], &done["outcome"]["status"]),
        (&json!("succeeded"), &json!(200))
    );
}

#[tokio::test]
async fn who_may_not_answer_does_not() {
    let upstream = Upstream::answering(|_| reply("refunded"));
    let office = Office::new(&upstream, |setup| setup);
    let id = office.put("writer").await;
    let of_bob = office.put("bobs").await;
    let (statement, tag) = office.statement("ann", id).await;
    let proof = office.ann.signs(&statement);
    // What another person signed, even where the other is asked as well.
    let other = office.hand_in("bob", id, &tag, &proof).await;
    assert_eq!(problem(&other), said(403, "not_permitted"));
    // An operator is not one who answers, and whom nobody asked may not even look.
    let operator = office.hand_in("ops", id, &tag, &proof).await;
    assert_eq!(problem(&operator), said(403, "not_permitted"));
    let path = format!("/v1/proposals/{id}");
    assert_eq!(problem(&office.person("eve").get(&path).await), said(403, "not_permitted"));
    assert_eq!(office.person("eve").get("/v1/proposals").await.json()["items"], json!([]));
    // The statement that somebody made for themselves with another's name, and the wrong key.
    let forged = office.eve.signs(&statement);
    let forged = office.hand_in("ann", id, &tag, &forged).await;
    assert_eq!(problem(&forged), said(403, "approval_refused"));
    // Nobody answers for their own agent.
    let (own, own_tag) = office.statement("bob", of_bob).await;
    let own = office.hand_in("bob", of_bob, &own_tag, &office.bob.signs(&own)).await;
    assert_eq!(problem(&own), said(403, "approval_refused"));
    assert!(own.text().contains("their own request"), "{own:?}");
    let seen = office.person("bob").get(&format!("/v1/proposals/{of_bob}")).await.json();
    assert_eq!(seen["asks_you"], false);
    // Signed for another proposal.
    let elsewhere = office.hand_in("ann", of_bob, &own_tag, &proof).await;
    assert_eq!(problem(&elsewhere), said(403, "approval_refused"));
    // What was never said cannot be taken back, and nobody decides alone whom no rule lets.
    for query in ["verdict=withdraw", "verdict=break-glass&reason=now"] {
        let path = format!("/v1/proposals/{id}/statement?{query}");
        let statement = office.person("ann").get(&path).await.text();
        let refused = office.hand_in("ann", id, &tag, &office.ann.signs(&statement)).await;
        assert_eq!(problem(&refused), said(403, "approval_refused"), "{query}");
    }
    for query in ["", "?verdict=yes", "?verdict=break-glass", "?verdict=approve&reason=fine"] {
        let path = format!("/v1/proposals/{id}/statement{query}");
        assert_eq!(problem(&office.person("ann").get(&path).await), said(400, "malformed"));
    }
    assert!(upstream.is_untouched());
    // It was never used, so it is still worth one answer, and a second is none.
    assert_eq!(office.hand_in("ann", id, &tag, &proof).await.status, 201);
    let again = office.hand_in("ann", id, &tag, &proof).await;
    assert_eq!(problem(&again), said(409, "decided"));
}

#[tokio::test]
async fn approvers_read_what_asks_them_and_change_nothing_else() {
    let upstream = Upstream::answering(|_| reply("refunded"));
    let office = Office::new(&upstream, |setup| setup);
    let id = office.put("writer").await;
    let ann = office.person("ann");
    for path in [
        "/v1/agents",
        "/v1/audit/checkpoint",
        "/v1/credentials",
        "/v1/decisions/dec_0193a0b0c0d07ef08193a0b0c0d0e0f0",
        "/v1/policy",
        "/v1/revocations",
        "/v1/tasks",
        "/v1/tasks/tsk_0193a0b0c0d07ef08193a0b0c0d0e0f0",
    ] {
        assert_eq!(problem(&ann.get(path).await), said(403, "not_permitted"), "{path}");
    }
    let agent = json!({ "kind": "agent", "name": "spiffe://example.org/agent/writer" });
    let lift = request("DELETE", "/v1/revocations/credential/api");
    let revoke = post("/v1/tasks/tsk_0193a0b0c0d07ef08193a0b0c0d0e0f0/revoke", &json!({}));
    let cancel = request("POST", &format!("/v1/proposals/{id}/cancel"));
    let evaluate = post("/v1/policy/evaluate", &json!({ "input": {}, "rule": "data.x" }));
    for change in [post("/v1/revocations", &agent), lift, revoke, cancel, evaluate] {
        assert_eq!(problem(&ann.send(change).await), said(403, "not_permitted"));
    }
    assert_eq!(ann.get("/v1/openapi.json").await.json()["openapi"], "3.1.0");
    assert_eq!(office.person("ops").get("/v1/revocations").await.json()["items"], json!([]));
}

#[tokio::test]
async fn what_was_looked_at_must_be_what_is_there() {
    let upstream = Upstream::answering(|_| reply("refunded"));
    let hands = Manual::new(Timestamp::from_secs(1_900_000_000));
    let clock = Clock::Manual(hands.clone());
    let office = Office::new(&upstream, |setup| setup.clock(clock));
    let id = office.put("writer").await;
    let (statement, tag) = office.statement("ann", id).await;
    let proof = office.ann.signs(&statement);
    let stale = tag.replace(|c: char| c.is_ascii_digit(), "0");
    let path = format!("/v1/proposals/{id}/approvals");
    let with = |tags: &[&str]| {
        let mut request = post(&path, &json!({ "proof": proof }));
        for tag in tags {
            request.headers_mut().append("if-match", tag.parse().unwrap());
        }
        request
    };
    let (weak, list) = (format!("W/{tag}"), format!("{tag}, {stale}"));
    for (tags, status, code) in [
        (&[][..], 428, "if_match_required"),
        (&["*"], 428, "if_match_required"),
        (&[stale.as_str()], 412, "stale"),
        (&[weak.as_str()], 412, "stale"),
        (&["\"\""], 412, "stale"),
        (&[tag.as_str(), tag.as_str()], 400, "if_match_malformed"),
        (&[list.as_str()], 400, "if_match_malformed"),
        (&[tag.trim_matches('"')], 400, "if_match_malformed"),
        (&[""], 400, "if_match_malformed"),
    ] {
        let answer = office.person("ann").send(with(tags)).await;
        assert_eq!(problem(&answer), said(status, code), "{tags:?}");
        let mut cancel = request("POST", &format!("/v1/proposals/{id}/cancel"));
        for tag in tags {
            cancel.headers_mut().append("if-match", tag.parse().unwrap());
        }
        let answer = office.person("ops").send(cancel).await;
        assert_eq!(problem(&answer), said(status, code), "{tags:?}");
    }
    // One that was taken back is decided; one whose time is over is gone.
    let other = office.put("reader").await;
    let (late, late_tag) = office.statement("bob", other).await;
    let mut cancel = request("POST", &format!("/v1/proposals/{id}/cancel"));
    cancel.headers_mut().insert("if-match", tag.parse().unwrap());
    let cancelled = office.person("ops").send(cancel).await;
    assert_eq!(
        (cancelled.status.as_u16(), &cancelled.json()["status"]),
        (200, &json!("cancelled"))
    );
    let answer = office.person("ann").send(with(&[&tag])).await;
    assert_eq!(problem(&answer), said(409, "decided"));
    hands.advance(Duration::from_secs(16 * 60));
    let proof = office.bob.signs(&late);
    let expired = office.hand_in("bob", other, &late_tag, &proof).await;
    assert_eq!(problem(&expired), said(410, "expired"));
    let path = format!("/v1/proposals/{other}/statement?verdict=approve");
    assert_eq!(problem(&office.person("bob").get(&path).await), said(410, "expired"));
    let mut cancel = request("POST", &format!("/v1/proposals/{id}/cancel"));
    cancel.headers_mut().insert("if-match", tag.parse().unwrap());
    assert_eq!(problem(&office.person("ops").send(cancel).await), said(409, "decided"));
}

/// An upstream that answers with events, which the second value sends.
fn events() -> (Upstream, mpsc::Sender<Frame<Bytes>>) {
    let (events, feed) = Feed::channel(1);
    let feed = std::sync::Mutex::new(Some(feed));
    let upstream = Upstream::answering(move |_| match feed.lock().unwrap().take() {
        Some(feed) => Response::new(feed.map_err(|never| match never {}).boxed()),
        None => reply("done"),
    });
    (upstream, events)
}

#[tokio::test]
async fn a_revocation_through_the_api_cuts_what_is_open_until_it_is_lifted() {
    let (upstream, events) = events();
    let office = Office::new(&upstream, |setup| setup);
    let mut client = office.site.agent("reader").h2().await;
    let opened = soon("a head", client.open(request("GET", "/events"))).await.unwrap();
    let mut stream = opened.into_body();
    events.send(Frame::data("data: 1\n\n".into())).await.unwrap();
    soon("an event", stream.frame()).await.unwrap().unwrap();

    let ops = office.person("ops");
    let name = "spiffe://example.org/agent/reader";
    let wish = json!({ "kind": "agent", "name": name, "reason": "it was taken over" });
    let revoked = ops.send(post("/v1/revocations", &wish)).await;
    assert_eq!((revoked.status.as_u16(), &revoked.json()["name"]), (201, &json!(name)));
    assert!(soon("the cut", stream.frame()).await.unwrap().is_err());
    assert_eq!(office.site.agent("reader").get("/orders").await.problem().1, "agent_revoked");
    let listed = ops.get("/v1/revocations").await.json();
    assert_eq!(listed["items"][0]["reason"], "it was taken over");

    let path = format!("/v1/revocations/agent/{}", name.replace('/', "%2F").replace(':', "%3A"));
    assert_eq!(ops.send(request("DELETE", &path)).await.status, 204);
    assert_eq!(problem(&ops.send(request("DELETE", &path)).await), said(404, "not_found"));
    let agent = office.site.agent("reader");
    soon("it is lifted", async { while agent.get("/orders").await.status != 200 {} }).await;
    for (wish, status) in [
        (json!({ "kind": "agent", "name": "reader" }), 400),
        (json!({ "kind": "route", "name": "api" }), 400),
        (json!({ "kind": "task", "name": "tsk_0193a0b0c0d07ef08193a0b0c0d0e0f0" }), 404),
        (json!({ "kind": "credential", "name": "api", "reason": "a\nb" }), 400),
        (json!({ "kind": "credential", "name": "api", "force": true }), 400),
    ] {
        let refused = ops.send(post("/v1/revocations", &wish)).await;
        assert_eq!(problem(&refused).0, status, "{wish}");
    }
}

#[tokio::test]
async fn operators_read_everything_and_no_secret_is_in_it() {
    let upstream = Upstream::answering(|_| reply("done"));
    let office = Office::new(&upstream, |setup| {
        setup.policy("path: rules, tests: off, history: { path: history }")
    });
    let ops = office.person("ops");
    let id = office.put("writer").await;
    let task = json!({ "purpose": "tidying", "expires_in": 600, "requests": 5, "depth": 2 });
    let opened =
        office.site.agent("writer").send(post("/.countersign/v1/tasks", &task)).await.json();
    let task = opened["id"].as_str().unwrap();
    let handed = json!({
        "purpose": "a part", "expires_in": 60, "requests": 2, "to": "spiffe://example.org/agent/helper",
    });
    let path = format!("/.countersign/v1/tasks/{task}/delegations");
    let handed = office.site.agent("writer").send(post(&path, &handed)).await.json();
    let child = handed["id"].as_str().unwrap();

    let tree = ops.get(&format!("/v1/tasks/{child}")).await.json();
    assert_eq!(tree["chain"], json!(["spiffe://example.org/agent/writer"]));
    assert_eq!(tree["tasks"][0]["id"], task);
    assert_eq!(
        (&tree["tasks"][1]["parent"], &tree["tasks"][1]["budget"]["requests"]),
        (&json!(task), &json!(2))
    );
    let agents = ops.get("/v1/agents").await.json();
    let writer = json!({
        "id": "spiffe://example.org/agent/writer", "proposals": 1, "pending": 1, "tasks": 1,
        "revoked": false,
    });
    assert_eq!(agents["items"][1], writer, "{agents}");
    let credentials = ops.get("/v1/credentials").await.json();
    let api = json!({
        "name": "api", "scheme": "bearer", "upstreams": ["api"], "routes": ["api"], "state": "ready",
    });
    assert_eq!(credentials["items"], json!([api]));
    let policy = ops.get("/v1/policy").await.json();
    let shown = ops.get(&format!("/v1/proposals/{id}")).await.json();
    assert_eq!(policy["revision"], shown["policy_revision"]);
    assert!(policy["paths"].to_string().contains("authz.rego"), "{policy}");
    let input = json!({ "attributes": { "request": { "http": { "method": "GET" } } } });
    let question = json!({ "input": input, "rule": "data.countersign.authz.decision" });
    let evaluated = ops.send(post("/v1/policy/evaluate", &question)).await;
    assert_eq!(evaluated.json()["effect"], "allow", "{evaluated:?}");
    let odd = json!({ "input": input, "rule": "data.nowhere.decision" });
    assert_eq!(problem(&ops.send(post("/v1/policy/evaluate", &odd)).await).0, 400);
    let checkpoint = ops.get("/v1/audit/checkpoint").await;
    assert!(checkpoint.text().starts_with("countersign\n"), "{checkpoint:?}");
    let decided = office.site.agent("writer").get("/orders").await;
    let path = format!("/v1/decisions/{}", decided.header("countersign-decision"));
    let decision = ops.get(&path).await;
    assert_eq!(decision.json()["effect"], "allow", "{decision:?}");
    let unknown = ops.get("/v1/decisions/dec_0193a0b0c0d07ef08193a0b0c0d0e0f0").await;
    assert_eq!(problem(&unknown), said(404, "not_found"));

    let revoked = ops.send(post(&format!("/v1/tasks/{task}/revoke"), &json!({ "reason": "done" })));
    assert_eq!(revoked.await.json()["kind"], "task");
    let tree = ops.get(&format!("/v1/tasks/{task}")).await.json();
    assert!(
        tree["tasks"].as_array().unwrap().iter().all(|one| one["status"] == "revoked"),
        "{tree}"
    );
    let again = ops.send(request("POST", &format!("/v1/tasks/{child}/revoke"))).await;
    assert_eq!(problem(&again), said(409, "task_over"));
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let upstream = Upstream::answering(|_| reply("done"));
    let office = Office::new(&upstream, |setup| setup);
    let mut put = Vec::new();
    for agent in ["a", "b", "c", "a", "d"] {
        // The same agent attaches to what it has put forward before.
        put.push(office.put(agent).await.to_string());
    }
    put.dedup();
    put.remove(3);
    let ops = office.person("ops");
    for (path, field, count) in [
        ("/v1/proposals?limit=3", "id", 4),
        ("/v1/proposals?limit=2&status=pending", "id", 4),
        ("/v1/proposals?limit=2&agent=spiffe://example.org/agent/a", "id", 1),
        ("/v1/proposals?limit=1&status=denied", "id", 0),
        ("/v1/agents?limit=3", "id", 4),
        ("/v1/agents?limit=4", "id", 4),
    ] {
        let mut seen: Vec<String> = Vec::new();
        let mut next = String::new();
        loop {
            let page = ops.get(&format!("{path}{next}")).await.json();
            let items = page["items"].as_array().unwrap();
            seen.extend(items.iter().map(|item| item[field].as_str().unwrap().to_owned()));
            let Some(cursor) = page["next"].as_str() else { break };
            next = format!("&after={cursor}");
        }
        let mut sorted = seen.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!((seen.len(), &sorted), (count, &seen), "{path}");
    }
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "after=%21",
        "after=",
        "status=odd",
        "agent=x",
        "x=1",
        "limit=1&limit=1",
    ] {
        let refused = ops.get(&format!("/v1/proposals?{query}")).await;
        assert_eq!(problem(&refused), said(400, "malformed"), "{query}");
    }
    let elsewhere = ops.get("/v1/agents?limit=1").await.json();
    let path = format!("/v1/proposals?after={}", elsewhere["next"].as_str().unwrap());
    assert_eq!(problem(&ops.get(&path).await).0, 404);
}

/// What a stream of events has told so far.
struct Heard {
    body: hyper::body::Incoming,
    text: String,
    _client: Client,
}

impl Heard {
    async fn open(person: &Agent, last: Option<&str>) -> Self {
        let mut client = person.h2().await;
        let mut asked = request("GET", "/v1/events");
        if let Some(last) = last {
            asked.headers_mut().insert("last-event-id", last.parse().unwrap());
        }
        let opened = soon("a stream", client.open(asked)).await.unwrap();
        assert_eq!(opened.status(), 200);
        assert_eq!(opened.headers()["content-type"], "text/event-stream");
        Self { body: opened.into_body(), text: String::new(), _client: client }
    }

    /// Reads on until it has told `word`; its end is a failure.
    async fn until(&mut self, word: &str) {
        while !self.text.contains(word) {
            let frame = soon(word, self.body.frame()).await.expect(word).unwrap();
            self.text.push_str(str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
    }

    /// The events, each an id and its document.
    fn events(&self) -> Vec<(String, Value)> {
        let blocks = self.text.split("\n\n").filter(|block| block.starts_with("id: "));
        let event = |block: &str| {
            let field =
                |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            (field("id: ").to_owned(), serde_json::from_str(field("data: ")).unwrap())
        };
        blocks.map(event).collect()
    }

    async fn ends(&mut self) {
        soon("the end", async { while let Some(Ok(_)) = self.body.frame().await {} }).await;
    }
}

#[tokio::test]
async fn events_are_told_as_they_happen_and_again_to_who_missed_them() {
    let upstream = Upstream::answering(|_| reply("refunded"));
    let office = Office::new(&upstream, |setup| setup);
    let mut ops = Heard::open(&office.person("ops"), None).await;
    let mut ann = Heard::open(&office.person("ann"), None).await;
    let mut eve = Heard::open(&office.person("eve"), None).await;
    let id = office.put("writer").await;
    ops.until("event: proposal.pending").await;
    ann.until("event: proposal.pending").await;
    let pending = ops.events();
    assert_eq!(pending[0].1["subject"], id.to_string());
    assert_eq!(pending[0].1["agent"], "spiffe://example.org/agent/writer");
    let wish = json!({ "kind": "credential", "name": "unused" });
    assert_eq!(office.person("ops").send(post("/v1/revocations", &wish)).await.status, 201);
    let (statement, tag) = office.statement("ann", id).await;
    assert_eq!(office.hand_in("ann", id, &tag, &office.ann.signs(&statement)).await.status, 201);
    ops.until("event: proposal.succeeded").await;
    ann.until("event: proposal.succeeded").await;
    let heard: Vec<_> = ops.events().iter().map(|(_, event)| event["type"].clone()).collect();
    let all = [
        "proposal.pending",
        "revocation.made",
        "approval.given",
        "proposal.approved",
        "proposal.running",
        "proposal.succeeded",
    ];
    assert_eq!(heard, all);
    let asked: Vec<_> = ann.events().iter().map(|(_, event)| event["type"].clone()).collect();
    assert_eq!(asked.len(), 5, "{asked:?}");
    assert!(!asked.contains(&json!("revocation.made")));
    // Whoever comes back hears what they missed, once each.
    let mut again = Heard::open(&office.person("ops"), Some(&pending[0].0)).await;
    again.until("event: proposal.succeeded").await;
    office.put("other").await;
    again.until("event: proposal.pending").await;
    let missed: Vec<_> = again.events().iter().map(|(id, _)| id.clone()).collect();
    let before: Vec<_> = ops.events().iter().skip(1).map(|(id, _)| id.clone()).collect();
    assert_eq!(missed[..5], before[..]);
    assert_eq!(missed.len(), 6, "{missed:?}");
    // Nothing of it asks her.
    eve.until("retry: 2000").await;
    assert_eq!(eve.events(), []);
    let mut odd = request("GET", "/v1/events");
    odd.headers_mut().insert("last-event-id", "7".parse().unwrap());
    assert_eq!(problem(&office.person("ops").send(odd).await), said(400, "malformed"));
}

#[tokio::test]
async fn who_leaves_is_shut_out_also_of_what_is_open() {
    let upstream = Upstream::answering(|_| reply("refunded"));
    let mut office = Office::new(&upstream, |setup| setup);
    let ops = office.person("ops");
    let mut kept = ops.h1().await;
    assert_eq!(kept.get("/v1/agents").await.status, 200);
    let mut heard = Heard::open(&ops, None).await;
    heard.until("retry").await;
    let control = "control: { trust: { people.example.org: { bundle: pki/people.pem } }, \
                   operators: [spiffe://people.example.org/boss] }";
    office.site.reload(|setup| setup.other_section(control)).await;
    assert_eq!(problem(&kept.get("/v1/agents").await), said(403, "stranger"));
    assert_eq!(office.person("boss").get("/v1/agents").await.status, 200);
    office.put("writer").await;
    heard.ends().await;
    assert!(!heard.text.contains("proposal.pending"), "{}", heard.text);
    // An authority that is replaced takes its people's connections with it.
    let mut boss = office.person("boss").h1().await;
    assert_eq!(boss.get("/v1/agents").await.status, 200);
    let other = Authority::new("people.example.org");
    office.site.reload(|setup| setup.file("pki/people.pem", other.pem())).await;
    assert_eq!(problem(&boss.get("/v1/agents").await), said(401, "certificate_not_valid"));
    assert!(boss.try_send(request("GET", "/v1/agents")).await.is_err(), "it is closed");
}

#[tokio::test]
async fn odd_requests_are_problems_too() {
    let upstream = Upstream::answering(|_| reply("done"));
    let office = Office::new(&upstream, |setup| setup);
    let id = office.put("writer").await;
    let ops = office.person("ops");
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v2/proposals",
        "/v1/proposals/",
        "/v1/Proposals",
        "/V1/proposals",
        "/v1/proposals/x/y/z",
        "/v1/proposals%2Fx",
        "/.countersign/v1/whoami",
        "/metrics",
        "/v1/revocations/agent/",
        "/v1/openapi.json/",
    ] {
        assert_eq!(problem(&ops.get(path).await), said(404, "no_such_path"), "{path}");
    }
    for path in ["/v1/proposals/x", "/v1/tasks/x", "/v1/decisions/x", "/v1/proposals/prp_0"] {
        assert_eq!(problem(&ops.get(path).await), said(404, "not_found"), "{path}");
    }
    for (path, code) in [
        ("//v1/proposals", "path_empty_segment"),
        ("/v1/../v1/proposals", "path_dot_segment"),
        ("/v1/%2e%2e/proposals", "path_dot_segment"),
        ("/v1/proposals/%00", "path_control"),
        ("/v1/proposals/%zz", "path_escape"),
    ] {
        let bytes = format!("GET {path} HTTP/1.1\r\nhost: api.example.org\r\n\r\n");
        assert_eq!(problem(&ops.raw(bytes.as_bytes()).await), said(400, code), "{path}");
    }
    let bytes = b"POST /v1/revocations HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\
                  transfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(problem(&ops.raw(bytes).await).0, 400);
    for (method, path, allow) in [
        ("PUT", "/v1/proposals", "GET"),
        ("HEAD", "/v1/proposals", "GET"),
        ("DELETE", "/v1/revocations", "GET, POST"),
        ("GET", "/v1/proposals/x/approvals", "POST"),
        ("OPTIONS", "/v1/events", "GET"),
    ] {
        let answer = ops.send(request(method, path)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("allow")),
            (405, allow),
            "{method} {path}"
        );
    }
    let wish = json!({ "kind": "credential", "name": "api" }).to_string();
    let tag = ops.get(&format!("/v1/proposals/{id}")).await.header("etag").to_owned();
    let send = |kind: &'static str, text: String| {
        let request = Request::post("/v1/revocations").header("content-type", kind);
        request.body(body(text)).unwrap()
    };
    for (odd, status) in [
        (send("text/plain", wish.clone()), 415),
        (send("application/x-www-form-urlencoded", wish.clone()), 415),
        (Request::post("/v1/revocations").body(body(wish.clone())).unwrap(), 415),
        (request("POST", "/v1/revocations"), 400),
        (send("application/json", "{".to_owned()), 400),
        (send("application/json", "[]".to_owned()), 400),
        (send("application/json", format!("{wish}{wish}")), 400),
        (send("application/json", wish.replace("\"api\"", "\"api\",\"name\":\"b\"")), 400),
        (send("application/json", "[".repeat(60_000)), 400),
    ] {
        let answer = ops.send(odd).await;
        assert_eq!(problem(&answer).0, status, "{answer:?}");
    }
    // The answer comes before all of it was sent; in HTTP/2 that breaks nothing off.
    let large = send("application/json", format!("{{\"kind\":\"{}\"}}", "x".repeat(70_000)));
    let large = ops.h2().await.send(large).await;
    assert_eq!(problem(&large), said(413, "body_too_large"));
    let mut coded = send("application/json", wish.clone());
    coded.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(problem(&ops.send(coded).await), said(415, "body_coding"));
    let mut full =
        Request::builder().method(Method::POST).uri(format!("/v1/proposals/{id}/cancel"));
    full.headers_mut().unwrap().insert("if-match", tag.parse().unwrap());
    let full = full.header("content-type", "application/json").body(body("{}")).unwrap();
    assert_eq!(problem(&ops.send(full).await), said(400, "malformed"));
    assert_eq!(ops.get("/v1/revocations").await.json()["items"], json!([]));
    assert_eq!(ops.get(&format!("/v1/proposals/{id}")).await.json()["status"], "pending");
}

/// An issuer's key, in a file.
struct Issuer {
    pkcs8: Vec<u8>,
    set: String,
}

impl Issuer {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public = pair.public_key().as_ref();
        let [x, y] = [&public[1..33], &public[33..65]].map(|half| URL_SAFE_NO_PAD.encode(half));
        let set = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": x, "y": y }] }).to_string();
        Self { pkcs8: pair.to_pkcs8v1().unwrap().as_ref().to_vec(), set }
    }

    /// A request with a token that names `email`.
    fn ask(&self, email: &str) -> Request<Outgoing> {
        let claims = json!({
            "iss": "https://id.example.org", "aud": "countersign", "exp": 4_000_000_000_u64,
            "email": email, "email_verified": true,
        });
        let key = EncodingKey::from_ec_der(&self.pkcs8);
        let token = encode(&Header::new(Algorithm::ES256), &claims, &key).unwrap();
        let request =
            Request::get("/v1/proposals").header("authorization", format!("bearer {token}"));
        request.body(empty()).unwrap()
    }
}

#[tokio::test]
async fn where_only_tokens_count_no_certificate_is_asked_for_and_keys_may_change() {
    let upstream = Upstream::answering(|_| reply("done"));
    let (first, second) = (Issuer::new(), Issuer::new());
    let ann = Human::new("ann");
    let mut site = Setup::new(&upstream)
        .listener("people: { address: 127.0.0.1:0, door: control }")
        .file("pki/jwks.json", &first.set)
        .section("state: { url: sqlite:state/countersign.db }")
        .section(&format!(
            "approvals: {{ people: {{ {} }} }}",
            ann.entry(", aliases: [Ann@Example.org]")
        ))
        .section(
            "control: { operators: [ops@example.org], oidc: { issuer: 'https://id.example.org', \
             audience: countersign, name: email, keys: { file: pki/jwks.json } } }",
        )
        .start();
    let agent = site.authority.agent("writer");
    let at = |site: &Site, identity| {
        Agent::new(site.listener("people"), site.authority.pem(), identity, SECRET)
    };
    // Nobody asks for the agent's certificate, so it says nothing.
    for identity in [None, Some(agent)] {
        let person = at(&site, identity);
        assert_eq!(problem(&person.get("/v1/proposals").await), said(401, "not_authenticated"));
        assert_eq!(person.send(first.ask("Ann@Example.org")).await.status, 200);
        for name in ["eve@example.org", "ann@example.org"] {
            assert_eq!(problem(&person.send(first.ask(name)).await).1, "stranger", "{name}");
        }
        assert_eq!(problem(&person.send(second.ask("ops@example.org")).await).0, 401);
        let mut twice = first.ask("ops@example.org");
        twice.headers_mut().append("authorization", "Bearer x".parse().unwrap());
        assert_eq!(problem(&person.send(twice).await), said(400, "header_repeated"));
    }
    let mut kept = at(&site, None).h1().await;
    assert_eq!(kept.send(first.ask("ops@example.org")).await.status, 200);
    site.reload(|setup| setup.file("pki/jwks.json", &second.set)).await;
    let refused = kept.send(first.ask("ops@example.org")).await;
    assert_eq!(problem(&refused), said(401, "token_not_valid"));
    assert!(refused.header("www-authenticate").ends_with("error=\"invalid_token\""));
    assert_eq!(kept.send(second.ask("ops@example.org")).await.status, 200);
    site.reload_in_vain(|setup| setup.file("pki/jwks.json", "{\"keys\": []}")).await;
    assert_eq!(kept.send(second.ask("ops@example.org")).await.status, 200);
}

#[tokio::test]
async fn what_is_said_at_one_replica_is_known_at_another() {
    let (url, _database) = postgres();
    let upstream = Upstream::answering(|_| reply("refunded"));
    let state = format!("state: {{ url: \"{url}\" }}");
    let office = Office::new(&upstream, |setup| setup.other_section(&state));
    let other = office.replica(&upstream, &url);
    let here = office.person("ops");
    let there = other.at_control(Some(office.identity("ops")));
    let mut heard = Heard::open(&there, None).await;
    heard.until("retry").await;
    let id = office.put("writer").await;
    heard.until("event: proposal.pending").await;
    let path = format!("/v1/proposals/{id}");
    let (one, two) = (here.get(&path).await, there.get(&path).await);
    assert_eq!((one.json(), one.header("etag")), (two.json(), two.header("etag")));
    let (statement, tag) = office.statement("ann", id).await;
    let proof = office.ann.signs(&statement);
    let mut answer = post(&format!("{path}/approvals"), &json!({ "proof": proof }));
    answer.headers_mut().insert("if-match", tag.parse().unwrap());
    let ann = other.at_control(Some(office.identity("ann")));
    assert_eq!(ann.send(answer).await.json()["status"], "approved");
    assert_eq!(problem(&office.hand_in("ann", id, &tag, &proof).await), said(409, "decided"));
    heard.until("event: proposal.succeeded").await;
    assert_eq!(here.get(&path).await.json()["execution"], "succeeded");
    // What is revoked there is refused here.
    let wish = json!({ "kind": "agent", "name": "spiffe://example.org/agent/writer" });
    assert_eq!(there.send(post("/v1/revocations", &wish)).await.status, 201);
    let agent = office.site.agent("writer");
    soon("a refusal", async {
        loop {
            // The one that is under way in that moment is cut, and has no answer.
            let answer = agent.h1().await.try_send(request("GET", "/orders")).await;
            if answer.is_ok_and(|answer| answer.status != 200) {
                return;
            }
        }
    })
    .await;
    assert_eq!(here.get("/v1/agents").await.json()["items"][0]["revoked"], true);
    assert_eq!(upstream.requests().iter().filter(|one| one.method == "POST").count(), 1);
}
