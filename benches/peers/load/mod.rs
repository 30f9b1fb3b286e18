//! The load: a process of its own that sends requests to one proxy and says how it went.
//!
//! The order of events is fixed, so that the CPU that is read around it belongs to the requests
//! alone: it connects and warms up, prints `ready`, waits for a line, sends for as long as it was
//! told, prints one line of JSON and waits for its input to end. A watchdog ends it in any case.

mod handshakes;
pub mod idle;
mod keep_alive;
mod steady;
mod streams;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::agent::KeyExchange;
use crate::pki::Pki;

/// Requests that are in flight at once, over HTTP/1.1 connections or h2 streams.
pub const IN_FLIGHT: usize = 64;
const WARM_UP: Duration = Duration::from_millis(300);
const GRACE: Duration = Duration::from_secs(40);

/// What to send, where, and for how long.
#[derive(Clone, Debug)]
pub struct Order {
    /// The shape of the load.
    pub shape: Shape,
    /// The proxy.
    pub address: SocketAddr,
    /// The folder of the run's certificates.
    pub pki: PathBuf,
    /// Length of the measured part.
    pub length: Duration,
}

/// The shapes that load has.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A new mTLS connection for each request.
    Handshakes(KeyExchange),
    /// 1,000 connections that have asked once and then rest.
    Idle,
    /// 64 HTTP/1.1 connections, each asking as soon as it was answered.
    KeepAlive,
    /// 1,000 requests a second, sent when they are due whether or not others are late.
    Steady,
    /// 8 h2 connections with 8 streams each.
    Streams,
}

impl Shape {
    const ALL: [Self; 6] = [
        Self::Handshakes(KeyExchange::Classic),
        Self::Handshakes(KeyExchange::Hybrid),
        Self::Idle,
        Self::KeepAlive,
        Self::Steady,
        Self::Streams,
    ];

    /// The word for it on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Handshakes(KeyExchange::Classic) => "handshakes",
            Self::Handshakes(KeyExchange::Hybrid) => "handshakes-hybrid",
            Self::Idle => "idle",
            Self::KeepAlive => "keep-alive",
            Self::Steady => "steady",
            Self::Streams => "streams",
        }
    }

    /// Reads what [`Shape::name`] prints.
    ///
    /// # Errors
    ///
    /// No shape has this name.
    pub fn from_name(name: &str) -> io::Result<Self> {
        let found = Self::ALL.into_iter().find(|shape| shape.name() == name);
        found.ok_or_else(|| io::Error::other(format!("no load is called {name:?}")))
    }
}

/// How a load went.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Outcome {
    /// Requests that the backend answered 200.
    pub requests: u64,
    /// Requests that were answered otherwise or not at all; each ends its connection.
    pub errors: u64,
    /// The last of those errors, in words.
    pub error: Option<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Time from when a request was due to its answer, half of them; steady load only.
    pub p50_us: f64,
    /// The same, 99 of 100.
    pub p99_us: f64,
}

impl Outcome {
    /// Counts one request.
    pub fn count(&mut self, answered: io::Result<()>) {
        match answered {
            Ok(()) => self.requests += 1,
            Err(error) => {
                self.errors += 1;
                self.error = Some(error.to_string());
            }
        }
    }

    /// Adds what another part of the same load counted.
    pub fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.error = self.error.take().or(other.error);
    }
}

/// Plays the load that `order` describes.
///
/// # Errors
///
/// The proxy cannot be reached, or turned the agent away.
pub fn run(order: &Order) -> io::Result<()> {
    std::thread::spawn(watchdog(order.length));
    let pki = Pki::at(&order.pki);
    let outcome = match order.shape {
        Shape::Handshakes(groups) => asynchronously(handshakes::run(order, &pki, groups)),
        Shape::Idle => asynchronously(idle::run(order, &pki)),
        Shape::KeepAlive => asynchronously(keep_alive::run(order, &pki)),
        Shape::Steady => steady::run(order, &pki),
        Shape::Streams => asynchronously(streams::run(order, &pki)),
    }?;
    println!("{}", serde_json::to_string(&outcome)?);
    io::stdout().flush()
}

/// Says that the warm-up is over and waits for the line that starts the measured part.
///
/// # Errors
///
/// The comparison is gone.
pub fn ready_then_go() -> io::Result<()> {
    println!("ready");
    io::stdout().flush()?;
    match io::stdin().read_line(&mut String::new())? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

fn asynchronously<F: Future<Output = io::Result<Outcome>>>(load: F) -> io::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, load)
}

fn watchdog(length: Duration) -> impl FnOnce() {
    move || {
        std::thread::sleep(length + GRACE);
        eprintln!("the load did not end in time");
        std::process::exit(1);
    }
}
