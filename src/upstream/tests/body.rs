//! Bodies: long ones, slow ones, broken ones.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http_body_util::{BodyExt, Empty};
use hyper::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;

use super::peer::{OK, Peer};
use super::{get, plain, request, run, send, text, until};
use crate::route::Body;
use crate::upstream::Sent;

const SIZE: usize = 256 << 20;

/// A body as an agent's connection delivers it, and the agent's end of that connection.
async fn from_agent(framing: &str) -> (Incoming, DuplexStream) {
    let (mut agent, ours) = duplex(64 * 1024);
    let (bodies, mut body) = mpsc::unbounded_channel();
    tokio::task::spawn_local(async move {
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            bodies.send(request.into_body()).unwrap();
            std::future::pending::<Result<Response<Empty<Bytes>>, std::io::Error>>()
        });
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(ours), service)
            .await;
    });
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\n{framing}\r\n\r\n");
    agent.write_all(head.as_bytes()).await.unwrap();
    (body.recv().await.unwrap(), agent)
}

#[test]
fn an_agent_that_does_not_read_stops_the_upstream() {
    run(async {
        let written = Rc::new(Cell::new(0));
        let counter = written.clone();
        let peer = Peer::serve(move |mut talk| {
            let counter = counter.clone();
            async move {
                talk.hear().await;
                talk.say(&format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n")).await;
                let chunk = vec![b'x'; 64 * 1024];
                while counter.get() < SIZE {
                    talk.stream.write_all(&chunk).await.unwrap();
                    counter.set(counter.get() + chunk.len());
                }
            }
        })
        .await;
        let client = plain(peer.port);
        let response = get(&client).await.unwrap();
        let mut before = usize::MAX;
        while before != written.replace(written.get()) {
            before = written.get();
            for _ in 0..10_000 {
                tokio::task::yield_now().await;
            }
        }
        assert!(written.get() < 32 << 20, "{} bytes are somewhere between", written.get());
        let (mut body, mut read) = (response.into_body(), 0);
        while let Some(frame) = body.frame().await {
            read += frame.unwrap().into_data().unwrap().len();
        }
        assert_eq!(read, SIZE);
    });
}

#[test]
fn a_streamed_body_arrives_as_it_was_framed_by_the_agent_whatever_the_method() {
    run(async {
        for (method, framing, sent, expected) in [
            (Method::POST, "content-length: 3", "abc", "\r\n\r\nabc"),
            (
                Method::GET,
                "transfer-encoding: chunked",
                "3\r\nabc\r\n0\r\n\r\n",
                "\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            ),
        ] {
            let seen = Rc::new(Cell::new(String::new()));
            let told = seen.clone();
            let peer = Peer::serve(move |mut talk| {
                let told = told.clone();
                async move {
                    let mut text = String::new();
                    while !text.ends_with(expected) {
                        talk.stream.readable().await.unwrap();
                        let mut scrap = [0; 1024];
                        if let Ok(read) = talk.stream.try_read(&mut scrap) {
                            text += std::str::from_utf8(&scrap[..read]).unwrap();
                        }
                    }
                    told.set(text.clone());
                    talk.say(OK).await;
                    talk.until_closed().await;
                }
            })
            .await;
            let (incoming, mut agent) = from_agent(framing).await;
            agent.write_all(sent.as_bytes()).await.unwrap();
            let body = Body::arriving(incoming, Duration::from_secs(9));
            let client = plain(peer.port);
            assert_eq!(text(send(&client, request(method, body)).await.unwrap()).await, "ok");
            let seen = seen.take();
            assert!(seen.contains(&format!("\r\n{framing}\r\n")), "{seen}");
        }
    });
}

#[test]
fn a_body_that_breaks_off_leaves_the_outcome_unknown_and_the_connection_closed() {
    run(async {
        let peer = Peer::serve(|mut talk| async move { talk.until_closed().await }).await;
        let (incoming, mut agent) = from_agent("content-length: 100").await;
        agent.write_all(b"half").await.unwrap();
        let body = Body::arriving(incoming, Duration::from_secs(9));
        let client = plain(peer.port);
        let other = client.clone();
        let sending = tokio::task::spawn_local(async move {
            send(&other, request(Method::POST, body)).await.map(drop)
        });
        until(|| peer.accepted.get() == 1).await;
        drop(agent);
        let error = sending.await.unwrap().unwrap_err();
        assert_eq!((error.reason(), error.sent()), ("request_body", Sent::Maybe));
        until(|| peer.open.get() == 0 && client.connections("orders") == 0).await;
    });
}

#[test]
fn an_answer_before_the_end_of_a_streamed_body_closes_the_connection() {
    run(async {
        let peer = Peer::serve(|mut talk| async move {
            talk.say(OK).await;
            talk.until_closed().await;
        })
        .await;
        let (incoming, mut agent) = from_agent("content-length: 100").await;
        agent.write_all(b"half").await.unwrap();
        let body = Body::arriving(incoming, Duration::from_secs(9));
        let client = plain(peer.port);
        let response = send(&client, request(Method::POST, body)).await.unwrap();
        assert_eq!(text(response).await, "ok");
        until(|| peer.open.get() == 0 && client.connections("orders") == 0).await;
    });
}

#[test]
fn a_response_that_breaks_off_is_an_error_and_not_an_end() {
    run(async {
        let peer = Peer::serve(|mut talk| async move {
            talk.hear().await;
            talk.say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
        })
        .await;
        let response = get(&plain(peer.port)).await.unwrap();
        let error = response.into_body().collect().await.unwrap_err();
        assert_eq!((error.reason(), error.sent()), ("closed", Sent::Maybe));
    });
}
