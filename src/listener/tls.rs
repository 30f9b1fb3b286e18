//! Our side of the agents' handshakes.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::ServerSessionMemoryCache;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig};

use crate::identity::Trust;

/// The configuration of handshakes under one trust and one certificate of ours.
///
/// Client certificates are required. Sessions may be resumed, but only under the very trust that
/// they were made under: each configuration has a store of its own, and the stored chain is verified
/// again ([`Trust::authenticate`]). There is no early data. The key exchange prefers the hybrid
/// X25519MLKEM768.
///
/// # Errors
/// If the certificate does not fit the protocol versions.
pub fn server_config(
    trust: Arc<Trust>,
    own: Arc<CertifiedKey>,
) -> Result<Arc<ServerConfig>, Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_client_cert_verifier(trust)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(own)));
    config.alpn_protocols = vec![H2.to_vec(), HTTP_11.to_vec()];
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
    config.max_early_data_size = 0;
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}

/// ALPN's name of HTTP/2.
pub(super) const H2: &[u8] = b"h2";
const HTTP_11: &[u8] = b"http/1.1";

/// Sessions that can be resumed; the oldest is forgotten first.
const SESSIONS: usize = 1024;
