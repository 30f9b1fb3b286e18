//! From an accepted socket to requests: handshake, authentication, HTTP.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{debug, info};

use crate::id::ListenerName;
use crate::identity::{Caller, Trust};
use crate::listener::census::{Census, Place};
use crate::listener::config::Limits;
use crate::listener::connection::{Connection, Places, Pulse};
use crate::listener::http1::Front;
use crate::listener::tls::H2;
use crate::metrics::ListenerMetrics;
use crate::shutdown::Shutdown;

/// What one listener's connections have in common, on one worker.
#[derive(Debug)]
pub struct Site {
    /// The listener's name.
    pub name: ListenerName,
    /// How much it takes.
    pub limits: Arc<Limits>,
    /// The count of its connections.
    pub census: Census,
    /// What it counts.
    pub metrics: ListenerMetrics,
    /// Asks everyone to stop.
    pub shutdown: Shutdown,
}

/// The TLS configuration and the trust that a connection is accepted under: they belong together,
/// for the configuration's verifier is that trust.
#[derive(Clone, Debug)]
pub struct Security {
    /// For the handshake.
    pub tls: Arc<ServerConfig>,
    /// For authentication.
    pub trust: Arc<Trust>,
}

impl Site {
    /// Serves one connection to its end. `exchange` answers each request.
    pub async fn serve<B, F>(
        &self,
        stream: TcpStream,
        place: Place,
        security: Security,
        exchange: impl Fn(Rc<Connection>, Request<Incoming>) -> F + 'static,
    ) where
        B: Body<Data = Bytes> + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        F: Future<Output = Response<B>> + 'static,
    {
        let Some((stream, caller)) = self.authenticate(stream, &security).await else { return };
        let id = caller.principal.spiffe_id().clone();
        let Some(principal) = self.census.enter_as(&id, self.limits.connections_per_principal)
        else {
            info!(listener = %self.name, principal = %id, "too many connections of one principal");
            self.refused("connections_per_principal");
            return;
        };
        let open = self.metrics.connections.with_label_values(&[self.name.as_str()]);
        open.inc();
        let places = Places { _listener: place, _principal: Some(principal), open };
        let pulse = Arc::new(Pulse::new());
        let (_, tls) = stream.get_ref();
        let chain = tls.peer_certificates().unwrap_or_default();
        let chain = chain.iter().map(|der| der.clone().into_owned()).collect();
        let limits = Arc::clone(&self.limits);
        let connection =
            Connection::new(caller, chain, tls.server_name(), limits, Arc::clone(&pulse), places);
        let connection = Rc::new(connection);
        let answering = Rc::clone(&connection);
        let answer = move |request| exchange(Rc::clone(&answering), request);
        self.speak(stream, &pulse, connection.closing(), answer).await;
    }

    /// Speaks HTTP on a stream whose handshake is done, until it ends or is `closing`.
    pub(super) async fn speak<B, F>(
        &self,
        stream: TlsStream<TcpStream>,
        pulse: &Arc<Pulse>,
        closing: impl Future<Output = ()>,
        answer: impl Fn(Request<Incoming>) -> F + 'static,
    ) where
        B: Body<Data = Bytes> + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        F: Future<Output = Response<B>> + 'static,
    {
        let is_h2 = stream.get_ref().1.alpn_protocol() == Some(H2);
        let service = service_fn(move |request| {
            let answer = answer(request);
            async { Ok::<_, Infallible>(answer.await) }
        });
        let limits = Arc::clone(&self.limits);
        if is_h2 {
            let front = TokioIo::new(Front::http2(stream, limits, Arc::clone(pulse)));
            let http = self.http2().serve_connection(front, service);
            self.drive(closing, pulse, http, |http| http.graceful_shutdown()).await;
        } else {
            let front = TokioIo::new(Front::http1(stream, limits, Arc::clone(pulse)));
            let http = self.http1().serve_connection(front, service).with_upgrades();
            self.drive(closing, pulse, http, |http| http.graceful_shutdown()).await;
        }
    }

    /// The handshake, and who is at its other end.
    async fn authenticate(
        &self,
        stream: TcpStream,
        security: &Security,
    ) -> Option<(TlsStream<TcpStream>, Caller)> {
        let (stream, peer, local) = self.shake(stream, &security.tls).await?;
        match security.trust.authenticate(stream.get_ref().1) {
            Ok(principal) => {
                self.metrics.handshakes.with_label_values(&["ok", ""]).inc();
                let listener = self.name.clone();
                Some((stream, Caller { principal, listener, peer, local }))
            }
            Err(rejection) => self.failed(peer, rejection.reason(), &rejection),
        }
    }

    /// The handshake; the two ends of the connection come with it.
    pub(super) async fn shake(
        &self,
        stream: TcpStream,
        tls: &Arc<ServerConfig>,
    ) -> Option<(TlsStream<TcpStream>, SocketAddr, SocketAddr)> {
        // Small answers must not wait for an acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let (peer, local) = (stream.peer_addr().ok()?, stream.local_addr().ok()?);
        let handshake = TlsAcceptor::from(Arc::clone(tls)).accept(stream);
        match tokio::time::timeout(self.limits.handshake, handshake).await {
            Ok(Ok(stream)) => Some((stream, peer, local)),
            Ok(Err(cause)) => self.failed(peer, handshake_reason(&cause), &cause),
            Err(elapsed) => self.failed(peer, "timeout", &elapsed),
        }
    }

    /// Runs one connection until it ends, or until it has to.
    async fn drive<C: Future>(
        &self,
        closing: impl Future<Output = ()>,
        pulse: &Pulse,
        http: C,
        finish: impl Fn(std::pin::Pin<&mut C>),
    ) {
        tokio::pin!(http);
        let mut shutdown = self.shutdown.clone();
        let stop = async {
            tokio::select! {
                () = closing => {}
                () = shutdown.wait() => {}
            }
        };
        tokio::pin!(stop);
        let mut stopping = false;
        let expired = pulse.expired(&self.limits);
        tokio::pin!(expired);
        loop {
            tokio::select! {
                biased;
                _ = &mut http => return,
                () = &mut stop, if !stopping => {
                    stopping = true;
                    finish(http.as_mut());
                }
                () = &mut expired => {
                    debug!(listener = %self.name, "an agent kept its connection waiting for too long");
                    return;
                }
            }
        }
    }

    fn http1(&self) -> http1::Builder {
        let mut builder = http1::Builder::new();
        // The watchdog has the deadlines; hyper's would cost a timer a request.
        builder.header_read_timeout(None);
        builder.max_buf_size(self.limits.header_bytes.max(MIN_BUFFER));
        builder.max_headers(self.limits.header_fields.max(1));
        builder
    }

    fn http2(&self) -> http2::Builder<LocalExecutor> {
        let mut builder = http2::Builder::new(LocalExecutor);
        let header_list = u32::try_from(self.limits.header_bytes).unwrap_or(u32::MAX);
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(KEEP_ALIVE))
            .max_concurrent_streams(self.limits.streams)
            .max_header_list_size(header_list)
            .max_pending_accept_reset_streams(PENDING_RESETS)
            .max_local_error_reset_streams(Some(LOCAL_RESETS))
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER);
        builder
    }

    pub(super) fn failed<T>(
        &self,
        peer: SocketAddr,
        reason: &str,
        cause: &dyn std::fmt::Display,
    ) -> Option<T> {
        self.metrics.handshakes.with_label_values(&["failed", reason]).inc();
        info!(listener = %self.name, %peer, reason, %cause, "a handshake failed");
        None
    }

    /// Counts a connection that is turned away.
    pub fn refused(&self, reason: &str) {
        self.metrics.refused.with_label_values(&[self.name.as_str(), reason]).inc();
    }
}

/// hyper's tasks run on the worker that accepted their connection.
#[derive(Clone, Copy, Debug)]
struct LocalExecutor;

impl<F> Executor<F> for LocalExecutor
where
    F: Future + 'static,
    F::Output: 'static,
{
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

/// A rejection by our own rules keeps its word; everything else is the protocol's.
fn handshake_reason(cause: &std::io::Error) -> &'static str {
    let Some(cause) = cause.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>())
    else {
        return "closed";
    };
    match cause {
        rustls::Error::NoCertificatesPresented => "no_certificate",
        rustls::Error::InvalidCertificate(rustls::CertificateError::Other(why)) => {
            let why = why.0.downcast_ref::<crate::identity::Rejection>();
            why.map_or("certificate", |why| why.reason())
        }
        rustls::Error::InvalidCertificate(_) => "certificate",
        _ => "protocol",
    }
}

/// hyper insists on this much.
const MIN_BUFFER: usize = 8 * 1024;

/// A peer that answers no ping for hyper's twenty seconds after this one is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Streams that were reset before we accepted them (CVE-2023-44487).
const PENDING_RESETS: usize = 20;

/// Streams that we had to reset for the agent's mistakes (CVE-2025-8671).
const LOCAL_RESETS: usize = 64;

/// Unread bytes of one request's body, and of all of a connection's.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// Unwritten bytes of one answer.
const SEND_BUFFER: usize = 256 * 1024;
