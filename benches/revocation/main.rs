//! How long a revocation takes: from the start of `countersign revoke agent …` until what the agent
//! has open is cut, at three replicas over one PostgreSQL.
//!
//! `cargo bench --bench revocation` prints the times of 100 runs. In each an agent of its own has a
//! stream of events, a WebSocket and a call that waits for people open at every replica.
#![allow(missing_docs, unreachable_pub, clippy::disallowed_methods)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[allow(dead_code, unused_imports, reason = "they are the acceptance tests' own")]
#[path = "../../tests/harness/mod.rs"]
mod harness;

use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use tokio::process::Command;
use tokio::task::JoinHandle;

use harness::{Agent, Feed, Human, Setup, Site, Upstream, body, postgres, reply, request, until};

/// Reading is allowed, writing once a person agreed.
const RULES: &str = r#"package countersign.authz

default decision := {"allowed": false}

decision := {"allowed": true} if input.attributes.request.http.method == "GET"

decision := {"allowed": false, "approval": {"quorum": 1}} if {
	input.attributes.request.http.method == "POST"
	input.countersign.approval == null
}

decision := {"allowed": true} if {
	input.attributes.request.http.method == "POST"
	input.countersign.approval != null
}
"#;

const HANDSHAKE: &[u8] =
    b"GET /socket HTTP/1.1\r\nHost: api.example.org\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

const RUNS: usize = 100;

const REPLICAS: usize = 3;

/// When each kind of exchange was cut.
#[derive(Default)]
struct Times {
    streams: Vec<Duration>,
    sockets: Vec<Duration>,
    calls: Vec<Duration>,
}

/// What one agent has open at one replica; each ends with the moment at which it was cut.
struct Open {
    stream: JoinHandle<Instant>,
    socket: JoinHandle<Instant>,
    call: JoinHandle<Instant>,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let times = runtime.block_on(measure());
    println!("from `countersign revoke agent` to the cut, {RUNS} runs, {REPLICAS} replicas:");
    println!("{:<14} {:>9} {:>9} {:>9}", "", "p50", "p99", "max");
    for (what, times) in
        [("event stream", times.streams), ("WebSocket", times.sockets), ("held call", times.calls)]
    {
        let [half, most, all] = percentiles(times);
        println!("{what:<14} {half:>7} ms {most:>6} ms {all:>6} ms");
    }
}

async fn measure() -> Times {
    let (url, _database) = postgres();
    let (upstream, maria) = (upstream(), Human::new("maria"));
    let sites = [(); REPLICAS].map(|()| {
        Setup::new(&upstream)
            .route("upgrade: [websocket]")
            .rules(RULES)
            .section(&format!("state: {{ url: \"{url}\" }}"))
            .section(&format!("approvals: {{ hold: 2m, people: {{ {} }} }}", maria.entry("")))
            .start()
    });
    let mut times = Times::default();
    for run in 0..RUNS {
        let name = format!("agent-{run}");
        let mut all = Vec::new();
        for site in &sites {
            all.push(open(site, &site.agent(&name), run * REPLICAS).await);
        }
        held(&sites[0].path(""), REPLICAS).await;
        let started = revoke(&sites[run % REPLICAS].path(""), &name);
        for Open { stream, socket, call } in all {
            times.streams.push(stream.await.unwrap() - started);
            times.sockets.push(socket.await.unwrap() - started);
            times.calls.push(call.await.unwrap() - started);
        }
    }
    times
}

/// Agrees to every WebSocket, answers everything else with events that never end.
fn upstream() -> Upstream {
    let feeds = Mutex::new(Vec::new());
    Upstream::streaming(move |mut request: Request<hyper::body::Incoming>| {
        let (events, feed) = Feed::channel(1);
        events.try_send(Frame::data("data: 1\n\n".into())).unwrap();
        feeds.lock().unwrap().push(events);
        async move {
            if request.uri().path() != "/socket" {
                return Response::new(feed.map_err(|never| match never {}).boxed());
            }
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let (mut from, mut to) = tokio::io::split(TokioIo::new(upgrade.await.unwrap()));
                // It ends when the other side does.
                let _ = tokio::io::copy(&mut from, &mut to).await;
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
        }
    })
}

/// Opens one of each kind.
async fn open(site: &Site, agent: &Agent, number: usize) -> Open {
    let mut client = agent.h2().await;
    let opened = client.open(request("GET", "/events")).await.unwrap();
    let mut stream = opened.into_body();
    stream.frame().await.unwrap().unwrap();
    let mut wire = agent.wire().await;
    wire.write(HANDSHAKE).await;
    assert_eq!(wire.answer().await.status, 101);
    let port = site.address.port();
    let order = Request::post("/orders").body(body(format!("{number} at {port}"))).unwrap();
    let agent = agent.clone();
    Open {
        stream: tokio::spawn(async move {
            let _client = client;
            assert!(stream.frame().await.unwrap().is_err());
            Instant::now()
        }),
        socket: tokio::spawn(async move {
            wire.end().await;
            Instant::now()
        }),
        call: tokio::spawn(async move {
            assert_eq!(agent.send(order).await.problem().1, "agent_revoked");
            Instant::now()
        }),
    }
}

/// Waits until so many more proposals wait than before.
async fn held(folder: &Path, more: usize) {
    static BEFORE: Mutex<usize> = Mutex::new(0);
    let count = *BEFORE.lock().unwrap() + more;
    let listed = || harness::countersign(folder).args(["proposal", "list"]).output().unwrap();
    until("the calls are held", || listed().stdout.split(|b| *b == b'\n').count() > count).await;
    *BEFORE.lock().unwrap() = count;
}

/// Starts the command, and says when.
fn revoke(folder: &Path, name: &str) -> Instant {
    let started = Instant::now();
    let mut command = Command::from(harness::countersign(folder));
    let agent = format!("spiffe://example.org/agent/{name}");
    let command = command.args(["revoke", "agent", &agent]).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    tokio::spawn(async move { assert!(child.wait().await.unwrap().success()) });
    started
}

/// The middle, the 99th of 100, and the most, in milliseconds.
fn percentiles(mut times: Vec<Duration>) -> [u128; 3] {
    times.sort();
    let at = |part: usize| times[(times.len() * part).div_ceil(100) - 1].as_millis();
    [at(50), at(99), at(100)]
}
