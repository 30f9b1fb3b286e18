//! What changed, in the order in which it did, for whoever follows.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::approval::{Answer, Verdict};
use crate::clock::Timestamp;
use crate::event::{Event, Kind, Subject};
use crate::id::EventId;
use crate::identity::SpiffeId;
use crate::proposal::{Callback, Proposal, State};
use crate::revocation;
use crate::store::connection::{Store, Transaction, Value};
use crate::store::deliveries::{CALLBACKS, SIGNALS};
use crate::store::error::Error;
use crate::store::proposals::MAX_PAGE;
use crate::store::revocations::Revocation;
use crate::store::row::Row;
use crate::task::Task;

/// Somebody who hears of every event from some moment on.
///
/// Events of several replicas become visible in another order than they happened in, so each look
/// goes back a little further than the last, and passes over what was heard already.
#[derive(Clone, Debug)]
pub struct Follower {
    /// From where on to look.
    from: EventId,
    /// What was heard of it.
    heard: BTreeSet<EventId>,
}

impl Follower {
    /// Hears of what happens from `now` on.
    pub fn from_now(now: Timestamp) -> Self {
        Self { from: EventId::floor(now), heard: BTreeSet::new() }
    }

    /// What is new, oldest first.
    ///
    /// # Errors
    /// As [`Error`] says; nothing is then passed over.
    pub async fn look(&mut self, store: &Store) -> Result<Vec<Event>, Error> {
        let (mut new, mut from) = (Vec::new(), self.from);
        loop {
            let page = store.events(from).await?;
            let Some(last) = page.last() else { break };
            from = last.id;
            new.extend(page.into_iter().filter(|event| !self.heard.contains(&event.id)));
        }
        self.heard.extend(new.iter().map(|event| event.id));
        if let Some(newest) = self.heard.last() {
            self.from = self.from.max(EventId::floor(newest.made().minus(LATE)));
            self.heard = self.heard.split_off(&self.from);
        }
        Ok(new)
    }
}

impl Store {
    /// Up to [`MAX_PAGE`] events behind `after`, oldest first.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn events(&self, after: EventId) -> Result<Vec<Event>, Error> {
        let values = vec![Value::from(&*after.to_string()), Value::Integer(Some(MAX_PAGE))];
        self.begin_to_read().await?.rows(LIST, values).await?.iter().map(read).collect()
    }

    /// Forgets what happened before `before`.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn forget_events(&self, before: Timestamp) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let values = vec![Value::from(&*EventId::floor(before).to_string())];
        transaction.execute(FORGET, values).await?;
        transaction.commit().await
    }
}

/// Writes `event` with what it is about.
pub(super) async fn add(transaction: &mut Transaction, event: &Event) -> Result<(), Error> {
    let values = vec![
        Value::from(&*event.id.to_string()),
        event.kind.as_str().into(),
        Value::from(&*event.subject.to_string()),
        Value::Text(event.agent.as_ref().map(|agent| agent.as_str().to_owned())),
        Value::Text(event.detail.clone()),
    ];
    transaction.execute(INSERT, values).await.map(drop)
}

/// Writes what has become of `proposal`, which stood as `before`; nothing, if nothing has.
pub(super) async fn of_proposal(
    transaction: &mut Transaction,
    before: Option<&State>,
    proposal: &Proposal,
) -> Result<(), Error> {
    let Some(kind) = Kind::of_proposal(before, proposal.state()) else { return Ok(()) };
    let event = Event::new(kind, Subject::Proposal(proposal.id()));
    let event = event.of(proposal.substance().owner());
    add(transaction, &event).await?;
    match &proposal.draft().callback {
        Some(callback) if calls(callback, kind) => CALLBACKS.add(transaction, &event).await,
        _ => Ok(()),
    }
}

/// Whether an agent that wants to hear of its proposal wants to hear of `kind`.
fn calls(callback: &Callback, kind: Kind) -> bool {
    match callback.events.is_empty() {
        true => kind == Kind::ProposalApproved || kind.ends_a_proposal(),
        false => callback.events.contains(kind.as_str()),
    }
}

/// Writes that somebody answered `proposal`.
pub(super) async fn of_answer(
    transaction: &mut Transaction,
    proposal: &Proposal,
    answer: &Answer,
) -> Result<(), Error> {
    let kind = match answer.verdict() {
        Verdict::Withdraw(_) => Kind::ApprovalWithdrawn,
        Verdict::Approve | Verdict::BreakGlass(_) | Verdict::Deny(_) => Kind::ApprovalGiven,
    };
    let event = Event::new(kind, Subject::Proposal(proposal.id()));
    let event = event.of(proposal.substance().owner());
    let detail = format!("{} by {}", answer.verdict(), answer.approver());
    add(transaction, &event.because(detail)).await
}

/// Writes that `task` was made to stand as it does.
pub(super) async fn of_task(transaction: &mut Transaction, task: &Task) -> Result<(), Error> {
    let Some(kind) = Kind::of_task(task.status) else { return Ok(()) };
    let kind =
        if task.parent.is_some() && kind == Kind::TaskOpen { Kind::TaskDelegated } else { kind };
    add(transaction, &Event::new(kind, Subject::Task(task.id)).of(&task.owner)).await
}

/// Writes that `subject` was revoked, or was given back what it had.
pub(super) async fn of_revocation(
    transaction: &mut Transaction,
    kind: Kind,
    Revocation { subject, reason, .. }: &Revocation,
) -> Result<(), Error> {
    let event = Event::new(kind, Subject::Revocation(subject.clone())).because(reason.as_str());
    let event = match subject {
        revocation::Subject::Agent(agent) => event.of(agent),
        _ => event,
    };
    add(transaction, &event).await?;
    match kind {
        Kind::RevocationMade => SIGNALS.add(transaction, &event).await,
        _ => Ok(()),
    }
}

pub(super) fn read(row: &Row) -> Result<Event, Error> {
    let agent = row.text("agent")?.map(|agent| SpiffeId::parse(&agent)).transpose();
    Ok(Event {
        id: row.parsed("id", EventId::parse)?,
        kind: row.parsed("kind", Kind::parse)?,
        subject: row.parsed("subject", Subject::parse)?,
        agent: agent.map_err(|_| Error::Undecodable)?,
        detail: row.text("detail")?,
    })
}

const INSERT: &str =
    "INSERT INTO events (id, kind, subject, agent, detail) VALUES ($1, $2, $3, $4, $5)";

const LIST: &str = "SELECT * FROM events WHERE id > $1 ORDER BY id LIMIT $2";

const FORGET: &str = "DELETE FROM events WHERE id < $1";

/// How much later than others an event may become visible: longer than a transaction takes, and
/// than replicas' clocks may differ by.
const LATE: Duration = Duration::from_secs(15);
