//! TLS towards upstreams: whom to believe, and what to present.
//!
//! Each upstream has a configuration of its own with sessions of its own. A session resumed with
//! another upstream would carry over a handshake that verified somebody else; so the store is made
//! here, once an upstream, and is never handed on. Nothing here can turn verification off.

use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use crate::upstream::config::{ClientIdentity, Endpoint, Host, Protocol, Roots, TlsConfig};

/// TLS sessions kept for one upstream.
const SESSIONS: usize = 64;

const HTTP_1: &[u8] = b"http/1.1";
const HTTP_2: &[u8] = b"h2";

/// How to speak TLS with one upstream.
#[derive(Clone)]
pub struct Tls {
    any: Arc<ClientConfig>,
    http1: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
    digest: [u8; 32],
}

/// Why TLS with an upstream cannot be set up.
#[derive(Debug)]
pub enum TlsError {
    /// The client certificate and its key do not go together, or are of no usable kind.
    ClientIdentity(PathBuf, rustls::Error),
    /// A file holds nothing usable.
    Empty(PathBuf, &'static str),
    /// A file is not PEM.
    Pem(PathBuf, rustls::pki_types::pem::Error),
    /// The provider cannot speak TLS 1.2 and 1.3.
    Provider(rustls::Error),
    /// A file cannot be read.
    Read(PathBuf, std::io::Error),
    /// An authority in the file cannot be used.
    Root(PathBuf, rustls::Error),
    /// `server_name` is neither a DNS name nor an address.
    ServerName(String),
    /// The machine has no certificate authorities.
    SystemRoots,
}

/// Sets up TLS as `config` says, for an upstream that speaks `protocol`. Blocks on the disk.
///
/// # Errors
/// [`TlsError`], with the file it is about.
pub fn load(config: &TlsConfig, protocol: Protocol) -> Result<Tls, TlsError> {
    let mut seen = Context::new(&SHA256);
    let roots = match &config.roots {
        Roots::File(path) => pinned(path, &mut seen)?,
        Roots::System => system()?,
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(TlsError::Provider)?
        .with_root_certificates(roots);
    let mut any = match &config.client {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = presented(identity, &mut seen)?;
            let failed = |error| TlsError::ClientIdentity(identity.cert.clone(), error);
            builder.with_client_auth_cert(chain, key).map_err(failed)?
        }
    };
    any.resumption = Resumption::in_memory_sessions(SESSIONS);
    let mut http1 = any.clone();
    http1.alpn_protocols = vec![HTTP_1.to_vec()];
    any.alpn_protocols = match protocol {
        Protocol::Auto => vec![HTTP_2.to_vec(), HTTP_1.to_vec()],
        Protocol::Http1 => vec![HTTP_1.to_vec()],
        Protocol::Http2 => vec![HTTP_2.to_vec()],
    };
    let server_name = config.server_name.as_deref().map(parse_name).transpose()?;
    let mut digest = [0; 32];
    digest.copy_from_slice(seen.finish().as_ref());
    Ok(Tls { any: Arc::new(any), http1: Arc::new(http1), server_name, digest })
}

impl Tls {
    /// A connector that offers what the upstream is configured to speak.
    pub(super) fn connector(&self) -> TlsConnector {
        self.any.clone().into()
    }

    /// A connector that offers HTTP/1.1 alone.
    pub fn connector_http1(&self) -> TlsConnector {
        self.http1.clone().into()
    }

    /// The name that the certificate of `endpoint` must carry.
    pub fn server_name(&self, endpoint: &Endpoint) -> Option<ServerName<'static>> {
        if let Some(name) = &self.server_name {
            return Some(name.clone());
        }
        match endpoint.host() {
            Host::Address(address) => Some((*address).into()),
            Host::Name(name) => ServerName::try_from(name.clone()).ok(),
        }
    }

    /// Of the files it was loaded from: the same digest, the same contents.
    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

/// Whether the connection negotiated HTTP/2.
pub(super) fn is_http2(alpn: Option<&[u8]>) -> bool {
    alpn == Some(HTTP_2)
}

fn pinned(path: &PathBuf, seen: &mut Context) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, seen)? {
        roots.add(certificate).map_err(|error| TlsError::Root(path.clone(), error))?;
    }
    Ok(roots)
}

/// The machine's authorities; those that cannot be parsed are left out, as everywhere.
fn system() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(TlsError::SystemRoots);
    }
    Ok(roots)
}

fn presented(
    identity: &ClientIdentity,
    seen: &mut Context,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let chain = certificates(&identity.cert, seen)?;
    let key = Zeroizing::new(read(&identity.key, seen)?);
    let key = PrivateKeyDer::from_pem_slice(&key)
        .map_err(|error| TlsError::Pem(identity.key.clone(), error))?;
    Ok((chain, key))
}

fn certificates(
    path: &PathBuf,
    seen: &mut Context,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_slice_iter(&read(path, seen)?).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| TlsError::Pem(path.clone(), error))?;
    if found.is_empty() {
        return Err(TlsError::Empty(path.clone(), "certificate"));
    }
    Ok(found)
}

fn read(path: &PathBuf, seen: &mut Context) -> Result<Vec<u8>, TlsError> {
    let bytes = std::fs::read(path).map_err(|error| TlsError::Read(path.clone(), error))?;
    // The length keeps two files apart from one with the same bytes.
    seen.update(&(bytes.len() as u64).to_be_bytes());
    seen.update(&bytes);
    Ok(bytes)
}

fn parse_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(name.to_owned()).map_err(|_| TlsError::ServerName(name.to_owned()))
}

impl std::fmt::Display for TlsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ClientIdentity(path, error) => {
                write!(f, "the client certificate {} does not fit its key: {error}", path.display())
            }
            Self::Empty(path, what) => write!(f, "{} holds no {what} (PEM)", path.display()),
            Self::Pem(path, error) => write!(f, "{} is not PEM: {error}", path.display()),
            Self::Provider(error) => write!(f, "TLS 1.2 and 1.3 cannot be used: {error}"),
            Self::Read(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::Root(path, error) => {
                write!(f, "an authority in {} cannot be used: {error}", path.display())
            }
            Self::ServerName(name) => {
                write!(f, "tls.server_name {name:?} is neither a DNS name nor an address")
            }
            Self::SystemRoots => f.write_str(
                "this machine has no certificate authorities: install ca-certificates, or set \
                 tls.ca",
            ),
        }
    }
}

impl std::error::Error for TlsError {}
