//! Tasks, as agents open them, hand them on and end them. Only who has to do with one learns
//! anything of it, not even that there is one.

use http::Method;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::id::TaskId;
use crate::identity::{Caller, SpiffeId};
use crate::proxy::account::Account;
use crate::proxy::agent::task_terms::{Wanted, told};
use crate::proxy::carried::Carried;
use crate::proxy::failure::Failure;
use crate::route::terms::{Encoding, Inspect};
use crate::route::{Body, Head, NoRoute};
use crate::store::{Desk, Error};
use crate::task::{Lineage, Status, Task};

/// Answers a request for `tasks`, and for `tasks/ID` with what is behind it.
///
/// # Errors
/// [`Failure::NoRoute`]; [`Failure::Unfit`], for a body that opens no task; [`Failure::State`].
pub(in crate::proxy) async fn answer(
    account: &Account,
    path: &str,
    head: &Head,
    body: &mut Body,
    caller: &Caller,
) -> Result<Carried, Failure> {
    let desk = match &account.plane.shared.docket {
        Some(docket) => docket.desk.clone(),
        None => return Err(Error::NoTask.into()),
    };
    let served = if path.is_empty() || path.contains('/') { Method::POST } else { Method::GET };
    let (id, what) = path.split_once('/').unwrap_or((path, ""));
    let is_there =
        matches!(what, "" | "complete" | "delegations" | "heartbeat" | "pause" | "resume");
    if !is_there || path.ends_with('/') {
        return Err(Failure::NoRoute(NoRoute::Path));
    }
    if *head.method() != served {
        return Err(Failure::NoRoute(NoRoute::Method(vec![served])));
    }
    let now = account.plane.shared.clock.now();
    let agent = caller.principal.spiffe_id().clone();
    let work = Work { desk, agent, now };
    if id.is_empty() {
        return work.open(wanted(head, body).await?).await;
    }
    let id = TaskId::parse(id).ok_or(Error::NoTask)?;
    match what {
        "complete" => work.turn(id, Status::Completed).await,
        "pause" => work.turn(id, Status::Paused).await,
        "resume" => work.turn(id, Status::Active).await,
        "heartbeat" => work.beat(id).await,
        "delegations" => work.hand_on(id, wanted(head, body).await?).await,
        _ => work.show(id).await,
    }
}

/// Who asks, when, and where tasks are kept.
struct Work {
    desk: Desk,
    agent: SpiffeId,
    now: Timestamp,
}

impl Work {
    async fn open(&self, wanted: Wanted) -> Result<Carried, Failure> {
        if wanted.to.is_some() {
            return Err(Failure::Unfit("`to`: a task is handed on with tasks/ID/delegations"));
        }
        let bounds = wanted.bounds(self.now)?;
        let task = Task::new(self.agent.clone(), wanted.purpose, bounds, self.now);
        let task = self.desk.open_task(task).await?;
        Ok(Carried::Ours(told(&task, self.now)))
    }

    async fn hand_on(&self, id: TaskId, wanted: Wanted) -> Result<Carried, Failure> {
        let to = wanted.to.as_deref().and_then(|to| SpiffeId::parse(to).ok());
        let to = to.ok_or(Failure::Unfit("`to`: the SPIFFE ID of another agent"))?;
        let (bounds, from) = (wanted.bounds(self.now)?, (self.agent.clone(), id));
        let task = self.desk.hand_on(from, (to, wanted.purpose), bounds, self.now).await?;
        Ok(Carried::Ours(told(&task, self.now)))
    }

    async fn turn(&self, id: TaskId, next: Status) -> Result<Carried, Failure> {
        let task = self.desk.turn_task(self.agent.clone(), id, next, self.now).await?;
        Ok(Carried::Ours(told(&task, self.now)))
    }

    async fn beat(&self, id: TaskId) -> Result<Carried, Failure> {
        let task = self.desk.beat_task(self.agent.clone(), id, self.now).await?;
        Ok(Carried::Ours(told(&task, self.now)))
    }

    async fn show(&self, id: TaskId) -> Result<Carried, Failure> {
        let lineage = self.desk.lineage(self.agent.clone(), id, self.now).await?;
        let mut document = told(lineage.task(), self.now);
        document["chain"] = chain(&lineage);
        let known = match lineage.task().owner == self.agent {
            true => Some(self.desk.situation(self.agent.clone(), Some(id), self.now).await?),
            false => None,
        };
        if let Some(known) = known {
            let labels = known.labels.iter().map(|label| label.as_str());
            document["labels"] = labels.collect::<Vec<_>>().into();
        }
        Ok(Carried::Ours(document))
    }
}

async fn wanted(head: &Head, body: &mut Body) -> Result<Wanted, Failure> {
    let inspect = Inspect { encoding: Encoding::Json, limit: LIMIT };
    let inspected = body.inspect(head.headers(), Some(inspect)).await?;
    let bytes = inspected.as_ref().map(|body| &body.bytes()[..]).unwrap_or_default();
    Wanted::read(bytes)
}

/// On whose behalf the owner works, who handed it on first standing first.
fn chain(lineage: &Lineage) -> Value {
    lineage.chain().map(SpiffeId::as_str).collect::<Vec<_>>().into()
}

/// The most bytes of one body.
const LIMIT: usize = 64 << 10;
