//! What exchanges count.

use prometheus::{HistogramVec, IntCounter, IntCounterVec, Registry};

use crate::metrics::register::{histograms, int_counter, int_counters};

/// The exchanges' numbers.
#[derive(Clone, Debug)]
pub struct HttpMetrics {
    /// `countersign_http_requests_total{listener,route,method,code}`
    pub requests: IntCounterVec,
    /// `countersign_http_request_duration_seconds{listener,route}`: until the head of the answer.
    pub duration: HistogramVec,
    /// `countersign_http_refused_requests_total{rule}`: requests refused as ambiguous, by rule.
    pub refused: IntCounterVec,
    /// `countersign_http_exchange_panics_total`
    pub panics: IntCounter,
}

impl HttpMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            requests: int_counters(
                r,
                "http_requests_total",
                "Exchanges answered.",
                &["listener", "route", "method", "code"],
            )?,
            duration: histograms(
                r,
                "http_request_duration_seconds",
                "From the request's head to the answer's head.",
                &["listener", "route"],
            )?,
            refused: int_counters(
                r,
                "http_refused_requests_total",
                "Requests refused as ambiguous, by the rule they broke.",
                &["rule"],
            )?,
            panics: int_counter(r, "http_exchange_panics_total", "Exchanges that panicked.")?,
        })
    }
}
