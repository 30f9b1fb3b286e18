//! `/v1/tasks`: what agents work on, whole trees of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::control::failure::Failure;
use crate::control::page::{Page, Wanted};
use crate::control::proposals::agent;
use crate::control::reply::Reply;
use crate::control::revocations::{self, Told};
use crate::control::service::Visit;
use crate::id::{RouteName, TaskId};
use crate::revocation::Subject;
use crate::task::{Amounts, Bounds, Task};

/// One task.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Task")]
pub(super) struct One {
    /// `tsk_…`
    id: String,
    /// `open`, `active`, `paused`, `completed`, `expired` or `revoked`.
    status: &'static str,
    /// Whose it is.
    agent: String,
    /// What it is for, in the words of who opened it.
    purpose: String,
    /// The task that it was handed on from.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    /// The routes that it may use; any, if there is no list.
    #[serde(skip_serializing_if = "Option::is_none")]
    routes: Option<Vec<String>>,
    /// The methods that it may use; any, if there is no list.
    #[serde(skip_serializing_if = "Option::is_none")]
    methods: Option<Vec<String>>,
    /// What the paths that it may use begin with; any, if there is no list.
    #[serde(skip_serializing_if = "Option::is_none")]
    paths: Option<Vec<String>>,
    /// The tools of MCP that it may call; any, if there is no list.
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<String>>,
    /// By their field, what arguments may be: a list of values, or `{"most": NUMBER}`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    arguments: BTreeMap<String, Value>,
    /// How much may be used up; what is not named is not bounded.
    budget: Budget,
    /// How much was used up, for it and for what was handed on of it, and is kept back for what waits.
    used: Budget,
    /// In seconds, how often it has to be heard of.
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat: Option<u64>,
    /// How often it may be handed on, one after the other.
    depth: u32,
    /// When it was opened.
    created_at: String,
    /// When it ends by itself.
    deadline: String,
}

/// How much of what.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "TaskBudget")]
pub(super) struct Budget {
    /// How many requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<u64>,
    /// How many bytes of bodies, there and back.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// By their unit, how much, as decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    amounts: Option<BTreeMap<String, String>>,
}

/// A task in its tree.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "TaskTree")]
pub(super) struct Tree {
    /// The task that was asked for.
    id: String,
    /// On whose behalf its owner works, from the first who handed it on to the last.
    chain: Vec<String>,
    /// What the whole tree has touched.
    labels: Vec<String>,
    /// All tasks of the tree, each behind the one that it was handed on from.
    tasks: Vec<One>,
}

/// Why something is done.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RevocationReason")]
pub(super) struct Why {
    /// In the operator's words.
    #[serde(default)]
    reason: String,
}

/// One page, oldest first.
pub(super) async fn list(visit: Visit<'_>) -> Result<Reply, Failure> {
    let Wanted { after, limit } = Wanted::of(visit.request)?;
    let tasks = visit.service.desk.tasks(agent(&visit)?, after, limit).await?;
    let last = tasks.get(limit - 1).map(|task| task.id.to_string());
    let tasks = tasks.iter().map(|task| One::of(task, visit.now)).collect();
    Ok(Reply::json(&Page::new(tasks, last.as_deref())))
}

/// One, with its whole tree.
pub(super) async fn show(visit: Visit<'_>) -> Result<Reply, Failure> {
    let id = id(&visit)?;
    let (tasks, labels) = visit.service.desk.tree(id).await?;
    Ok(Reply::json(&Tree {
        id: id.to_string(),
        chain: chain(id, &tasks),
        labels: labels.iter().map(ToString::to_string).collect(),
        tasks: tasks.iter().map(|task| One::of(task, visit.now)).collect(),
    }))
}

/// Ends one for good, with all that was handed on of it.
pub(super) async fn revoke(visit: Visit<'_>) -> Result<Reply, Failure> {
    let subject = Subject::Task(id(&visit)?);
    let why = match visit.request.has_body() {
        true => visit.request.json::<Why>("a JSON object with `reason`, or no body").await?,
        false => Why::default(),
    };
    let revoked = revocations::revoke(&visit, subject, why.reason).await?;
    Ok(Reply::json(&Told::of(&revoked)))
}

fn id(visit: &Visit<'_>) -> Result<TaskId, Failure> {
    TaskId::parse(visit.request.id()).ok_or(Failure::Missing("task"))
}

/// Who handed `task` on, the first one first.
fn chain(task: TaskId, tree: &[Task]) -> Vec<String> {
    let find = |id: TaskId| tree.iter().find(|one| one.id == id);
    let mut owners = Vec::new();
    let mut next = find(task).and_then(|task| task.parent);
    while let Some(link) = next.and_then(find).filter(|_| owners.len() < tree.len()) {
        owners.push(link.owner.as_str().to_owned());
        next = link.parent;
    }
    owners.reverse();
    owners
}

impl One {
    fn of(task: &Task, now: Timestamp) -> Self {
        let Bounds { scope, budget, heartbeat, deadline, depth } = &task.bounds;
        let routes = scope.routes.as_ref();
        let paths = scope.paths.as_ref();
        let limits = scope.arguments.iter();
        let taken = task.used.with(&task.held);
        Self {
            id: task.id.to_string(),
            status: task.status(now).as_str(),
            agent: task.owner.as_str().to_owned(),
            purpose: task.purpose.clone(),
            parent: task.parent.map(|parent| parent.to_string()),
            routes: routes.map(|all| all.iter().map(RouteName::to_string).collect()),
            methods: scope.methods.clone().map(|all| all.into_iter().collect()),
            paths: paths.map(|all| all.iter().map(|path| path.as_str().to_owned()).collect()),
            tools: scope.tools.clone().map(|all| all.into_iter().collect()),
            arguments: limits.map(|(f, limit)| (f.as_str().to_owned(), limit.document())).collect(),
            budget: Budget {
                requests: budget.requests,
                bytes: budget.bytes,
                amounts: budget.amounts.as_ref().map(decimals),
            },
            used: Budget {
                requests: Some(taken.requests),
                bytes: Some(taken.bytes),
                amounts: Some(decimals(&taken.amounts)),
            },
            heartbeat: heartbeat.map(|heartbeat| heartbeat.as_secs()),
            depth: *depth,
            created_at: task.created.to_string(),
            deadline: deadline.to_string(),
        }
    }
}

fn decimals(amounts: &Amounts) -> BTreeMap<String, String> {
    amounts.iter().map(|(unit, value)| (unit.to_string(), value.to_string())).collect()
}
