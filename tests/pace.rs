//! Each side at its own pace: an agent that does not read, and an upstream that has heard enough.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::harness::{
    Agent, Binary, Feed, SECRET, Setup, Site, Upstream, records, reply, request, soon, until,
};

/// An upstream with [`PARTS`] to give at `/big`, and how many of them were taken from it so far.
fn big() -> (Upstream, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let upstream = Upstream::answering(move |received| {
        if received.target != "/big" {
            return reply("reached");
        }
        let (parts, feed) = Feed::channel(1);
        let count = Arc::clone(&count);
        tokio::spawn(async move {
            let part = Bytes::from(vec![b'x'; PART]);
            for _ in 0..PARTS {
                if parts.send(Frame::data(part.clone())).await.is_err() {
                    return;
                }
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Response::new(feed.map_err(|never| match never {}).boxed())
    });
    (upstream, taken)
}

fn agent(setup: &Setup, served: &Binary) -> Agent {
    let identity = setup.authority.agent("reader");
    Agent::new(served.address, setup.authority.pem(), Some(identity), SECRET)
}

/// Where the buffers of three programs and their sockets are full, the upstream has to wait.
#[tokio::test]
async fn an_agent_that_reads_nothing_holds_the_upstream_back_until_it_is_cut_off() {
    let (upstream, taken) = big();
    let setup = Setup::new(&upstream).limits("head: 1s, idle: 1s");
    let folder = setup.folder();
    let served = Binary::serve(folder.path());
    let agent = agent(&setup, &served);
    let mut wire = agent.wire().await;
    wire.write(b"GET /big HTTP/1.1\r\nHost: api.example.org\r\n\r\n").await;
    until("it is cut off", || upstream.connections() == 1 && upstream.closed() == 1).await;
    let taken = taken.load(Ordering::SeqCst);
    assert!(taken < PARTS / 4, "{taken} of {PARTS} parts were taken, for nobody");
    let most = served.most_memory();
    assert!(most < MEMORY, "{most} bytes at most");
    // What was on its way may still be read; it is not a whole answer.
    let got = wire.end().await;
    assert!(got.starts_with(b"HTTP/1.1 200 ") && !got.ends_with(b"\r\n0\r\n\r\n"));
    assert_eq!(agent.get("/next").await.text(), "reached");
    let audit = folder.path().join("audit");
    let outcome = || records(&audit).into_iter().find(|record| record["type"] == "outcome");
    until("an outcome", || outcome().is_some()).await;
    assert_eq!(outcome().unwrap()["outcome"], "aborted", "{:?}", outcome());
}

/// In HTTP/2 it is the stream that is full: the connection, and whoever else is on it, goes on.
#[tokio::test]
async fn a_stream_that_is_read_late_is_still_read_whole() {
    let (upstream, taken) = big();
    let setup = Setup::new(&upstream);
    let folder = setup.folder();
    let served = Binary::serve(folder.path());
    let mut client = agent(&setup, &served).h2().await;
    let response = soon("a head", client.open(request("GET", "/big"))).await.unwrap();
    for _ in 0..100 {
        assert_eq!(client.get("/other").await.text(), "reached");
    }
    let before = taken.load(Ordering::SeqCst);
    assert!(before < PARTS / 4, "{before} of {PARTS} parts were taken, for nobody");
    let (mut body, mut read) = (response.into_body(), 0);
    while let Some(frame) = soon("a part", body.frame()).await {
        read += frame.unwrap().into_data().map_or(0, |data| data.len());
    }
    assert_eq!(read, PART * PARTS);
    let most = served.most_memory();
    assert!(most < MEMORY, "{most} bytes at most");
}

/// hyper asks for nothing more of a stream that is full, so no deadline inside of an answer is looked
/// at: the answer has to be let go from outside, and with it the upstream and the record.
#[tokio::test]
async fn a_stream_that_is_never_read_is_let_go_and_the_others_go_on() {
    let (upstream, taken) = big();
    let setup = Setup::new(&upstream).limits("idle: 1s");
    let folder = setup.folder();
    let served = Binary::serve(folder.path());
    let mut client = agent(&setup, &served).h2().await;
    let unread = soon("a head", client.open(request("GET", "/big"))).await.unwrap();
    let audit = folder.path().join("audit");
    let aborted = || records(&audit).into_iter().any(|record| record["outcome"] == "aborted");
    soon("it is let go", async {
        while !aborted() || upstream.closed() == 0 {
            assert_eq!(client.get("/other").await.text(), "reached");
        }
    })
    .await;
    let taken = taken.load(Ordering::SeqCst);
    assert!(taken < PARTS / 4, "{taken} of {PARTS} parts were taken, for nobody");
    // What was on its way may still be read; it is not a whole answer.
    let mut body = unread.into_body();
    let broken = loop {
        match soon("a part or the end", body.frame()).await {
            Some(Ok(_)) => {}
            end => break end,
        }
    };
    assert!(broken.is_some_and(|end| end.is_err()), "the stream ended as if it were whole");
}

/// An upstream that says 413 to every upload at once. It never reads the body, but keeps its
/// connection open, as one does that wants its answer to arrive.
fn refusing() -> (Upstream, Site) {
    let unread: Mutex<Vec<Incoming>> = Mutex::default();
    let unread = Arc::new(unread);
    let upstream = Upstream::streaming(move |request: Request<Incoming>| {
        let is_upload = request.method() == "POST";
        unread.lock().unwrap().push(request.into_body());
        async move {
            let mut response = reply(if is_upload { "too much" } else { "reached" });
            if is_upload {
                *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            }
            response
        }
    });
    let site = Setup::new(&upstream).start();
    (upstream, site)
}

async fn assert_answered_early(upstream: &Upstream, site: &Site, length: usize) {
    let targets: Vec<_> = upstream.requests().into_iter().map(|one| one.target).collect();
    assert_eq!(targets, ["/upload", "/next"]);
    assert_eq!(upstream.connections(), 2, "the first still waits for the rest of a body");
    let outcomes = site.recorded("outcome", 2).await;
    let early = outcomes.iter().find(|record| record["status"] == 413).expect("it was answered");
    assert_eq!(early["outcome"], "answered", "{early}");
    assert!(early["request_bytes"].as_u64().unwrap() < length as u64, "{early}");
}

#[tokio::test]
async fn an_early_answer_arrives_and_the_rest_of_the_body_is_no_request() {
    let (upstream, site) = refusing();
    let agent = site.agent("writer");
    let mut wire = agent.wire().await;
    let length = PART * PARTS;
    let head = "POST /upload HTTP/1.1\r\nHost: api.example.org\r\n";
    wire.write(format!("{head}Content-Length: {length}\r\n\r\n").as_bytes()).await;
    wire.write(&vec![b'x'; PART]).await;
    let answer = wire.answer().await;
    assert_eq!((answer.status.as_u16(), answer.text()), (413, "too much".to_owned()));
    // It goes on with what it had announced, as if it had not heard.
    wire.write(&b"GET /smuggled HTTP/1.1\r\nHost: api.example.org\r\n\r\n".repeat(20_000)).await;
    assert_eq!(wire.end().await, b"", "one answer, and the end");
    assert_eq!(agent.get("/next").await.text(), "reached");
    assert_answered_early(&upstream, &site, length).await;
}

#[tokio::test]
async fn an_early_answer_ends_its_stream_and_no_other() {
    let (upstream, site) = refusing();
    let mut client = site.agent("writer").h2().await;
    let (parts, feed) = Feed::channel(1);
    parts.send(Frame::data(vec![b'x'; PART].into())).await.unwrap();
    let upload = Request::post("/upload").body(feed.boxed()).unwrap();
    let answer = client.send(upload).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (413, "too much".to_owned()));
    // It goes on sending until it is told that nobody listens.
    soon("its stream is reset", async {
        while parts.send(Frame::data(vec![b'x'; PART].into())).await.is_ok() {}
    })
    .await;
    assert_eq!(client.get("/next").await.text(), "reached");
    assert_answered_early(&upstream, &site, PART * PARTS).await;
}

/// 128 MiB, which neither the sockets nor a process within its bounds can hold.
const PART: usize = 64 * 1024;
const PARTS: usize = 2048;

/// The most that Countersign may ever have had: half of what the upstream wants to send.
const MEMORY: u64 = (PART * PARTS / 2) as u64;
