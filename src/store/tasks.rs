//! Tasks in the store: opened, looked at, handed on, and charged for every request.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::id::{ProposalId, TaskId};
use crate::identity::SpiffeId;
use crate::proposal::{Execution, Illegal};
use crate::store::connection::{Store, Transaction, Value};
use crate::store::error::Error;
use crate::store::proposals::MAX_PAGE;
use crate::store::row::Row;
use crate::store::task_row::{columns, id, number, read};
use crate::store::{charges, events, labels, proposals, turns};
use crate::task::{Bounds, Call, Change, Cost, Labels, Lineage, Situation, Task};

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
    /// What is asked for.
    pub call: Call,
    /// What that takes off the budgets of its task.
    pub cost: Cost,
    /// The proposal that is carried out with it, for which that is kept back.
    pub proposal: Option<ProposalId>,
    /// What the work has touched, once it is sent.
    pub labels: Labels,
    /// What the rules want to become of its task.
    pub changes: Vec<Change>,
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
        events::of_task(&mut transaction, &task).await?;
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
        let lineage = lock(&mut transaction, task, None).await?;
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
            Some(task) => Some(own(load(&mut transaction, task, None).await?, &agent)?),
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
        let locked = lock(&mut transaction, task, step.proposal).await?;
        let mut lineage = own(locked, &step.agent)?;
        match step.proposal {
            Some(proposal) => {
                is_running(&mut transaction, proposal).await?;
                lineage.check(&step.call, &step.cost, now)?;
                lineage.go_on(now);
                charges::put(&mut transaction, &lineage, proposal, &step.cost).await?;
            }
            None => lineage.charge(&step.call, &step.cost, now)?,
        }
        begin(&mut transaction, lineage.task(), now).await?;
        charges::write(&mut transaction, lineage.tasks()).await?;
        let known = labels::of(&mut transaction, &step.agent, Some(&lineage), now, lasting).await?;
        let all = known.into_iter().chain(step.labels).collect();
        labels::add(&mut transaction, &lineage.root().id.to_string(), &all, now).await?;
        turns::change(&mut transaction, &lineage, &step.changes, now).await?;
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
        let lineage = own(lock(&mut transaction, task, None).await?, &agent)?;
        let handed = lineage.hand_on(to, purpose, bounds, now)?;
        let root = lineage.root().id;
        if transaction.rows(TREE, vec![id(root)]).await?.len() >= MAX_TREE {
            return Err(Error::TooManyTasks);
        }
        transaction.execute(INSERT, columns(&handed, root, lineage.tasks().len())).await?;
        events::of_task(&mut transaction, &handed).await?;
        // What the one who hands it on has touched, comes along.
        let known = labels::of(&mut transaction, &agent, Some(&lineage), now, lasting).await?;
        labels::add(&mut transaction, &root.to_string(), &known, now).await?;
        transaction.commit().await?;
        Ok(handed)
    }

    /// Up to [`MAX_PAGE`] tasks behind `after`, each with all that it was handed on from.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn task_page(&self, after: Option<TaskId>) -> Result<Vec<Lineage>, Error> {
        let after = after.map(|task| task.to_string()).unwrap_or_default();
        let mut transaction = self.begin_to_read().await?;
        let values = vec![Value::from(&*after), Value::Integer(Some(MAX_PAGE))];
        let mut page = Vec::new();
        for row in transaction.rows(PAGE, values).await? {
            page.push(load(&mut transaction, row.parsed("id", TaskId::parse)?, None).await?);
        }
        Ok(page)
    }

    /// The task `id` with all that it was handed on from, and what its work has touched.
    ///
    /// # Errors
    /// [`Error::NoTask`]; else as [`Error`] says.
    pub async fn task(&self, id: TaskId) -> Result<(Lineage, Labels), Error> {
        let mut transaction = self.begin_to_read().await?;
        let lineage = load(&mut transaction, id, None).await?;
        let labels = labels::of_tree(&mut transaction, &lineage).await?;
        Ok((lineage, labels))
    }
}

/// Its owner has to do with it from here on: what the work has touched, it has.
pub(super) async fn begin(
    transaction: &mut Transaction,
    task: &Task,
    now: Timestamp,
) -> Result<(), Error> {
    transaction.execute(BEGIN, vec![id(task.id), now.into()]).await.map(drop)
}

/// The lineage, if the task at its end is the agent's.
pub(super) fn own(lineage: Lineage, agent: &SpiffeId) -> Result<Lineage, Error> {
    match lineage.task().owner == *agent {
        true => Ok(lineage),
        false => Err(Error::NoTask),
    }
}

/// The lineage of `task`, with what is kept back for its proposals, but for `except`.
pub(super) async fn load(
    transaction: &mut Transaction,
    task: TaskId,
    except: Option<ProposalId>,
) -> Result<Lineage, Error> {
    let tree = tree_of(transaction, task).await?;
    let mut lineage = lineage(task, &tree)?;
    charges::count(transaction, &mut lineage, &tree, except).await?;
    Ok(lineage)
}

/// The lineage, of which nobody else changes a task until the end of the transaction: whoever wants
/// one of a tree waits for its first.
pub(super) async fn lock(
    transaction: &mut Transaction,
    task: TaskId,
    except: Option<ProposalId>,
) -> Result<Lineage, Error> {
    transaction.locked(ROOT_LOCKED, ROOT, vec![id(task)]).await?;
    charges::fold(transaction, task).await?;
    load(transaction, task, except).await
}

/// All tasks that begin with the same one as `task`.
pub(super) async fn tree_of(
    transaction: &mut Transaction,
    task: TaskId,
) -> Result<Vec<Task>, Error> {
    let rows: Vec<Row> = transaction.rows(TREE_OF, vec![id(task)]).await?;
    rows.iter().map(read).collect()
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

/// An executor that was taken for dead while it made ready has nothing to do with it any more.
async fn is_running(transaction: &mut Transaction, proposal: ProposalId) -> Result<(), Error> {
    let execution = proposals::lock(transaction, proposal).await?.state().execution;
    match execution {
        Execution::Running => Ok(()),
        other => Err(Illegal::NotRunning(other).into()),
    }
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

const INSERT: &str = "INSERT INTO tasks (id, root, parent, level, owner, purpose, requests, depth, \
     created_at, deadline, bytes, amounts, heartbeat, routes, methods, paths, tools, arguments, used, \
     bytes_used, amounts_used, status, awake_at, quiet_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
     $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)";

const BEGIN: &str = "UPDATE tasks SET begun_at = $2 WHERE id = $1 AND begun_at IS NULL";

pub(super) const TREE: &str = "SELECT * FROM tasks WHERE root = $1 ORDER BY level, id";

const TREE_OF: &str = "SELECT * FROM tasks WHERE root = (SELECT root FROM tasks WHERE id = $1) \
     ORDER BY level, id";

const ROOT: &str = "SELECT id FROM tasks WHERE id = (SELECT root FROM tasks WHERE id = $1)";

const ROOT_LOCKED: &str =
    "SELECT id FROM tasks WHERE id = (SELECT root FROM tasks WHERE id = $1) FOR UPDATE";

const OPEN: &str = "SELECT id FROM tasks WHERE owner = $1 AND parent IS NULL AND deadline > $2 \
     AND ended_at IS NULL LIMIT $3";

const PAGE: &str = "SELECT id FROM tasks WHERE id > $1 ORDER BY id LIMIT $2";
