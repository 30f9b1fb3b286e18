//! What upstreams count.

use prometheus::{Histogram, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Registry};

use crate::metrics::label::CODE_CLASSES;
use crate::metrics::register::{histograms, int_counters, int_gauges};

/// Upstreams' numbers.
#[derive(Clone, Debug)]
pub struct UpstreamMetrics {
    /// `countersign_upstream_request_duration_seconds{upstream,code_class}`
    pub duration: HistogramVec,
    /// `countersign_upstream_errors_total{upstream,reason}`
    pub errors: IntCounterVec,
    /// `countersign_upstream_connections{upstream}`: open now, idle ones included.
    pub connections: IntGaugeVec,
}

impl UpstreamMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            duration: histograms(
                r,
                "upstream_request_duration_seconds",
                "From sending to the head of the upstream's answer.",
                &["upstream", "code_class"],
            )?,
            errors: int_counters(
                r,
                "upstream_errors_total",
                "Requests an upstream did not answer.",
                &["upstream", "reason"],
            )?,
            connections: int_gauges(
                r,
                "upstream_connections",
                "Connections to upstreams open now.",
                &["upstream"],
            )?,
        })
    }
}

impl UpstreamMetrics {
    /// The numbers of the upstream called `name`.
    pub fn of(&self, name: &str) -> UpstreamNumbers {
        let duration = CODE_CLASSES.map(|class| self.duration.with_label_values(&[name, class]));
        UpstreamNumbers {
            connections: self.connections.with_label_values(&[name]),
            duration,
            errors: self.errors.clone(),
            name: name.into(),
        }
    }
}

/// The numbers of one upstream, looked up once: looking them up takes a lock.
#[derive(Clone, Debug)]
pub struct UpstreamNumbers {
    /// Its part of [`UpstreamMetrics::connections`].
    pub connections: IntGauge,
    duration: [Histogram; 6],
    errors: IntCounterVec,
    name: Box<str>,
}

impl UpstreamNumbers {
    /// Counts an answer with `status`, whose head took `duration`.
    pub fn answered(&self, status: http::StatusCode, duration: std::time::Duration) {
        let class = usize::from(status.as_u16() / 100).min(CODE_CLASSES.len());
        let histogram = self.duration.get(class.wrapping_sub(1));
        histogram.unwrap_or(&self.duration[5]).observe(duration.as_secs_f64());
    }

    /// Counts a request that was not answered.
    pub fn failed(&self, reason: &str) {
        self.errors.with_label_values(&[&self.name, reason]).inc();
    }
}
