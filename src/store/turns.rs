//! What becomes of tasks: ended, paused, resumed, narrowed, or known to live.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::id::TaskId;
use crate::identity::SpiffeId;
use crate::store::connection::{Store, Transaction, Value};
use crate::store::error::Error;
use crate::store::events;
use crate::store::proposals;
use crate::store::task_row::{id, read, scoped, standing};
use crate::store::tasks::{TREE, begin, lock, own};
use crate::task::{Change, Lineage, Status, Task};

/// What has come to a stop lately.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Stopped {
    /// What has ended.
    pub ended: Vec<TaskId>,
    /// What is paused, and since when.
    pub paused: Vec<(TaskId, Timestamp)>,
}

impl Store {
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

    /// Takes in that `agent` lives at `now`, and its `task` with it.
    ///
    /// # Errors
    /// [`Error::NoTask`]; [`Error::TaskOver`], if it is paused or over; else as [`Error`] says.
    pub async fn beat_task(
        &self,
        agent: &SpiffeId,
        task: TaskId,
        now: Timestamp,
    ) -> Result<Task, Error> {
        let mut transaction = self.begin().await?;
        let mut task = own(lock(&mut transaction, task, None).await?, agent)?.task().clone();
        let status = task.status(now);
        if status.is_final() || status == Status::Paused {
            return Err(Error::TaskOver(status));
        }
        task.beat(now);
        begin(&mut transaction, &task, now).await?;
        keep(&mut transaction, &task).await?;
        transaction.commit().await?;
        Ok(task)
    }

    /// Does with `task` of `agent` what the rules want.
    ///
    /// # Errors
    /// [`Error::NoTask`]; else as [`Error`] says. What is over already stays so.
    pub async fn change_task(
        &self,
        agent: &SpiffeId,
        task: TaskId,
        changes: &[Change],
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let lineage = own(lock(&mut transaction, task, None).await?, agent)?;
        change(&mut transaction, &lineage, changes, now).await?;
        transaction.commit().await
    }

    /// The tasks that ended after the first of two times, and those that are paused at `now` and were
    /// not before the second.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn stopped_tasks(
        &self,
        (ended, paused): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<Stopped, Error> {
        let values = vec![ended.into(), paused.into(), now.into()];
        let rows = self.begin_to_read().await?.rows(STOPPED, values).await?;
        let mut stopped = Stopped::default();
        for row in rows {
            let id = row.parsed("id", TaskId::parse)?;
            match (row.time("ended_at")?, row.time("quiet_at")?) {
                (None, Some(quiet)) => stopped.paused.push((id, quiet)),
                _ => stopped.ended.push(id),
            }
        }
        Ok(stopped)
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
    let lineage = lock(transaction, task, None).await?;
    if agent.is_some_and(|agent| !lineage.tasks().iter().any(|task| task.owner == *agent)) {
        return Err(Error::NoTask);
    }
    if agent == Some(&lineage.task().owner) {
        begin(transaction, lineage.task(), now).await?;
    }
    let status = lineage.task().status(now);
    if !status.may_become(next) {
        return Err(Error::TaskOver(status));
    }
    if next.is_final() {
        end(transaction, &lineage, next, now).await?;
        return Ok(Task { status: next, ..lineage.task().clone() });
    }
    let turned = turned(lineage.task(), next, now);
    keep(transaction, &turned).await?;
    events::of_task(transaction, &turned).await?;
    Ok(turned)
}

/// Does what the rules want with the task at the end of `lineage`, which is locked. What is over, or
/// paused, stays so.
pub(super) async fn change(
    transaction: &mut Transaction,
    lineage: &Lineage,
    changes: &[Change],
    now: Timestamp,
) -> Result<(), Error> {
    let mut task = lineage.task().clone();
    for change in changes {
        let status = task.status(now);
        match change {
            _ if status.is_final() => {}
            Change::End => {
                end(transaction, lineage, Status::Revoked, now).await?;
                task.status = Status::Revoked;
            }
            Change::Narrow(scope) => {
                task.bounds.scope = task.bounds.scope.narrowed(scope);
                let mut values = vec![id(task.id)];
                values.extend(scoped(&task.bounds.scope));
                transaction.execute(NARROW, values).await?;
            }
            Change::Pause if status == Status::Paused => {}
            Change::Pause => {
                task = turned(&task, Status::Paused, now);
                keep(transaction, &task).await?;
                events::of_task(transaction, &task).await?;
            }
        }
    }
    Ok(())
}

/// Ends the task at the end of `lineage`, and all that was handed on of it, with their proposals.
async fn end(
    transaction: &mut Transaction,
    lineage: &Lineage,
    next: Status,
    now: Timestamp,
) -> Result<(), Error> {
    let tree = transaction.rows(TREE, vec![id(lineage.root().id)]).await?;
    let tree = tree.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let below = descendants(lineage.task().id, &tree);
    for one in tree.iter().filter(|one| below.contains(&one.id)) {
        if !one.status(now).may_become(next) {
            continue;
        }
        let values = vec![id(one.id), Value::from(next.as_str()), now.into()];
        transaction.execute(END, values).await?;
        events::of_task(transaction, &Task { status: next, ..one.clone() }).await?;
        proposals::cancel_all(transaction, one.id, now).await?;
    }
    Ok(())
}

/// `task` as it is paused or resumed. Of both, the later one has the later time, whatever the clocks of
/// several replicas say: whoever began once it was resumed is not cut by the pause before.
fn turned(task: &Task, next: Status, now: Timestamp) -> Task {
    let mut turned = Task { status: next, ..task.clone() };
    if next == Status::Paused {
        turned.quiet = Some(now.max(task.awake.plus(TICK)));
        return turned;
    }
    if task.status(now) == Status::Paused {
        turned.awake = task.quiet.map_or(now, |quiet| now.max(quiet.plus(TICK)));
    }
    turned.beat(now);
    turned
}

async fn keep(transaction: &mut Transaction, task: &Task) -> Result<(), Error> {
    let mut values = vec![id(task.id)];
    values.extend(standing(task));
    transaction.execute(KEEP, values).await.map(drop)
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

/// Between two things of which one comes after the other.
const TICK: Duration = Duration::from_micros(1);

const KEEP: &str = "UPDATE tasks SET status = $2, awake_at = $3, quiet_at = $4 WHERE id = $1";

const END: &str = "UPDATE tasks SET status = $2, ended_at = $3 WHERE id = $1";

const NARROW: &str = "UPDATE tasks SET routes = $2, methods = $3, paths = $4, tools = $5, \
     arguments = $6 WHERE id = $1";

const STOPPED: &str = "SELECT id, ended_at, quiet_at FROM tasks WHERE ended_at > $1 \
     OR (quiet_at > $2 AND quiet_at <= $3 AND ended_at IS NULL)";
