//! What an operator says about sending security events.

use std::path::PathBuf;

use crate::fetch;

/// Where security events are sent, and who says them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// Who says so: the `iss` of every event.
    pub issuer: String,
    /// Whom they are for: their `aud`.
    pub audience: String,
    /// The Ed25519 key that signs.
    pub key: PathBuf,
    /// The receiver.
    pub receiver: fetch::Config,
}
