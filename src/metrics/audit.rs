//! What the audit trail counts.

use prometheus::{IntCounter, IntGauge, Registry};

use crate::metrics::register::{int_counter, int_gauge};

/// The audit trail's numbers.
#[derive(Clone, Debug)]
pub struct AuditMetrics {
    /// `countersign_audit_records_total`
    pub records: IntCounter,
    /// `countersign_audit_write_errors_total`
    pub write_errors: IntCounter,
    /// `countersign_audit_writable`: 1 while records can be written, 0 while requests are refused.
    pub writable: IntGauge,
    /// `countersign_audit_checkpoint_size`: entries under the newest signed checkpoint.
    pub checkpoint_size: IntGauge,
    /// `countersign_audit_last_checkpoint_timestamp_seconds`
    pub last_checkpoint: IntGauge,
}

impl AuditMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            records: int_counter(r, "audit_records_total", "Records written to the trail.")?,
            write_errors: int_counter(r, "audit_write_errors_total", "Writes that failed.")?,
            writable: int_gauge(r, "audit_writable", "1 while the trail takes records.")?,
            checkpoint_size: int_gauge(
                r,
                "audit_checkpoint_size",
                "Entries under the newest signed checkpoint.",
            )?,
            last_checkpoint: int_gauge(
                r,
                "audit_last_checkpoint_timestamp_seconds",
                "When the newest checkpoint was signed.",
            )?,
        })
    }
}
