//! The sample API: a small real HTTP server that wants a credential which no agent has.
//!
//! It checks `Authorization: Bearer …` against the digest of its key, and says in its answers that
//! the credential arrived, without the credential. Only `/v1/echo` repeats what it was sent, as a
//! careless API would; what the agent sees of that is for Countersign to decide. It serves loopback
//! only and knows nothing of Countersign.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::LocalSet;

use crate::dev::error::Error;
use crate::dev::layout::KeyDigest;
use crate::dev::tools;
use crate::shutdown::{Shutdown, Trigger};

/// A sample API that serves, on a thread of its own. Dropping it stops it.
#[derive(Debug)]
pub(super) struct Sample {
    address: SocketAddr,
    requests: Arc<AtomicU64>,
    trigger: Option<Trigger>,
    thread: Option<JoinHandle<()>>,
}

/// What every connection shares.
#[derive(Clone, Debug)]
struct Api {
    key: KeyDigest,
    requests: Arc<AtomicU64>,
}

impl Sample {
    /// Listens on `address` and serves whoever presents the key with this digest.
    ///
    /// # Errors
    /// [`Error::Sample`], if the address cannot be had, and [`Error::System`].
    pub(super) fn start(address: SocketAddr, key: KeyDigest) -> Result<Self, Error> {
        let failed = |source| Error::Sample(address, source);
        let socket = std::net::TcpListener::bind(address).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let api = Api { key, requests: Arc::default() };
        let requests = Arc::clone(&api.requests);
        let (trigger, shutdown) = Shutdown::pair();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name("sample-api".to_owned()).spawn(move || {
            if let Err(cause) = LocalSet::new().block_on(&runtime, serve(socket, api, shutdown)) {
                tracing::error!(%cause, "the sample API ended");
            }
        })?;
        Ok(Self { address, requests, trigger: Some(trigger), thread: Some(thread) })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests have reached it.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        self.trigger.take();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

async fn serve(socket: std::net::TcpListener, api: Api, mut shutdown: Shutdown) -> io::Result<()> {
    let socket = TcpListener::from_std(socket)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            () = shutdown.wait() => return Ok(()),
            accepted = socket.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(BACK_OFF).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let api = api.clone();
        tokio::task::spawn_local(async move {
            let _place = place;
            serve_one(stream, api).await;
        });
    }
}

async fn serve_one(stream: TcpStream, api: Api) {
    let service = service_fn(move |request| {
        let api = api.clone();
        async move { Ok::<_, Infallible>(api.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    // A caller that hangs up has what it wanted.
    let _ = connection.await;
}

impl Api {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let Some(presented) = bearer(request.headers()).map(KeyDigest::of) else {
            return unauthorized("there is no bearer credential");
        };
        if presented != self.key {
            return unauthorized("the bearer credential is not the right one");
        }
        if request.uri().path() == "/mcp" {
            return message(request).await;
        }
        let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        let mut document = match (request.method(), path.as_slice()) {
            (&Method::GET, ["v1", "balance"]) => {
                json!({ "balance": { "amount": 120_000, "currency": "EUR" } })
            }
            (&Method::GET, ["v1", "customers", id]) => {
                json!({ "customer": { "id": id, "name": "Ada Example" } })
            }
            (&Method::DELETE, ["v1", "customers", id]) => json!({ "deleted": { "id": id } }),
            (&Method::POST, ["v1", "refunds"]) => json!({ "refunded": true }),
            (&Method::POST, ["v1", "reports"]) => json!({ "reported": true }),
            (_, ["v1", "echo"]) => json!({ "received": received(&request) }),
            _ => return document(StatusCode::NOT_FOUND, &json!({ "error": "nothing is here" })),
        };
        document["authenticated"] = json!(true);
        document["credential_sha256_prefix"] = json!(presented.prefix());
        self::document(StatusCode::OK, &document)
    }
}

/// One message for the sample MCP server, which opens no streams.
async fn message(request: Request<Incoming>) -> Response<Full<Bytes>> {
    if request.method() != Method::POST {
        let body = json!({ "error": "send messages by POST" });
        return document(StatusCode::METHOD_NOT_ALLOWED, &body);
    }
    let body = Limited::new(request.into_body(), LARGEST).collect().await;
    let message = body.ok().and_then(|body| serde_json::from_slice(&body.to_bytes()).ok());
    let Some(message) = message else {
        return document(StatusCode::BAD_REQUEST, &json!({ "error": "that is no message" }));
    };
    match tools::answer(&message) {
        Some(answer) => document(StatusCode::OK, &answer),
        None => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::ACCEPTED;
            response
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(AUTHORIZATION)?.as_bytes().strip_prefix(b"Bearer ")
}

fn received(request: &Request<Incoming>) -> Value {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers: Map<String, Value> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), Value::String(text(value))))
        .collect();
    json!({
        "method": request.method().as_str(),
        "target": request.uri().to_string(),
        "headers": headers,
    })
}

fn unauthorized(why: &str) -> Response<Full<Bytes>> {
    let body = json!({ "authenticated": false, "error": why });
    let mut response = document(StatusCode::UNAUTHORIZED, &body);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn document(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(format!("{body}\n"))));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Connections open at once.
const CONNECTIONS: usize = 256;

/// From a connection, or from the last request on it, until a request's head is here.
const PATIENCE: Duration = Duration::from_secs(300);

/// The most bytes of one message.
const LARGEST: usize = 64 << 10;

/// How long to wait after the operating system refused to accept.
const BACK_OFF: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::Sample;
    use crate::dev::layout::KeyDigest;

    fn ask(sample: &Sample, head: &str) -> String {
        let mut stream = TcpStream::connect(sample.address()).unwrap();
        let head =
            format!("GET /v1/balance HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{head}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn only_the_right_key_is_served_and_no_answer_repeats_it() {
        let key = KeyDigest::of(b"right");
        let sample = Sample::start("127.0.0.1:0".parse().unwrap(), key).unwrap();
        for wrong in ["", "Authorization: Bearer wrong\r\n", "Authorization: Basic right\r\n"] {
            let answer = ask(&sample, wrong);
            assert!(answer.starts_with("HTTP/1.1 401"), "{wrong}: {answer}");
        }
        let answer = ask(&sample, "Authorization: Bearer right\r\n");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains(&key.prefix()) && answer.contains(r#""authenticated":true"#));
        assert!(!answer.contains("right"), "{answer}");
        assert_eq!(sample.requests(), 4);
    }
}
