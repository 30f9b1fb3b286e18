//! What credentials and the response guard count.

use prometheus::{IntCounterVec, Registry};

use crate::metrics::register::int_counters;

/// Credentials' numbers.
#[derive(Clone, Debug)]
pub struct CredentialMetrics {
    /// `countersign_credential_uses_total{credential}`
    pub uses: IntCounterVec,
    /// `countersign_credential_errors_total{credential}`: injections that could not be made.
    pub errors: IntCounterVec,
    /// `countersign_response_secrets_replaced_total{credential}`: occurrences of an injected value
    /// found in a response and replaced.
    pub replaced: IntCounterVec,
}

impl CredentialMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        let by = &["credential"];
        Ok(Self {
            uses: int_counters(r, "credential_uses_total", "Injections made.", by)?,
            errors: int_counters(r, "credential_errors_total", "Injections that failed.", by)?,
            replaced: int_counters(
                r,
                "response_secrets_replaced_total",
                "Injected values found in responses and replaced.",
                by,
            )?,
        })
    }
}
