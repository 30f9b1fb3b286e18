//! The accept loop: takes connections, bounds them, and hands each to the least busy worker.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tracing::warn;

use crate::listener::census::{Census, Place};
use crate::metrics::ListenerMetrics;
use crate::shutdown::Shutdown;

/// A connection that was accepted and waits for its worker.
#[derive(Debug)]
pub struct Accepted {
    /// The socket, taken off the accepting thread's poller.
    pub stream: std::net::TcpStream,
    /// The other end.
    pub peer: SocketAddr,
    /// Which of the listeners it came in by, as an index into the configuration's.
    pub listener: usize,
    /// Its place among the listener's connections.
    pub place: Place,
}

/// The accepting side of one worker.
#[derive(Clone, Debug)]
pub struct Intake {
    queue: mpsc::Sender<Accepted>,
    /// Connections that the worker has now; it counts them down itself.
    load: Arc<AtomicUsize>,
}

impl Intake {
    /// An intake, the worker's end of its queue, and the count that the worker keeps.
    pub fn new() -> (Self, mpsc::Receiver<Accepted>, Arc<AtomicUsize>) {
        let (queue, receiver) = mpsc::channel(QUEUE);
        let load = Arc::new(AtomicUsize::new(0));
        (Self { queue, load: Arc::clone(&load) }, receiver, load)
    }
}

/// One listener's loop, and what it needs to know.
#[derive(Debug)]
pub struct Acceptor {
    /// The listener's name, for metrics.
    pub name: String,
    /// Its index.
    pub index: usize,
    /// How many connections it takes.
    pub limit: usize,
    /// The count of its connections.
    pub census: Census,
    /// The workers.
    pub intakes: Vec<Intake>,
    /// What it counts.
    pub metrics: ListenerMetrics,
}

impl Acceptor {
    /// Accepts until the shutdown is asked for.
    pub async fn run(self, socket: TcpListener, mut shutdown: Shutdown) {
        loop {
            let accepted = tokio::select! {
                () = shutdown.wait() => return,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.hand_over(stream, peer),
                Err(cause) => {
                    // Out of descriptors, most likely: trying again at once would only spin.
                    warn!(listener = self.name, %cause, "cannot accept a connection");
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    }

    fn hand_over(&self, stream: TcpStream, peer: SocketAddr) {
        let Some(place) = self.census.enter(self.limit) else {
            return self.refuse("connections");
        };
        let Some(intake) = self.intakes.iter().min_by_key(|i| i.load.load(Ordering::Relaxed))
        else {
            return;
        };
        let Ok(stream) = stream.into_std() else { return };
        let accepted = Accepted { stream, peer, listener: self.index, place };
        intake.load.fetch_add(1, Ordering::Relaxed);
        if intake.queue.try_send(accepted).is_err() {
            intake.load.fetch_sub(1, Ordering::Relaxed);
            self.refuse("busy");
        }
    }

    fn refuse(&self, reason: &str) {
        self.metrics.refused.with_label_values(&[self.name.as_str(), reason]).inc();
    }
}

/// Connections that may wait for one worker.
const QUEUE: usize = 1024;

/// How long to wait after the operating system refused to accept.
const BACK_OFF: Duration = Duration::from_millis(50);
