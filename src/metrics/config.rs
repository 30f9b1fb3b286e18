//! What configuration and its reloads count.

use prometheus::{IntCounterVec, IntGauge, Registry};

use crate::metrics::register::{int_counters, int_gauge};

/// Configuration's numbers.
#[derive(Clone, Debug)]
pub struct ConfigMetrics {
    /// `countersign_config_reloads_total{result}`: `result` is `applied` or `refused`.
    pub reloads: IntCounterVec,
    /// `countersign_config_last_reload_success`: 1 if the newest reload was applied, 0 if refused.
    pub last_reload_success: IntGauge,
    /// `countersign_svid_expiry_timestamp_seconds`: when our own certificate ends.
    pub svid_expiry: IntGauge,
}

impl ConfigMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            reloads: int_counters(r, "config_reloads_total", "Reloads.", &["result"])?,
            last_reload_success: int_gauge(
                r,
                "config_last_reload_success",
                "1 if the newest reload was applied, 0 if it was refused.",
            )?,
            svid_expiry: int_gauge(
                r,
                "svid_expiry_timestamp_seconds",
                "When our own certificate ends.",
            )?,
        })
    }
}
