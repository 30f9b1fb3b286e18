//! What requests take off the budgets of their tasks.
//!
//! A request that is sent at once is charged at once. A proposal has what it takes kept back from the
//! moment it is put forward, in a row that names it: the row goes when the proposal ends unsent, and
//! is settled when it was carried out, each in the transaction in which the proposal does so. Whoever holds
//! a tree of tasks next folds what is settled into what was used.

use crate::clock::Timestamp;
use crate::id::{ProposalId, TaskId};
use crate::identity::SpiffeId;
use crate::proposal::{Answer, Execution, Outcome, Proposal, Status};
use crate::store::connection::{Store, Transaction, Value};
use crate::store::error::Error;
use crate::store::row::{Row, needed};
use crate::store::task_row::{id, number, spent, standing};
use crate::store::tasks::{lock, own, tree_of};
use crate::task::{Amount, Cost, Lineage, Quantity, Spent, Task, Unit};

impl Store {
    /// Takes at least `needed` bytes off the budget of `task`, and of all that this was handed on
    /// from, for an answer that is on its way to `agent`; up to `wanted`, if there are as many.
    ///
    /// # Errors
    /// [`Error::NoTask`]; [`Error::Task`], if a link of the chain has fewer; else as [`Error`] says.
    pub async fn take_bytes(
        &self,
        (agent, task): (&SpiffeId, TaskId),
        (needed, wanted): (u64, u64),
        now: Timestamp,
    ) -> Result<u64, Error> {
        let mut transaction = self.begin().await?;
        let mut lineage = own(lock(&mut transaction, task, None).await?, agent)?;
        let taken = lineage.take_bytes(needed, wanted, now)?;
        write(&mut transaction, lineage.tasks()).await?;
        transaction.commit().await?;
        Ok(taken)
    }

    /// Gives back so many `bytes` that were taken for `task` and did not come.
    ///
    /// # Errors
    /// As [`Error`] says; they then stay used up.
    pub async fn give_bytes_back(&self, task: TaskId, bytes: u64) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let lineage = lock(&mut transaction, task, None).await?;
        for link in lineage.tasks() {
            transaction.execute(GIVE_BACK, vec![id(link.id), number(bytes)]).await?;
        }
        transaction.commit().await
    }
}

/// Keeps back what `proposal` takes, `amount` included, which says that its task lives. What is no task of this
/// store has no budget.
///
/// # Errors
/// [`Error::Task`], if a link of the chain has not enough left.
pub(super) async fn keep_back(
    transaction: &mut Transaction,
    lineage: Option<Lineage>,
    proposal: &Proposal,
    amount: Option<Amount>,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(mut lineage) = lineage else { return Ok(()) };
    let bytes = Some(proposal.substance().request().body().len() as u64);
    let cost = Cost { bytes, amount };
    lineage.afford(&cost, now)?;
    lineage.go_on(now);
    write(transaction, lineage.tasks()).await?;
    put(transaction, &lineage, proposal.id(), &cost).await
}

/// The tasks of `proposal`, which nobody else changes until the end of the transaction; nothing, if
/// they are not kept here. To be asked for before the proposal itself is locked: whoever ends a task locks its
/// proposals last.
pub(super) async fn lock_for(
    transaction: &mut Transaction,
    proposal: &Proposal,
) -> Result<Option<Lineage>, Error> {
    let Some(task) = proposal.substance().task() else { return Ok(None) };
    match lock(transaction, task, None).await {
        Ok(lineage) => Ok(Some(lineage)),
        Err(Error::NoTask) => Ok(None),
        Err(why) => Err(why),
    }
}

/// What the proposal takes, from here on, whatever was kept back for it before.
pub(super) async fn put(
    transaction: &mut Transaction,
    lineage: &Lineage,
    proposal: ProposalId,
    cost: &Cost,
) -> Result<(), Error> {
    let (unit, value) = match &cost.amount {
        Some(Amount { unit, value }) => (Some(unit.to_string()), Some(value.to_string())),
        None => (None, None),
    };
    let values = vec![
        Value::from(&*proposal.to_string()),
        id(lineage.task().id),
        id(lineage.root().id),
        number(cost.bytes.unwrap_or_default()),
        Value::Text(unit),
        Value::Text(value),
    ];
    transaction.execute(PUT, values).await.map(drop)
}

/// Follows `proposal` where it has gone: what was kept back for it is free again, or settled.
pub(super) async fn follow(
    transaction: &mut Transaction,
    proposal: &Proposal,
) -> Result<(), Error> {
    let (state, own) = (proposal.state(), Value::from(&*proposal.id().to_string()));
    let bytes = state.answer.as_ref().map_or(0, |answer| answer.body().len() as u64);
    let is_unsent = match (state.status, state.execution) {
        (Status::Pending, _) | (Status::Approved, Execution::Queued | Execution::Running) => {
            return Ok(());
        }
        (Status::Approved, Execution::Failed) => state.answer.is_none(),
        (Status::Approved, Execution::Succeeded | Execution::Unknown) => false,
        _ => true,
    };
    match is_unsent {
        true => transaction.execute(DROP, vec![own]).await?,
        false => transaction.execute(SETTLE, vec![own, number(bytes)]).await?,
    };
    Ok(())
}

/// `outcome`, with no more of an answer than there are bytes left for in the budget of its proposal.
pub(super) async fn within_budget(
    transaction: &mut Transaction,
    proposal: ProposalId,
    outcome: Outcome,
) -> Result<Outcome, Error> {
    let own = vec![Value::from(&*proposal.to_string())];
    let rows = transaction.rows(TASK, own).await?;
    let Some(row) = rows.first() else { return Ok(outcome) };
    let lineage = lock(transaction, row.parsed("task", TaskId::parse)?, None).await?;
    let left = lineage.bytes_left().unwrap_or(u64::MAX);
    let cut = |answer: Answer| match answer.body().len() as u64 <= left {
        true => answer,
        false => {
            let (headers, length) = (answer.headers().to_vec(), answer.length());
            Answer::new(answer.status(), headers, bytes::Bytes::new()).of_length(length)
        }
    };
    Ok(match outcome {
        Outcome::Failed(answer) => Outcome::Failed(answer.map(cut)),
        Outcome::Succeeded(answer) => Outcome::Succeeded(cut(answer)),
        Outcome::Unknown => Outcome::Unknown,
    })
}

/// Counts what is kept back for proposals of the tasks in `tree`, but for `except`.
pub(super) async fn count(
    transaction: &mut Transaction,
    lineage: &mut Lineage,
    tree: &[Task],
    except: Option<ProposalId>,
) -> Result<(), Error> {
    let except = except.map(|proposal| proposal.to_string());
    for row in transaction.rows(OF_TREE, vec![id(lineage.root().id)]).await? {
        if row.text("proposal")? == except {
            continue;
        }
        let (task, held) = read(&row)?;
        for link in links(task, tree) {
            lineage.hold(link, &held);
        }
    }
    Ok(())
}

/// Folds what is settled into what was used, for the tree of `task`, which is locked.
pub(super) async fn fold(transaction: &mut Transaction, task: TaskId) -> Result<(), Error> {
    let rows = transaction.rows(TAKE_SETTLED, vec![id(task)]).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut tree = tree_of(transaction, task).await?;
    for row in rows {
        let (task, settled) = read(&row)?;
        let links = links(task, &tree);
        for link in tree.iter_mut().filter(|one| links.contains(&one.id)) {
            link.used = link.used.with(&settled);
        }
    }
    for task in &tree {
        let [requests, bytes, amounts] = spent(&task.used);
        transaction.execute(SPEND, vec![id(task.id), requests, bytes, amounts]).await?;
    }
    Ok(())
}

/// Keeps what was used up for `tasks`, and where they stand.
pub(super) async fn write(transaction: &mut Transaction, tasks: &[Task]) -> Result<(), Error> {
    for task in tasks {
        let mut values = vec![id(task.id)];
        values.extend(spent(&task.used));
        values.extend(standing(task));
        transaction.execute(WRITE, values).await?;
    }
    Ok(())
}

/// `task`, and all that it was handed on from.
fn links(task: TaskId, tree: &[Task]) -> Vec<TaskId> {
    let parent = |id: &TaskId| tree.iter().find(|one| one.id == *id)?.parent;
    // No chain is longer than its tree.
    std::iter::successors(Some(task), parent).take(tree.len()).collect()
}

fn read(row: &Row) -> Result<(TaskId, Spent), Error> {
    let amount = match (row.text("unit")?, row.text("amount")?) {
        (Some(unit), Some(value)) => {
            let unit = Unit::parse(&unit).ok_or(Error::Undecodable)?;
            Some(Amount { unit, value: Quantity::parse(&value).ok_or(Error::Undecodable)? })
        }
        _ => None,
    };
    let mut sum = Spent::default();
    sum.add(&Cost { bytes: Some(needed(row.number("bytes")?)?), amount });
    Ok((row.parsed("task", TaskId::parse)?, sum))
}

const PUT: &str = "INSERT INTO charges (proposal, task, root, bytes, unit, amount) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (proposal) DO UPDATE \
     SET bytes = excluded.bytes, unit = excluded.unit, amount = excluded.amount";

const DROP: &str = "DELETE FROM charges WHERE proposal = $1 AND settled = 0";

const SETTLE: &str =
    "UPDATE charges SET settled = 1, bytes = bytes + $2 WHERE proposal = $1 AND settled = 0";

const TASK: &str = "SELECT task FROM charges WHERE proposal = $1";

const OF_TREE: &str = "SELECT * FROM charges WHERE root = $1";

const TAKE_SETTLED: &str = "DELETE FROM charges WHERE settled = 1 \
     AND root = (SELECT root FROM tasks WHERE id = $1) RETURNING task, bytes, unit, amount";

const SPEND: &str = "UPDATE tasks SET used = $2, bytes_used = $3, amounts_used = $4 WHERE id = $1";

const WRITE: &str = "UPDATE tasks SET used = $2, bytes_used = $3, amounts_used = $4, status = $5, \
     awake_at = $6, quiet_at = $7 WHERE id = $1";

const GIVE_BACK: &str = "UPDATE tasks SET bytes_used = bytes_used - $2 WHERE id = $1";
