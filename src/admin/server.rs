//! `/livez`, `/readyz` and `/metrics`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::admin::health::Health;
use crate::proxy::Shared;
use crate::shutdown::Shutdown;

/// Serves until the shutdown is asked for. Must be called within a `LocalSet`.
pub async fn serve(socket: TcpListener, shared: Arc<Shared>, mut shutdown: Shutdown) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            () = shutdown.wait() => return,
            accepted = socket.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(BACK_OFF).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let shared = Arc::clone(&shared);
        tokio::task::spawn_local(async move {
            let _place = place;
            let _ = tokio::time::timeout(PATIENCE, serve_one(stream, shared)).await;
        });
    }
}

async fn serve_one(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| {
        let answer = answer(&request, &shared);
        async { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    // A probe that hangs up has what it wanted.
    let _ = connection.await;
}

fn answer(request: &Request<Incoming>, shared: &Arc<Shared>) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n".into());
    }
    match request.uri().path() {
        "/livez" => text(StatusCode::OK, "ok\n".into()),
        "/metrics" => metrics(shared),
        "/readyz" => ready(shared),
        _ => text(StatusCode::NOT_FOUND, "here are /livez, /readyz and /metrics\n".into()),
    }
}

fn ready(shared: &Arc<Shared>) -> Response<Full<Bytes>> {
    let health = Health::of(shared);
    let status = match health.is_ready() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    typed(status, "application/json", health.document().to_string().into())
}

fn metrics(shared: &Arc<Shared>) -> Response<Full<Bytes>> {
    match shared.metrics.encode() {
        Ok(text) => typed(StatusCode::OK, "text/plain; version=0.0.4", text.into()),
        Err(cause) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{cause}\n").into()),
    }
}

fn text(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    typed(status, "text/plain; charset=utf-8", body)
}

fn typed(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Probes and scrapers open at once.
const CONNECTIONS: usize = 64;

/// From a connection until its head is here.
const HEAD: Duration = Duration::from_secs(5);

/// How long one connection may last.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long to wait after the operating system refused to accept.
const BACK_OFF: Duration = Duration::from_millis(50);
