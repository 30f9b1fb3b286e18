//! An upstream that records exactly what reached it. It has a thread and a runtime of its own, so
//! that a test that blocks cannot stop it from answering.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::agent::Feed;
use super::pki::Identity;

/// A body that an upstream answers with; an error cuts the connection.
pub type Payload = BoxBody<Bytes, io::Error>;

/// A server on a free port of this machine. Dropping it stops it.
pub struct Upstream {
    pub address: SocketAddr,
    record: Arc<Mutex<Record>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One request as it reached an upstream.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: Method,
    /// Path and query, as they were sent.
    pub target: String,
    pub headers: HeaderMap,
    /// Empty where the handler reads the body itself.
    pub body: Bytes,
    pub trailers: HeaderMap,
}

#[derive(Default)]
struct Record {
    connections: usize,
    closed: usize,
    bytes: Vec<u8>,
    requests: Vec<Received>,
}

type Answering = Arc<dyn Fn(Request<Incoming>) -> Later + Send + Sync>;
type Later = Pin<Box<dyn Future<Output = Response<Payload>> + Send>>;

#[derive(Clone)]
enum Kind {
    Http1(Answering),
    Http2(Answering),
    Https(TlsAcceptor, Answering),
}

impl Upstream {
    /// Answers each request once it is whole; HTTP/1.1.
    pub fn answering(
        answer: impl Fn(&Received) -> Response<Payload> + Send + Sync + 'static,
    ) -> Self {
        Self::start(|record| Kind::Http1(whole(record, answer)))
    }

    /// The same in HTTP/2 without TLS; the upstream needs `protocol: h2`.
    pub fn http2(answer: impl Fn(&Received) -> Response<Payload> + Send + Sync + 'static) -> Self {
        Self::start(|record| Kind::Http2(whole(record, answer)))
    }

    /// The same over TLS as `identity`, with whatever version is agreed on.
    pub fn https(
        identity: Identity,
        answer: impl Fn(&Received) -> Response<Payload> + Send + Sync + 'static,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth();
        let mut config = config.with_single_cert(vec![identity.cert], identity.key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::start(|record| Kind::Https(acceptor, whole(record, answer)))
    }

    /// Hands each request over while its body may still arrive; HTTP/1.1 with upgrades.
    pub fn streaming<F>(answer: impl Fn(Request<Incoming>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response<Payload>> + Send + 'static,
    {
        Self::start(|record| Kind::Http1(streamed(record, answer)))
    }

    fn start(kind: impl FnOnce(&Arc<Mutex<Record>>) -> Kind) -> Self {
        let record = Arc::new(Mutex::new(Record::default()));
        let kind = kind(&record);
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let kept = Arc::clone(&record);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async move {
                let socket = TcpListener::from_std(socket).unwrap();
                tokio::select! {
                    () = accept(socket, kind, kept) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, record, stop: Some(stop), thread: Some(thread) }
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Received> {
        locked(&self.record).requests.clone()
    }

    /// The only request so far.
    pub fn request(&self) -> Received {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }

    /// Every byte so far, of all connections; what TLS decrypted, where there is TLS.
    pub fn bytes(&self) -> Vec<u8> {
        locked(&self.record).bytes.clone()
    }

    /// How many connections were opened.
    pub fn connections(&self) -> usize {
        locked(&self.record).connections
    }

    /// How many connections have ended.
    pub fn closed(&self) -> usize {
        locked(&self.record).closed
    }

    /// Whether nothing at all has reached it.
    pub fn is_untouched(&self) -> bool {
        locked(&self.record).bytes.is_empty()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop.take();
        let _ = self.thread.take().unwrap().join();
    }
}

impl Received {
    fn of(request: &Request<Incoming>) -> Self {
        Self {
            method: request.method().clone(),
            target: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
            headers: request.headers().clone(),
            body: Bytes::new(),
            trailers: HeaderMap::new(),
        }
    }

    /// Every value of a header.
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }
}

/// A plain 200 with `text`.
pub fn reply(text: impl Into<Bytes>) -> Response<Payload> {
    Response::new(Full::new(text.into()).map_err(|never| match never {}).boxed())
}

/// A body that goes out in these pieces, each in a chunk of its own.
pub fn chunks(parts: impl IntoIterator<Item = impl Into<Bytes>>) -> Payload {
    let (sender, feed) = Feed::channel(1024);
    for part in parts {
        sender.try_send(http_body::Frame::data(part.into())).unwrap();
    }
    feed.map_err(|never| match never {}).boxed()
}

fn whole(
    record: &Arc<Mutex<Record>>,
    answer: impl Fn(&Received) -> Response<Payload> + Send + Sync + 'static,
) -> Answering {
    let (record, answer) = (Arc::clone(record), Arc::new(answer));
    Arc::new(move |request| {
        let (record, answer) = (Arc::clone(&record), Arc::clone(&answer));
        Box::pin(async move {
            let mut received = Received::of(&request);
            let Ok(body) = request.into_body().collect().await else { return reply("cut") };
            received.trailers = body.trailers().cloned().unwrap_or_default();
            received.body = body.to_bytes();
            locked(&record).requests.push(received.clone());
            answer(&received)
        })
    })
}

fn streamed<F>(
    record: &Arc<Mutex<Record>>,
    answer: impl Fn(Request<Incoming>) -> F + Send + Sync + 'static,
) -> Answering
where
    F: Future<Output = Response<Payload>> + Send + 'static,
{
    let record = Arc::clone(record);
    Arc::new(move |request| {
        locked(&record).requests.push(Received::of(&request));
        Box::pin(answer(request))
    })
}

async fn accept(socket: TcpListener, kind: Kind, record: Arc<Mutex<Record>>) {
    loop {
        let Ok((stream, _)) = socket.accept().await else { return };
        locked(&record).connections += 1;
        let (kind, record) = (kind.clone(), Arc::clone(&record));
        tokio::spawn(async move {
            serve(stream, kind, Arc::clone(&record)).await;
            locked(&record).closed += 1;
        });
    }
}

async fn serve(stream: TcpStream, kind: Kind, record: Arc<Mutex<Record>>) {
    match kind {
        Kind::Http1(answer) => serve_http1(Tee(stream, record), answer).await,
        Kind::Http2(answer) => serve_http2(Tee(stream, record), answer).await,
        Kind::Https(acceptor, answer) => {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => serve_http2(Tee(stream, record), answer).await,
                _ => serve_http1(Tee(stream, record), answer).await,
            }
        }
    }
}

async fn serve_http1<S>(stream: Tee<S>, answer: Answering)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let answer = answer(request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let http = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let _ = http.with_upgrades().await;
}

async fn serve_http2<S>(stream: Tee<S>, answer: Answering)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let answer = answer(request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let http = http2::Builder::new(TokioExecutor::new());
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

/// Keeps a copy of whatever is read.
struct Tee<S>(S, Arc<Mutex<Record>>);

impl<S: AsyncRead + Unpin> AsyncRead for Tee<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.0).poll_read(cx, buf);
        let mut record = locked(&self.1);
        // Large uploads are counted by who sends them; keeping them would only eat memory.
        if record.bytes.len() < KEPT {
            record.bytes.extend_from_slice(&buf.filled()[before..]);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tee<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

fn locked(record: &Mutex<Record>) -> MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many received bytes are kept.
const KEPT: usize = 1024 * 1024;
