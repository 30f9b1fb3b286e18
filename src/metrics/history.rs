//! What the history of decisions counts.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Registry};

use crate::metrics::register::{int_counter, int_counters, int_gauge};

/// The numbers of the history of decisions.
#[derive(Clone, Debug)]
pub struct HistoryMetrics {
    /// `countersign_history_records_total{result}`: `result` is `kept`, `dropped` (more came than
    /// could be written) or `failed` (the disk refused).
    pub records: IntCounterVec,
    /// `countersign_candidate_decisions_total{change}`: decisions that a candidate was asked about
    /// as well; `change` is `none`, or what would change, such as `newly_allowed`.
    pub candidate: IntCounterVec,
    /// `countersign_history_mask_failures_total`: decisions whose input and result were covered
    /// whole, because the bundle's own rule about that gave no answer.
    pub mask_failures: IntCounter,
    /// `countersign_history_sent_total{result}`: events; `result` is `sent`, `refused` (the receiver
    /// does not take them), `expired` (removed before) or `torn` (a crash left half of them).
    pub sent: IntCounterVec,
    /// `countersign_history_unsent_bytes`
    pub unsent: IntGauge,
}

impl HistoryMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            records: int_counters(
                r,
                "history_records_total",
                "Decisions handed to the history.",
                &["result"],
            )?,
            candidate: int_counters(
                r,
                "candidate_decisions_total",
                "Decisions that a candidate was asked about, by what it would change.",
                &["change"],
            )?,
            mask_failures: int_counter(
                r,
                "history_mask_failures_total",
                "Decisions covered whole because data.system.log.mask gave no answer.",
            )?,
            sent: int_counters(
                r,
                "history_sent_total",
                "Decisions of the history by what became of sending them.",
                &["result"],
            )?,
            unsent: int_gauge(
                r,
                "history_unsent_bytes",
                "Bytes of the history that were not sent yet.",
            )?,
        })
    }
}
