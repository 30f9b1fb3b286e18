//! The work that a request belongs to: looked up before it is judged, and charged and marked before
//! anything is sent.
//!
//! What a request touches is in the store before its first byte goes out, and a request is judged by
//! what is in the store once all of it is here. So nothing that came back from one request can go out
//! in another that was judged without knowing of it.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use crate::enforce::{Ask, Grant, Refusal};
use crate::id::{ProposalId, TaskId};
use crate::identity::SpiffeId;
use crate::operation::Operations;
use crate::operation::mcp::method::Subject;
use crate::proxy::failure::Failure;
use crate::proxy::meter::Meter;
use crate::proxy::plane::{Shared, View};
use crate::revocation::{Link, Tether};
use crate::route::{Inspected, Target};
use crate::store::{Error, Step};
use crate::task::{ActsOn, Call, Change, Cost, Lineage, Situation};

/// What is asked for, as it was read.
pub(super) type Read<'a> = (&'a Target, Option<&'a Inspected>, &'a Operations);

/// What is known of the work of `agent` that what was read is a part of, by `task` if it
/// names one, which it hangs on from here on. Nothing, where there is no store.
///
/// What is left of budgets is looked at when something is taken off them: it may be the very same as
/// what had its place in them before.
///
/// # Errors
/// [`Failure::State`], if the agent has no such task, or a link of its chain does not let the
/// request; [`Failure::Withdrawn`], if one was revoked.
pub(super) async fn look(
    shared: &Shared,
    view: &View,
    (agent, task): (&SpiffeId, Option<TaskId>),
    read: Read<'_>,
    tether: &Tether,
) -> Result<Option<Rc<Situation>>, Failure> {
    let Some(docket) = &shared.docket else {
        return task.map_or(Ok(None), |_| Err(Error::NoTask.into()));
    };
    if task.is_none() && !view.judge.borrow().looks_at_work(read.0.route()) {
        return Ok(Some(Rc::default()));
    }
    let now = shared.clock.now();
    let situation = docket.desk.situation(agent.clone(), task, now).await?;
    if let Some(lineage) = &situation.lineage {
        let links = lineage.tasks().iter().map(|task| Link {
            task: task.id,
            owner: task.owner.clone(),
            awake: task.awake,
        });
        tether.belongs_to(links, lineage.task().bounds.deadline);
        lineage.cover(&call(lineage, read), now).map_err(Error::Task)?;
        tether.check()?;
    }
    Ok(Some(Rc::new(situation)))
}

/// Takes the request off the budgets of its task, keeps what it touches, and has become of the task what
/// the rules want. Its body has `bytes`, if anybody can say. Returns what the bytes of the answer are
/// to be taken off, if they are bounded.
///
/// # Errors
/// [`Failure::State`]; nothing may then be sent.
pub(super) async fn enter(
    shared: &Shared,
    grant: &Grant,
    bytes: Option<u64>,
    proposal: Option<ProposalId>,
) -> Result<Option<Meter>, Failure> {
    let Some(docket) = &shared.docket else { return Ok(None) };
    let ask = grant.ask();
    let (lineage, labels) = (lineage(ask), grant.labels());
    if lineage.is_none() && labels.is_empty() {
        return Ok(None);
    }
    let (agent, changes) = (ask.caller.principal.spiffe_id().clone(), grant.changes());
    let task = lineage.map(|lineage| lineage.task().id);
    let stops = changes.iter().any(Change::stops);
    // A tunnel goes on for as long as it likes.
    let bytes = bytes.filter(|_| ask.target.upgrade().is_none());
    let step = Step {
        agent: agent.clone(),
        task,
        call: match lineage {
            Some(lineage) => call(lineage, (&ask.target, ask.body.as_ref(), &ask.operations)),
            None => plain(&ask.target),
        },
        cost: Cost { bytes, amount: grant.amount().cloned() },
        proposal,
        labels,
        changes,
    };
    docket.desk.enter(step, shared.clock.now()).await?;
    let Some((task, lineage)) = task.zip(lineage) else { return Ok(None) };
    if stops {
        // It is the last of its task, and goes on all the same.
        grant.tether().lets_go_of(task);
    }
    let meter = || Meter::new(docket.desk.clone(), shared.clock.clone(), (agent, task));
    Ok(lineage.bounds_bytes().then(meter))
}

/// Has become of the task what the rules want that said no.
///
/// # Errors
/// [`Failure::State`].
pub(super) async fn refused(shared: &Shared, refusal: &Refusal) -> Result<(), Failure> {
    let (ask, changes) = (refusal.ask(), refusal.changes());
    let (Some(docket), Some(lineage)) = (&shared.docket, lineage(ask)) else { return Ok(()) };
    if changes.is_empty() {
        return Ok(());
    }
    let whose = (ask.caller.principal.spiffe_id().clone(), lineage.task().id);
    ask.tether.lets_go_of(lineage.task().id);
    Ok(docket.desk.change_task(whose, changes, shared.clock.now()).await?)
}

fn lineage(ask: &Ask) -> Option<&Lineage> {
    ask.situation.as_ref()?.lineage.as_ref()
}

/// What a request asks for, with as much of it as `lineage` bounds.
fn call(lineage: &Lineage, (target, body, operations): Read<'_>) -> Call {
    let mut call = plain(target);
    if let Some(message) = operations.call() {
        call.acts_on = match (message.subject, &message.name) {
            (Subject::Tool, Some(name)) => ActsOn::Tool(name.clone()),
            (Subject::Nothing, _) => ActsOn::Nothing,
            _ => ActsOn::Another,
        };
    }
    if lineage.bounds_arguments() {
        call.arguments = arguments(body, operations).map(Arc::new);
    }
    call
}

/// What it says: to a tool of MCP, or in a body that was read.
fn arguments(body: Option<&Inspected>, operations: &Operations) -> Option<Value> {
    if let Some(message) = operations.call() {
        return message.arguments.clone();
    }
    match operations.body() {
        Some(read) => Some(read.clone()),
        None => serde_json::from_slice(body?.bytes()).ok(),
    }
}

/// A request of which nobody wants to know what it says.
fn plain(target: &Target) -> Call {
    Call {
        route: target.route().name.clone(),
        method: target.head().method().to_string(),
        path: target.head().path().as_str().to_owned(),
        acts_on: ActsOn::Another,
        arguments: None,
    }
}
