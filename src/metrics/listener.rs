//! What handshakes and connections count.

use prometheus::{IntCounterVec, IntGaugeVec, Registry};

use crate::metrics::register::{int_counters, int_gauges};

/// The listeners' numbers.
#[derive(Clone, Debug)]
pub struct ListenerMetrics {
    /// `countersign_tls_handshakes_total{result,reason}`: `result` is `ok` or `failed`.
    pub handshakes: IntCounterVec,
    /// `countersign_connections{listener}`: open now.
    pub connections: IntGaugeVec,
    /// `countersign_connections_refused_total{listener,reason}`
    pub refused: IntCounterVec,
}

impl ListenerMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            handshakes: int_counters(
                r,
                "tls_handshakes_total",
                "TLS handshakes with agents.",
                &["result", "reason"],
            )?,
            connections: int_gauges(r, "connections", "Connections open now.", &["listener"])?,
            refused: int_counters(
                r,
                "connections_refused_total",
                "Connections turned away.",
                &["listener", "reason"],
            )?,
        })
    }
}
