//! What is done again and again: ending what is past its time and what a dead executor had,
//! forgetting what is long over, and saying that this executor lives.

use std::cell::Cell;
use std::time::Duration;

use crate::clock::Clock;
use crate::metrics::StateMetrics;
use crate::proposal::Proposal;
use crate::store::connection::Store;
use crate::store::error::Error;

/// Looks through the store for one executor.
#[derive(Debug)]
pub(super) struct Sweeper {
    store: Store,
    /// The name that this process carries proposals out under.
    pub(super) executor: String,
    clock: Clock,
    metrics: StateMetrics,
    /// How often in a row the store could be looked through. After an outage every executor was
    /// silent, so nobody is declared dead by one that has just come back itself.
    steady: Cell<u32>,
}

impl Sweeper {
    /// Of `store`. What this executor had when it last ended, nobody knows the outcome of.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub(super) async fn begin(
        store: Store,
        clock: Clock,
        metrics: StateMetrics,
    ) -> Result<Self, Error> {
        let (executor, steady) = (store.executor(), Cell::new(0));
        let sweeper = Self { store, executor, clock, metrics, steady };
        let now = sweeper.clock.now();
        sweeper.store.beat(&sweeper.executor, now).await?;
        while report(&sweeper.store.lose(&sweeper.executor, now).await?) {}
        Ok(sweeper)
    }

    /// Once.
    pub(super) async fn sweep(&self) {
        match self.try_sweep().await {
            Ok(()) => self.steady.set(self.steady.get().saturating_add(1)),
            Err(why) => {
                self.steady.set(0);
                tracing::error!("the store cannot be looked through: {why}");
            }
        }
    }

    async fn try_sweep(&self) -> Result<(), Error> {
        let (store, now) = (&self.store, self.clock.now());
        store.beat(&self.executor, now).await?;
        while !store.expire(now).await?.is_empty() {}
        while store.forget(now.minus(KEPT), now.minus(TAKEN_BACK)).await? > 0 {}
        store.forget_events(now.minus(KEPT)).await?;
        store.forget_signals(now).await?;
        while report(&store.lose(NOBODY, now).await?) {}
        for (state, count) in store.census().await? {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.metrics.proposals.with_label_values(&[state]).set(count);
        }
        if self.steady.get() >= STEADY {
            while report(&store.lose_silent(now.minus(SILENT), now).await?) {}
        }
        Ok(())
    }
}

/// Says what was lost; whether there was something.
fn report(lost: &[Proposal]) -> bool {
    for proposal in lost {
        let (id, digest) = (proposal.id(), proposal.digest());
        tracing::error!(proposal = %id, %digest, "whether it was carried out is not known");
    }
    !lost.is_empty()
}

/// How often this is done.
pub(super) const SWEEP: Duration = Duration::from_secs(5);

/// How long an executor says nothing until it is taken to be dead; replicas' clocks may differ by less.
const SILENT: Duration = Duration::from_secs(30);

/// How often in a row the store answered before anybody is declared dead: long enough for all others
/// to have spoken.
const STEADY: u32 = 3;

/// How long a proposal and its answer are kept once its time is over, and what has happened.
const KEPT: Duration = Duration::from_secs(30 * 86_400);

/// How long one is kept that its owner took back.
const TAKEN_BACK: Duration = Duration::from_secs(86_400);

/// No executor has this name.
const NOBODY: &str = "";
