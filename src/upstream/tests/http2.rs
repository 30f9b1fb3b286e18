//! Many exchanges on one connection.

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use super::{client, config, get, request, run, send, whole};
use crate::upstream::{Client, Protocol};

#[derive(Clone)]
struct Local;

impl<F: Future + 'static> Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

/// Answers each request with its URI and body, and a trailer, after a while.
pub(super) async fn serve<S>(stream: S, streams: u32)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let service = service_fn(|request: Request<Incoming>| async move {
        assert_eq!(request.version(), Version::HTTP_2);
        let mut text = request.uri().to_string();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        text += std::str::from_utf8(&body).unwrap();
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        let body = Full::new(Bytes::from(text)).with_trailers(async { Some(Ok(trailers)) });
        Ok::<_, Infallible>(Response::new(body))
    });
    let _ = hyper::server::conn::http2::Builder::new(Local)
        .max_concurrent_streams(streams)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn upstream(streams: u32) -> (Client, u16, Rc<Cell<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let accepted = Rc::new(Cell::new(0));
    let counter = accepted.clone();
    tokio::task::spawn_local(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            counter.set(counter.get() + 1);
            tokio::task::spawn_local(serve(stream, streams));
        }
    });
    let mut config = config(&[format!("http://127.0.0.1:{port}")]);
    config.protocol = Protocol::Http2;
    (client(config), port, accepted)
}

async fn many(client: &Client, requests: usize) {
    let tasks: Vec<_> = (0..requests)
        .map(|_| {
            let client = client.clone();
            tokio::task::spawn_local(async move {
                get(&client).await.unwrap().into_body().collect().await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn one_connection_carries_many_exchanges() {
    run(async {
        let (client, _, accepted) = upstream(100).await;
        many(&client, 50).await;
        many(&client, 50).await;
        assert_eq!((accepted.get(), client.connections("orders")), (1, 1));
    });
}

#[test]
fn another_is_opened_only_when_the_first_is_full() {
    run(async {
        let (client, _, accepted) = upstream(10).await;
        // The upstream's limit is learned with the first request after its settings arrived.
        many(&client, 1).await;
        many(&client, 1).await;
        many(&client, 25).await;
        assert!(accepted.get() > 1);
        many(&client, 200).await;
        assert!(accepted.get() <= 8, "{} connections", accepted.get());
    });
}

#[test]
fn trailers_pass_and_the_authority_is_the_configured_one() {
    run(async {
        let (client, port, _) = upstream(100).await;
        let response = send(&client, request(Method::POST, whole("!body"))).await.unwrap();
        let answer = response.into_body().collect().await.unwrap();
        assert_eq!(answer.trailers().unwrap()["grpc-status"], "0");
        let expected = format!("http://127.0.0.1:{port}/v1/orders?limit=1!body");
        assert_eq!(answer.to_bytes(), expected);
    });
}
