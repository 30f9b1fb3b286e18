//! Requests that agents put forward by themselves, and that Countersign carries out.

use http::Request;
use serde_json::{Value, json};

use crate::harness::{
    Agent, Answer, Human, Outgoing, Setup, Site, Upstream, body, countersign, reply, soon, until,
};

/// Orders are allowed, refunds take a person, nothing else goes.
const RULES: &str = r#"package countersign.authz

default decision := {"allowed": false, "reasons": [{"code": "no", "message": "Not this."}]}

decision := {"allowed": true} if input.parsed_path[0] == "orders"

decision := {"allowed": false, "approval": {"quorum": 1}} if {
	input.parsed_path[0] == "refunds"
	input.countersign.approval == null
}

decision := {"allowed": true} if {
	input.parsed_path[0] == "refunds"
	input.countersign.approval != null
}
"#;

const PROPOSALS: &str = "/.countersign/v1/proposals";

fn site(upstream: &Upstream, maria: &Human) -> Site {
    Setup::new(upstream)
        .rules(RULES)
        .section("state: { url: sqlite:state/countersign.db }")
        .section(&format!("approvals: {{ people: {{ {} }} }}", maria.entry("")))
        .start()
}

fn wish(path: &str) -> Value {
    json!({ "request": {
        "method": "POST",
        "url": format!("https://api.example.org{path}"),
        "headers": { "content-type": "application/json", "x-batch": "7", "authorization": "mine" },
        "body": "{\"amount\": 1}",
    }})
}

fn put(key: &str, wish: &Value, prefer: &str) -> Request<Outgoing> {
    let request = Request::post(PROPOSALS).header("content-type", "application/json");
    let request = request.header("idempotency-key", key).header("prefer", prefer);
    request.body(body(wish.to_string())).unwrap()
}

async fn told(answer: &Answer) -> (Value, Value) {
    let told = answer.json();
    (told["status"].clone(), told["execution"].clone())
}

async fn show(agent: &Agent, id: &str, prefer: &str) -> Answer {
    let request = Request::get(format!("{PROPOSALS}/{id}")).header("prefer", prefer);
    agent.send(request.body(crate::harness::empty()).unwrap()).await
}

#[tokio::test]
async fn what_is_allowed_is_carried_out_once_without_its_agent() {
    let (upstream, maria) = (Upstream::answering(|_| reply("done")), Human::new("maria"));
    let site = site(&upstream, &maria);
    let agent = site.agent("writer");
    let accepted = agent.send(put("k-1", &wish("/orders?a=1"), "wait=0")).await;
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    assert_eq!(told(&accepted).await, ("approved".into(), "queued".into()));
    let id = accepted.header("countersign-proposal").to_owned();
    assert_eq!(accepted.header("location"), format!("{PROPOSALS}/{id}"));
    // The same under the same key is the same.
    let again = agent.send(put("k-1", &wish("/orders?a=1"), "wait=0")).await;
    assert_eq!(again.header("countersign-proposal"), id);
    let other = agent.send(put("k-1", &wish("/orders?a=2"), "wait=0")).await;
    assert_eq!(other.problem(), (422, "idempotency_key_reused".to_owned()));
    // One look waits for the end.
    let ended = soon("it is carried out", show(&agent, &id, "wait=30")).await;
    assert_eq!(told(&ended).await, ("approved".into(), "succeeded".into()));
    let kept = agent.get(&format!("{PROPOSALS}/{id}/result")).await;
    assert_eq!((kept.status.as_u16(), kept.text()), (200, "done".to_owned()));
    let received = upstream.request();
    assert_eq!((received.method.as_str(), &*received.target), ("POST", "/orders?a=1"));
    assert_eq!(received.body, "{\"amount\": 1}");
    assert_eq!(received.header("x-batch"), ["7"]);
    assert_eq!(received.header("authorization"), [site.bearer()]);
    assert!(received.header("idempotency-key").is_empty(), "that was for Countersign");
    assert_eq!(site.stop().outcomes.answered, 1);
}

#[tokio::test]
async fn what_takes_a_person_waits_for_one() {
    let (upstream, maria) = (Upstream::answering(|_| reply("done")), Human::new("maria"));
    let site = site(&upstream, &maria);
    let agent = site.agent("writer");
    let accepted = agent.send(put("k-1", &wish("/refunds"), "wait=0")).await;
    assert_eq!(told(&accepted).await, ("pending".into(), "none".into()));
    let id = accepted.header("countersign-proposal").to_owned();
    drop(agent);
    let parsed = countersign::id::ProposalId::parse(&id).unwrap();
    assert!(maria.says("approve", &site.path(""), parsed).status.success());
    until("it is sent", || !upstream.requests().is_empty()).await;
    let ended = show(&site.agent("writer"), &id, "wait=30").await;
    assert_eq!(told(&ended).await, ("approved".into(), "succeeded".into()));
    let mut command = countersign(&site.path(""));
    let waited = command.args(["proposal", "wait", &id]).output().unwrap();
    assert!(waited.status.success(), "{waited:?}");
    assert_eq!(upstream.requests().len(), 1);
    let stranger = show(&site.agent("other"), &id, "wait=0").await;
    assert_eq!(stranger.problem(), (404, "no_such_proposal".to_owned()));
}

#[tokio::test]
async fn what_is_for_tonight_is_not_sent_now_and_can_be_taken_back() {
    let (upstream, maria) = (Upstream::answering(|_| reply("done")), Human::new("maria"));
    let site = site(&upstream, &maria);
    let agent = site.agent("writer");
    let mut tonight = wish("/orders");
    let now = jiff_now();
    tonight["not_before"] = (now + 3600).to_string().into();
    let unfit = agent.send(put("k-1", &tonight, "wait=0")).await;
    assert_eq!(unfit.problem(), (400, "body_unfit".to_owned()));
    tonight["not_before"] = rfc3339(now + 3600).into();
    let accepted = agent.send(put("k-1", &tonight, "wait=0")).await;
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let id = accepted.header("countersign-proposal").to_owned();
    // What comes after it is sent, and it is not.
    let next = agent.send(put("k-2", &wish("/orders?now=1"), "wait=30")).await;
    assert_eq!(told(&next).await, ("approved".into(), "succeeded".into()));
    assert_eq!(upstream.requests().len(), 1);
    let cancel = Request::post(format!("{PROPOSALS}/{id}/cancel")).body(crate::harness::empty());
    let cancelled = agent.send(cancel.unwrap()).await;
    assert_eq!(told(&cancelled).await, ("approved".into(), "failed".into()));
}

fn jiff_now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

fn rfc3339(seconds: u64) -> String {
    countersign::clock::Timestamp::from_secs(i64::try_from(seconds).unwrap()).to_string()
}

#[tokio::test]
async fn what_is_not_allowed_or_not_understood_is_not_kept() {
    let (upstream, maria) = (Upstream::answering(|_| reply("done")), Human::new("maria"));
    let site = site(&upstream, &maria);
    let agent = site.agent("writer");
    let mut number = 0;
    let mut refused = async |wish: Value| {
        number += 1;
        agent.send(put(&format!("k-{number}"), &wish, "wait=0")).await.problem()
    };
    assert_eq!(refused(wish("/secrets")).await, (403, "no".to_owned()));
    assert_eq!(refused(wish("/.countersign/v1/whoami")).await.1, "no_such_route");
    assert_eq!(refused(wish("/orders/../secrets")).await.1, "path_dot_segment");
    let with = |member: &str, value: Value| {
        let mut wish = wish("/orders");
        wish["request"][member] = value;
        wish
    };
    let unfit = (400, "body_unfit".to_owned());
    for wish in [
        json!({}),
        with("url", json!("http://api.example.org/orders")),
        with("url", json!("/orders")),
        with("method", json!("PO ST")),
        with("headers", json!({ "x y": "1" })),
        with("headers", json!({ "x": "1\r\n2" })),
        with("body_base64", json!("e30=")),
        with("priority", json!(1)),
    ] {
        assert_eq!(refused(wish.clone()).await, unfit, "{wish}");
    }
    assert_eq!(refused(with("url", json!("https://other.example.org/"))).await.1, "no_such_host");
    assert_eq!(refused(with("headers", json!({ "host": "other" }))).await.0, 400);
    let keyless = Request::post(PROPOSALS).header("content-type", "application/json");
    let keyless = agent.send(keyless.body(body(wish("/orders").to_string())).unwrap()).await;
    assert_eq!(keyless.problem(), unfit);
    assert!(upstream.is_untouched());
}

/// Calls a tool of Countersign's own MCP server.
async fn tool(agent: &Agent, name: &str, arguments: Value) -> Value {
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": name, "arguments": arguments },
    });
    let request = Request::post("/.countersign/v1/mcp")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-11-25");
    let answer = agent.send(request.body(body(call.to_string())).unwrap()).await;
    answer.json()["result"].clone()
}

#[tokio::test]
async fn the_same_as_tools_over_mcp() {
    let (upstream, maria) = (Upstream::answering(|_| reply("done")), Human::new("maria"));
    let site = site(&upstream, &maria);
    let agent = site.agent("writer");
    let mut wanted = wish("/orders");
    let keyless = tool(&agent, "propose", wanted.clone()).await;
    assert_eq!(keyless["isError"], true, "{keyless}");
    wanted["idempotency_key"] = "k-1".into();
    let put = tool(&agent, "propose", wanted.clone()).await["structuredContent"].clone();
    assert_eq!((&put["status"], &put["execution"]), (&json!("approved"), &json!("queued")));
    let again = tool(&agent, "propose", wanted).await;
    assert_eq!(again["structuredContent"]["id"], put["id"]);
    let which = json!({ "proposal": put["id"] });
    let early = tool(&agent, "proposal_result", which.clone()).await;
    assert_eq!(early["isError"], true, "{early}");
    let id = put["id"].as_str().unwrap();
    let ended = soon("it is carried out", show(&agent, id, "wait=30")).await;
    assert_eq!(told(&ended).await, ("approved".into(), "succeeded".into()));
    let shown = tool(&agent, "proposal_status", which.clone()).await;
    assert_eq!(shown["structuredContent"]["execution"], "succeeded");
    let result = tool(&agent, "proposal_result", which.clone()).await["structuredContent"].clone();
    assert_eq!((&result["status"], &result["body"]), (&json!(200), &json!("done")));
    for name in ["proposal_status", "proposal_result"] {
        let stranger = tool(&site.agent("other"), name, which.clone()).await;
        assert_eq!(stranger["isError"], true, "{stranger}");
    }
    let denied = json!({ "idempotency_key": "k-2", "request": wish("/secrets")["request"] });
    let denied = tool(&agent, "propose", denied).await;
    assert_eq!(denied["content"][0]["text"], "Not this. (no)", "{denied}");
    assert_eq!(upstream.requests().len(), 1);
}
