//! What tasks bound beside routes and requests: bytes, amounts, arguments, silence; and what rules have
//! become of them.

use std::sync::{LazyLock, Mutex};

use bytes::Bytes;
use countersign::id::ProposalId;
use http::Request;
use http_body::Frame;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::harness::{
    Agent, Answer, Feed, Human, Outgoing, Setup, Site, Upstream, body, countersign, reply, request,
    soon,
};
use crate::streaming::HANDSHAKE;

/// What is paid has its price, above 50 with a person's word; some words in a path become of a task what
/// they say.
const RULES: &str = r#"package countersign.authz

default decision := {"allowed": true}

price := {"unit": object.get(input.parsed_body, "unit", "EUR"), "value": input.parsed_body.amount}

decision := {"allowed": true, "amount": price} if pays

decision := {"allowed": false, "amount": price, "approval": {"quorum": 1}} if asks

pays if {
	input.countersign.route == "pay"
	not asks
}

asks if {
	input.countersign.route == "pay"
	is_number(input.parsed_body.amount)
	input.parsed_body.amount > 50
	input.countersign.approval == null
}

word := input.parsed_path[1] if input.parsed_path[0] == "turns"

decision := {"allowed": true, "obligations": [{"type": "task", "do": word}]} if word in {"end", "pause"}

decision := {
	"allowed": true,
	"obligations": [{"type": "task", "do": "narrow", "paths": ["/orders"], "methods": ["GET"]}],
} if {
	word == "narrow"
}

decision := {
	"allowed": false,
	"reasons": [{"code": "never", "message": "Not that."}],
	"obligations": [{"type": "task", "do": "pause"}],
} if {
	word == "never"
}

decision := {
	"allowed": false,
	"reasons": [{"code": "little_left", "message": "Little is left."}],
} if {
	word == "thrifty"
	to_number(input.countersign.task.amounts_left.EUR) < 50
	input.countersign.task.bytes_left < 1000000
}
"#;

static MARIA: LazyLock<Human> = LazyLock::new(|| Human::new("maria"));

fn site(upstream: &Upstream) -> Site {
    let people = format!("approvals: {{ hold: 1s, people: {{ {} }} }}", MARIA.entry(""));
    ROUTES
        .iter()
        .fold(Setup::new(upstream).rules(RULES), |setup, one| setup.another_route(one))
        .section("state: { url: sqlite:state/countersign.db }")
        .section(&people)
        .start()
}

const ROUTES: [&str; 3] = [
    "pay: { hosts: [api.example.org], path: /pay, upstream: api, credential: api, \
     inspect: { body: json, limit: 64KiB } }",
    "turns: { hosts: [api.example.org], path: /turns, upstream: api, credential: api }",
    "tools: { hosts: [api.example.org], path: /tools, upstream: api, credential: api, protocol: mcp }",
];

fn post(path: &str, document: &Value) -> Request<Outgoing> {
    let request = Request::post(path).header("content-type", "application/json");
    request.body(body(document.to_string())).unwrap()
}

fn pay(amount: impl Into<Value>) -> Request<Outgoing> {
    post("/pay/out", &json!({ "amount": amount.into() }))
}

fn within(task: &Value, mut request: Request<Outgoing>) -> Request<Outgoing> {
    let id = task["id"].as_str().unwrap().parse().unwrap();
    request.headers_mut().insert("countersign-task", id);
    request
}

async fn open(agent: &Agent, bounds: Value) -> Value {
    let mut wanted = json!({ "purpose": "to tidy up", "expires_in": 600 });
    wanted.as_object_mut().unwrap().extend(bounds.as_object().unwrap().clone());
    let answer = agent.send(post("/.countersign/v1/tasks", &wanted)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn hand_on(agent: &Agent, task: &Value, bounds: Value) -> Answer {
    let mut wanted = json!({
        "to": "spiffe://example.org/agent/helper", "purpose": "a part of it", "expires_in": 60,
    });
    wanted.as_object_mut().unwrap().extend(bounds.as_object().unwrap().clone());
    agent.send(post(&path(task, "/delegations"), &wanted)).await
}

fn path(task: &Value, what: &str) -> String {
    format!("/.countersign/v1/tasks/{}{what}", task["id"].as_str().unwrap())
}

async fn shown(agent: &Agent, task: &Value) -> Value {
    agent.get(&path(task, "")).await.json()
}

async fn turned(agent: &Agent, task: &Value, what: &str) -> (u16, String) {
    agent.send(post(&path(task, what), &json!({}))).await.problem()
}

fn spent() -> (u16, String) {
    (403, "task_budget_used".to_owned())
}

#[tokio::test]
async fn what_a_request_costs_is_taken_off_every_link() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = site(&upstream);
    let (reader, helper) = (site.agent("reader"), site.agent("helper"));
    let task = open(&reader, json!({ "depth": 1, "amounts": { "EUR": "100.00" } })).await;
    for wider in [
        json!({}),
        json!({ "amounts": { "EUR": "100.01" } }),
        json!({ "amounts": { "EUR": "1", "USD": "1" } }),
    ] {
        let refused = hand_on(&reader, &task, wider).await.problem();
        assert_eq!(refused, (403, "task_wider".to_owned()));
    }
    let part = hand_on(&reader, &task, json!({ "amounts": { "EUR": "60" } })).await.json();
    assert_eq!(helper.send(within(&part, pay(45.50))).await.status, 200);
    let refused = helper.send(within(&part, pay("14.51"))).await;
    assert_eq!(refused.problem(), spent());
    let link = part["id"].as_str().unwrap();
    assert!(refused.text().contains(link) && refused.text().contains("EUR"), "{refused:?}");
    let dollars = post("/pay/out", &json!({ "amount": 1, "unit": "USD" }));
    assert_eq!(helper.send(within(&part, dollars)).await.problem(), spent());
    // One budget for all: the one who handed it on has the rest.
    assert_eq!(reader.send(within(&task, pay("50"))).await.status, 200);
    let refused = reader.send(within(&task, pay("4.500000001"))).await;
    assert_eq!(refused.problem(), spent());
    assert_eq!(reader.send(within(&task, pay("4.50"))).await.status, 200);
    let told = shown(&reader, &task).await;
    assert_eq!(told["amounts_used"], json!({ "EUR": "100" }));
    assert_eq!(told["amounts"], json!({ "EUR": "100" }));
    // What has no price that can be read is refused, and without a task nothing is bounded.
    let odd = reader.send(within(&task, pay("much"))).await.problem();
    assert_eq!(odd, (403, "policy_error".to_owned()));
    assert_eq!(reader.send(pay(50)).await.status, 200);
    assert_eq!(upstream.requests().len(), 4);
}

#[tokio::test]
async fn what_waits_for_people_keeps_its_price_back() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = site(&upstream);
    let reader = site.agent("reader");
    let task = open(&reader, json!({ "requests": 3, "amounts": { "EUR": "100" } })).await;
    let waits = |amount: u64| {
        let mut request = within(&task, pay(amount));
        request.headers_mut().insert("prefer", "respond-async".parse().unwrap());
        request
    };
    let first = reader.send(waits(60)).await;
    assert_eq!(first.status, 202);
    let told = shown(&reader, &task).await;
    assert_eq!((&told["used"], &told["reserved"]["amounts"]["EUR"]), (&json!(0), &json!("60")));
    assert_eq!(reader.send(within(&task, pay(41))).await.problem(), spent());
    assert_eq!(reader.send(waits(70)).await.problem(), spent());
    // Taken back, it is free again.
    let taken_back = format!("{}/cancel", first.header("location"));
    assert_eq!(reader.send(post(&taken_back, &json!({}))).await.status, 200);
    let second = reader.send(waits(100)).await;
    assert_eq!(second.status, 202);
    // All is kept back for it; the very same finds its place, and once they agreed it is used.
    let again = reader.send(waits(100)).await;
    assert_eq!(again.header("countersign-proposal"), second.header("countersign-proposal"));
    let id = ProposalId::parse(second.header("countersign-proposal")).unwrap();
    let said = MARIA.says("approve", &site.path(""), id);
    assert!(said.status.success(), "{said:?}");
    let mut request = within(&task, pay(100));
    request.headers_mut().insert("prefer", "wait=20".parse().unwrap());
    assert_eq!(reader.send(request).await.text(), "done");
    let told = shown(&reader, &task).await;
    assert_eq!(told["amounts_used"], json!({ "EUR": "100" }));
    assert_eq!(told["reserved"], json!({ "requests": 0, "bytes": 0, "amounts": {} }));
    assert_eq!((&told["used"], upstream.requests().len()), (&json!(1), 1));
}

#[tokio::test]
async fn no_more_bytes_go_there_and_back_than_a_task_may_have() {
    let upstream = Upstream::answering(|_| reply("x".repeat(400)));
    let site = site(&upstream);
    let reader = site.agent("reader");
    let task = open(&reader, json!({ "bytes": 1000 })).await;
    let send =
        |of: usize| within(&task, Request::post("/orders").body(body("y".repeat(of))).unwrap());
    for _ in 0..2 {
        assert_eq!(reader.send(send(50)).await.text().len(), 400);
    }
    let used = async |bytes: u64| {
        soon("what did not come is given back", async {
            while shown(&reader, &task).await["bytes_used"] != bytes {}
        })
        .await;
    };
    used(900).await;
    assert_eq!(reader.send(send(101)).await.problem(), spent());
    // Its own bytes fit, and its answer does not: nothing of that passes.
    let cut = reader.h1().await.try_send(send(40)).await;
    assert!(cut.is_err(), "{cut:?}");
    used(940).await;
    let outcome = &site.recorded("outcome", 3).await[2];
    assert_eq!(outcome["why"], "task_budget_used");
    // What nobody can count is not sent.
    let (parts, feed) = Feed::channel(1);
    parts.send(Frame::data(Bytes::from_static(b"y"))).await.unwrap();
    drop(parts);
    let endless = within(&task, Request::post("/orders").body(feed.boxed()).unwrap());
    let unknown = reader.send(endless).await.problem();
    assert_eq!(unknown, (403, "task_bytes_unknown".to_owned()));
    assert_eq!(upstream.requests().len(), 3);
}

#[tokio::test]
async fn a_tunnel_has_no_place_in_a_budget_of_bytes() {
    let upstream = crate::streaming::socket();
    let setup = Setup::new(&upstream).route("upgrade: [websocket]");
    let site = setup.section("state: { url: sqlite:state/countersign.db }").start();
    let reader = site.agent("reader");
    let task = open(&reader, json!({ "bytes": 1000 })).await;
    let handshake = String::from_utf8(HANDSHAKE.to_vec()).unwrap();
    let named = format!("\r\ncountersign-task: {}\r\n\r\n", task["id"].as_str().unwrap());
    let handshake = handshake.replacen("\r\n\r\n", &named, 1);
    let refused = reader.raw(handshake.as_bytes()).await.problem();
    assert_eq!(refused, (403, "task_bytes_unknown".to_owned()));
}

#[tokio::test]
async fn paths_tools_and_arguments_are_bounded_and_whoever_gets_it_has_less() {
    let upstream = Upstream::answering(|_| {
        let mut response = reply(json!({ "jsonrpc": "2.0", "id": 1, "result": {} }).to_string());
        response.headers_mut().insert("content-type", "application/json".parse().unwrap());
        response
    });
    let site = site(&upstream);
    let (reader, helper) = (site.agent("reader"), site.agent("helper"));
    let scope = (403, "task_scope".to_owned());
    let paths = open(&reader, json!({ "paths": ["/orders/%31"] })).await;
    assert_eq!(paths["paths"], json!(["/orders/1"]));
    assert_eq!(reader.send(within(&paths, request("GET", "/orders/1/items"))).await.status, 200);
    for other in ["/orders/10", "/orders", "/people/1"] {
        let refused = reader.send(within(&paths, request("GET", other))).await.problem();
        assert_eq!(refused, scope, "{other}");
    }

    let limits = json!({ "amount": { "most": "20" }, "/order/currency": ["EUR", "USD"] });
    let task = open(&reader, json!({ "depth": 1, "arguments": limits })).await;
    assert_eq!(task["arguments"]["/amount"], json!({ "most": "20" }));
    let asks = |amount: Value, currency: &str| {
        post("/pay/out", &json!({ "amount": amount, "order": { "currency": currency } }))
    };
    assert_eq!(reader.send(within(&task, asks(json!(20), "EUR"))).await.status, 200);
    for (amount, currency) in
        [(json!(20.01), "EUR"), (json!(-1), "EUR"), (json!(null), "EUR"), (json!(1), "CHF")]
    {
        let refused = reader.send(within(&task, asks(amount, currency))).await.problem();
        assert_eq!(refused, scope);
    }
    // Nobody has looked into this one, so that nobody knows.
    let unseen = post("/turns/x", &json!({ "amount": 1, "order": { "currency": "EUR" } }));
    assert_eq!(reader.send(within(&task, unseen)).await.problem(), scope);
    for wider in [
        json!({}),
        json!({ "arguments": { "amount": { "most": 21 }, "/order/currency": ["EUR"] } }),
    ] {
        let refused = hand_on(&reader, &task, wider).await.problem();
        assert_eq!(refused, (403, "task_wider".to_owned()));
    }
    let limits = json!({ "/amount": [5, 6], "order.currency": ["EUR"] });
    let part = hand_on(&reader, &task, json!({ "arguments": limits })).await.json();
    assert_eq!(helper.send(within(&part, asks(json!(5), "EUR"))).await.status, 200);
    assert_eq!(helper.send(within(&part, asks(json!(7), "EUR"))).await.problem(), scope);

    let task = open(&reader, json!({ "tools": ["read"], "arguments": { "id": ["a"] } })).await;
    let message = |method: &str, params: Value| {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut request = post("/tools", &call);
        for (name, value) in [
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2025-11-25"),
        ] {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        within(&task, request)
    };
    let call = |name: &str, id: &str| {
        message("tools/call", json!({ "name": name, "arguments": { "id": id } }))
    };
    let code = async |request| {
        let said = reader.send(request).await.json();
        said["result"]["_meta"]["dev.countersign/decision"]["code"]
            .as_str()
            .or(said["error"]["data"]["code"].as_str())
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(code(call("read", "a")).await, "");
    assert_eq!(code(message("ping", json!({}))).await, "");
    assert_eq!(code(call("read", "b")).await, "task_scope");
    assert_eq!(code(call("write", "a")).await, "task_scope");
    assert_eq!(code(message("prompts/get", json!({ "name": "read" }))).await, "task_scope");
    let http = reader.send(within(&task, asks(json!(1), "EUR"))).await.problem();
    assert_eq!(http, scope);
}

#[tokio::test]
async fn whoever_is_silent_is_paused_until_somebody_resumes_it() {
    let (events, feed) = Feed::channel(1);
    let feed = Mutex::new(Some(feed));
    let upstream = Upstream::answering(move |_| match feed.lock().unwrap().take() {
        Some(feed) => http::Response::new(feed.map_err(|never| match never {}).boxed()),
        None => reply("done"),
    });
    let site = site(&upstream);
    let reader = site.agent("reader");
    let task = open(&reader, json!({ "heartbeat": 1 })).await;
    let mut client = reader.h2().await;
    let opened = client.open(within(&task, request("GET", "/orders/events")));
    let mut stream = soon("a head", opened).await.unwrap().into_body();
    events.send(Frame::data("data: 1\n\n".into())).await.unwrap();
    soon("an event", stream.frame()).await.unwrap().unwrap();
    // It says that it lives, and nothing is cut; then it says nothing.
    assert_eq!(turned(&reader, &task, "/heartbeat").await, (200, String::new()));
    assert!(soon("the cut", stream.frame()).await.unwrap().is_err());
    let over = (403, "task_over".to_owned());
    assert_eq!(reader.send(within(&task, request("GET", "/orders"))).await.problem(), over);
    assert_eq!(shown(&reader, &task).await["status"], "paused");
    let late = turned(&reader, &task, "/heartbeat").await;
    assert_eq!(late, (409, "task_over".to_owned()));
    let other = turned(&site.agent("helper"), &task, "/heartbeat").await;
    assert_eq!(other, (403, "no_such_task".to_owned()));
    assert_eq!(turned(&reader, &task, "/resume").await.0, 200);
    assert_eq!(reader.send(within(&task, request("GET", "/orders"))).await.status, 200);
}

#[tokio::test]
async fn what_is_paused_is_cut_and_goes_on_at_once_when_it_is_resumed() {
    let (events, feed) = Feed::channel(1);
    let feed = Mutex::new(Some(feed));
    let upstream = Upstream::answering(move |_| match feed.lock().unwrap().take() {
        Some(feed) => http::Response::new(feed.map_err(|never| match never {}).boxed()),
        None => reply("done"),
    });
    let site = site(&upstream);
    let reader = site.agent("reader");
    let task = open(&reader, json!({})).await;
    let mut client = reader.h2().await;
    let opened = client.open(within(&task, request("GET", "/orders/events")));
    let mut stream = soon("a head", opened).await.unwrap().into_body();
    events.send(Frame::data("data: 1\n\n".into())).await.unwrap();
    soon("an event", stream.frame()).await.unwrap().unwrap();
    assert_eq!(turned(&reader, &task, "/pause").await.0, 200);
    assert!(soon("the cut", stream.frame()).await.unwrap().is_err());
    for _ in 0..5 {
        assert_eq!(turned(&reader, &task, "/resume").await.0, 200);
        assert_eq!(reader.send(within(&task, request("GET", "/orders"))).await.status, 200);
        assert_eq!(turned(&reader, &task, "/pause").await.0, 200);
    }
}

#[tokio::test]
async fn rules_end_pause_and_narrow_a_task_also_when_they_say_no() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = site(&upstream);
    let (reader, helper) = (site.agent("reader"), site.agent("helper"));
    let over = (403, "task_over".to_owned());
    let asks = async |task: &Value, method: &str, path: &str| {
        reader.send(within(task, request(method, path))).await.problem()
    };
    let fine = (200, String::new());
    for (word, status, answer) in [
        ("end", "revoked", fine.clone()),
        ("pause", "paused", fine.clone()),
        ("never", "paused", (403, "never".to_owned())),
    ] {
        let task = open(&reader, json!({ "depth": 1 })).await;
        let part = hand_on(&reader, &task, json!({})).await.json();
        // It is answered all the same, and is the last.
        assert_eq!(asks(&task, "GET", &format!("/turns/{word}")).await, answer, "{word}");
        assert_eq!(asks(&task, "GET", "/orders").await, over, "{word}");
        let behind = helper.send(within(&part, request("GET", "/orders"))).await.problem();
        assert_eq!(behind, over, "{word}");
        assert_eq!(shown(&reader, &task).await["status"], status);
    }
    let task = open(&reader, json!({ "paths": ["/"] })).await;
    assert_eq!(asks(&task, "GET", "/turns/narrow").await, fine);
    assert_eq!(asks(&task, "GET", "/orders/1").await, fine);
    for (method, path) in [("GET", "/turns/x"), ("POST", "/orders/1")] {
        assert_eq!(asks(&task, method, path).await, (403, "task_scope".to_owned()));
    }
    let told = shown(&reader, &task).await;
    assert_eq!((&told["paths"], &told["methods"]), (&json!(["/orders"]), &json!(["GET"])));
    // Where there is no task, nothing can become of one.
    let none = reader.send(request("GET", "/turns/end")).await.problem();
    assert_eq!(none, (403, "policy_error".to_owned()));
    let denied = reader.send(request("GET", "/turns/never")).await.problem();
    assert_eq!(denied, (403, "never".to_owned()));
}

#[tokio::test]
async fn rules_see_what_is_left() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = site(&upstream);
    let reader = site.agent("reader");
    let bounds = json!({ "amounts": { "EUR": "99.5" }, "bytes": 999_999 });
    let task = open(&reader, bounds).await;
    let thrifty = async || reader.send(within(&task, request("GET", "/turns/thrifty"))).await;
    assert_eq!(thrifty().await.status, 200);
    assert_eq!(reader.send(within(&task, pay(49.75))).await.status, 200);
    assert_eq!(thrifty().await.problem(), (403, "little_left".to_owned()));
}

#[tokio::test]
async fn operators_see_tasks_with_what_is_left_and_end_them() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = site(&upstream);
    let (reader, helper) = (site.agent("reader"), site.agent("helper"));
    let bounds = json!({
        "purpose": "to pay \u{202e}bills", "depth": 1, "requests": 5, "heartbeat": 600,
        "amounts": { "EUR": "10" }, "paths": ["/pay"], "arguments": { "amount": { "most": 4 } },
    });
    let task = open(&reader, bounds).await;
    let part = json!({
        "requests": 2, "amounts": { "EUR": "5" }, "paths": ["/pay/out"],
        "arguments": { "amount": { "most": 3 } },
    });
    let part = hand_on(&reader, &task, part).await.json();
    assert_eq!(helper.send(within(&part, pay(2.5))).await.status, 200);
    let run = |arguments: &[&str]| {
        let output = countersign(&site.path("")).arg("task").args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (first, second) = (task["id"].as_str().unwrap(), part["id"].as_str().unwrap());
    let (code, listed) = run(&["list"]);
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!((code, lines.len()), (Some(0), 2), "{listed}");
    assert!(lines[0].starts_with(&format!("{first}  active  ")), "{listed}");
    assert!(lines[0].contains("to pay \\u{202e}bills"), "{listed}");
    assert!(lines[1].starts_with(&format!("  {second}  active  ")), "{listed}");
    let (code, card) = run(&["show", second]);
    assert_eq!(code, Some(0));
    for line in [
        "  owner    spiffe://example.org/agent/helper",
        "  left     1 of 2 requests, 0 more kept back",
        "  left     2.5 of 5 EUR, 0 more kept back",
        "  paths    /pay/out",
        "  argument /amount: at most 3",
        &format!(
            "  from     {first}  active  spiffe://example.org/agent/reader  to pay \\u{{202e}}bills"
        ),
    ] {
        assert!(card.lines().any(|one| one == line), "{line}\n{card}");
    }
    assert_eq!(run(&["revoke", first, "--reason", "enough"]).0, Some(0));
    assert_eq!(run(&["list"]), (Some(0), String::new()));
    let (_, listed) = run(&["list", "--all"]);
    assert_eq!(listed.matches("  revoked  ").count(), 2, "{listed}");
    let over = helper.send(within(&part, pay(1))).await.problem();
    assert_eq!(over, (403, "task_over".to_owned()));
    assert_eq!(run(&["show", "tsk_0193a0b0c0d07ef08193a0b0c0d0e0f0"]).0, Some(5));
    assert_eq!(run(&["show", "prp_1"]).0, Some(5));
}

#[tokio::test]
async fn what_cannot_be_bounded_so_is_said_clearly() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = site(&upstream);
    let agent = site.agent("reader");
    for (bounds, word) in [
        (json!({ "amounts": { "EUR": 100 } }), "JSON object"),
        (json!({ "amounts": { "EUR": "-1" } }), "amounts"),
        (json!({ "amounts": { "E U R": "1" } }), "amounts"),
        (json!({ "bytes": u64::MAX }), "bytes"),
        (json!({ "paths": ["orders"] }), "paths"),
        (json!({ "paths": ["/a/../b"] }), "paths"),
        (json!({ "arguments": { "a..b": [1] } }), "arguments"),
        (json!({ "arguments": { "a": "EUR" } }), "arguments"),
        (json!({ "arguments": { "a": { "most": "many" } } }), "arguments"),
        (json!({ "heartbeat": 0 }), "heartbeat"),
        (json!({ "tools": (0..101).map(|n| n.to_string()).collect::<Vec<_>>() }), "100"),
    ] {
        let mut wanted = json!({ "purpose": "x", "expires_in": 60 });
        wanted.as_object_mut().unwrap().extend(bounds.as_object().unwrap().clone());
        let answer = agent.send(post("/.countersign/v1/tasks", &wanted)).await;
        assert_eq!(answer.problem(), (400, "body_unfit".to_owned()), "{bounds}");
        assert!(answer.text().contains(word), "{bounds}: {}", answer.text());
    }
}
