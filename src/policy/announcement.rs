//! What a bundle that comes into force says of itself, in metrics and in the log.

use crate::clock::Timestamp;
use crate::metrics::PolicyMetrics;
use crate::policy::bundle::Bundle;

impl Bundle {
    /// Says in metrics and in the log that this bundle is now in force.
    pub fn announce(&self, metrics: &PolicyMetrics, now: Timestamp) {
        let revision = self.revision().to_string();
        metrics.bundle.reset();
        metrics.bundle.with_label_values(&[BUNDLE, &revision]).set(1);
        if let Some(candidate) = self.candidate() {
            let revision = candidate.revision().to_string();
            metrics.bundle.with_label_values(&[CANDIDATE, &revision]).set(1);
            tracing::info!(%revision, "a candidate is asked beside the policy, and decides nothing");
        }
        let seconds = i64::try_from(now.secs()).unwrap_or(i64::MAX);
        metrics.bundle_loaded.with_label_values(&[BUNDLE]).set(seconds);
        metrics.interpreted.set(i64::from(self.is_interpreted()));
        for problem in self.warnings() {
            tracing::warn!(%revision, place = %problem.place, "{}", problem.message);
        }
        if let Some(first) = self.differences().first() {
            tracing::warn!(
                %revision,
                place = %first.place,
                reasons = self.differences().len(),
                "the policy runs on the interpreter, which is slower: {}",
                first.message
            );
        }
        tracing::info!(%revision, release = self.release(), "policy in force");
    }
}

/// The name of the bundle that decides, in metrics.
const BUNDLE: &str = "policy";

/// The name of the one beside it.
const CANDIDATE: &str = "candidate";
