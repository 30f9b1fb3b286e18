//! What the control door counts.

use prometheus::{IntCounterVec, Registry};

use crate::metrics::register::int_counters;

/// The control door's numbers.
#[derive(Clone, Debug)]
pub struct ControlMetrics {
    /// `countersign_control_requests_total{code}`
    pub requests: IntCounterVec,
    /// `countersign_signals_received_total{result}`: `revoked`, `nothing`, `repeated`, `refused` or
    /// `failed`.
    pub signals: IntCounterVec,
}

impl ControlMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            requests: int_counters(
                r,
                "control_requests_total",
                "Requests of operators and approvers, by the status that they got.",
                &["code"],
            )?,
            signals: int_counters(
                r,
                "signals_received_total",
                "Security events of others, by what came of them.",
                &["result"],
            )?,
        })
    }
}
