//! The desk at which workers ask the store.
//!
//! Whatever keeps an answer from coming is an error, and whoever waits for a yes takes it as a no.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::approval::People;
use crate::clock::Timestamp;
use crate::id::{EventId, ProposalId, TaskId};
use crate::identity::SpiffeId;
use crate::proposal::{Claim, Outcome, Proposal};
use crate::store::approvals::Approval;
use crate::store::callbacks::Call;
use crate::store::connection::Store;
use crate::store::error::Error;
use crate::store::proposals::Put;
use crate::store::queue::{Errand, Setback, Trouble};
use crate::store::signals::Signal;
use crate::store::standing::StandingApproval;
use crate::store::tasks::Step;
use crate::task::{Amount, Bounds, Change, Lineage, Situation, Status, Task};

/// Where workers ask the store. Clones ask the same one.
#[derive(Clone, Debug)]
pub struct Desk {
    pub(super) jobs: mpsc::Sender<Job>,
    /// How long an agent is known for what its work has touched.
    pub(super) labels_last: Duration,
    /// The name that this process carries proposals out under.
    pub(super) executor: Arc<str>,
}

/// Something to be done with the store, which answers by itself.
pub(super) struct Job(pub(super) Box<dyn FnOnce(Store) -> Running + Send>);

/// A job that is being done.
pub(super) struct Running(pub(super) Pin<Box<dyn Future<Output = ()>>>);

impl Desk {
    /// Keeps `proposal`, as [`Store::put_forward`] does.
    ///
    /// # Errors
    /// As [`Error`] says; nothing may then be carried out.
    pub async fn put(
        &self,
        proposal: Proposal,
        amount: Option<Amount>,
        people: &People,
        now: Timestamp,
    ) -> Result<Put, Error> {
        let people = people.clone();
        self.ask(
            move |store| async move { store.put_forward(proposal, amount, &people, now).await },
        )
        .await
    }

    /// The proposal that stands where `proposal` would, as [`Store::find`] does.
    ///
    /// # Errors
    /// As [`Store::find`].
    pub async fn find(
        &self,
        proposal: &Proposal,
        now: Timestamp,
    ) -> Result<Option<Proposal>, Error> {
        let proposal = proposal.clone();
        self.ask(move |store| async move { store.find(&proposal, now).await }).await
    }

    /// The proposal `id`.
    ///
    /// # Errors
    /// [`Error::Unknown`], if there is none; else as [`Error`] says.
    pub async fn load(&self, id: ProposalId) -> Result<Proposal, Error> {
        self.ask(move |store| async move { store.load(id).await }).await
    }

    /// Takes the proposal `id` back, as [`Store::cancel`] does.
    ///
    /// # Errors
    /// [`Error::Illegal`], if it is too late; else as [`Error`] says.
    pub async fn cancel(&self, id: ProposalId, now: Timestamp) -> Result<Proposal, Error> {
        self.ask(move |store| async move { store.cancel(id, now).await }).await
    }

    /// What people said about the proposal `id`.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn approvals(&self, id: ProposalId) -> Result<Vec<Approval>, Error> {
        self.ask(move |store| async move { store.approvals(id).await }).await
    }

    /// The standing approvals that decided the proposal `id`, as [`Store::standing_for`] says.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn standing_for(&self, id: ProposalId) -> Result<Vec<StandingApproval>, Error> {
        self.ask(move |store| async move { store.standing_for(id).await }).await
    }

    /// Takes the proposal `id` to carry it out now; of all that try, here and elsewhere, one does.
    ///
    /// # Errors
    /// [`Error::Illegal`], if it was not this one; else as [`Error`] says.
    pub async fn claim(
        &self,
        id: ProposalId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Proposal, Error> {
        let claim = Claim { executor: self.executor.to_string(), until };
        self.ask(move |store| async move { store.claim(id, claim, now).await }).await
    }

    /// Takes up to `places` of what is due, as [`Store::take`] does.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn take(
        &self,
        since: Timestamp,
        now: Timestamp,
        places: usize,
    ) -> Result<Vec<Errand>, Error> {
        self.ask(move |store| async move { store.take(since, now, places).await }).await
    }

    /// What keeps the proposal `id` from being sent, as [`Store::trouble`] says.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn trouble(&self, id: ProposalId) -> Result<Option<Trouble>, Error> {
        self.ask(move |store| async move { store.trouble(id).await }).await
    }

    /// Puts an errand off, as [`Store::put_off`] does.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn put_off(
        &self,
        errand: Errand,
        until: Timestamp,
        setback: Option<Setback>,
    ) -> Result<(), Error> {
        self.ask(move |store| async move { store.put_off(&errand, until, setback).await }).await
    }

    /// Gives the proposal `id` back: nothing of it was sent.
    ///
    /// # Errors
    /// [`Error::Illegal`], if this process does not have it; else as [`Error`] says.
    pub async fn release(&self, id: ProposalId, now: Timestamp) -> Result<Proposal, Error> {
        let executor = Arc::clone(&self.executor);
        self.ask(move |store| async move { store.release(id, &executor, now).await }).await
    }

    /// Takes signals that are due, as [`Store::take_signals`] does.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn take_signals(&self, now: Timestamp, places: usize) -> Result<Vec<Signal>, Error> {
        self.ask(move |store| async move { store.take_signals(now, places).await }).await
    }

    /// A signal that is not sent any more, as [`Store::signal_done`] says.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn signal_done(&self, event: EventId) -> Result<(), Error> {
        self.ask(move |store| async move { store.signal_done(event).await }).await
    }

    /// A signal that is tried again, as [`Store::put_signal_off`] says.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn put_signal_off(&self, event: EventId, until: Timestamp) -> Result<(), Error> {
        self.ask(move |store| async move { store.put_signal_off(event, until).await }).await
    }

    /// Takes calls that are due, as [`Store::take_calls`] does.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn take_calls(&self, now: Timestamp, places: usize) -> Result<Vec<Call>, Error> {
        self.ask(move |store| async move { store.take_calls(now, places).await }).await
    }

    /// A call that is not made any more, as [`Store::call_done`] says.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn call_done(&self, event: EventId) -> Result<(), Error> {
        self.ask(move |store| async move { store.call_done(event).await }).await
    }

    /// A call that is tried again, as [`Store::put_call_off`] says.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn put_call_off(&self, event: EventId, until: Timestamp) -> Result<(), Error> {
        self.ask(move |store| async move { store.put_call_off(event, until).await }).await
    }

    /// Says what came of carrying out the proposal `id`.
    ///
    /// # Errors
    /// [`Error::Illegal`], if this process does not have it; else as [`Error`] says.
    pub async fn finish(
        &self,
        id: ProposalId,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Proposal, Error> {
        let executor = Arc::clone(&self.executor);
        self.ask(move |store| async move { store.finish(id, &executor, outcome, now).await }).await
    }

    /// What is known of the work of `agent`, as [`Store::situation`] says.
    ///
    /// # Errors
    /// As [`Store::situation`]; nothing may then be sent.
    pub async fn situation(
        &self,
        agent: SpiffeId,
        task: Option<TaskId>,
        now: Timestamp,
    ) -> Result<Situation, Error> {
        let lasting = self.labels_last;
        self.ask(move |store| async move { store.situation(agent, task, now, lasting).await }).await
    }

    /// Takes one request off its task and keeps what it touches, as [`Store::enter`] does.
    ///
    /// # Errors
    /// As [`Store::enter`]; nothing may then be sent.
    pub async fn enter(&self, step: Step, now: Timestamp) -> Result<(), Error> {
        let lasting = self.labels_last;
        self.ask(move |store| async move { store.enter(step, now, lasting).await }).await
    }

    /// Opens a task, as [`Store::open_task`] does.
    ///
    /// # Errors
    /// As [`Store::open_task`].
    pub async fn open_task(&self, task: Task) -> Result<Task, Error> {
        self.ask(move |store| async move { store.open_task(task).await }).await
    }

    /// A task with all that it was handed on from, as [`Store::lineage`] finds it.
    ///
    /// # Errors
    /// As [`Store::lineage`].
    pub async fn lineage(
        &self,
        agent: SpiffeId,
        task: TaskId,
        now: Timestamp,
    ) -> Result<Lineage, Error> {
        self.ask(move |store| async move { store.lineage(&agent, task, now).await }).await
    }

    /// Hands a task on, as [`Store::hand_on`] does.
    ///
    /// # Errors
    /// As [`Store::hand_on`].
    pub async fn hand_on(
        &self,
        from: (SpiffeId, TaskId),
        to: (SpiffeId, String),
        bounds: Bounds,
        now: Timestamp,
    ) -> Result<Task, Error> {
        let when = (now, self.labels_last);
        self.ask(move |store| async move { store.hand_on(from, to, bounds, when).await }).await
    }

    /// Has a task become something else, as [`Store::turn_task`] does.
    ///
    /// # Errors
    /// As [`Store::turn_task`].
    pub async fn turn_task(
        &self,
        agent: SpiffeId,
        task: TaskId,
        next: Status,
        now: Timestamp,
    ) -> Result<Task, Error> {
        self.ask(move |store| async move { store.turn_task(Some(&agent), task, next, now).await })
            .await
    }

    /// Takes in that a task lives, as [`Store::beat_task`] does.
    ///
    /// # Errors
    /// As [`Store::beat_task`].
    pub async fn beat_task(
        &self,
        agent: SpiffeId,
        task: TaskId,
        now: Timestamp,
    ) -> Result<Task, Error> {
        self.ask(move |store| async move { store.beat_task(&agent, task, now).await }).await
    }

    /// Does with a task what the rules want, as [`Store::change_task`] does.
    ///
    /// # Errors
    /// As [`Store::change_task`].
    pub async fn change_task(
        &self,
        (agent, task): (SpiffeId, TaskId),
        changes: Vec<Change>,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.ask(move |store| async move { store.change_task(&agent, task, &changes, now).await })
            .await
    }

    /// Takes bytes off the budget of a task, as [`Store::take_bytes`] does.
    ///
    /// # Errors
    /// As [`Store::take_bytes`]; the answer may then not be passed on.
    pub async fn take_bytes(
        self,
        (agent, task): (SpiffeId, TaskId),
        bytes: (u64, u64),
        now: Timestamp,
    ) -> Result<u64, Error> {
        self.ask(move |store| async move { store.take_bytes((&agent, task), bytes, now).await })
            .await
    }

    /// Gives bytes back, as [`Store::give_bytes_back`] does. Nobody waits for it: what cannot be given
    /// back stays used up.
    pub fn give_bytes_back(&self, task: TaskId, bytes: u64) {
        let job = Job(Box::new(move |store| {
            Running(Box::pin(async move {
                if let Err(why) = store.give_bytes_back(task, bytes).await {
                    tracing::warn!(%task, bytes, "these stay used up: {why}");
                }
            }))
        }));
        if self.jobs.try_send(job).is_err() {
            tracing::warn!(%task, bytes, "these stay used up: the store has too much to do");
        }
    }

    pub(super) async fn ask<T, F>(
        &self,
        work: impl FnOnce(Store) -> F + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Job(Box::new(move |store| {
            Running(Box::pin(async move {
                // Whoever asked may have stopped waiting.
                let _ = answer.send(work(store).await);
            }))
        }));
        self.jobs.try_send(job).map_err(|why| match why {
            mpsc::error::TrySendError::Full(_) => Error::Busy,
            mpsc::error::TrySendError::Closed(_) => Error::Gone,
        })?;
        match timeout(PATIENCE, answered).await {
            Ok(answer) => answer.unwrap_or(Err(Error::Gone)),
            Err(_) => Err(Error::Busy),
        }
    }
}

/// How many jobs may wait.
pub(super) const QUEUE: usize = 1024;

/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
