//! Which endpoints are worth asking, learned from the requests themselves.
//!
//! An endpoint that fails [`FAILURES`] times in a row is left out for a while, each time for twice
//! as long up to [`LONGEST`]; then the next request tries it, and one more failure puts it out
//! again. Only failures that lie in the endpoint count (no connection, no TLS, no answer in time).
//! A status code never does: an agent could provoke those and so take an upstream from everyone.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row before an endpoint is left out.
const FAILURES: u32 = 3;

/// How long it is left out the first time.
const SHORTEST: Duration = Duration::from_secs(1);

/// How long it is left out at most.
const LONGEST: Duration = Duration::from_secs(60);

/// The health of one endpoint, as one worker sees it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Health {
    failures: u32,
    ejections: u32,
    back: Option<Instant>,
}

impl Health {
    /// It failed at `now`.
    pub(super) fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        let out_already = self.back.is_some_and(|back| now < back);
        if self.failures < FAILURES || out_already {
            return;
        }
        let pause = SHORTEST.saturating_mul(2_u32.saturating_pow(self.ejections)).min(LONGEST);
        self.ejections = self.ejections.saturating_add(1);
        self.back = Some(now + pause);
    }

    /// It answered.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// When it comes back, if it was ever left out since it last answered.
    pub(super) fn back(&self) -> Option<Instant> {
        self.back
    }
}

#[cfg(test)]
mod tests {
    use super::{FAILURES, Health, LONGEST, SHORTEST};
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_leave_an_endpoint_out_ever_longer_but_boundedly() {
        let (mut health, mut now) = (Health::default(), Instant::now());
        for _ in 1..FAILURES {
            health.failed(now);
            assert_eq!(health.back(), None);
        }
        let mut pause = SHORTEST;
        for _ in 0..40 {
            health.failed(now);
            assert_eq!(health.back(), Some(now + pause));
            now += pause;
            pause = (2 * pause).min(LONGEST);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_forgives_everything() {
        let (mut health, now) = (Health::default(), Instant::now());
        for _ in 0..9 {
            health.failed(now);
        }
        health.succeeded();
        assert_eq!(health.back(), None);
        health.failed(now);
        assert_eq!(health.back(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn late_failures_of_old_requests_do_not_lengthen_the_pause() {
        let (mut health, now) = (Health::default(), Instant::now());
        for _ in 0..50 {
            health.failed(now);
        }
        assert_eq!(health.back(), Some(now + SHORTEST));
    }
}
