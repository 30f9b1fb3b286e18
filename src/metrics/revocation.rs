//! What revocations count.

use prometheus::{Histogram, IntCounter, IntGauge, Registry};

use crate::metrics::register::{histogram, int_counter, int_gauge};

/// The numbers of what is revoked.
#[derive(Clone, Debug)]
pub struct RevocationMetrics {
    /// `countersign_revocations`
    pub revoked: IntGauge,
    /// `countersign_revocations_heard_timestamp_seconds`
    pub heard: IntGauge,
    /// `countersign_revocation_lag_seconds`
    pub lag: Histogram,
    /// `countersign_exchanges_cut_total`
    pub cut: IntCounter,
}

impl RevocationMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            revoked: int_gauge(r, "revocations", "What is revoked now.")?,
            heard: int_gauge(
                r,
                "revocations_heard_timestamp_seconds",
                "When the store last said what is revoked.",
            )?,
            lag: histogram(
                r,
                "revocation_lag_seconds",
                "From a revocation until this replica knew of it.",
                LAGS,
            )?,
            cut: int_counter(
                r,
                "exchanges_cut_total",
                "Exchanges that were open when what they hang on was revoked.",
            )?,
        })
    }
}

/// The bounds of `countersign_revocation_lag_seconds`.
const LAGS: &[f64] = &[0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 30.0];
