//! Streams: each part arrives when it is sent, in both directions, and ends when it should.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Feed, RULES, Setup, Upstream, chunks, reply, request, soon, until};

#[tokio::test]
async fn events_arrive_one_by_one() {
    let (events, feed) = Feed::channel(1);
    let feed = std::sync::Mutex::new(Some(feed));
    let upstream = Upstream::answering(move |_| {
        let feed = feed.lock().unwrap().take().unwrap();
        Response::new(feed.map_err(|never| match never {}).boxed())
    });
    let site = Setup::new(&upstream).start();
    let mut client = site.agent("reader").h2().await;
    let mut body =
        soon("a head", client.open(request("GET", "/events"))).await.unwrap().into_body();
    for number in 0..5 {
        let event = format!("data: {number}\n\n");
        events.send(Frame::data(event.clone().into())).await.unwrap();
        // The next event is not sent before this one is here.
        let frame = soon("an event", body.frame()).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), event);
    }
    drop(events);
    let rest = soon("the end", body.collect()).await.unwrap();
    assert!(rest.to_bytes().is_empty());
}

#[tokio::test]
async fn an_upload_arrives_while_it_is_sent() {
    let upstream = Upstream::streaming(|request: Request<hyper::body::Incoming>| async {
        Response::new(request.into_body().map_err(std::io::Error::other).boxed())
    });
    let site = Setup::new(&upstream).start();
    let mut client = site.agent("writer").h2().await;
    let (parts, feed) = Feed::channel(1);
    let upload = Request::post("/echo").body(feed.boxed()).unwrap();
    let mut body = soon("a head", client.open(upload)).await.unwrap().into_body();
    for number in 0..5 {
        let part = format!("part {number}");
        parts.send(Frame::data(part.clone().into())).await.unwrap();
        let frame = soon("its echo", body.frame()).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), part);
    }
    drop(parts);
    let rest = soon("the end", body.collect()).await.unwrap();
    assert!(rest.to_bytes().is_empty());
}

#[tokio::test]
async fn an_agent_that_hangs_up_stops_its_exchange_upstream() {
    let (events, feed) = Feed::channel(1);
    let feed = std::sync::Mutex::new(Some(feed));
    let upstream = Upstream::answering(move |_| {
        let feed = feed.lock().unwrap().take().unwrap();
        Response::new(feed.map_err(|never| match never {}).boxed())
    });
    let site = Setup::new(&upstream).start();
    let mut client = site.agent("reader").h2().await;
    let response = soon("a head", client.open(request("GET", "/events"))).await.unwrap();
    drop(response);
    drop(client);
    soon("the upstream's connection ends", events.closed()).await;
    let outcome = &site.recorded("outcome", 1).await[0];
    assert_eq!(outcome["outcome"], "aborted", "{outcome}");
}

#[tokio::test]
async fn an_agent_that_asks_first_is_told_to_continue() {
    let upstream = Upstream::answering(|received| reply(received.body.clone()));
    let site = Setup::new(&upstream).start();
    let mut wire = site.agent("writer").wire().await;
    wire.write(b"PUT /a HTTP/1.1\r\nHost: api.example.org\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n").await;
    assert_eq!(wire.answer().await.status, 100);
    wire.write(b"hello").await;
    assert_eq!(wire.answer().await.text(), "hello");
    assert_eq!(upstream.request().header("expect"), [""; 0]);
}

#[tokio::test]
async fn a_range_is_asked_for_and_answered() {
    let upstream = Upstream::answering(|received| {
        assert_eq!(received.header("range"), ["bytes=1-3"]);
        let mut response = reply("ell");
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let range = HeaderValue::from_static("bytes 1-3/5");
        response.headers_mut().insert("content-range", range);
        response
    });
    let site = Setup::new(&upstream).start();
    let request = Request::get("/a").header("range", "bytes=1-3");
    let answer = site.agent("reader").send(request.body(crate::harness::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-range")), (206, "bytes 1-3/5"));
}

#[tokio::test]
async fn a_large_download_is_not_gathered() {
    let part = Bytes::from(vec![b'x'; 64 * 1024]);
    let upstream = Upstream::answering(move |_| Response::new(chunks(vec![part.clone(); 1000])));
    let site = Setup::new(&upstream).start();
    let mut client = site.agent("reader").h1().await;
    let mut body = soon("a head", client.open(request("GET", "/big"))).await.unwrap().into_body();
    let before = site.metric("process_resident_memory_bytes", &[]).await;
    let mut read = 0;
    while let Some(frame) = soon("a part", body.frame()).await {
        read += frame.unwrap().into_data().map_or(0, |data| data.len());
    }
    assert_eq!(read, 64 * 1024 * 1000);
    let after = site.metric("process_resident_memory_bytes", &[]).await;
    assert!(after - before < 48e6, "{before} -> {after}");
}

pub const HANDSHAKE: &[u8] =
    b"GET /socket HTTP/1.1\r\nHost: api.example.org\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// Agrees to a WebSocket and repeats every byte.
pub fn socket() -> Upstream {
    Upstream::streaming(|mut request: Request<hyper::body::Incoming>| async move {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let Ok(upgraded) = upgrade.await else { return };
            let (mut from, mut to) = tokio::io::split(TokioIo::new(upgraded));
            let mut piece = [0; 1024];
            while let Ok(count @ 1..) = from.read(&mut piece).await {
                if to.write_all(&piece[..count]).await.is_err() {
                    return;
                }
            }
        });
        let mut response = reply("");
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        for (name, value) in [
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    })
}

#[tokio::test]
async fn a_websocket_is_carried_until_policy_no_longer_allows_it() {
    let upstream = socket();
    let mut site = Setup::new(&upstream).route("upgrade: [websocket]").start();
    let mut wire = site.agent("reader").wire().await;
    wire.write(HANDSHAKE).await;
    assert_eq!(wire.answer().await.status, 101);
    wire.write(b"ping").await;
    assert_eq!(wire.take(4).await, b"ping");
    site.reload(|setup| setup.file("rules/data.json", "{\"still\": \"allowed\"}")).await;
    wire.write(b"pong").await;
    assert_eq!(wire.take(4).await, b"pong");
    site.reload(|setup| setup.rules(&RULES.replace("\"GET\", ", ""))).await;
    assert_eq!(wire.end().await, b"");
    let outcome = &site.recorded("outcome", 1).await[0];
    assert_eq!((&outcome["outcome"], &outcome["why"]), (&"aborted".into(), &"policy".into()));
    until("the upstream's side ends", || upstream.closed() == upstream.connections()).await;
}
