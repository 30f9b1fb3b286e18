//! All metrics of one process.

use prometheus::core::Collector;
use prometheus::{Encoder, Registry, TextEncoder};

use crate::metrics::audit::AuditMetrics;
use crate::metrics::config::ConfigMetrics;
use crate::metrics::control::ControlMetrics;
use crate::metrics::credential::CredentialMetrics;
use crate::metrics::history::HistoryMetrics;
use crate::metrics::http::HttpMetrics;
use crate::metrics::listener::ListenerMetrics;
use crate::metrics::policy::PolicyMetrics;
use crate::metrics::register::int_gauges;
use crate::metrics::state::StateMetrics;
use crate::metrics::upstream::UpstreamMetrics;

/// All metrics of one running Countersign. Cheap to clone; clones share the same numbers.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    /// What the audit trail counts.
    pub audit: AuditMetrics,
    /// What configuration and its reloads count.
    pub config: ConfigMetrics,
    /// What the control door counts.
    pub control: ControlMetrics,
    /// What credentials and the response guard count.
    pub credential: CredentialMetrics,
    /// What the history of decisions counts.
    pub history: HistoryMetrics,
    /// What exchanges count.
    pub http: HttpMetrics,
    /// What handshakes and connections count.
    pub listener: ListenerMetrics,
    /// What decisions and the policy engine count.
    pub policy: PolicyMetrics,
    /// What the store counts.
    pub state: StateMetrics,
    /// What upstreams count.
    pub upstream: UpstreamMetrics,
}

impl Metrics {
    /// A fresh set, all zero.
    ///
    /// # Errors
    /// Only if two metrics in this file were given the same name, which a test rules out.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let r = &registry;
        let build = int_gauges(r, "build_info", "The running version, as a label.", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Ok(Self {
            audit: AuditMetrics::new(r)?,
            config: ConfigMetrics::new(r)?,
            control: ControlMetrics::new(r)?,
            credential: CredentialMetrics::new(r)?,
            history: HistoryMetrics::new(r)?,
            http: HttpMetrics::new(r)?,
            listener: ListenerMetrics::new(r)?,
            policy: PolicyMetrics::new(r)?,
            state: StateMetrics::new(r)?,
            upstream: UpstreamMetrics::new(r)?,
            registry,
        })
    }

    /// Everything in the Prometheus text format, version 0.0.4.
    ///
    /// # Errors
    /// If a metric cannot be encoded.
    pub fn encode(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        TextEncoder::new().encode(&process(), &mut text)?;
        Ok(text)
    }
}

/// Memory, descriptors and CPU of this process, under Prometheus' usual `process_*` names.
fn process() -> Vec<prometheus::proto::MetricFamily> {
    prometheus::process_collector::ProcessCollector::for_self().collect()
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn every_metric_has_a_name_of_its_own_and_encodes() {
        let metrics = Metrics::new().unwrap();
        metrics.audit.records.inc();
        let text = String::from_utf8(metrics.encode().unwrap()).unwrap();
        assert!(text.contains("countersign_audit_records_total 1"), "{text}");
        assert!(text.contains("process_resident_memory_bytes"), "{text}");
    }
}
