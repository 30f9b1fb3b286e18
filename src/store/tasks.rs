//! Tasks in the store: opened, handed on, charged for every request, and ended with all that hangs
//! on them.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::id::{RouteName, TaskId};
use crate::identity::SpiffeId;
use crate::store::connection::{Store, Transaction, Value};
use crate::store::error::Error;
use crate::store::labels;
use crate::store::proposals;
use crate::store::task_row::{columns, id, number, read};
use crate::task::{Bounds, Labels, Lineage, Situation, Status, Task};

/// The most tasks that one agent has opened which are not over. What others hand on to it does not
/// count: they could keep it from working.
pub const MAX_TASKS: usize = 100;

/// The most tasks that follow from one.
pub(super) const MAX_TREE: usize = 1000;

/// One request that is about to be sent for the work of an agent.
#[derive(Clone, Debug)]
pub struct Step {
    /// Whose it is.
    pub agent: SpiffeId,
    /// The task that it belongs to.
    pub task: Option<TaskId>,
    /// The route that carries it.
    pub route: RouteName,
    /// Its method.
    pub method: String,
    /// What the work has touched, once it is sent.
    pub labels: Labels,
}

impl Store {
    /// Opens `task`, which was not handed on from another.
    ///
    /// # Errors
    /// [`Error::TooManyTasks`]; else as [`Error`] says.
    pub async fn open_task(&self, task: Task) -> Result<Task, Error> {
        let mut transaction = self.begin().await?;
        admit(&mut transaction, &task).await?;
        transaction.execute(INSERT, columns(&task, task.id, 0)).await?;
        begin(&mut transaction, &task, task.created).await?;
        transaction.commit().await?;
        Ok(task)
    }

    /// `task` with all that it was handed on from, for `agent`, who owns it or handed it on.
    ///
    /// # Errors
    /// [`Error::NoTask`]; else as [`Error`] says.
    pub async fn lineage(
        &self,
        agent: &SpiffeId,
        task: TaskId,
        now: Timestamp,
    ) -> Result<Lineage, Error> {
        let mut transaction = self.begin().await?;
        let lineage = load(&mut transaction, task).await?;
        if !lineage.tasks().iter().any(|task| task.owner == *agent) {
            return Err(Error::NoTask);
        }
        if lineage.task().owner == *agent {
            begin(&mut transaction, lineage.task(), now).await?;
        }
        transaction.commit().await?;
        Ok(lineage)
    }

    /// What is known at `now` of the work of `agent`, and of the task that it names, if it is its.
    ///
    /// # Errors
    /// [`Error::NoTask`], if the agent has no such task; else as [`Error`] says.
    pub async fn situation(
        &self,
        agent: SpiffeId,
        task: Option<TaskId>,
        now: Timestamp,
        lasting: Duration,
    ) -> Result<Situation, Error> {
        let mut transaction = self.begin_to_read().await?;
        let lineage = match task {
            Some(task) => Some(own(load(&mut transaction, task).await?, &agent)?),
            None => None,
        };
        let labels = labels::of(&mut transaction, &agent, lineage.as_ref(), now, lasting).await?;
        Ok(Situation { lineage, labels })
    }

    /// Takes `step` off the budgets of its task and of all that this was handed on from, and keeps
    /// what the work touches by it. It may be sent once this has answered.
    ///
    /// # Errors
    /// [`Error::NoTask`]; [`Error::Task`], if a link of the chain does not let it; else as [`Error`]
    /// says.
    pub async fn enter(&self, step: Step, now: Timestamp, lasting: Duration) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let Some(task) = step.task else {
            labels::add(&mut transaction, step.agent.as_str(), &step.labels, now).await?;
            return transaction.commit().await;
        };
        let mut lineage = own(lock(&mut transaction, task).await?, &step.agent)?;
        lineage.charge(&step.route, &step.method, now)?;
        begin(&mut transaction, lineage.task(), now).await?;
        for task in lineage.tasks() {
            let values = vec![id(task.id), number(task.used), Value::from(task.status.as_str())];
            transaction.execute(CHARGE, values).await?;
        }
        let known = labels::of(&mut transaction, &step.agent, Some(&lineage), now, lasting).await?;
        let all = known.into_iter().chain(step.labels).collect();
        labels::add(&mut transaction, &lineage.root().id.to_string(), &all, now).await?;
        transaction.commit().await
    }

    /// Hands `task` of `agent` on to `to`, within `bounds`.
    ///
    /// # Errors
    /// [`Error::NoTask`]; [`Error::Task`], if it is more than there is; [`Error::TooManyTasks`]; else
    /// as [`Error`] says.
    pub async fn hand_on(
        &self,
        (agent, task): (SpiffeId, TaskId),
        (to, purpose): (SpiffeId, String),
        bounds: Bounds,
        (now, lasting): (Timestamp, Duration),
    ) -> Result<Task, Error> {
        let mut transaction = self.begin().await?;
        let lineage = own(lock(&mut transaction, task).await?, &agent)?;
        let handed = lineage.hand_on(to, purpose, bounds, now)?;
        let root = lineage.root().id;
        if transaction.rows(TREE, vec![id(root)]).await?.len() >= MAX_TREE {
            return Err(Error::TooManyTasks);
        }
        transaction.execute(INSERT, columns(&handed, root, lineage.tasks().len())).await?;
        // What the one who hands it on has touched, comes along.
        let known = labels::of(&mut transaction, &agent, Some(&lineage), now, lasting).await?;
        labels::add(&mut transaction, &root.to_string(), &known, now).await?;
        transaction.commit().await?;
        Ok(handed)
    }

    /// Has `task` become `next`, for `agent`, who owns it or handed it on; for an operator, if there
    /// is no agent. What ends a task ends all that was handed on of it, and every proposal of those.
    ///
    /// # Errors
    /// [`Error::NoTask`]; [`Error::TaskOver`], if it cannot become that any more; else as [`Error`]
    /// says.
    pub async fn turn_task(
        &self,
        agent: Option<&SpiffeId>,
        task: TaskId,
        next: Status,
        now: Timestamp,
    ) -> Result<Task, Error> {
        let mut transaction = self.begin().await?;
        let turned = turn(&mut transaction, agent, task, next, now).await?;
        transaction.commit().await?;
        Ok(turned)
    }

    /// The tasks that ended after `since`.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn ended_tasks(&self, since: Timestamp) -> Result<Vec<TaskId>, Error> {
        let rows = self.begin_to_read().await?.rows(ENDED, vec![since.into()]).await?;
        rows.iter().map(|row| row.parsed("id", TaskId::parse)).collect()
    }
}

/// As [`Store::turn_task`], as a part of a transaction.
pub(super) async fn turn(
    transaction: &mut Transaction,
    agent: Option<&SpiffeId>,
    task: TaskId,
    next: Status,
    now: Timestamp,
) -> Result<Task, Error> {
    let lineage = lock(transaction, task).await?;
    if agent.is_some_and(|agent| !lineage.tasks().iter().any(|task| task.owner == *agent)) {
        return Err(Error::NoTask);
    }
    let status = lineage.task().status(now);
    if !status.may_become(next) {
        return Err(Error::TaskOver(status));
    }
    let tree = transaction.rows(TREE, vec![id(lineage.root().id)]).await?;
    let tree = tree.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let below = if next.is_final() { descendants(task, &tree) } else { vec![task] };
    for one in tree.iter().filter(|one| below.contains(&one.id)) {
        if !one.status(now).may_become(next) {
            continue;
        }
        let ended = next.is_final().then_some(now);
        let values = vec![id(one.id), Value::from(next.as_str()), ended.into()];
        transaction.execute(TURN, values).await?;
        if next.is_final() {
            proposals::cancel_all(transaction, one.id, now).await?;
        }
    }
    Ok(Task { status: next, ..lineage.task().clone() })
}

/// Its owner has to do with it from here on: what the work has touched, it has.
async fn begin(transaction: &mut Transaction, task: &Task, now: Timestamp) -> Result<(), Error> {
    transaction.execute(BEGIN, vec![id(task.id), now.into()]).await.map(drop)
}

/// `task`, and all that was handed on of it. Those of a tree stand behind what they come from.
fn descendants(task: TaskId, tree: &[Task]) -> Vec<TaskId> {
    let mut found = vec![task];
    for one in tree {
        if one.parent.is_some_and(|parent| found.contains(&parent)) {
            found.push(one.id);
        }
    }
    found
}

/// The lineage, if the task at its end is the agent's.
fn own(lineage: Lineage, agent: &SpiffeId) -> Result<Lineage, Error> {
    match lineage.task().owner == *agent {
        true => Ok(lineage),
        false => Err(Error::NoTask),
    }
}

pub(super) async fn load(transaction: &mut Transaction, task: TaskId) -> Result<Lineage, Error> {
    let rows = transaction.rows(TREE_OF, vec![id(task)]).await?;
    lineage(task, &rows.iter().map(read).collect::<Result<Vec<_>, _>>()?)
}

/// The lineage, of which nobody else changes a task until the end of the transaction: whoever wants
/// one of a tree waits for its first.
async fn lock(transaction: &mut Transaction, task: TaskId) -> Result<Lineage, Error> {
    transaction.locked(ROOT_LOCKED, ROOT, vec![id(task)]).await?;
    load(transaction, task).await
}

fn lineage(task: TaskId, tree: &[Task]) -> Result<Lineage, Error> {
    let mut links = Vec::new();
    let mut next = Some(task);
    while let Some(id) = next {
        let link = tree.iter().find(|one| one.id == id).ok_or(Error::NoTask)?;
        next = link.parent;
        links.push(link.clone());
        if links.len() > tree.len() {
            return Err(Error::Undecodable);
        }
    }
    links.reverse();
    Lineage::new(links).ok_or(Error::Undecodable)
}

/// Whether the owner of `task` may have one more.
async fn admit(transaction: &mut Transaction, task: &Task) -> Result<(), Error> {
    let most = number(MAX_TASKS as u64);
    let values = vec![Value::from(task.owner.as_str()), task.created.into(), most];
    match transaction.rows(OPEN, values).await?.len() < MAX_TASKS {
        true => Ok(()),
        false => Err(Error::TooManyTasks),
    }
}

const INSERT: &str = "INSERT INTO tasks (id, root, parent, level, owner, purpose, routes, methods, \
     requests, used, depth, status, created_at, deadline) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

const CHARGE: &str = "UPDATE tasks SET used = $2, status = $3 WHERE id = $1";

const BEGIN: &str = "UPDATE tasks SET begun_at = $2 WHERE id = $1 AND begun_at IS NULL";

const TURN: &str = "UPDATE tasks SET status = $2, ended_at = $3 WHERE id = $1";

const TREE: &str = "SELECT * FROM tasks WHERE root = $1 ORDER BY level, id";

const TREE_OF: &str = "SELECT * FROM tasks WHERE root = (SELECT root FROM tasks WHERE id = $1) \
     ORDER BY level, id";

const ROOT: &str = "SELECT id FROM tasks WHERE id = (SELECT root FROM tasks WHERE id = $1)";

const ROOT_LOCKED: &str =
    "SELECT id FROM tasks WHERE id = (SELECT root FROM tasks WHERE id = $1) FOR UPDATE";

const OPEN: &str = "SELECT id FROM tasks WHERE owner = $1 AND parent IS NULL AND deadline > $2 \
     AND ended_at IS NULL LIMIT $3";

const ENDED: &str = "SELECT id FROM tasks WHERE ended_at > $1";
