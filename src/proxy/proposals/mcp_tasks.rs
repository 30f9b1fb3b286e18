//! Proposals as tasks of MCP, for clients that understand them (the extension
//! `io.modelcontextprotocol/tasks` of 2026-07-28).
//!
//! A call that takes people's agreement is answered with a task, and its client asks after that by itself. It is the
//! same proposal as any other: people answer it, it is carried out once, with its agent or without. Only
//! its owner learns anything of it, not even that there is one. Ids that are not ours are the server's.

use http::StatusCode;
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::id::ProposalId;
use crate::identity::Caller;
use crate::operation::mcp::call::Kind;
use crate::operation::mcp::method::Subject;
use crate::operation::mcp::{Malformed, attempt};
use crate::proposal::Proposal;
use crate::proxy::account::Account;
use crate::proxy::carried::Carried;
use crate::proxy::failure::Failure;
use crate::proxy::proposals::docket::Docket;
use crate::proxy::proposals::standing::Standing;
use crate::proxy::proposals::{kept_message, mailbox};
use crate::proxy::reading::Reading;
use crate::route::Target;
use crate::store;

/// The proposal that a message asks after as a task, if it does and there are proposals.
pub(in crate::proxy) fn asked(account: &Account, reading: &Reading) -> Option<ProposalId> {
    account.plane.shared.docket.as_ref()?;
    let call = reading.operations.call()?;
    let is_about_task = call.subject == Subject::Task && call.kind == Kind::Request;
    call.name.as_deref().filter(|_| is_about_task).and_then(ProposalId::parse)
}

/// Answers a message about the proposal `id`.
///
/// # Errors
/// [`Failure::Malformed`], if the client has not said that it knows tasks, there is no such task, or nothing of the
/// kind can be asked of it.
pub(in crate::proxy) async fn answer(
    account: &Account,
    caller: &Caller,
    reading: &Reading,
    id: ProposalId,
) -> Result<Carried, Failure> {
    let message = reading.body.as_ref().map(|body| &body.bytes()[..]).unwrap_or_default();
    if !attempt::knows_tasks(message) {
        return Err(Malformed::Capability.into());
    }
    let Some(docket) = &account.plane.shared.docket else { return Err(unknown()) };
    let proposal = match mailbox::owned(docket, &id.to_string(), caller).await {
        Ok(proposal) if is_at(&proposal, &reading.target) => proposal,
        Ok(_) | Err(Failure::NoProposal) => return Err(unknown()),
        Err(why) => return Err(why),
    };
    let now = account.plane.shared.clock.now();
    let method = reading.operations.call().and_then(|call| call.method.as_deref());
    let result = match method {
        Some("tasks/get") => told(&proposal, now)?,
        Some("tasks/cancel") => cancelled(docket, id, now).await?,
        _ => return Err(params("this task asks for nothing")),
    };
    let id = attempt::id(message).unwrap_or_default();
    Ok(Carried::Ours(json!({ "jsonrpc": "2.0", "id": id, "result": result })))
}

/// What a call is answered with that has become `proposal`.
pub(in crate::proxy) fn created(proposal: &Proposal, now: Timestamp) -> Value {
    let mut task = task(proposal, &Standing::of(proposal, now));
    task["resultType"] = json!("task");
    task
}

/// The task with what came of it.
fn told(proposal: &Proposal, now: Timestamp) -> Result<Value, Failure> {
    let standing = Standing::of(proposal, now);
    let mut task = task(proposal, &standing);
    task["resultType"] = json!("complete");
    match (&standing, &proposal.state().answer) {
        (Standing::Pending | Standing::Waiting | Standing::Withdrawn, _) => {}
        (Standing::Answered, Some(answer)) if answer.status().is_success() => {
            let mut message = kept_message::message(answer, proposal.substance().request().body())?;
            match message.remove("error") {
                Some(error) => (task["status"], task["error"]) = (json!("failed"), error),
                None => task["result"] = message.remove("result").unwrap_or_default(),
            }
        }
        (Standing::Answered, _) => {
            task["result"] = said("The server did not take it.", "upstream_refused");
        }
        (standing, _) => task["result"] = said(&standing.detail(), standing.code()),
    }
    Ok(task)
}

fn task(proposal: &Proposal, standing: &Standing) -> Value {
    let (draft, state) = (proposal.draft(), proposal.state());
    let status = match standing {
        Standing::Pending | Standing::Waiting => "working",
        Standing::Withdrawn => "cancelled",
        _ => "completed",
    };
    let updated = state.finished_at.or(state.decided_at).unwrap_or(draft.created);
    let lasting = draft.expires_at.since(draft.created).as_millis();
    json!({
        "taskId": proposal.id(),
        "status": status,
        "statusMessage": standing.told(),
        "createdAt": draft.created.to_string(),
        "lastUpdatedAt": updated.to_string(),
        "ttlMs": u64::try_from(lasting).unwrap_or(u64::MAX),
        "pollIntervalMs": POLL_MILLIS,
    })
}

/// A result that a model reads.
fn said(text: &str, code: &str) -> Value {
    json!({
        "resultType": "complete",
        "isError": true,
        "content": [{ "type": "text", "text": format!("{text} ({code}).") }],
    })
}

/// Takes it back, if that can still be done. Whether it could be, `tasks/get` says.
async fn cancelled(docket: &Docket, id: ProposalId, now: Timestamp) -> Result<Value, Failure> {
    match docket.desk.cancel(id, now).await {
        Ok(_) | Err(store::Error::Illegal(_)) => Ok(json!({ "resultType": "complete" })),
        Err(why) => Err(why.into()),
    }
}

/// Whether it was put forward for what `target` is for.
fn is_at(proposal: &Proposal, target: &Target) -> bool {
    let (request, head) = (proposal.substance().request(), target.head());
    request.authority() == head.authority().to_string() && request.path() == head.path().as_str()
}

fn unknown() -> Failure {
    params("there is no such task")
}

fn params(what: &'static str) -> Failure {
    Malformed::Params(what, StatusCode::OK).into()
}

/// How often a client is to ask.
const POLL_MILLIS: u64 = 5_000;
