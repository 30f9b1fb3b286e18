//! Proposals in the store: put once, moved one transition at a time, claimed by one executor.

use crate::approval::People;
use crate::clock::Timestamp;
use crate::id::{ProposalId, TaskId};
use crate::proposal::{Claim, Illegal, Outcome, Proposal, State};
use crate::store::bounds::admit;
use crate::store::charges;
use crate::store::connection::{Store, Transaction, Value};
use crate::store::error::Error;
use crate::store::events;
use crate::store::proposal_row::{columns, identity, owner, read, state};
use crate::store::standing;
use crate::task::Amount;

/// The most proposals that one operation reads or moves.
pub const MAX_PAGE: i64 = 200;

/// What came of putting a proposal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Put {
    /// It is kept.
    Fresh(Proposal),
    /// The same stood there already; this is it.
    Standing(Proposal),
}

impl Store {
    /// Keeps `proposal`, unless its owner has one that stands with the same idempotency key, or
    /// (where it has no key) with the same digest and no key.
    ///
    /// # Errors
    /// [`Error::KeyReused`], if the key stands for another request; [`Error::TooMany`]; else as
    /// [`Error`] says.
    pub async fn put(&self, proposal: Proposal, now: Timestamp) -> Result<Put, Error> {
        self.put_forward(proposal, None, &People::default(), now).await
    }

    /// The same, of what costs `amount`, which is kept back from the budget of the proposal's task; a
    /// fresh one is decided at once where standing approvals of `people` do.
    ///
    /// # Errors
    /// As [`put`](Self::put); [`Error::Task`], if there is not enough left.
    pub async fn put_forward(
        &self,
        mut proposal: Proposal,
        amount: Option<Amount>,
        people: &People,
        now: Timestamp,
    ) -> Result<Put, Error> {
        let mut transaction = self.begin().await?;
        let lineage = charges::lock_for(&mut transaction, &proposal).await?;
        let values = vec![owner(&proposal), identity(&proposal)];
        let found = transaction.locked(STANDING_LOCKED, STANDING, values).await?;
        if let Some(row) = found.first() {
            let mut standing = read(row)?;
            if standing.stands(now) {
                return same(standing, &proposal).map(Put::Standing);
            }
            // It stands no more; whoever comes now makes a new one.
            let before = standing.state().clone();
            let _ended_before = standing.expire(now);
            write(&mut transaction, &before, &standing, Value::Text(None)).await?;
        }
        admit(&mut transaction, &proposal, self.pending).await?;
        let fresh = transaction.execute(INSERT, columns(&proposal)).await? == 1;
        if fresh {
            charges::keep_back(&mut transaction, lineage, &proposal, amount, now).await?;
            events::of_proposal(&mut transaction, None, &proposal).await?;
            let before = proposal.state().clone();
            if standing::decide(&mut transaction, &mut proposal, people, now).await? {
                write(&mut transaction, &before, &proposal, identity(&proposal)).await?;
            }
            transaction.commit().await?;
            return Ok(Put::Fresh(proposal));
        }
        // Another replica's was committed since we looked, and is visible now.
        let values = vec![owner(&proposal), identity(&proposal)];
        let rows = transaction.rows(STANDING, values).await?;
        same(read(rows.first().ok_or(Error::Undecodable)?)?, &proposal).map(Put::Standing)
    }

    /// The proposal that stands already where `proposal` would, if one does.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub async fn find(
        &self,
        proposal: &Proposal,
        now: Timestamp,
    ) -> Result<Option<Proposal>, Error> {
        let values = vec![owner(proposal), identity(proposal)];
        let rows = self.begin_to_read().await?.rows(STANDING, values).await?;
        let found = rows.first().map(read).transpose()?.filter(|found| found.stands(now));
        found.map(|found| same(found, proposal)).transpose()
    }

    /// The proposal `id`.
    ///
    /// # Errors
    /// [`Error::Unknown`], if there is none.
    pub async fn load(&self, id: ProposalId) -> Result<Proposal, Error> {
        let rows =
            self.begin_to_read().await?.rows(LOAD, vec![Value::from(&*id.to_string())]).await?;
        read(rows.first().ok_or(Error::Unknown(id))?)
    }

    /// Up to [`MAX_PAGE`] proposals that people have not decided, oldest first, behind `after`.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn waiting(&self, after: Option<ProposalId>) -> Result<Vec<Proposal>, Error> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let values = vec![Value::from(&*after), Value::Integer(Some(MAX_PAGE))];
        self.begin_to_read().await?.rows(WAITING, values).await?.iter().map(read).collect()
    }

    /// Its owner takes it back: undecided it is cancelled, approved and queued it fails unsent.
    ///
    /// # Errors
    /// [`Error::Illegal`], if it is neither.
    pub async fn cancel(&self, id: ProposalId, now: Timestamp) -> Result<Proposal, Error> {
        self.change(id, |proposal| proposal.cancel(now).or_else(|_| proposal.abandon(now))).await
    }

    /// One executor takes this proposal; of several that try, one succeeds.
    ///
    /// # Errors
    /// [`Error::Illegal`], if another was first or it may not be carried out now.
    pub async fn claim(
        &self,
        id: ProposalId,
        claim: Claim,
        now: Timestamp,
    ) -> Result<Proposal, Error> {
        self.change(id, |proposal| proposal.claim(claim, now)).await
    }

    /// The executor gives it back, having sent nothing; due again from `later` on.
    ///
    /// # Errors
    /// [`Error::Illegal`], if `executor` does not have it.
    pub async fn release(
        &self,
        id: ProposalId,
        executor: &str,
        later: Timestamp,
    ) -> Result<Proposal, Error> {
        self.change(id, |proposal| proposal.release(executor, later)).await
    }

    /// The executor is done with it.
    ///
    /// # Errors
    /// [`Error::Illegal`], if `executor` does not have it.
    pub async fn finish(
        &self,
        id: ProposalId,
        executor: &str,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Proposal, Error> {
        let mut transaction = self.begin().await?;
        let outcome = charges::within_budget(&mut transaction, id, outcome).await?;
        let mut proposal = lock(&mut transaction, id).await?;
        let before = proposal.state().clone();
        proposal.finish(executor, outcome, now)?;
        keep(transaction, &before, &proposal).await?;
        Ok(proposal)
    }

    /// What `executor` had when it died, and whatever was claimed until now by anyone, is unknown
    /// from here on. Up to [`MAX_PAGE`]; call again until it answers none.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn lose(&self, executor: &str, now: Timestamp) -> Result<Vec<Proposal>, Error> {
        let values = vec![executor.into(), now.into(), Value::Integer(Some(MAX_PAGE))];
        self.sweep(LOST_LOCKED, LOST, values, |proposal| proposal.lose(now)).await
    }

    /// Ends what is past its time: undecided it expires, approved and queued it fails unsent. Up to
    /// [`MAX_PAGE`]; call again until it answers none.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn expire(&self, now: Timestamp) -> Result<Vec<Proposal>, Error> {
        let values = vec![now.into(), Value::Integer(Some(MAX_PAGE))];
        self.sweep(OVERDUE_LOCKED, OVERDUE, values, |proposal| proposal.expire(now)).await
    }

    async fn change(
        &self,
        id: ProposalId,
        transition: impl FnOnce(&mut Proposal) -> Result<(), Illegal>,
    ) -> Result<Proposal, Error> {
        let mut transaction = self.begin().await?;
        let mut proposal = lock(&mut transaction, id).await?;
        let before = proposal.state().clone();
        transition(&mut proposal)?;
        keep(transaction, &before, &proposal).await?;
        Ok(proposal)
    }

    async fn sweep(
        &self,
        postgres: &'static str,
        sqlite: &'static str,
        values: Vec<Value>,
        transition: impl Fn(&mut Proposal) -> Result<(), Illegal>,
    ) -> Result<Vec<Proposal>, Error> {
        let mut transaction = self.begin().await?;
        let rows = transaction.locked(postgres, sqlite, values).await?;
        let mut proposals = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        for proposal in &mut proposals {
            let before = proposal.state().clone();
            transition(proposal)?;
            write(&mut transaction, &before, proposal, identity(proposal)).await?;
        }
        transaction.commit().await?;
        Ok(proposals)
    }
}

/// The proposal `id`, which no other transaction can move until this one ends.
pub(super) async fn lock(transaction: &mut Transaction, id: ProposalId) -> Result<Proposal, Error> {
    let values = vec![Value::from(&*id.to_string())];
    let rows = transaction.locked(LOAD_LOCKED, LOAD, values).await?;
    read(rows.first().ok_or(Error::Unknown(id))?)
}

/// Takes back every proposal of `task` that nobody has decided or sent.
pub(super) async fn cancel_all(
    transaction: &mut Transaction,
    task: TaskId,
    now: Timestamp,
) -> Result<(), Error> {
    let values = vec![Value::from(&*task.to_string())];
    for row in transaction.locked(OF_TASK_LOCKED, OF_TASK, values).await? {
        let mut proposal = read(&row)?;
        let before = proposal.state().clone();
        proposal.cancel(now).or_else(|_| proposal.abandon(now))?;
        write(transaction, &before, &proposal, identity(&proposal)).await?;
    }
    Ok(())
}

/// Keeps what has become of `proposal`, which stood as `before`.
pub(super) async fn keep(
    mut transaction: Transaction,
    before: &State,
    proposal: &Proposal,
) -> Result<(), Error> {
    write(&mut transaction, before, proposal, identity(proposal)).await?;
    transaction.commit().await
}

async fn write(
    transaction: &mut Transaction,
    before: &State,
    proposal: &Proposal,
    identity: Value,
) -> Result<(), Error> {
    let mut values = vec![Value::from(&*proposal.id().to_string()), identity];
    values.extend(state(proposal.state()));
    transaction.execute(UPDATE, values).await?;
    charges::follow(transaction, proposal).await?;
    events::of_proposal(transaction, Some(before), proposal).await
}

fn same(standing: Proposal, proposal: &Proposal) -> Result<Proposal, Error> {
    match standing.digest() == proposal.digest() {
        true => Ok(standing),
        false => Err(Error::KeyReused(standing.id())),
    }
}

/// Declares a query, and the same with the rows locked as PostgreSQL wants it said.
macro_rules! query {
    ($plain:ident, $locked:ident, $sql:literal, $lock:literal) => {
        const $plain: &str = $sql;
        const $locked: &str = concat!($sql, $lock);
    };
}

query!(LOAD, LOAD_LOCKED, "SELECT * FROM proposals WHERE id = $1", " FOR UPDATE");
query!(
    STANDING,
    STANDING_LOCKED,
    "SELECT * FROM proposals WHERE owner = $1 AND identity = $2",
    " FOR UPDATE"
);
query!(
    OF_TASK,
    OF_TASK_LOCKED,
    "SELECT * FROM proposals WHERE task = $1 AND (status = 'pending' OR execution = 'queued')",
    " FOR UPDATE"
);
query!(
    LOST,
    LOST_LOCKED,
    "SELECT * FROM proposals WHERE execution = 'running' \
     AND (executor = $1 OR claimed_until <= $2) ORDER BY id LIMIT $3",
    " FOR UPDATE SKIP LOCKED"
);
query!(
    OVERDUE,
    OVERDUE_LOCKED,
    "SELECT * FROM proposals WHERE expires_at <= $1 \
     AND (status = 'pending' OR execution = 'queued') ORDER BY id LIMIT $2",
    " FOR UPDATE SKIP LOCKED"
);

const WAITING: &str =
    "SELECT * FROM proposals WHERE status = 'pending' AND id > $1 ORDER BY id LIMIT $2";

const INSERT: &str = "INSERT INTO proposals (id, identity, status, execution, due_at, decided_at, \
     executor, claimed_until, finished_at, answer, withdrawn_by, owner, task, authority, digest, \
     idempotency_key, substance, terms, origin, callback, created_at, not_before, expires_at, kind, \
     rule) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
     $19, $20, $21, $22, $23, $24, $25) ON CONFLICT (owner, identity) DO NOTHING";

/// An identity that was given up is never taken again: another proposal may have it by now.
const UPDATE: &str = "UPDATE proposals SET identity = CASE WHEN identity IS NULL THEN NULL ELSE $2 END, status = $3, execution = $4, due_at = $5, \
     decided_at = $6, executor = $7, claimed_until = $8, finished_at = $9, answer = $10, \
     withdrawn_by = $11 \
     WHERE id = $1";
