//! Limits: whatever an agent sends, opens or keeps waiting for has a bound.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::harness::{Setup, Upstream, reply, request, soon};

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
