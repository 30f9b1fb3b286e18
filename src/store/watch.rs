//! Keeps a replica's register of what is revoked up to date.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::clock::Clock;
use crate::metrics::StateMetrics;
use crate::revocation::{Register, Subject};
use crate::store::connection::Store;
use crate::store::error::Error;
use crate::store::revocations::Revocation;
use crate::store::turns::Stopped;

/// Asks the store again and again, and tells the register.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Where the answers go.
    pub register: Arc<Register>,
    /// Where they are counted.
    pub metrics: StateMetrics,
    /// The time.
    pub clock: Clock,
}

impl Watch {
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
        let asked = async {
            let revoked = store.revocations().await?;
            Ok::<_, Error>((revoked, store.stopped_tasks(now.minus(RECENTLY), now).await?))
        };
        let (all, Stopped { ended, paused }) =
            timeout(PATIENCE, asked).await.map_err(|_| Error::Busy)??;
        let revoked = all.iter().map(|one| one.subject.clone());
        let subjects: HashSet<Subject> =
            revoked.chain(ended.into_iter().map(Subject::Task)).collect();
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
}

/// How often the store is asked.
const LOOK: Duration = Duration::from_millis(200);

/// For how long a task that has ended, or is paused, is told: whatever was open of it is cut long before, and
/// nothing more of it begins.
const RECENTLY: Duration = Duration::from_secs(600);

/// The longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(2);
