//! What decisions and the policy engine count.

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry};

use crate::metrics::register::{
    EVALUATION_SECONDS, histogram, int_counters, int_gauge, int_gauges,
};

/// Policy's numbers.
#[derive(Clone, Debug)]
pub struct PolicyMetrics {
    /// `countersign_decisions_total{route,decision}`: `decision` is `allow`, `deny`, `escalate`,
    /// `error`, or on a route that is only observed `would_deny` or `would_ask`.
    pub decisions: IntCounterVec,
    /// `countersign_route_observed_until_timestamp_seconds{route}`: until when a route lets pass what
    /// policy denies.
    pub observed: IntGaugeVec,
    /// `countersign_policy_eval_duration_seconds`
    pub duration: Histogram,
    /// `countersign_policy_errors_total{reason}`
    pub errors: IntCounterVec,
    /// `countersign_policy_interpreted`: 1 while the bundle is refused by the fast engine's gate
    /// and runs on the interpreter.
    pub interpreted: IntGauge,
    /// `countersign_policy_memory_total{result}`
    pub memory: MemoryNumbers,
    /// `countersign_policy_shadow_checks_total{result}`: `result` is `same`, `different` or
    /// `dropped`.
    pub shadow: IntCounterVec,
    /// `countersign_bundle_info{name,revision}`: 1 for the revision in force.
    pub bundle: IntGaugeVec,
    /// `countersign_bundle_last_success_timestamp_seconds{name}`
    pub bundle_loaded: IntGaugeVec,
    /// `countersign_bundle_downloads_total{result}`: `result` is `new`, `same`, `refused` or
    /// `failed`.
    pub bundle_downloads: IntCounterVec,
    /// `countersign_bundle_last_download_timestamp_seconds`: when the server last answered.
    pub bundle_heard: IntGauge,
}

impl PolicyMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            decisions: int_counters(
                r,
                "decisions_total",
                "Decisions made.",
                &["route", "decision"],
            )?,
            observed: int_gauges(
                r,
                "route_observed_until_timestamp_seconds",
                "Until when the route lets pass what policy denies.",
                &["route"],
            )?,
            duration: histogram(
                r,
                "policy_eval_duration_seconds",
                "One decision, remembered or made anew.",
                &EVALUATION_SECONDS,
            )?,
            errors: int_counters(
                r,
                "policy_errors_total",
                "Evaluations that gave no clear answer and so denied.",
                &["reason"],
            )?,
            interpreted: int_gauge(
                r,
                "policy_interpreted",
                "1 while the bundle runs on the interpreter instead of the fast engine.",
            )?,
            memory: MemoryNumbers::new(r)?,
            shadow: int_counters(
                r,
                "policy_shadow_checks_total",
                "Live decisions evaluated again on the interpreter.",
                &["result"],
            )?,
            bundle: int_gauges(
                r,
                "bundle_info",
                "1 for the policy revision in force.",
                &["name", "revision"],
            )?,
            bundle_loaded: int_gauges(
                r,
                "bundle_last_success_timestamp_seconds",
                "When the bundle in force was activated.",
                &["name"],
            )?,
            bundle_downloads: int_counters(
                r,
                "bundle_downloads_total",
                "Requests to the bundle server, by what came of them.",
                &["result"],
            )?,
            bundle_heard: int_gauge(
                r,
                "bundle_last_download_timestamp_seconds",
                "When the bundle server last answered.",
            )?,
        })
    }
}

/// What the workers' memories of decisions count. Policies whose answers hold only once are in
/// neither number.
#[derive(Clone, Debug)]
pub struct MemoryNumbers {
    /// `hit`: decisions that were remembered.
    pub hits: IntCounter,
    /// `miss`: decisions that were made anew, and might have been remembered.
    pub misses: IntCounter,
}

impl MemoryNumbers {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        let asked = int_counters(
            r,
            "policy_memory_total",
            "Decisions that could have been remembered, by whether they were.",
            &["result"],
        )?;
        let counter = |result| asked.with_label_values(&[result]);
        Ok(Self { hits: counter("hit"), misses: counter("miss") })
    }
}
