//! The work that a request belongs to: looked up before it is judged, and charged and marked before
//! anything is sent.
//!
//! What a request touches is in the store before its first byte goes out, and a request is judged by
//! what is in the store once all of it is here. So nothing that came back from one request can go out
//! in another that was judged without knowing of it.

use std::rc::Rc;

use crate::enforce::Grant;
use crate::id::TaskId;
use crate::identity::SpiffeId;
use crate::proxy::failure::Failure;
use crate::proxy::plane::{Shared, View};
use crate::revocation::Tether;
use crate::route::Target;
use crate::store::{Error, Step};
use crate::task::Situation;

/// What is known of the work of `agent` that a request for `target` is a part of, by `task` if it
/// names one, which it hangs on from here on. Nothing, where there is no store.
///
/// # Errors
/// [`Failure::State`], if the agent has no such task, or a link of its chain does not let the
/// request; [`Failure::Withdrawn`], if one was revoked.
pub(super) async fn look(
    shared: &Shared,
    view: &View,
    (agent, task): (&SpiffeId, Option<TaskId>),
    target: &Target,
    tether: &Tether,
) -> Result<Option<Rc<Situation>>, Failure> {
    let Some(docket) = &shared.docket else {
        return task.map_or(Ok(None), |_| Err(Error::NoTask.into()));
    };
    if task.is_none() && !view.judge.borrow().looks_at_work(target.route()) {
        return Ok(Some(Rc::default()));
    }
    let now = shared.clock.now();
    let situation = docket.desk.situation(agent.clone(), task, now).await?;
    if let Some(lineage) = &situation.lineage {
        let links = lineage.tasks().iter().map(|task| (task.id, task.owner.clone()));
        tether.belongs_to(links, lineage.task().bounds.deadline);
        let refused = lineage.check(&target.route().name, target.head().method().as_str(), now);
        refused.map_err(Error::Task)?;
        tether.check()?;
    }
    Ok(Some(Rc::new(situation)))
}

/// Takes the request off the budgets of its task, and keeps what it touches.
///
/// # Errors
/// [`Failure::State`]; nothing may then be sent.
pub(super) async fn enter(shared: &Shared, grant: &Grant) -> Result<(), Failure> {
    let Some(docket) = &shared.docket else { return Ok(()) };
    let ask = grant.ask();
    let lineage = ask.situation.as_ref().and_then(|known| known.lineage.as_ref());
    let (task, labels) = (lineage.map(|lineage| lineage.task().id), grant.labels());
    if task.is_none() && labels.is_empty() {
        return Ok(());
    }
    let step = Step {
        agent: ask.caller.principal.spiffe_id().clone(),
        task,
        route: ask.target.route().name.clone(),
        method: ask.target.head().method().to_string(),
        labels,
    };
    Ok(docket.desk.enter(step, shared.clock.now()).await?)
}
