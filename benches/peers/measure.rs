//! One turn of one peer: started anew, looked at while idle, then put under each load.
//!
//! CPU is read right before the load's measured part and right after it, from the kernel's own
//! account of the proxy's processes; so neither the load's nor the backend's work is in it.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};
use std::time::Duration;

use crate::agent::KeyExchange;
use crate::load::{Outcome, Shape};
use crate::peer::{Peer, Running};
use crate::process::{LOAD_CORE, Process, cpu, resident_kib};
use crate::scene::Scene;

/// What one turn found.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Kept HTTP/1.1 connections.
    pub keep_alive: Reading,
    /// Streams of h2 connections.
    pub streams: Reading,
    /// New connections, X25519.
    pub handshakes: Reading,
    /// New connections, X25519MLKEM768 offered first.
    pub hybrid: Reading,
    /// A fixed rate.
    pub steady: Reading,
    /// Resident memory after the first requests, in KiB.
    pub idle_kib: u64,
    /// Resident memory with 1,000 idle connections, in KiB.
    pub held_kib: u64,
}

/// One load and what the proxy spent on it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// How it went.
    pub outcome: Outcome,
    /// The proxy's user and system time.
    pub cpu: Duration,
}

impl Reading {
    /// CPU time a request, in µs.
    pub fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.outcome.requests as f64
    }

    /// Requests a second.
    pub fn rate(&self) -> f64 {
        self.outcome.requests as f64 / self.outcome.seconds
    }

    /// How much of its core the proxy used, 1 being all of it.
    pub fn busy(&self) -> f64 {
        self.cpu.as_secs_f64() / self.outcome.seconds
    }
}

impl Turn {
    /// Starts `peer`, measures it and stops it.
    ///
    /// # Errors
    ///
    /// The peer does not start, or a load cannot be played.
    pub fn take(peer: &Peer, scene: &Scene, length: Duration) -> io::Result<Self> {
        let running = peer.start(scene)?;
        let play = |shape| play(shape, &running, scene, length);
        let idle_kib = resident_kib(&running.ids)?;
        let held_kib = held(&running, scene)?;
        Ok(Self {
            keep_alive: play(Shape::KeepAlive)?,
            streams: play(Shape::Streams)?,
            handshakes: play(Shape::Handshakes(KeyExchange::Classic))?,
            hybrid: play(Shape::Handshakes(KeyExchange::Hybrid))?,
            steady: play(Shape::Steady)?,
            idle_kib,
            held_kib,
        })
    }

    /// The loads in which something went wrong, with what it was.
    pub fn complaints(&self) -> Vec<String> {
        let readings = [
            (Shape::KeepAlive, &self.keep_alive),
            (Shape::Streams, &self.streams),
            (Shape::Handshakes(KeyExchange::Classic), &self.handshakes),
            (Shape::Handshakes(KeyExchange::Hybrid), &self.hybrid),
            (Shape::Steady, &self.steady),
        ];
        let wrong = readings.into_iter().filter(|(_, reading)| reading.outcome.errors > 0);
        wrong
            .map(|(shape, Reading { outcome, .. })| {
                let error = outcome.error.as_deref().unwrap_or("unknown");
                format!("{}: {} errors, last: {error}", shape.name(), outcome.errors)
            })
            .collect()
    }
}

fn play(shape: Shape, on: &Running, scene: &Scene, length: Duration) -> io::Result<Reading> {
    let mut load = Load::start(shape, on, scene, length)?;
    let before = cpu(&on.ids)?;
    load.go()?;
    let outcome = load.outcome()?;
    Ok(Reading { outcome, cpu: cpu(&on.ids)?.saturating_sub(before) })
}

/// Resident memory while 1,000 connections rest.
fn held(on: &Running, scene: &Scene) -> io::Result<u64> {
    let mut load = Load::start(Shape::Idle, on, scene, Duration::from_secs(1))?;
    let held = resident_kib(&on.ids)?;
    load.go()?;
    load.outcome()?;
    Ok(held)
}

struct Load {
    shape: Shape,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    _process: Process,
}

impl Load {
    /// Returns when the load has warmed the proxy up.
    fn start(shape: Shape, on: &Running, scene: &Scene, length: Duration) -> io::Result<Self> {
        let arguments = [
            "load",
            shape.name(),
            &on.address.to_string(),
            &scene.pki.folder.to_string_lossy(),
            &length.as_secs_f64().to_string(),
        ];
        let arguments = arguments.map(OsString::from);
        let mut process = Process::start(LOAD_CORE, &std::env::current_exe()?, &arguments)?;
        let pipes = (process.child.stdin.take(), process.child.stdout.take());
        let (Some(input), Some(output)) = pipes else {
            return Err(io::Error::other("the load has no pipes"));
        };
        let output = BufReader::new(output);
        let mut load = Self { shape, input, output, _process: process };
        match load.line()?.as_str() {
            "ready" => Ok(load),
            other => Err(load.failed(other)),
        }
    }

    fn go(&mut self) -> io::Result<()> {
        self.input.write_all(b"go\n")
    }

    fn outcome(&mut self) -> io::Result<Outcome> {
        let line = self.line()?;
        serde_json::from_str(&line).map_err(|_| self.failed(&line))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    fn failed(&self, said: &str) -> io::Error {
        io::Error::other(format!("the {} load failed: {said:?}", self.shape.name()))
    }
}
