//! Limits: whatever an agent sends, opens or keeps waiting for has a bound.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::harness::{Feed, Setup, Upstream, reply, request, soon, until};

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let site = Setup::new(&upstream)
        .limits("header_bytes: 8KiB, header_fields: 20, uri_bytes: 1KiB")
        .start();
    let agent = site.agent("mallory");
    let head = |target: &str, lines: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: api.example.org\r\n{lines}\r\n").into_bytes()
    };
    let long = head(&format!("/{}", "a".repeat(2000)), "");
    assert_eq!(agent.raw(&long).await.problem(), (414, "target_too_long".to_owned()));
    let many = head("/", &"X-A: y\r\n".repeat(30));
    assert_eq!(agent.raw(&many).await.problem(), (431, "header_count".to_owned()));
    let large = head("/", &format!("X-A: {}\r\n", "y".repeat(9000)));
    assert_eq!(agent.raw(&large).await.problem(), (431, "head_too_large".to_owned()));
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn one_principal_cannot_have_every_connection() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let site = Setup::new(&upstream).limits("connections_per_principal: 2").start();
    let agent = site.agent("greedy");
    let (mut first, mut second) = (agent.h1().await, agent.h1().await);
    assert_eq!(first.get("/").await.status, 200);
    assert_eq!(second.get("/").await.status, 200);
    if let Ok(mut third) = agent.try_h1().await {
        assert!(third.try_send(request("GET", "/")).await.is_err());
    }
    assert_eq!(site.agent("modest").get("/").await.status, 200);
    let refused = [("reason", "connections_per_principal")];
    assert_eq!(site.metric("countersign_connections_refused_total", &refused).await, 1.0);
}

/// Somebody who never says who he is takes a place as well, for as long as he may.
#[tokio::test]
async fn all_agents_together_cannot_have_more_connections_than_there_are() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let site = Setup::new(&upstream).limits("connections: 3").start();
    let (mut h1, mut h2) = (site.agent("first").h1().await, site.agent("second").h2().await);
    assert_eq!(
        (h1.get("/1").await.status.as_u16(), h2.get("/2").await.status.as_u16()),
        (200, 200)
    );
    let silent = TcpStream::connect(site.address).await.unwrap();
    for name in ["third", "first"] {
        let refused = site.agent(name).connect(b"http/1.1").await;
        assert!(refused.is_err(), "closed before its handshake");
    }
    let labels = [("listener", "agents"), ("reason", "connections")];
    assert_eq!(site.metric("countersign_connections_refused_total", &labels).await, 2.0);
    assert_eq!(site.metric("countersign_connections", &[("listener", "agents")]).await, 2.0);
    // Those who are in are served as before, and whoever leaves makes room for one.
    assert_eq!(
        (h1.get("/1").await.status.as_u16(), h2.get("/2").await.status.as_u16()),
        (200, 200)
    );
    drop(silent);
    let third = site.agent("third");
    let mut third = soon("a free place", async {
        loop {
            if let Ok(client) = third.try_h1().await {
                break client;
            }
        }
    })
    .await;
    assert_eq!(third.get("/3").await.status, 200);
    assert!(site.agent("fourth").connect(b"http/1.1").await.is_err(), "full again");
    let targets: Vec<_> = upstream.requests().into_iter().map(|one| one.target).collect();
    assert_eq!(targets, ["/1", "/2", "/1", "/2", "/3"]);
}

/// What came of the half that was sent is the upstream's to know, so the record says `unknown`.
#[tokio::test]
async fn a_body_that_stands_still_is_never_a_whole_one() {
    for (framing, half) in
        [("Content-Length: 10", "half."), ("Transfer-Encoding: chunked", "5\r\nhalf.\r\n")]
    {
        let upstream = Upstream::answering(|_| reply("reached"));
        let site = Setup::new(&upstream).limits("body_idle: 300ms").start();
        let mut wire = site.agent("slow").wire().await;
        let head = format!("POST /a HTTP/1.1\r\nHost: api.example.org\r\n{framing}\r\n\r\n");
        wire.write(format!("{head}{half}").as_bytes()).await;
        assert_eq!(wire.answer().await.problem(), (400, "request_body".to_owned()), "{framing}");
        assert_eq!(wire.end().await, b"", "nothing follows a body that did not end");
        until("the upstream hears of it", || upstream.closed() == upstream.connections()).await;
        let bytes = String::from_utf8(upstream.bytes()).unwrap();
        let sent = bytes.split_once("\r\n\r\n").expect("a whole head").1;
        assert_eq!(sent, half, "{framing}");
        assert!(bytes.to_lowercase().contains(&framing.to_lowercase()), "{bytes}");
        assert!(upstream.requests().is_empty(), "{framing}: it was never a request");
        let outcome = &site.recorded("outcome", 1).await[0];
        assert_eq!(outcome["outcome"], "unknown", "{framing}: {outcome}");
    }
}

#[tokio::test]
async fn a_stream_that_stands_still_ends_alone() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let site = Setup::new(&upstream).limits("body_idle: 300ms").start();
    let mut client = site.agent("slow").h2().await;
    let (parts, feed) = Feed::channel(1);
    parts.send(Frame::data(Bytes::from("half"))).await.unwrap();
    let answer = client.send(Request::post("/a").body(feed.boxed()).unwrap()).await;
    assert_eq!(answer.problem(), (400, "request_body".to_owned()));
    assert_eq!(client.get("/b").await.status, 200, "the connection's other streams go on");
    assert_eq!(upstream.request().target, "/b");
    assert_eq!(upstream.connections(), 2, "half a request is nothing to put another behind");
    let outcomes = site.recorded("outcome", 2).await;
    assert_eq!(outcomes[0]["outcome"], "unknown", "{outcomes:?}");
}

#[tokio::test]
async fn an_inspected_body_that_stands_still_reaches_nobody() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let site =
        Setup::new(&upstream).limits("body_idle: 300ms").route("inspect: { body: json }").start();
    let mut wire = site.agent("slow").wire().await;
    wire.write(b"POST /a HTTP/1.1\r\nHost: api.example.org\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{\"a\":").await;
    assert_eq!(wire.answer().await.problem(), (408, "body_timeout".to_owned()));
    assert_eq!(wire.end().await, b"");
    assert!(upstream.is_untouched());
    assert_eq!(site.records("intent").len(), 0);
    assert_eq!(site.recorded("refusal", 1).await[0]["code"], "body_timeout");
}

#[tokio::test]
async fn an_agent_that_keeps_everyone_waiting_is_cut_off() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let site = Setup::new(&upstream).limits("handshake: 300ms, head: 300ms, idle: 600ms").start();
    let started = std::time::Instant::now();
    let mut silent = TcpStream::connect(site.address).await.unwrap();
    assert_eq!(soon("the handshake's end", silent.read(&mut [0; 16])).await.unwrap_or(0), 0);
    let mut slow = site.agent("slow").wire().await;
    slow.write(b"GET / HTTP/1.1\r\nHost: api.exa").await;
    slow.end().await;
    let mut idle = site.agent("idle").wire().await;
    idle.write(b"GET / HTTP/1.1\r\nHost: api.example.org\r\n\r\n").await;
    assert_eq!(idle.answer().await.status, 200);
    assert_eq!(idle.end().await, b"");
    assert!(started.elapsed() < Duration::from_secs(15));
}
