//! What the store counts: revocations, and proposals that are not over.

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry};

use crate::metrics::register::{histogram, int_counter, int_counters, int_gauge, int_gauges};

/// The numbers of what is in the store.
#[derive(Clone, Debug)]
pub struct StateMetrics {
    /// `countersign_revocations`
    pub revoked: IntGauge,
    /// `countersign_revocations_heard_timestamp_seconds`
    pub heard: IntGauge,
    /// `countersign_revocation_lag_seconds`
    pub lag: Histogram,
    /// `countersign_exchanges_cut_total`
    pub cut: IntCounter,
    /// `countersign_break_glass_total`
    pub break_glass: IntCounter,
    /// `countersign_proposals{state}`: `pending`, `queued`, `running`, `unsent` or `unknown`.
    pub proposals: IntGaugeVec,
    /// `countersign_callbacks_total{result}`: `sent`, `failed` or `given_up`.
    pub callbacks: IntCounterVec,
    /// `countersign_signals_sent_total{result}`: `sent`, `failed`, `refused` or `given_up`.
    pub signals: IntCounterVec,
}

impl StateMetrics {
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
            break_glass: int_counter(
                r,
                "break_glass_total",
                "Requests that went out because one person decided alone.",
            )?,
            proposals: int_gauges(
                r,
                "proposals",
                "Proposals by where they stand, as the store says.",
                &["state"],
            )?,
            callbacks: int_counters(
                r,
                "callbacks_total",
                "Calls that told agents of their proposals, by what came of them.",
                &["result"],
            )?,
            signals: int_counters(
                r,
                "signals_sent_total",
                "Security events that told of revocations, by what came of them.",
                &["result"],
            )?,
        })
    }
}

/// The bounds of `countersign_revocation_lag_seconds`.
const LAGS: &[f64] = &[0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 30.0];
