//! The tools of Countersign's own MCP server, and those of them that have to do with proposals.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::id::TaskId;
use crate::identity::Caller;
use crate::proposal::Proposal;
use crate::proxy::account::Account;
use crate::proxy::failure::Failure;
use crate::proxy::problem::Problem;
use crate::proxy::proposals::docket::Docket;
use crate::proxy::proposals::standing::Standing;
use crate::proxy::proposals::{forward, mailbox};

/// Every tool, as `tools/list` shows it.
pub(in crate::proxy) fn list() -> Value {
    let only_reads = json!({ "readOnlyHint": true, "openWorldHint": false });
    let text = |what: &str| json!({ "type": "string", "description": what });
    let of_proposal = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["proposal"],
        "properties": { "proposal": text("The id: prp_…") },
    });
    json!([
        {
            "name": "whoami",
            "description": "Who you are to Countersign, until when, and which routes there are.",
            "inputSchema": { "type": "object", "properties": {}, "additionalProperties": false },
            "annotations": only_reads,
        },
        {
            "name": "what_may_i_do",
            "description": "What policy would say to a request, without making it. Without \
                arguments: every route, and what each HTTP method would get there.",
            "inputSchema": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "route": text("The route's name, as whoami lists it."),
                    "method": text("The HTTP method; GET unless given."),
                    "path": text("The path with its query; the route's own unless given."),
                    "body": { "type": "object", "description": "A JSON body." },
                    "tool": text("A tool of an MCP server, on a route that speaks MCP."),
                    "arguments": {
                        "type": "object",
                        "description": "The tool's arguments; without them: whether any call of it \
                            could be allowed.",
                    },
                },
            },
            "annotations": only_reads,
        },
        {
            "name": "explain_decision",
            "description": "Why a request of yours was decided as it was: the effect, the reasons, \
                and the fields of the request that decided.",
            "inputSchema": {
                "type": "object",
                "additionalProperties": false,
                "required": ["decision"],
                "properties": {
                    "decision": text("The id: `Countersign-Decision`, or `decision_id` of a problem."),
                },
            },
            "annotations": only_reads,
        },
        {
            "name": "propose",
            "description": "Puts a request forward, to be carried out by Countersign: at once, once \
                people agreed, or not before some time. You need not be there for it.",
            "inputSchema": {
                "type": "object",
                "additionalProperties": false,
                "required": ["idempotency_key", "request"],
                "properties": {
                    "idempotency_key": text("A name of your own for it; the same name and request \
                        are the same proposal, as often as you call this."),
                    "request": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["method", "url"],
                        "properties": {
                            "method": text("The HTTP method."),
                            "url": text("https://, a host that a route serves, and a path."),
                            "headers": { "type": "object" },
                            "body": text("The body as text."),
                            "body_base64": text("The body as Base64."),
                        },
                    },
                    "not_before": text("When it may be carried out: 2026-12-01T00:00:00Z."),
                    "expires_in": { "type": "integer", "description": "How long it may take, in seconds." },
                    "task": text("The task that it belongs to: tsk_…"),
                },
            },
        },
        {
            "name": "proposal_status",
            "description": "Where a proposal of yours stands.",
            "inputSchema": of_proposal,
            "annotations": only_reads,
        },
        {
            "name": "proposal_result",
            "description": "What the upstream answered to a proposal of yours: status, headers, body.",
            "inputSchema": of_proposal,
            "annotations": only_reads,
        },
    ])
}

/// `propose`: puts a request forward.
///
/// # Errors
/// A sentence for the agent: why it was not put forward.
pub(in crate::proxy) async fn propose(
    account: &Account,
    caller: Rc<Caller>,
    mut arguments: Value,
) -> Result<Value, String> {
    let mut taken = |name: &str| match arguments.get_mut(name).map(Value::take) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (key, task) = (taken("idempotency_key"), taken("task"));
    let members = arguments.as_object_mut().ok_or("Send an object.")?;
    members.retain(|name, _| name != "idempotency_key" && name != "task");
    let wanted = serde_json::from_value(arguments);
    let wanted = wanted.map_err(|why| format!("Send {}: {why}.", forward::FORM))?;
    let task = match task {
        Some(id) => Some(TaskId::parse(&id).ok_or("`task` must be an id: tsk_…")?),
        None => None,
    };
    let put = async {
        forward::put(account, docket(account)?, caller, (key.as_deref(), task), &wanted).await
    };
    let put = put.await.map_err(|failure| said(account, &failure))?;
    Ok(mailbox::told(&put, account.plane.shared.clock.now()))
}

/// `proposal_status`: where one stands.
///
/// # Errors
/// A sentence for the agent.
pub(in crate::proxy) async fn status(
    account: &Account,
    caller: &Caller,
    arguments: &Value,
) -> Result<Value, String> {
    let proposal = own(account, caller, arguments).await?;
    Ok(mailbox::told(&proposal, account.plane.shared.clock.now()))
}

/// `proposal_result`: what the upstream answered.
///
/// # Errors
/// A sentence for the agent, also while there is no answer.
pub(in crate::proxy) async fn result(
    account: &Account,
    caller: &Caller,
    arguments: &Value,
) -> Result<Value, String> {
    let proposal = own(account, caller, arguments).await?;
    let standing = Standing::of(&proposal, account.plane.shared.clock.now());
    let answer = proposal.state().answer.as_ref().filter(|_| standing == Standing::Answered);
    let answer = answer.ok_or_else(|| said(account, &Failure::NotNow(standing)))?;
    let header = |(name, value): &(http::HeaderName, http::HeaderValue)| {
        json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())])
    };
    let mut document = json!({
        "status": answer.status().as_u16(),
        "headers": answer.headers().iter().map(header).collect::<Vec<_>>(),
    });
    match std::str::from_utf8(answer.body()) {
        Ok(text) => document["body"] = text.into(),
        Err(_) => document["body_base64"] = STANDARD.encode(answer.body()).into(),
    }
    Ok(document)
}

async fn own(account: &Account, caller: &Caller, arguments: &Value) -> Result<Proposal, String> {
    let id = arguments.get("proposal").and_then(Value::as_str).unwrap_or_default();
    let owned = async { mailbox::owned(docket(account)?, id, caller).await };
    owned.await.map_err(|failure| said(account, &failure))
}

fn docket(account: &Account) -> Result<&Docket, Failure> {
    account.plane.shared.docket.as_ref().ok_or(Failure::NoProposal)
}

/// What the agent may know of a failure.
fn said(account: &Account, failure: &Failure) -> String {
    let problem = Problem::of(failure, account.id);
    format!("{} ({})", problem.detail, problem.code)
}
