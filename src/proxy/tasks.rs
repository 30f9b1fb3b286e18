//! Tasks, as agents open them, hand them on and end them. Only who has to do with one learns
//! anything of it, not even that there is one.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::id::{RouteName, TaskId};
use crate::identity::{Caller, SpiffeId};
use crate::proxy::account::Account;
use crate::proxy::carried::Carried;
use crate::proxy::failure::Failure;
use crate::route::terms::{Encoding, Inspect};
use crate::route::{Body, Head, NoRoute};
use crate::store::{Desk, Error};
use crate::task::{Bounds, Lineage, Scope, Status, Task};

/// What opens a task, or hands one on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Whom it is handed on to.
    to: Option<String>,
    purpose: String,
    /// The names of routes; any, if there is no list.
    routes: Option<BTreeSet<RouteName>>,
    methods: Option<BTreeSet<String>>,
    /// How many requests may be made.
    requests: Option<u64>,
    /// How long it lasts, in seconds.
    expires_in: u64,
    /// How often it may be handed on, one after the other.
    #[serde(default)]
    depth: u32,
}

/// Answers a request for `tasks`, and for `tasks/ID` with what is behind it.
///
/// # Errors
/// [`Failure::NoRoute`]; [`Failure::Unfit`], for a body that opens no task; [`Failure::State`].
pub(super) async fn answer(
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
    let is_there = matches!(what, "" | "complete" | "delegations" | "pause" | "resume");
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
        let bounds = wanted.bounds(self.now);
        let task = Task {
            id: TaskId::new(),
            owner: self.agent.clone(),
            purpose: wanted.purpose,
            bounds,
            parent: None,
            created: self.now,
            used: 0,
            status: Status::Open,
        };
        let task = self.desk.open_task(task).await?;
        Ok(Carried::Ours(told(&task, self.now)))
    }

    async fn hand_on(&self, id: TaskId, wanted: Wanted) -> Result<Carried, Failure> {
        let to = wanted.to.as_deref().and_then(|to| SpiffeId::parse(to).ok());
        let to = to.ok_or(Failure::Unfit("`to`: the SPIFFE ID of another agent"))?;
        let (bounds, from) = (wanted.bounds(self.now), (self.agent.clone(), id));
        let task = self.desk.hand_on(from, (to, wanted.purpose), bounds, self.now).await?;
        Ok(Carried::Ours(told(&task, self.now)))
    }

    async fn turn(&self, id: TaskId, next: Status) -> Result<Carried, Failure> {
        let task = self.desk.turn_task(self.agent.clone(), id, next, self.now).await?;
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

impl Wanted {
    fn bounds(&self, now: Timestamp) -> Bounds {
        Bounds {
            scope: Scope { routes: self.routes.clone(), methods: self.methods.clone() },
            requests: self.requests,
            deadline: now.plus(Duration::from_secs(self.expires_in)),
            depth: self.depth,
        }
    }

    /// What cannot be kept, or would be nothing to look at.
    fn check(&self) -> Result<(), Failure> {
        let is_odd = self.purpose.chars().any(char::is_control) || self.purpose.trim().is_empty();
        if is_odd || self.purpose.len() > MAX_PURPOSE {
            return Err(Failure::Unfit("`purpose`: one line of at most 500 bytes"));
        }
        if !(1..=MAX_LIFE).contains(&self.expires_in) {
            return Err(Failure::Unfit("`expires_in`: seconds, at most 90 days of them"));
        }
        if self.depth > MAX_DEPTH {
            return Err(Failure::Unfit("`depth`: at most 8"));
        }
        if self.requests.is_some_and(|requests| i64::try_from(requests).is_err()) {
            return Err(Failure::Unfit("`requests`: fewer"));
        }
        Ok(())
    }
}

async fn wanted(head: &Head, body: &mut Body) -> Result<Wanted, Failure> {
    let inspect = Inspect { encoding: Encoding::Json, limit: LIMIT };
    let inspected = body.inspect(head.headers(), Some(inspect)).await?;
    let bytes = inspected.as_ref().map(|body| &body.bytes()[..]).unwrap_or_default();
    let wanted: Wanted = serde_json::from_slice(bytes).map_err(|_| Failure::Unfit(FORM))?;
    wanted.check()?;
    Ok(wanted)
}

fn told(task: &Task, now: Timestamp) -> Value {
    let Bounds { scope, requests, deadline, depth } = &task.bounds;
    json!({
        "id": task.id,
        "status": task.status(now).as_str(),
        "owner": task.owner.as_str(),
        "purpose": task.purpose,
        "routes": scope.routes,
        "methods": scope.methods,
        "requests": requests,
        "used": task.used,
        "created_at": task.created.to_string(),
        "deadline": deadline.to_string(),
        "depth": depth,
        "parent": task.parent,
    })
}

/// On whose behalf the owner works, who handed it on first standing first.
fn chain(lineage: &Lineage) -> Value {
    lineage.chain().map(SpiffeId::as_str).collect::<Vec<_>>().into()
}

const FORM: &str = "a JSON object with `purpose` and `expires_in`, and, if wanted, `routes`, `methods`, \
     `requests` and `depth`; with `to` where a task is handed on";

/// The longest purpose, in bytes.
const MAX_PURPOSE: usize = 500;

/// The longest life of a task, in seconds.
const MAX_LIFE: u64 = 90 * 86_400;

/// The deepest that a task may be handed on.
const MAX_DEPTH: u32 = 8;

/// The most bytes of one body.
const LIMIT: usize = 64 << 10;
