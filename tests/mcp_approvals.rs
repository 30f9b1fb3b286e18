//! Calls of MCP tools that take a person's agreement: held and carried out once, or a task for clients that know
//! tasks.

use std::sync::LazyLock;
use std::time::Duration;

use countersign::id::ProposalId;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::harness::{
    Agent, Answer, Human, Payload, Received, Setup, Site, Upstream, body, countersign, reply, soon,
};

/// To look is allowed, to pay takes a person, and nothing else is allowed.
const RULES: &str = r#"package countersign.authz

mcp := input.countersign.mcp

default decision := {"allowed": false, "reasons": [{"code": "no", "message": "Not for agents."}]}

decision := {"allowed": true} if mcp.tool == "look"

decision := {"allowed": true} if {
	mcp.tool == null
	mcp.prompt == null
}

decision := {"allowed": false, "approval": {"quorum": 1}} if asks

decision := {"allowed": true} if {
	mcp.tool == "pay"
	not asks
}

asks if {
	mcp.tool == "pay"
	input.countersign.approval == null
}

decision := {"allowed": false, "approval": {"quorum": 1}} if mcp.prompt == "secret"
"#;

static MARIA: LazyLock<Human> = LazyLock::new(|| Human::new("maria"));

fn site(upstream: &Upstream) -> Site {
    let people = format!("approvals: {{ hold: 0s, people: {{ {} }} }}", MARIA.entry(""));
    Setup::new(upstream)
        .rules(RULES)
        .route("protocol: mcp")
        .section("state: { url: sqlite:state/countersign.db }")
        .section(&people)
        .start()
}

/// A server that answers a call with the very message it was sent, in a stream for those who pay in
/// crowns.
fn server() -> Upstream {
    Upstream::answering(|received: &Received| {
        let message: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        let result = match message["method"].as_str() {
            Some("tools/list") => {
                json!({ "tools": [{ "name": "look" }, { "name": "pay" }, { "name": "rm" }] })
            }
            _ => json!({ "content": [{ "type": "text", "text": message.to_string() }] }),
        };
        let mut answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
        match message["params"]["arguments"]["unit"].as_str() {
            Some("crowns") => {
                let told = json!({ "jsonrpc": "2.0", "method": "notifications/message" });
                said("text/event-stream", format!("data: {told}\n\nid: 2\ndata: {answer}\n\n"))
            }
            Some("lead") => {
                answer.as_object_mut().unwrap().remove("result");
                answer["error"] = json!({ "code": -32602, "message": "Not in lead." });
                said("application/json", answer.to_string())
            }
            Some("nothing") => said("application/json", "{}".to_owned()),
            _ => said("application/json", answer.to_string()),
        }
    })
}

fn said(kind: &str, text: String) -> Response<Payload> {
    let mut response = reply(text);
    response.headers_mut().insert("content-type", kind.parse().unwrap());
    response
}

async fn post(agent: &Agent, message: &Value, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::post("/mcp")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    agent.send(request.body(body(message.to_string())).unwrap()).await
}

/// A call as a client of a session makes it, with an id and a token of its own.
async fn pay(agent: &Agent, id: Value, arguments: Value, wait: &str) -> Answer {
    let params = json!({ "name": "pay", "arguments": arguments, "_meta": { "progressToken": id } });
    let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
    let headers =
        [("mcp-protocol-version", "2025-11-25"), ("mcp-session-id", "s1"), ("prefer", wait)];
    post(agent, &call, &headers).await
}

/// The proposal that a call has become, by its result.
fn proposal(answer: &Answer) -> ProposalId {
    let result = &answer.json()["result"];
    let decision = &result["_meta"]["dev.countersign/decision"];
    let id = decision["proposal_id"].as_str().unwrap_or_else(|| panic!("{}", answer.text()));
    assert_eq!((answer.status.as_u16(), &result["isError"]), (200, &json!(true)));
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains(id) && text.contains("with the same arguments"), "{text}");
    ProposalId::parse(id).unwrap()
}

fn says(site: &Site, verb: &str, id: ProposalId) {
    let said = MARIA.says(verb, &site.path(""), id);
    assert!(said.status.success(), "{said:?}");
}

/// The message that the server was sent, as it says in its answer.
fn heard(message: &Value) -> Value {
    let text = message["result"]["content"][0]["text"].as_str();
    serde_json::from_str(text.unwrap_or_else(|| panic!("{message}"))).unwrap()
}

#[tokio::test]
async fn the_same_call_finds_its_proposal_and_is_carried_out_once() {
    let upstream = server();
    let site = site(&upstream);
    let agent = site.agent("reader");
    let five = json!({ "amount": 5 });
    let first = proposal(&pay(&agent, json!(1), five.clone(), "wait=0").await);
    let again = proposal(&pay(&agent, json!("two"), five.clone(), "wait=0").await);
    assert_eq!(first, again, "its id is no part of what is wanted");
    let six = proposal(&pay(&agent, json!(3), json!({ "amount": 6 }), "wait=0").await);
    let other = proposal(&pay(&site.agent("writer"), json!(1), five.clone(), "wait=0").await);
    assert!(first != six && first != other);
    says(&site, "approve", first);
    for id in [json!(7), json!("eight")] {
        let message = pay(&agent, id.clone(), five.clone(), "wait=20").await.json();
        assert_eq!(message["id"], id);
        let sent = heard(&message);
        assert_eq!(sent["params"], json!({ "name": "pay", "arguments": { "amount": 5 } }));
        assert!(sent["id"].as_str().unwrap().starts_with("countersign-"), "{sent}");
    }
    says(&site, "deny", six);
    let denied = pay(&agent, json!(9), json!({ "amount": 6 }), "wait=20").await.json();
    let text = denied["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("approval_denied") && text.contains("Do not retry"), "{text}");
    assert_eq!(upstream.requests().len(), 1);
    // It goes on in the session that it was put forward in.
    assert_eq!(upstream.requests()[0].header("mcp-session-id"), ["s1"]);
}

#[tokio::test]
async fn a_call_may_say_which_proposal_it_is_and_hears_in_what_it_differs() {
    let upstream = server();
    let site = site(&upstream);
    let agent = site.agent("reader");
    let id = proposal(&pay(&agent, json!(1), json!({ "amount": 5 }), "wait=0").await);
    says(&site, "approve", id);
    let named = async |amount: u64| {
        let params = json!({ "name": "pay", "arguments": { "amount": amount } });
        let call = json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params });
        let id = id.to_string();
        let headers = [
            ("mcp-protocol-version", "2025-11-25"),
            ("mcp-session-id", "s1"),
            ("prefer", "wait=20"),
            ("countersign-proposal", &id),
        ];
        post(&agent, &call, &headers).await.json()
    };
    let other = named(6).await;
    let decision = &other["result"]["_meta"]["dev.countersign/decision"];
    assert_eq!(decision["code"], "approval_of_another", "{other}");
    let same = named(5).await;
    assert_eq!((&same["id"], upstream.requests().len()), (&json!(9), 1));
    assert_eq!(heard(&same)["params"]["arguments"], json!({ "amount": 5 }));
}

#[tokio::test]
async fn a_list_that_is_more_than_a_task_has_bytes_for_is_withheld() {
    let upstream = server();
    let site = site(&upstream);
    let agent = site.agent("reader");
    let wanted = json!({ "purpose": "to look", "expires_in": 60, "bytes": 100 });
    let request =
        Request::post("/.countersign/v1/tasks").header("content-type", "application/json");
    let opened = agent.send(request.body(body(wanted.to_string())).unwrap()).await.json();
    let task = opened["id"].as_str().unwrap();
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let headers = [("mcp-protocol-version", "2025-11-25"), ("countersign-task", task)];
    let answer = post(&agent, &list, &headers).await.json();
    assert_eq!(answer["error"]["data"]["code"], "task_budget_used", "{answer}");
    let headers = [("mcp-protocol-version", "2025-11-25")];
    let whole = post(&agent, &list, &headers).await;
    assert!(whole.text().len() < 100, "its own bytes count as well: {}", whole.text());
}

#[tokio::test]
async fn a_call_that_is_held_gets_its_answer_also_from_a_stream() {
    let upstream = server();
    let site = site(&upstream);
    let agent = site.agent("reader");
    let crowns = json!({ "amount": 5, "unit": "crowns" });
    let call = {
        let (agent, crowns) = (agent.clone(), crowns.clone());
        tokio::spawn(async move { pay(&agent, json!(1), crowns, "wait=30").await })
    };
    let id = waiting(&site).await;
    says(&site, "approve", id);
    let answer = soon("the answer", call).await.unwrap();
    assert_eq!(answer.header("content-type"), "application/json");
    let message = answer.json();
    assert_eq!((&message["id"], &heard(&message)["params"]["arguments"]), (&json!(1), &crowns));
    // An answer to no message of ours is none to theirs.
    let nothing = json!({ "unit": "nothing" });
    let id = proposal(&pay(&agent, json!(2), nothing.clone(), "wait=0").await);
    says(&site, "approve", id);
    let withheld = pay(&agent, json!(3), nothing, "wait=20").await.json();
    let decision = &withheld["result"]["_meta"]["dev.countersign/decision"];
    assert_eq!(decision["code"], "response_unscannable", "{withheld}");
}

async fn waiting(site: &Site) -> ProposalId {
    soon("a proposal", async {
        loop {
            let listed = countersign(&site.path("")).args(["proposal", "list"]).output().unwrap();
            let listed = String::from_utf8(listed.stdout).unwrap();
            if let Some(id) = listed.split(' ').next().and_then(ProposalId::parse) {
                return id;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn a_tool_that_takes_a_person_is_shown_where_people_can_be_asked() {
    let upstream = server();
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let names = async |site: &Site| {
        let headers = [("mcp-protocol-version", "2025-11-25")];
        let answer = post(&site.agent("reader"), &list, &headers).await.json();
        let tools = answer["result"]["tools"].as_array().unwrap().clone();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&site(&upstream)).await, ["look", "pay"]);
    let nobody = Setup::new(&upstream).rules(RULES).route("protocol: mcp").start();
    assert_eq!(names(&nobody).await, ["look"]);
    // Only calls of tools wait for people.
    let prompt = json!({ "jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": { "name": "secret" } });
    let asking = site(&upstream);
    let headers = [("mcp-protocol-version", "2025-11-25")];
    let answer = post(&asking.agent("reader"), &prompt, &headers).await.json();
    assert_eq!(answer["error"]["data"]["code"], "approval_required", "{answer}");
}

/// A message of a client that knows tasks.
async fn modern(agent: &Agent, method: &str, params: Value, knows: bool) -> Answer {
    let mut params = params;
    let extensions = if knows { json!({ "io.modelcontextprotocol/tasks": {} }) } else { json!({}) };
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": { "extensions": extensions },
    });
    let name = params["name"].as_str().or(params["taskId"].as_str()).unwrap().to_owned();
    let message = json!({ "jsonrpc": "2.0", "id": "m1", "method": method, "params": params });
    let headers =
        [("mcp-protocol-version", "2026-07-28"), ("mcp-method", method), ("mcp-name", &name)];
    post(agent, &message, &headers).await
}

async fn task(agent: &Agent, arguments: Value) -> Value {
    let answer =
        modern(agent, "tools/call", json!({ "name": "pay", "arguments": arguments }), true);
    let message = answer.await.json();
    let task = message["result"].clone();
    assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")));
    assert!(task["createdAt"].is_string() && task["lastUpdatedAt"].is_string(), "{task}");
    assert!(task["ttlMs"].is_u64() && task["pollIntervalMs"].is_u64(), "{task}");
    task
}

async fn got(agent: &Agent, task: &Value) -> Value {
    let message =
        modern(agent, "tasks/get", json!({ "taskId": task["taskId"] }), true).await.json();
    assert_eq!(message["id"], "m1");
    message["result"].clone()
}

fn id(task: &Value) -> ProposalId {
    ProposalId::parse(task["taskId"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn who_knows_tasks_gets_one_and_its_result_without_calling_again() {
    let upstream = server();
    let site = site(&upstream);
    let agent = site.agent("reader");
    let paid = task(&agent, json!({ "amount": 5 })).await;
    assert_eq!(task(&agent, json!({ "amount": 5 })).await["taskId"], paid["taskId"]);
    assert_eq!(got(&agent, &paid).await["status"], "working");
    says(&site, "approve", id(&paid));
    let ended = async |task: &Value| {
        soon("it ends", async {
            loop {
                let told = got(&agent, task).await;
                if told["status"] != "working" {
                    return told;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
    };
    let told = ended(&paid).await;
    assert_eq!((&told["status"], &told["resultType"]), (&json!("completed"), &json!("complete")));
    let sent = heard(&told);
    assert_eq!(sent["params"]["arguments"], json!({ "amount": 5 }));
    assert_eq!(upstream.requests().len(), 1);
    // A no is a result that a model reads, an error of the server's one of the protocol.
    let denied = task(&agent, json!({ "amount": 6 })).await;
    says(&site, "deny", id(&denied));
    let told = ended(&denied).await;
    assert_eq!((&told["status"], &told["result"]["isError"]), (&json!("completed"), &json!(true)));
    let lead = task(&agent, json!({ "unit": "lead" })).await;
    says(&site, "approve", id(&lead));
    let told = ended(&lead).await;
    assert_eq!((&told["status"], &told["error"]["code"]), (&json!("failed"), &json!(-32602)));
    let taken_back = task(&agent, json!({ "amount": 7 })).await;
    for _ in 0..2 {
        let params = json!({ "taskId": taken_back["taskId"] });
        let answer = modern(&agent, "tasks/cancel", params, true).await.json();
        assert_eq!(answer["result"], json!({ "resultType": "complete" }));
    }
    assert_eq!(got(&agent, &taken_back).await["status"], "cancelled");
    assert_eq!(got(&agent, &paid).await["status"], "completed", "what is final stays");
}

#[tokio::test]
async fn a_task_is_its_owners_alone_and_ids_of_the_servers_pass() {
    let upstream = server();
    let site = site(&upstream);
    let agent = site.agent("reader");
    let paid = task(&agent, json!({ "amount": 5 })).await;
    let code = async |agent: &Agent, method: &str, id: &Value, knows: bool| {
        let answer = modern(agent, method, json!({ "taskId": id }), knows).await;
        (answer.status.as_u16(), answer.json()["error"]["code"].as_i64().unwrap_or_default())
    };
    let (id, nobodys) = (&paid["taskId"], json!("prp_0193a0b0c0d07ef08193a0b0c0d0e0f0"));
    let stranger = site.agent("writer");
    for (agent, id) in [(&stranger, id), (&agent, &nobodys)] {
        for method in ["tasks/get", "tasks/cancel"] {
            assert_eq!(code(agent, method, id, true).await, (200, -32602), "{method} {id}");
        }
    }
    assert_eq!(code(&agent, "tasks/update", id, true).await, (200, -32602));
    let unsaid = modern(&agent, "tasks/get", json!({ "taskId": id }), false).await;
    assert_eq!(unsaid.status, 400);
    let error = unsaid.json()["error"].clone();
    assert_eq!(error["code"], -32021);
    let wanted = &error["data"]["requiredCapabilities"]["extensions"];
    assert_eq!(wanted, &json!({ "io.modelcontextprotocol/tasks": {} }));
    assert!(upstream.is_untouched());
    let theirs = modern(&agent, "tasks/get", json!({ "taskId": "t-1" }), true).await.json();
    assert_eq!(heard(&theirs)["params"]["taskId"], "t-1");
    // Who does not know tasks is held as ever.
    let params = json!({ "name": "pay", "arguments": { "amount": 8 } });
    let held = modern(&agent, "tools/call", params, false).await;
    assert_eq!(held.json()["result"]["isError"], true);
}
