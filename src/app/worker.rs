//! One worker: a thread with a runtime of its own, its connections, and what it keeps for them.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::mpsc::Receiver;
use tokio::task::{JoinSet, LocalSet};
use tracing::error;

use crate::listener::serve::Site;
use crate::listener::{Accepted, Census, ListenerConfig};
use crate::proxy::proposals::errand;
use crate::proxy::{Plane, Shared};
use crate::shutdown::Shutdown;

/// What a worker is started with.
#[derive(Debug)]
pub struct Worker {
    /// Connections that were accepted for it.
    pub queue: Receiver<Accepted>,
    /// How many it has.
    pub load: Arc<AtomicUsize>,
    /// The listeners, in the order that `Accepted::listener` counts.
    pub listeners: Vec<(ListenerConfig, Census)>,
    /// What all workers share.
    pub shared: Arc<Shared>,
    /// Asks to stop.
    pub shutdown: Shutdown,
}

impl Worker {
    /// Starts the thread; it ends when it was asked to and its connections have, or after `grace`.
    ///
    /// # Errors
    /// If the system gives no thread or no poller.
    pub fn start(self, number: usize, grace: Duration) -> io::Result<JoinHandle<()>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
            LocalSet::new().block_on(&runtime, self.run(grace));
        })
    }

    async fn run(mut self, grace: Duration) {
        let plane = Rc::new(Plane::new(Arc::clone(&self.shared)));
        let errands = tokio::task::spawn_local(errand::run(Rc::clone(&plane)));
        let sites: Vec<_> = self.listeners.iter().map(|(c, census)| self.site(c, census)).collect();
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = self.shutdown.wait() => break,
                Some(ended) = connections.join_next(), if !connections.is_empty() => {
                    report(ended);
                }
                accepted = self.queue.recv() => {
                    let Some(accepted) = accepted else { break };
                    let Some(site) = sites.get(accepted.listener) else { continue };
                    let (site, plane) = (Rc::clone(site), Rc::clone(&plane));
                    let busy = Busy(Arc::clone(&self.load));
                    connections.spawn_local(serve(site, plane, accepted, busy));
                }
            }
        }
        let drained = async {
            while let Some(ended) = connections.join_next().await {
                report(ended);
            }
            let _ = errands.await;
            plane.underway.settled().await;
        };
        // What is not finished by then is dropped, and its record says so.
        let _ = tokio::time::timeout(grace, drained).await;
    }

    fn site(&self, config: &ListenerConfig, census: &Census) -> Rc<Site> {
        Rc::new(Site {
            name: config.name.clone(),
            limits: Arc::new(config.limits.clone()),
            census: census.clone(),
            metrics: self.shared.metrics.listener.clone(),
            shutdown: self.shutdown.clone(),
        })
    }
}

async fn serve(site: Rc<Site>, plane: Rc<Plane>, accepted: Accepted, _busy: Busy) {
    let Accepted { stream, place, .. } = accepted;
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    let security = plane.view().snapshot.security.clone();
    site.serve(stream, place, security, move |connection, request| {
        Rc::clone(&plane).exchange(connection, request)
    })
    .await;
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(cause) = ended {
        error!(%cause, "a connection's task ended badly");
    }
}

/// Counts a connection among its worker's for as long as it lives.
struct Busy(Arc<AtomicUsize>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
