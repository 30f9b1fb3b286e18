//! The scripted agent: a small real client that holds a certificate and nothing else.
//!
//! It remembers every byte it was ever sent, so that the tour can search them for what an agent must
//! never see. Besides well-formed calls it can send raw bytes, as an attacker would.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::identity::files;

/// An agent at work.
pub(super) struct Agent {
    gateway: SocketAddr,
    tls: Arc<ClientConfig>,
    /// All that it was ever sent.
    seen: RefCell<Vec<u8>>,
}

/// What the agent was answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: StatusCode,
    /// The body.
    pub(super) body: Bytes,
}

impl Agent {
    /// An agent with the certificate, key and authority in `folder`, which calls `gateway`.
    ///
    /// # Errors
    /// If the files cannot be used.
    pub(super) fn new(folder: &Path, gateway: SocketAddr) -> io::Result<Self> {
        let own = files::certified_key(&folder.join("cert.pem"), &folder.join("key.pem"));
        let own = SingleCertAndKey::from(own.map_err(io::Error::other)?);
        let mut roots = RootCertStore::empty();
        for authority in files::certificates(&folder.join("ca.pem")).map_err(io::Error::other)? {
            roots.add(authority).map_err(io::Error::other)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(own));
        Ok(Self { gateway, tls: Arc::new(tls), seen: RefCell::default() })
    }

    /// Makes one call, as any HTTP client would.
    ///
    /// # Errors
    /// If there is no answer within [`PATIENCE`].
    pub(super) async fn call(&self, method: Method, path: &str) -> io::Result<Answer> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.gateway.to_string())
            .body(Full::default())
            .map_err(io::Error::other)?;
        within_patience(self.exchange(request)).await
    }

    /// Sends a JSON document, as any HTTP client would.
    ///
    /// # Errors
    /// If there is no answer within [`PATIENCE`].
    pub(super) async fn post(&self, path: &str, document: &Value) -> io::Result<Answer> {
        let request = Request::post(path)
            .header(HOST, self.gateway.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(document.to_string()))
            .map_err(io::Error::other)?;
        within_patience(self.exchange(request)).await
    }

    /// Calls a tool of the MCP server at `path`, as any MCP client would.
    ///
    /// # Errors
    /// If there is no answer within [`PATIENCE`].
    pub(super) async fn call_tool(
        &self,
        path: &str,
        name: &str,
        arguments: Value,
    ) -> io::Result<Answer> {
        let params = json!({ "name": name, "arguments": arguments });
        let message =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let request = Request::post(path)
            .header(HOST, self.gateway.to_string())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25")
            .body(Full::from(message.to_string()))
            .map_err(io::Error::other)?;
        within_patience(self.exchange(request)).await
    }

    /// Sends these very bytes and reads until the connection ends.
    ///
    /// # Errors
    /// If the connection does not end within [`PATIENCE`], or what came is no HTTP answer.
    pub(super) async fn send_raw(&self, bytes: &[u8]) -> io::Result<Answer> {
        let received = within_patience(self.exchange_raw(bytes)).await?;
        self.seen.borrow_mut().extend_from_slice(&received);
        Answer::parse(&received).ok_or_else(|| io::Error::other("that was no HTTP answer"))
    }

    /// Where it sends its calls, as a `Host`.
    pub(super) fn gateway(&self) -> SocketAddr {
        self.gateway
    }

    /// Every byte it was ever sent.
    pub(super) fn seen(&self) -> Vec<u8> {
        self.seen.borrow().clone()
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> io::Result<Answer> {
        let stream = TokioIo::new(self.connect().await?);
        let (mut sender, connection) = http1::handshake(stream).await.map_err(io::Error::other)?;
        let answer = async move {
            let response = sender.send_request(request).await.map_err(io::Error::other)?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, LARGEST).collect().await.map_err(io::Error::other)?;
            io::Result::Ok((head.status, head.headers, body.to_bytes()))
        };
        // The connection ends once the sender is gone; where it broke, the answer says so.
        let (answer, _ended) = tokio::join!(answer, connection);
        let (status, headers, body) = answer?;
        self.remember(&headers, &body);
        Ok(Answer { status, body })
    }

    async fn exchange_raw(&self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = self.connect().await?;
        stream.write_all(bytes).await?;
        stream.flush().await?;
        let mut received = Vec::new();
        match stream.take(LARGEST as u64).read_to_end(&mut received).await {
            // Some peers hang up without saying so.
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
            _ => Ok(received),
        }
    }

    async fn connect(&self) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.gateway).await?;
        let name = ServerName::IpAddress(self.gateway.ip().into());
        TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await
    }

    fn remember(&self, headers: &HeaderMap, body: &[u8]) {
        let mut seen = self.seen.borrow_mut();
        for (name, value) in headers {
            seen.extend_from_slice(name.as_str().as_bytes());
            seen.extend_from_slice(value.as_bytes());
        }
        seen.extend_from_slice(body);
    }
}

impl Answer {
    /// The body as JSON; `null` if it is none.
    pub(super) fn document(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Reads an answer whose body ends with the connection.
    fn parse(received: &[u8]) -> Option<Self> {
        let end = memchr::memmem::find(received, b"\r\n\r\n")?;
        let status = received.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
        let body = received.get(end + 4..)?;
        let status = StatusCode::from_bytes(status).ok()?;
        Some(Self { status, body: Bytes::copy_from_slice(body) })
    }
}

async fn within_patience<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = |_| io::Error::other(format!("no answer within {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, work).await.map_err(late)?
}

/// The most bytes of one answer.
const LARGEST: usize = 1 << 20;

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(5);
