//! The agent's side of every connection: its certificate, what it offers, what it sends.
//!
//! All peers get the same offer (TLS 1.3, AES-128-GCM, and a key exchange that the measurement
//! names), so a difference is the proxy's own and never a different cipher. No session is ever
//! resumed: a handshake here is always a whole one.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::pki::{HOST, Pki};

/// What every HTTP/1.1 request is.
pub const REQUEST: &[u8] = b"GET /api/orders HTTP/1.1\r\nHost: api.example.org\r\n\
    User-Agent: countersign-bench\r\nAccept: */*\r\n\r\n";
/// The path in [`REQUEST`].
pub const PATH: &str = "/api/orders";
/// Length of the body that the backend answers.
pub const BODY_BYTES: usize = 1024;

const PATIENCE: Duration = Duration::from_secs(5);

/// The key exchange that an agent offers.
#[derive(Clone, Copy, Debug)]
pub enum KeyExchange {
    /// X25519 alone: what every peer has, so that they are compared like with like.
    Classic,
    /// X25519MLKEM768 first: peers without it fall back to X25519.
    Hybrid,
}

impl KeyExchange {
    fn groups(self) -> Vec<&'static dyn SupportedKxGroup> {
        match self {
            Self::Classic => vec![aws_lc_rs::kx_group::X25519],
            Self::Hybrid => {
                vec![aws_lc_rs::kx_group::X25519MLKEM768, aws_lc_rs::kx_group::X25519]
            }
        }
    }
}

/// The TLS settings of an agent that shows its certificate and speaks `alpn`.
///
/// # Errors
///
/// Certificates that cannot be read.
pub fn with_certificate(pki: &Pki, alpn: &str, groups: KeyExchange) -> io::Result<ClientConfig> {
    let chain = CertificateDer::pem_file_iter(pki.agent_cert()).map_err(io::Error::other)?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(pki.agent_key()).map_err(io::Error::other)?;
    let config = offer(groups)?
        .with_root_certificates(roots(pki)?)
        .with_client_auth_cert(chain, key)
        .map_err(io::Error::other)?;
    Ok(finished(config, alpn))
}

/// The TLS settings of a caller without a certificate, whom every proxy must turn away.
///
/// # Errors
///
/// A CA that cannot be read.
pub fn anonymous(pki: &Pki) -> io::Result<ClientConfig> {
    let config = offer(KeyExchange::Classic)?.with_root_certificates(roots(pki)?);
    Ok(finished(config.with_no_client_auth(), "http/1.1"))
}

/// The name that the proxy's certificate must carry.
pub fn server_name() -> ServerName<'static> {
    ServerName::try_from(HOST).unwrap_or_else(|_| unreachable!("a constant, and a DNS name"))
}

/// One HTTP/1.1 connection with blocking reads and writes.
///
/// # Errors
///
/// The proxy does not listen.
pub fn connect(
    config: &Arc<ClientConfig>,
    address: SocketAddr,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let session =
        ClientConnection::new(Arc::clone(config), server_name()).map_err(io::Error::other)?;
    Ok(StreamOwned::new(session, stream))
}

/// Sends [`REQUEST`] and reads the answer; an error unless it is the backend's own 200.
///
/// # Errors
///
/// A connection that ends, and any other answer.
pub fn ask(stream: &mut (impl Read + Write)) -> io::Result<()> {
    stream.write_all(REQUEST)?;
    stream.flush()?;
    let mut answer = Answer::default();
    while !answer.is_whole()? {
        let read = stream.read(answer.room())?;
        answer.took(read)?;
    }
    Ok(())
}

/// An HTTP/1.1 answer as it comes in.
#[derive(Debug)]
pub struct Answer {
    bytes: [u8; 4096],
    filled: usize,
}

impl Default for Answer {
    fn default() -> Self {
        Self { bytes: [0; 4096], filled: 0 }
    }
}

impl Answer {
    /// Where the next bytes go.
    pub fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.filled..]
    }

    /// Notes that `read` bytes were put into the room.
    ///
    /// # Errors
    ///
    /// None came: the connection has ended, or the answer outgrew the room.
    pub fn took(&mut self, read: usize) -> io::Result<()> {
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.filled += read;
        Ok(())
    }

    /// Whether the head and the 1 KiB of body are there; then the next answer may begin.
    ///
    /// # Errors
    ///
    /// It is not a 200.
    pub fn is_whole(&mut self) -> io::Result<bool> {
        let bytes = &self.bytes[..self.filled];
        let Some(head) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Ok(false) };
        if !bytes.starts_with(b"HTTP/1.1 200") {
            let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
            return Err(io::Error::other(format!("answered {}", String::from_utf8_lossy(line))));
        }
        if bytes.len() < head + 4 + BODY_BYTES {
            return Ok(false);
        }
        self.filled = 0;
        Ok(true)
    }
}

fn offer(
    groups: KeyExchange,
) -> io::Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
    let provider = CryptoProvider {
        cipher_suites: vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256],
        kx_groups: groups.groups(),
        ..aws_lc_rs::default_provider()
    };
    ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)
}

fn roots(pki: &Pki) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(pki.ca()).map_err(io::Error::other)?;
    roots.add(ca).map_err(io::Error::other)?;
    Ok(roots)
}

fn finished(mut config: ClientConfig, alpn: &str) -> ClientConfig {
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    config
}
