//! Tasks: bounded work, what it has touched, and handing it on with less.

use countersign::id::ProposalId;
use countersign::store::MAX_TASKS;
use http::Request;
use serde_json::{Value, json};

use crate::harness::{
    Agent, Answer, Human, Outgoing, Setup, Site, Upstream, body, countersign, postgres, reply, soon,
};

/// What has touched personal data goes nowhere outside; everything else may be done.
const NO_WAY_OUT: &str = r#"package countersign.authz

default decision := {"allowed": true}

decision := {
	"allowed": false,
	"reasons": [{"code": "pii_stays", "message": "This work has read personal data."}],
} if {
	input.countersign.route == "outside"
	"pii" in input.countersign.labels
}

decision := {"allowed": true, "labels": ["pii"]} if {
	input.countersign.mcp.tool == "read_customer"
}
"#;

const STATE: &str = "state: { url: sqlite:state/countersign.db }";

fn site(upstream: &Upstream) -> Site {
    setup(upstream).section(STATE).start()
}

fn setup(upstream: &Upstream) -> Setup {
    ROUTES
        .iter()
        .fold(Setup::new(upstream).rules(NO_WAY_OUT), |setup, one| setup.another_route(one))
}

const ROUTES: [&str; 3] = [
    "people: { hosts: [api.example.org], path: /people, upstream: api, credential: api, labels: [pii] }",
    "outside: { hosts: [api.example.org], path: /outside, upstream: api, credential: api }",
    "tools: { hosts: [api.example.org], path: /tools, upstream: api, credential: api, protocol: mcp }",
];

fn post(path: &str, document: &Value) -> Request<Outgoing> {
    let request = Request::post(path).header("content-type", "application/json");
    request.body(body(document.to_string())).unwrap()
}

/// The same as a part of a task.
fn within(task: &Value, mut request: Request<Outgoing>) -> Request<Outgoing> {
    let id = task["id"].as_str().unwrap().parse().unwrap();
    request.headers_mut().insert("countersign-task", id);
    request
}

async fn made(agent: &Agent, path: &str, document: Value) -> Value {
    let answer = agent.send(post(path, &document)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn open(agent: &Agent, bounds: Value) -> Value {
    let mut wanted = json!({ "purpose": "to tidy up", "expires_in": 600 });
    wanted.as_object_mut().unwrap().extend(bounds.as_object().unwrap().clone());
    made(agent, "/.countersign/v1/tasks", wanted).await
}

async fn hand_on(agent: &Agent, task: &Value, to: &str, bounds: Value) -> Answer {
    let to = format!("spiffe://example.org/agent/{to}");
    let mut wanted = json!({ "to": to, "purpose": "a part of it", "expires_in": 60 });
    wanted.as_object_mut().unwrap().extend(bounds.as_object().unwrap().clone());
    agent.send(post(&path(task, "/delegations"), &wanted)).await
}

fn path(task: &Value, what: &str) -> String {
    format!("/.countersign/v1/tasks/{}{what}", task["id"].as_str().unwrap())
}

fn get(at: &str) -> Request<Outgoing> {
    Request::get(at).body(crate::harness::empty()).unwrap()
}

fn out() -> Request<Outgoing> {
    post("/outside/notes", &json!({ "note": "hello" }))
}

fn tool(name: &str) -> Request<Outgoing> {
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": name, "arguments": {} },
    });
    let mut request = post("/tools", &call);
    for (name, value) in
        [("accept", "application/json, text/event-stream"), ("mcp-protocol-version", "2025-11-25")]
    {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}

fn upstream() -> Upstream {
    Upstream::answering(|received| {
        let result = json!({ "content": [{ "type": "text", "text": "Zoe" }] });
        let answer = json!({ "jsonrpc": "2.0", "id": 1, "result": result });
        let mut response = reply(if received.target.starts_with("/tools") {
            answer.to_string()
        } else {
            "done".to_owned()
        });
        response.headers_mut().insert("content-type", "application/json".parse().unwrap());
        response
    })
}

/// Refused for having read personal data.
async fn stays(agent: &Agent, request: Request<Outgoing>) {
    assert_eq!(agent.send(request).await.problem(), (403, "pii_stays".to_owned()));
}

#[tokio::test]
async fn what_was_read_over_http_does_not_go_outside() {
    let upstream = upstream();
    let site = site(&upstream);
    let (reader, other) = (site.agent("reader"), site.agent("other"));
    assert_eq!(reader.send(out()).await.status, 200);
    assert_eq!(reader.get("/people/1").await.status, 200);
    stays(&reader, out()).await;
    // Nor in a task that it opens now, nor by whoever it hands that on to.
    let task = open(&reader, json!({ "depth": 1 })).await;
    stays(&reader, within(&task, out())).await;
    assert_eq!(other.send(out()).await.status, 200, "it has read nothing");
    let part = hand_on(&reader, &task, "other", json!({})).await.json();
    stays(&other, within(&part, out())).await;
    // What was never sent has touched nothing.
    assert_eq!(site.agent("writer").send(out()).await.status, 200);
}

#[tokio::test]
async fn what_was_read_by_a_tool_does_not_go_outside() {
    let upstream = upstream();
    let site = site(&upstream);
    let reader = site.agent("reader");
    let said = reader.send(tool("list_orders")).await;
    assert_eq!(said.json()["result"]["content"][0]["text"], "Zoe", "{}", said.text());
    assert_eq!(reader.send(out()).await.status, 200);
    let said = reader.send(tool("read_customer")).await;
    assert_eq!(said.json()["result"]["content"][0]["text"], "Zoe", "{}", said.text());
    stays(&reader, out()).await;
}

#[tokio::test]
async fn labels_flow_to_whom_work_was_handed_on_to_and_back() {
    let upstream = upstream();
    let site = site(&upstream);
    let (reader, helper) = (site.agent("reader"), site.agent("helper"));
    let task = open(&reader, json!({ "depth": 1 })).await;
    let part = hand_on(&reader, &task, "helper", json!({})).await.json();
    assert_eq!(helper.send(within(&part, get("/people/1"))).await.status, 200);
    // The one who handed it on has it as well, with the task's header and without.
    stays(&reader, within(&task, out())).await;
    stays(&reader, out()).await;
    stays(&helper, out()).await;
    let told = reader.get(&path(&task, "")).await.json();
    assert_eq!((&told["labels"], &told["used"]), (&json!(["pii"]), &json!(1)));
    // To open another task does not wash it off, and it is over only as far as the task is.
    let next = open(&helper, json!({})).await;
    stays(&helper, within(&next, out())).await;
    let done = helper.send(post(&path(&part, "/complete"), &json!({}))).await.json();
    assert_eq!(done["status"], "completed");
    stays(&helper, out()).await;
}

#[tokio::test]
async fn an_agent_that_was_handed_something_and_never_looked_is_not_marked() {
    let upstream = upstream();
    let site = site(&upstream);
    let (reader, helper) = (site.agent("reader"), site.agent("helper"));
    assert_eq!(reader.get("/people/1").await.status, 200);
    let task = open(&reader, json!({ "depth": 1 })).await;
    let part = hand_on(&reader, &task, "helper", json!({})).await.json();
    assert_eq!(helper.send(out()).await.status, 200);
    let told = helper.get(&path(&part, "")).await.json();
    assert_eq!(told["chain"], json!(["spiffe://example.org/agent/reader"]));
    stays(&helper, out()).await;
}

#[tokio::test]
async fn whatever_an_agent_does_with_a_task_it_has_to_do_with_it() {
    let upstream = upstream();
    let site = site(&upstream);
    let reader = site.agent("reader");
    assert_eq!(reader.get("/people/1").await.status, 200);
    let task = open(&reader, json!({ "depth": 1 })).await;
    for (name, what) in [("one", "/heartbeat"), ("two", "/pause"), ("three", "/complete")] {
        let part = hand_on(&reader, &task, name, json!({})).await.json();
        let helper = site.agent(name);
        assert_eq!(helper.send(out()).await.status, 200, "{name}");
        // The answer tells what was handed on, in words of an agent that has read something.
        let told = helper.send(post(&path(&part, what), &json!({}))).await;
        assert_eq!(told.status, 200, "{what}: {}", told.text());
        stays(&helper, out()).await;
    }
}

#[tokio::test]
async fn a_task_is_used_within_its_bounds_and_by_its_owner_alone() {
    let upstream = upstream();
    let site = site(&upstream);
    let (reader, other) = (site.agent("reader"), site.agent("other"));
    let bounds = json!({ "routes": ["outside"], "methods": ["POST"], "requests": 2 });
    let task = open(&reader, bounds).await;
    let refused = async |agent: &Agent, request| agent.send(within(&task, request)).await.problem();
    assert_eq!(refused(&reader, get("/outside/notes")).await, (403, "task_scope".to_owned()));
    assert_eq!(refused(&reader, get("/people/1")).await, (403, "task_scope".to_owned()));
    assert_eq!(refused(&other, out()).await, (403, "no_such_task".to_owned()));
    let unknown = json!({ "id": "tsk_0193a0b0c0d07ef08193a0b0c0d0e0f0" });
    let unknown = reader.send(within(&unknown, out())).await.problem();
    assert_eq!(unknown, (403, "no_such_task".to_owned()));
    let odd = reader.send(within(&json!({ "id": "tsk_1" }), out())).await.problem();
    assert_eq!(odd, (400, "task_malformed".to_owned()));
    for _ in 0..2 {
        assert_eq!(reader.send(within(&task, out())).await.status, 200);
    }
    assert_eq!(refused(&reader, out()).await, (403, "task_budget_used".to_owned()));
    assert!(upstream.requests().iter().all(|one| one.header("countersign-task").is_empty()));
    assert_eq!(upstream.requests().len(), 2);
}

#[tokio::test]
async fn every_link_counts_and_ending_one_ends_what_is_behind_it() {
    let upstream = upstream();
    let site = site(&upstream);
    let (reader, helper, third) = (site.agent("reader"), site.agent("helper"), site.agent("third"));
    let task = open(&reader, json!({ "depth": 2, "routes": ["outside"], "requests": 3 })).await;
    for wider in [
        json!({ "depth": 1, "requests": 3 }),
        json!({ "depth": 1, "routes": ["outside", "people"], "requests": 3 }),
        json!({ "depth": 2, "routes": ["outside"], "requests": 3 }),
        json!({ "depth": 1, "routes": ["outside"], "requests": 4 }),
        json!({ "depth": 1, "routes": ["outside"] }),
        json!({ "depth": 1, "routes": ["outside"], "requests": 3, "expires_in": 601 }),
    ] {
        let refused = hand_on(&reader, &task, "helper", wider).await;
        assert_eq!(refused.problem(), (403, "task_wider".to_owned()));
        assert!(refused.text().contains(task["id"].as_str().unwrap()));
    }
    let part = json!({ "depth": 1, "routes": ["outside"], "requests": 3 });
    let part = hand_on(&reader, &task, "helper", part).await.json();
    let rest =
        json!({ "routes": ["outside"], "methods": ["POST"], "requests": 3, "expires_in": 30 });
    let rest = hand_on(&helper, &part, "third", rest).await.json();
    let too_deep = hand_on(&third, &rest, "reader", json!({})).await.problem();
    assert_eq!(too_deep, (403, "task_wider".to_owned()));
    // One budget for all: two are left once the last in the chain has used one.
    assert_eq!(third.send(within(&rest, out())).await.status, 200);
    assert_eq!(reader.get(&path(&task, "")).await.json()["used"], 1);
    // Paused by the first, nothing goes on behind it.
    reader.send(post(&path(&task, "/pause"), &json!({}))).await;
    let paused = third.send(within(&rest, out())).await;
    assert_eq!(paused.problem(), (403, "task_over".to_owned()));
    assert!(paused.text().contains(task["id"].as_str().unwrap()), "the link that refused");
    reader.send(post(&path(&task, "/resume"), &json!({}))).await;
    assert_eq!(third.send(within(&rest, out())).await.status, 200);
    // Nobody ends what is not theirs; who handed it on may.
    let not_theirs = third.send(post(&path(&part, "/complete"), &json!({}))).await.problem();
    assert_eq!(not_theirs, (403, "no_such_task".to_owned()));
    assert_eq!(reader.send(post(&path(&part, "/complete"), &json!({}))).await.status, 200);
    for (agent, task) in [(&helper, &part), (&third, &rest)] {
        let over = agent.send(within(task, out())).await.problem();
        assert_eq!(over, (403, "task_over".to_owned()));
        let stays = agent.send(post(&path(task, "/resume"), &json!({}))).await.problem();
        assert_eq!(stays, (409, "task_over".to_owned()));
    }
    assert_eq!(reader.send(within(&task, out())).await.status, 200);
}

#[tokio::test]
async fn a_budget_is_exact_over_three_replicas() {
    let (url, _database) = postgres();
    let upstream = upstream();
    let sites = [(); 3].map(|()| {
        let state = format!("state: {{ url: \"{url}\" }}");
        setup(&upstream).section(&state).start()
    });
    let task = open(&sites[0].agent("reader"), json!({ "requests": 20 })).await;
    let calls: Vec<_> = (0..60)
        .map(|number| {
            let (agent, task) = (sites[number % 3].agent("reader"), task.clone());
            tokio::spawn(async move { agent.send(within(&task, out())).await.status.as_u16() })
        })
        .collect();
    let mut sent = 0;
    for call in calls {
        match call.await.unwrap() {
            200 => sent += 1,
            status => assert_eq!(status, 403),
        }
    }
    assert_eq!((sent, upstream.requests().len()), (20, 20));
}

/// Everything takes a person.
const ASKING: &str = r#"package countersign.authz

default decision := {"allowed": false, "approval": {"quorum": 1}}

decision := {"allowed": true} if input.countersign.approval != null
"#;

#[tokio::test]
async fn nobody_in_the_chain_may_agree_and_what_hangs_on_a_task_ends_with_it() {
    let (upstream, maria, zoe) = (upstream(), Human::new("maria"), Human::new("zoe"));
    let (owner, alias) = (
        maria.entry(", agents: [\"spiffe://example.org/agent/reader\"]"),
        zoe.entry(", aliases: [\"spiffe://example.org/agent/reader\"]"),
    );
    let people = format!("approvals: {{ hold: 2m, people: {{ {owner}, {alias} }} }}");
    let site = Setup::new(&upstream).rules(ASKING).section(STATE).section(&people).start();
    let (reader, helper) = (site.agent("reader"), site.agent("helper"));
    let task = open(&reader, json!({ "depth": 1 })).await;
    let part = hand_on(&reader, &task, "helper", json!({})).await.json();
    let call = within(&part, post("/orders", &json!({ "order": 1 })));
    let held = tokio::spawn(async move { helper.send(call).await });
    let listed = || countersign(&site.path("")).args(["proposal", "list"]).output().unwrap();
    let id = soon("it is held", async {
        loop {
            let listed = String::from_utf8(listed().stdout).unwrap();
            if let Some(id) = listed.split(' ').next().filter(|id| !id.is_empty()) {
                return ProposalId::parse(id).unwrap();
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    // The owner of the agent that handed it on, and that agent by another name.
    for person in [&maria, &zoe] {
        let said = person.says("approve", &site.path(""), id);
        assert_eq!(said.status.code(), Some(4), "{said:?}");
    }
    assert_eq!(reader.send(post(&path(&task, "/complete"), &json!({}))).await.status, 200);
    let ended = soon("an answer", held).await.unwrap().problem();
    // Whichever of the two it notices first.
    assert_eq!(ended.0, 403);
    assert!(["task_over", "proposal_withdrawn"].contains(&&*ended.1), "{ended:?}");
    assert!(listed().stdout.is_empty(), "its proposals are taken back");
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn a_revoked_task_is_over_for_good() {
    let upstream = upstream();
    let site = site(&upstream);
    let reader = site.agent("reader");
    let task = open(&reader, json!({})).await;
    assert_eq!(reader.send(within(&task, out())).await.status, 200);
    let id = task["id"].as_str().unwrap();
    let revoke = |arguments: &[&str]| {
        countersign(&site.path("")).arg("revoke").args(arguments).output().unwrap().status.code()
    };
    assert_eq!(revoke(&["task", id]), Some(0));
    assert_eq!(reader.send(within(&task, out())).await.problem(), (403, "task_over".to_owned()));
    assert_eq!(revoke(&["lift", "task", id]), Some(1));
    assert_eq!(reader.get(&path(&task, "")).await.json()["status"], "revoked");
    assert_eq!(reader.send(out()).await.status, 200, "the agent itself is not");
    assert_eq!(revoke(&["task", "tsk_0193a0b0c0d07ef08193a0b0c0d0e0f0"]), Some(5));
}

#[tokio::test]
async fn what_a_revoked_agent_has_handed_on_is_over() {
    let upstream = upstream();
    let site = site(&upstream);
    let (reader, helper) = (site.agent("reader"), site.agent("helper"));
    let task = open(&reader, json!({ "depth": 1 })).await;
    let part = hand_on(&reader, &task, "helper", json!({})).await.json();
    assert_eq!(helper.send(within(&part, out())).await.status, 200);
    let reader = "spiffe://example.org/agent/reader";
    let revoked = countersign(&site.path("")).args(["revoke", "agent", reader]).output().unwrap();
    assert!(revoked.status.success(), "{revoked:?}");
    soon("it is refused", async {
        loop {
            // The one that is under way in that moment is cut, and has no answer.
            let answer = helper.h1().await.try_send(within(&part, out())).await;
            if let Some(answer) = answer.ok().filter(|answer| answer.status != 200) {
                return assert_eq!(answer.problem(), (403, "task_over".to_owned()));
            }
        }
    })
    .await;
    assert_eq!(helper.send(out()).await.status, 200, "what it does for itself goes on");
}

#[tokio::test]
async fn what_is_handed_on_does_not_keep_an_agent_from_opening_tasks() {
    let upstream = upstream();
    let site = site(&upstream);
    let (reader, helper) = (site.agent("reader"), site.agent("helper"));
    let task = open(&reader, json!({ "depth": 1 })).await;
    for _ in 0..MAX_TASKS {
        assert_eq!(hand_on(&reader, &task, "helper", json!({})).await.status, 200);
    }
    for number in 0..MAX_TASKS - 1 {
        open(&reader, json!({ "requests": number })).await;
    }
    open(&helper, json!({})).await;
    let wanted = json!({ "purpose": "one more", "expires_in": 60 });
    let answer = reader.send(post("/.countersign/v1/tasks", &wanted)).await;
    assert_eq!(answer.problem(), (429, "too_many_tasks".to_owned()));
}

#[tokio::test]
async fn what_opens_no_task_is_said_clearly() {
    let upstream = upstream();
    let site = site(&upstream);
    let agent = site.agent("reader");
    for (document, word) in [
        (json!({}), "purpose"),
        (json!({ "purpose": "x" }), "expires_in"),
        (json!({ "purpose": " ", "expires_in": 60 }), "purpose"),
        (json!({ "purpose": "a\nb", "expires_in": 60 }), "purpose"),
        (json!({ "purpose": "x", "expires_in": 0 }), "expires_in"),
        (json!({ "purpose": "x", "expires_in": 60, "depth": 9 }), "depth"),
        (json!({ "purpose": "x", "expires_in": 60, "labels": ["none"] }), "JSON object"),
        (json!({ "purpose": "x", "expires_in": 60, "to": "spiffe://a.org/b" }), "to"),
    ] {
        let answer = agent.send(post("/.countersign/v1/tasks", &document)).await;
        assert_eq!(answer.problem(), (400, "body_unfit".to_owned()), "{document}");
        assert!(answer.text().contains(word), "{document}: {}", answer.text());
    }
    let answer = agent.get("/.countersign/v1/tasks").await;
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn without_a_store_nothing_is_marked_so_nothing_that_marks_is_sent() {
    let upstream = upstream();
    let marks =
        "package countersign.authz\n\ndecision := {\"allowed\": true, \"labels\": [\"pii\"]}\n";
    let site = Setup::new(&upstream).rules(marks).start();
    let agent = site.agent("reader");
    assert_eq!(agent.get("/orders").await.problem(), (403, "policy_error".to_owned()));
    let named = json!({ "id": "tsk_0193a0b0c0d07ef08193a0b0c0d0e0f0" });
    let named = agent.send(within(&named, get("/orders"))).await.problem();
    assert_eq!(named, (403, "no_such_task".to_owned()));
    assert!(upstream.is_untouched());
}
