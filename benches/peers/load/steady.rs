//! 1,000 requests a second, each sent when it is due, whether or not an earlier one is late.
//!
//! Time runs from when a request was due, so a proxy that stalls pays for everyone it kept
//! waiting. Blocking threads are used because an async runtime's timers tick in milliseconds; each
//! thread wakes a little early and spins to the very moment, so the time that a sleeping thread
//! needs to wake up is not taken for the proxy's.

use std::hint;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use super::{Order, Outcome, ready_then_go};
use crate::agent::{self, KeyExchange};
use crate::pki::Pki;

const PER_SECOND: u32 = 1_000;
const CONNECTIONS: u32 = 32;
const WARM_UP_REQUESTS: u32 = 5;
const EARLY: Duration = Duration::from_micros(100);

/// Connects, warms up and measures.
///
/// # Errors
///
/// A connection cannot be made.
pub fn run(order: &Order, pki: &Pki) -> io::Result<Outcome> {
    let config = Arc::new(agent::with_certificate(pki, "http/1.1", KeyExchange::Classic)?);
    let turns = (order.length.as_secs_f64() * f64::from(PER_SECOND / CONNECTIONS)) as u32;
    let mut senders: Vec<_> = (0..CONNECTIONS)
        .map(|number| Sender::connect(&config, order, number))
        .collect::<io::Result<_>>()?;
    ready_then_go()?;
    // A little ahead, so that every thread runs before its first request is due.
    let start = Instant::now() + Duration::from_millis(20);
    let done = thread::scope(|scope| {
        let running: Vec<_> = senders
            .iter_mut()
            .map(|sender| scope.spawn(move || sender.send_all(start, turns)))
            .collect();
        running.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let mut total = Outcome { seconds: start.elapsed().as_secs_f64(), ..Outcome::default() };
    let mut latencies = Vec::new();
    for one in done {
        let (outcome, times) = one.map_err(|_| io::Error::other("a sending thread panicked"))?;
        total.add(outcome);
        latencies.extend(times);
    }
    latencies.sort_unstable();
    total.p50_us = quantile_us(&latencies, 0.50);
    total.p99_us = quantile_us(&latencies, 0.99);
    Ok(total)
}

struct Sender {
    stream: rustls::StreamOwned<rustls::ClientConnection, std::net::TcpStream>,
    number: u32,
}

impl Sender {
    fn connect(config: &Arc<ClientConfig>, order: &Order, number: u32) -> io::Result<Self> {
        let mut stream = agent::connect(config, order.address)?;
        for _ in 0..WARM_UP_REQUESTS {
            agent::ask(&mut stream)?;
        }
        Ok(Self { stream, number })
    }

    fn send_all(&mut self, start: Instant, turns: u32) -> (Outcome, Vec<Duration>) {
        let mut outcome = Outcome::default();
        let mut latencies = Vec::with_capacity(turns as usize);
        for turn in 0..turns {
            let due =
                start + Duration::from_secs(1) / PER_SECOND * (turn * CONNECTIONS + self.number);
            wait_until(due);
            let answered = agent::ask(&mut self.stream);
            let failed = answered.is_err();
            outcome.count(answered);
            if failed {
                return (outcome, latencies);
            }
            latencies.push(due.elapsed());
        }
        (outcome, latencies)
    }
}

fn wait_until(due: Instant) {
    thread::sleep(due.saturating_duration_since(Instant::now()).saturating_sub(EARLY));
    while Instant::now() < due {
        hint::spin_loop();
    }
}

fn quantile_us(sorted: &[Duration], share: f64) -> f64 {
    let index = (sorted.len() as f64 * share) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).map_or(f64::NAN, as_us)
}

fn as_us(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
