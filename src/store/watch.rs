//! Keeps a replica's register of what is revoked up to date.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::clock::{Clock, Timestamp};
use crate::id::TaskId;
use crate::metrics::StateMetrics;
use crate::revocation::{Register, Subject};
use crate::store::connection::Store;
use crate::store::error::Error;
use crate::store::revocations::Revocation;
use crate::store::turns::Stopped;

/// Asks the store again and again, and tells the register.
#[derive(Debug)]
pub struct Watch {
    register: Arc<Register>,
    pub(super) metrics: StateMetrics,
    clock: Clock,
    /// The tasks that have ended lately, and when that was heard: each is asked for once or twice.
    ended: RefCell<HashMap<TaskId, Timestamp>>,
    /// When the store was asked last.
    asked: Cell<Option<Timestamp>>,
}

impl Watch {
    /// Tells `register` what it hears.
    pub fn new(register: Arc<Register>, metrics: StateMetrics, clock: Clock) -> Self {
        let (ended, asked) = (RefCell::default(), Cell::default());
        Self { register, metrics, clock, ended, asked }
    }

    /// Asks for as long as it is polled.
    pub(super) async fn run(self, store: Store) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            if let Err(why) = self.look(&store).await {
                tracing::error!("what is revoked cannot be looked up: {why}");
                self.register.miss(self.clock.instant());
            }
        }
    }

    /// Asks once.
    pub(super) async fn look(&self, store: &Store) -> Result<(), Error> {
        let as_of = self.clock.instant();
        let now = self.clock.now();
        let since = self.asked.get().map_or(now.minus(RECENTLY), |asked| asked.minus(LATE));
        let asked = async {
            let revoked = store.revocations().await?;
            let stopped = store.stopped_tasks((since, now.minus(RECENTLY)), now).await?;
            Ok::<_, Error>((revoked, stopped))
        };
        let (all, Stopped { ended, paused }) =
            timeout(PATIENCE, asked).await.map_err(|_| Error::Busy)??;
        let revoked = all.iter().map(|one| one.subject.clone());
        let subjects: HashSet<Subject> =
            revoked.chain(self.lately(ended, now).into_iter().map(Subject::Task)).collect();
        self.asked.set(Some(now));
        self.register.pause(paused.into_iter().collect());
        let new = self.register.hear(subjects, as_of);
        let now = self.clock.now();
        for Revocation { subject, reason, at } in all.iter().filter(|o| new.contains(&o.subject)) {
            tracing::warn!(%subject, %at, reason, "revoked");
            self.metrics.lag.observe(now.since(*at).as_secs_f64());
        }
        self.metrics.revoked.set(i64::try_from(all.len()).unwrap_or(i64::MAX));
        self.metrics.heard.set(i64::try_from(now.secs()).unwrap_or(i64::MAX));
        Ok(())
    }

    /// All that have ended lately, with those that are told of now.
    fn lately(&self, ended: Vec<TaskId>, now: Timestamp) -> Vec<TaskId> {
        let mut known = self.ended.borrow_mut();
        ended.into_iter().for_each(|task| {
            known.entry(task).or_insert(now);
        });
        known.retain(|_, heard| *heard > now.minus(RECENTLY));
        known.keys().copied().collect()
    }
}

/// How often the store is asked.
const LOOK: Duration = Duration::from_millis(200);

/// For how long a task that has ended, or is paused, is told: whatever was open of it is cut long before, and
/// nothing more of it begins.
const RECENTLY: Duration = Duration::from_secs(600);

/// How much later than its time an end may become visible: longer than a transaction takes, and than
/// replicas' clocks may differ by.
const LATE: Duration = Duration::from_secs(15);

/// The longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(2);
