//! The peers: how each is installed, configured and started, one file each and all of one shape.
//!
//! A peer that cannot be had here is named and left out; it never ends the run.

mod install;
pub mod nginx;
pub mod haproxy;
pub mod envoy;
pub mod countersign;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::agent::{self, KeyExchange};
use crate::options::Options;
use crate::process::{PROXY_CORE, Process};
use crate::scene::{Scene, free_address};

const READY_ATTEMPTS: u32 = 100;
const READY_PAUSE: Duration = Duration::from_millis(100);
const LOG_LINES: usize = 12;

/// A proxy that can be started.
#[derive(Debug)]
pub struct Peer {
    /// Its row in the table.
    pub name: &'static str,
    /// What is started.
    pub program: PathBuf,
    /// Writes its configuration and says with which arguments it is started.
    pub configure: fn(&Scene, &Place) -> io::Result<Vec<OsString>>,
    /// Further processes that work for it, whose CPU and memory are its own.
    pub helpers: Vec<u32>,
}

/// Where one start of a peer may write and must listen.
#[derive(Debug)]
pub struct Place {
    /// An empty folder.
    pub folder: PathBuf,
    /// Where agents will reach it.
    pub address: SocketAddr,
}

/// A peer that serves; it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// All processes that work for it.
    pub ids: Vec<u32>,
    process: Process,
}

/// Every peer that takes part, installed; says on standard error who is missing and why.
pub fn gather(scene: &Scene, options: &Options) -> Vec<Peer> {
    let roster = [
        Entry { name: nginx::NAME, prepare: nginx::peer },
        Entry { name: haproxy::NAME, prepare: haproxy::peer },
        Entry { name: envoy::NAME, prepare: envoy::peer },
        Entry { name: envoy::ASKING, prepare: envoy::asking },
        Entry { name: countersign::ONE_LINE, prepare: countersign::one_line },
        Entry { name: countersign::PACK, prepare: countersign::pack },
    ];
    let mut peers = Vec::new();
    for Entry { name, prepare } in roster.into_iter().filter(|entry| options.wants(entry.name)) {
        match prepare(scene).and_then(|peer| peer.tried(scene)) {
            Ok(peer) => peers.push(peer),
            Err(error) => eprintln!("{name}: left out: {error}"),
        }
    }
    peers
}

struct Entry {
    name: &'static str,
    prepare: fn(&Scene) -> io::Result<Peer>,
}

impl Peer {
    /// Starts it and waits until it serves the agent and nobody without a certificate.
    ///
    /// # Errors
    ///
    /// It ends, does not serve in time, or serves a caller without a certificate. The end of its
    /// log is in the message.
    pub fn start(&self, scene: &Scene) -> io::Result<Running> {
        let folder = scene.place(&self.name.replace(|c: char| !c.is_ascii_alphanumeric(), "-"))?;
        let place = Place { folder, address: free_address()? };
        let arguments = (self.configure)(scene, &place)?;
        let log = place.folder.join("log");
        let process = Process::start_logged(PROXY_CORE, &self.program, &arguments, &log)?;
        let ids = [process.id()].into_iter().chain(self.helpers.iter().copied()).collect();
        let mut running = Running { address: place.address, ids, process };
        running.wait_until_ready(scene).map_err(|error| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().rev().take(LOG_LINES).collect();
            let end: String = lines.iter().rev().map(|line| format!("\n    {line}")).collect();
            io::Error::other(format!("{error}{end}"))
        })?;
        Ok(running)
    }

    /// Starts it once, so that a peer that cannot work is left out before anything is measured.
    fn tried(self, scene: &Scene) -> io::Result<Self> {
        self.start(scene)?;
        Ok(self)
    }
}

impl Running {
    fn wait_until_ready(&mut self, scene: &Scene) -> io::Result<()> {
        let agent =
            Arc::new(agent::with_certificate(&scene.pki, "http/1.1", KeyExchange::Classic)?);
        let mut last = io::Error::other("never asked");
        for _ in 0..READY_ATTEMPTS {
            if let Some(status) = self.process.child.try_wait()? {
                return Err(io::Error::other(format!("it ended by itself: {status}")));
            }
            match agent::connect(&agent, self.address).and_then(|mut to| agent::ask(&mut to)) {
                Ok(()) => return self.refuses_anonymous_callers(scene),
                Err(error) => last = error,
            }
            thread::sleep(READY_PAUSE);
        }
        Err(io::Error::other(format!("it did not become ready: {last}")))
    }

    fn refuses_anonymous_callers(&self, scene: &Scene) -> io::Result<()> {
        let nobody = Arc::new(agent::anonymous(&scene.pki)?);
        match agent::connect(&nobody, self.address).and_then(|mut to| agent::ask(&mut to)) {
            Ok(()) => Err(io::Error::other("it serves callers without a certificate")),
            Err(_) => Ok(()),
        }
    }
}
