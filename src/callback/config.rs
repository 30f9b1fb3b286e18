//! What an operator says about callbacks.

use std::path::PathBuf;

use ipnet::IpNet;

use crate::upstream::config::TlsConfig;

/// Whether agents may be called back, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// The Ed25519 key that signs.
    pub key: PathBuf,
    /// Who says so: the CloudEvents `source`, a URI.
    pub source: String,
    /// How servers are verified.
    pub tls: TlsConfig,
    /// Networks outside the public Internet that may be called.
    pub allow_addresses: Vec<IpNet>,
}
