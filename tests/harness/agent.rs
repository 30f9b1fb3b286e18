//! Agents: one that speaks HTTP properly, and one that writes whatever bytes a test wants.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, Version};
use http_body::{Body, Frame};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::answer::Answer;
use super::leak::assert_no_leak;
use super::pki::Identity;
use super::sessions::Sessions;
use super::wait::soon;

/// The body of an agent's request.
pub type Outgoing = BoxBody<Bytes, Infallible>;

/// An agent with a certificate. Its connections may resume each other's sessions.
#[derive(Clone)]
pub struct Agent {
    address: SocketAddr,
    server_name: String,
    secret: String,
    tls: ClientConfig,
    sessions: Arc<Sessions>,
}

/// One connection that speaks HTTP.
pub struct Client {
    sender: Sender,
    host: String,
    secret: String,
}

enum Sender {
    Http1(http1::SendRequest<Outgoing>),
    Http2(http2::SendRequest<Outgoing>),
}

/// One connection on which a test writes its own bytes.
pub struct Wire {
    stream: TlsStream<TcpStream>,
    read: Vec<u8>,
    /// How the connection ended, if not in good order.
    broken: Option<io::Error>,
    secret: String,
}

impl Agent {
    /// `identity` is what it presents; `None` for nothing.
    pub fn new(
        address: SocketAddr,
        authority: &str,
        identity: Option<Identity>,
        secret: &str,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut tls = match identity {
            Some(one) => config.with_client_auth_cert(vec![one.cert], one.key).unwrap(),
            None => config.with_no_client_auth(),
        };
        let sessions = Arc::new(Sessions::new());
        tls.resumption = Resumption::store(Arc::clone(&sessions) as _);
        let (server_name, secret) = (HOST.to_owned(), secret.to_owned());
        Self { address, server_name, secret, tls, sessions }
    }

    /// The same agent, asking for another name in the handshake.
    pub fn asking_for(mut self, server_name: &str) -> Self {
        self.server_name = server_name.to_owned();
        self
    }

    /// The same agent without SNI.
    pub fn without_sni(mut self) -> Self {
        self.tls.enable_sni = false;
        self
    }

    /// How many of its handshakes offered to resume a session.
    pub fn offers(&self) -> usize {
        self.sessions.offers()
    }

    /// `GET path` on a new HTTP/1.1 connection.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(request("GET", path)).await
    }

    /// A request on a new HTTP/1.1 connection.
    pub async fn send(&self, request: Request<Outgoing>) -> Answer {
        self.h1().await.send(request).await
    }

    /// A new HTTP/1.1 connection.
    pub async fn h1(&self) -> Client {
        self.try_h1().await.unwrap()
    }

    /// A new HTTP/1.1 connection, if there can be one. With TLS 1.3, a certificate's refusal only
    /// shows at the first answer.
    pub async fn try_h1(&self) -> io::Result<Client> {
        let agent = self.clone();
        let connected = background().spawn(async move {
            let stream = TokioIo::new(agent.connect(b"http/1.1").await?);
            let (sender, http) = http1::handshake(stream).await.map_err(io::Error::other)?;
            tokio::spawn(http.with_upgrades());
            Ok::<_, io::Error>(sender)
        });
        Ok(self.client(Sender::Http1(connected.await.unwrap()?)))
    }

    /// A new HTTP/2 connection.
    pub async fn h2(&self) -> Client {
        let agent = self.clone();
        let connected = background().spawn(async move {
            let stream = TokioIo::new(agent.connect(b"h2").await.unwrap());
            let (sender, http) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
            tokio::spawn(http);
            sender
        });
        self.client(Sender::Http2(connected.await.unwrap()))
    }

    /// A new connection for bytes of the test's own, which says it speaks HTTP/1.1.
    pub async fn wire(&self) -> Wire {
        self.wire_for(b"http/1.1").await
    }

    /// The same for another protocol.
    pub async fn wire_for(&self, alpn: &[u8]) -> Wire {
        let stream = self.connect(alpn).await.unwrap();
        Wire { stream, read: Vec::new(), broken: None, secret: self.secret.clone() }
    }

    /// The first answer to `bytes` on a new connection.
    pub async fn raw(&self, bytes: &[u8]) -> Answer {
        let mut wire = self.wire().await;
        wire.write(bytes).await;
        wire.answer().await
    }

    /// A finished handshake.
    pub async fn connect(&self, alpn: &[u8]) -> io::Result<TlsStream<TcpStream>> {
        let mut config = self.tls.clone();
        config.alpn_protocols = vec![alpn.to_vec()];
        let name = ServerName::try_from(self.server_name.clone()).unwrap();
        soon("a handshake", async {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            TlsConnector::from(Arc::new(config)).connect(name, stream).await
        })
        .await
    }

    fn client(&self, sender: Sender) -> Client {
        Client { sender, host: self.server_name.clone(), secret: self.secret.clone() }
    }
}

impl Client {
    /// A whole answer.
    pub async fn send(&mut self, request: Request<Outgoing>) -> Answer {
        self.try_send(request).await.unwrap()
    }

    /// A whole answer, if the connection gives one.
    pub async fn try_send(&mut self, request: Request<Outgoing>) -> hyper::Result<Answer> {
        soon("an answer", async {
            let response = self.open(request).await?;
            let (head, body) = response.into_parts();
            let body = body.collect().await?;
            let trailers = body.trailers().cloned().unwrap_or_default();
            let body = body.to_bytes().into();
            let answer = Answer { status: head.status, headers: head.headers, body, trailers };
            assert_no_leak("an answer", &self.secret, &answer.bytes());
            Ok(answer)
        })
        .await
    }

    /// `GET path`.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(request("GET", path)).await
    }

    /// The head of an answer, with its body still to come.
    pub async fn open(
        &mut self,
        mut request: Request<Outgoing>,
    ) -> hyper::Result<Response<Incoming>> {
        match &mut self.sender {
            Sender::Http1(sender) => {
                let host = HeaderValue::from_str(&self.host).unwrap();
                request.headers_mut().entry("host").or_insert(host);
                sender.ready().await?;
                sender.send_request(request).await
            }
            Sender::Http2(sender) => {
                *request.version_mut() = Version::HTTP_2;
                if request.uri().authority().is_none() {
                    let uri = format!("https://{}{}", self.host, request.uri());
                    *request.uri_mut() = Uri::try_from(uri).unwrap();
                }
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }
}

impl Wire {
    /// Whether its handshake resumed an earlier session.
    pub fn is_resumed(&self) -> bool {
        self.stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Sends bytes as they are. What the other side no longer takes is not this test's business.
    pub async fn write(&mut self, bytes: &[u8]) {
        let _ = soon("a write", async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        })
        .await;
    }

    /// The next whole answer; informational ones count as answers.
    pub async fn answer(&mut self) -> Answer {
        soon("an answer", async {
            while memchr::memmem::find(&self.read, b"\r\n\r\n").is_none() {
                let read = String::from_utf8_lossy(&self.read).into_owned();
                assert!(self.more().await, "no answer but `{read}`: {:?}", self.broken);
            }
            let (status, headers) = self.head();
            let (body, trailers) = self.body(status, &headers).await;
            let answer = Answer { status, headers, body, trailers };
            assert_no_leak("an answer", &self.secret, &answer.bytes());
            answer
        })
        .await
    }

    /// Everything until the other side closes.
    pub async fn end(&mut self) -> Vec<u8> {
        soon("the end of a connection", async { while self.more().await {} }).await;
        assert_no_leak("an answer", &self.secret, &self.read);
        std::mem::take(&mut self.read)
    }

    /// At least `count` more bytes, or what there was until the end.
    pub async fn take(&mut self, count: usize) -> Vec<u8> {
        soon("more bytes", async { while self.read.len() < count && self.more().await {} }).await;
        let count = count.min(self.read.len());
        self.read.drain(..count).collect()
    }

    async fn more(&mut self) -> bool {
        let mut piece = [0; 16 * 1024];
        match self.stream.read(&mut piece).await {
            Ok(0) => false,
            Err(cause) => {
                self.broken = Some(cause);
                false
            }
            Ok(count) => {
                self.read.extend_from_slice(&piece[..count]);
                true
            }
        }
    }

    fn head(&mut self) -> (StatusCode, HeaderMap) {
        let end = memchr::memmem::find(&self.read, b"\r\n\r\n").unwrap() + 4;
        let head: Vec<u8> = self.read.drain(..end).collect();
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = HeaderMap::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap();
            let name = HeaderName::try_from(name).unwrap();
            headers.append(name, HeaderValue::from_str(value.trim()).unwrap());
        }
        (status, headers)
    }

    async fn body(&mut self, status: StatusCode, headers: &HeaderMap) -> (Vec<u8>, HeaderMap) {
        if status.is_informational() || status == 204 || status == 304 {
            return Default::default();
        }
        if headers.get("transfer-encoding").is_some() {
            return self.chunked().await;
        }
        let length = headers.get("content-length").map(|v| v.to_str().unwrap().parse().unwrap());
        (self.take(length.unwrap_or(usize::MAX)).await, HeaderMap::new())
    }

    async fn chunked(&mut self) -> (Vec<u8>, HeaderMap) {
        let (mut body, mut trailers) = (Vec::new(), HeaderMap::new());
        loop {
            let size = usize::from_str_radix(&self.line().await, 16).unwrap();
            if size == 0 {
                break;
            }
            body.extend(self.take(size).await);
            assert_eq!(self.line().await, "");
        }
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(':') else { return (body, trailers) };
            let name = HeaderName::try_from(name).unwrap();
            trailers.append(name, HeaderValue::from_str(value.trim()).unwrap());
        }
    }

    async fn line(&mut self) -> String {
        let end = loop {
            if let Some(end) = memchr::memmem::find(&self.read, b"\r\n") {
                break end;
            }
            assert!(self.more().await, "the answer broke off");
        };
        let line: Vec<u8> = self.read.drain(..end + 2).collect();
        String::from_utf8_lossy(&line[..end]).into_owned()
    }
}

/// A body that a test hands over piece by piece; it ends when the sender is dropped.
pub struct Feed(mpsc::Receiver<Frame<Bytes>>);

impl Feed {
    pub fn channel(room: usize) -> (mpsc::Sender<Frame<Bytes>>, Self) {
        let (sender, receiver) = mpsc::channel(room);
        (sender, Self(receiver))
    }
}

impl Body for Feed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|frame| frame.map(Ok))
    }
}

/// A request without a body, for whatever host the agent's connection is for.
pub fn request(method: &str, path: &str) -> Request<Outgoing> {
    Request::builder().method(method).uri(path).body(empty()).unwrap()
}

/// No body.
pub fn empty() -> Outgoing {
    Empty::new().boxed()
}

/// A whole body.
pub fn body(bytes: impl Into<Bytes>) -> Outgoing {
    Full::new(bytes.into()).boxed()
}

/// Where agents' connections live. A test that blocks, to stop a site, must not keep its own agents
/// from hearing of it.
fn background() -> &'static Handle {
    static HANDLE: OnceLock<Handle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let handle = runtime.handle().clone();
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        handle
    })
}

/// The host of every site, unless a test adds others.
pub const HOST: &str = "api.example.org";
