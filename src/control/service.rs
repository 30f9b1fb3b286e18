//! What all requests at the control door share.

use std::rc::Rc;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, Semaphore, broadcast};
use tokio::task::JoinSet;
use tracing::{error, info};

use crate::clock::{Clock, Timestamp};
use crate::control::caller::Caller;
use crate::control::gate::{Gate, Shown};
use crate::control::keys::Keys;
use crate::control::request::Request;
use crate::event::Event;
use crate::proxy::{Shared, Snapshot};
use crate::shutdown::Shutdown;
use crate::store;

/// The control door's half of what a running Countersign is. All truth is in the store: every replica
/// can serve it.
#[derive(Debug)]
pub struct Service {
    pub(super) shared: Arc<Shared>,
    /// Where the store is asked.
    pub(super) desk: store::Desk,
    gate: ArcSwap<Gate>,
    replaced: Notify,
    /// How many may follow events.
    pub(super) streams: Arc<Semaphore>,
    /// What is new, for those who follow.
    pub(super) news: broadcast::Sender<Arc<Event>>,
    /// Somebody follows.
    pub(super) listened: Notify,
    /// Asks those to stop who follow events.
    pub(super) shutdown: Shutdown,
    /// How many inputs may be evaluated at once: slowly, and on a thread of their own.
    pub(super) evaluations: Arc<Semaphore>,
}

/// One request, with who asks and what is in force.
pub(super) struct Visit<'a> {
    pub(super) service: &'a Arc<Service>,
    pub(super) shown: &'a Rc<Shown>,
    pub(super) caller: &'a Caller,
    pub(super) snapshot: &'a Snapshot,
    pub(super) now: Timestamp,
    pub(super) request: &'a mut Request,
}

impl Service {
    /// A service behind `gate`, over what is kept behind `desk`.
    pub fn new(shared: Arc<Shared>, desk: store::Desk, gate: Gate, shutdown: Shutdown) -> Self {
        Self {
            shared,
            desk,
            gate: ArcSwap::from_pointee(gate),
            replaced: Notify::new(),
            news: broadcast::channel(NEWS).0,
            listened: Notify::new(),
            streams: Arc::new(Semaphore::new(STREAMS)),
            shutdown,
            evaluations: Arc::new(Semaphore::new(1)),
        }
    }

    /// Puts another gate in force, on connections that are open already, too.
    pub fn replace(&self, gate: Gate) {
        gate.adopt(&self.gate());
        self.gate.store(Arc::new(gate));
        self.replaced.notify_one();
    }

    /// The gate in force.
    pub(super) fn gate(&self) -> Arc<Gate> {
        self.gate.load_full()
    }

    /// Keeps all issuers' keys up to date, for as long as it is polled.
    pub(super) async fn follow_keys(&self) {
        loop {
            let mut following = JoinSet::new();
            for (whose, keys) in self.gate().keys() {
                following.spawn_local(follow(whose, keys, self.shared.clock.clone()));
            }
            self.replaced.notified().await;
        }
    }
}

/// Keeps the keys of one issuer up to date.
async fn follow(whose: String, keys: Arc<Keys>, clock: Clock) {
    loop {
        match keys.fetch(clock.now()).await {
            Ok(()) => info!("the keys of `{whose}` are known"),
            Err(why) => error!("the keys of `{whose}` cannot be had: {why}"),
        }
        keys.due().await;
    }
}

/// How far behind the newest event somebody may be who follows.
const NEWS: usize = 1024;

/// The most who may follow events at once.
const STREAMS: usize = 64;
