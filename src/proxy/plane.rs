//! What exchanges need, in two halves: the snapshot that all workers share, and what each worker
//! keeps for itself.
//!
//! A reload replaces the snapshot whole. A worker takes the newest one at its next request, also on
//! connections that are open already, and nothing that is shared is counted or locked on the way.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use crate::audit::{Log, Recorder};
use crate::clock::Clock;
use crate::credential::Credentials;
use crate::listener::serve::Security;
use crate::metrics::Metrics;
use crate::policy::{Bundle, Judge};
use crate::route::Table;
use crate::upstream::{Client, Upstreams};

/// Everything that a configuration says about exchanges. It never changes; a reload makes another.
#[derive(Debug)]
pub struct Snapshot {
    /// For handshakes, and for the check before each request.
    pub security: Security,
    /// Which route carries what.
    pub routes: Table,
    /// The rules.
    pub bundle: Arc<Bundle>,
    /// The secrets.
    pub credentials: Credentials,
    /// Where requests go.
    pub upstreams: Upstreams,
}

/// What all workers share.
#[derive(Debug)]
pub struct Shared {
    snapshot: ArcSwap<Snapshot>,
    /// Wakes those who live longer than a request.
    changed: watch::Sender<()>,
    /// The trail.
    pub log: Log,
    /// The time.
    pub clock: Clock,
    /// The numbers.
    pub metrics: Metrics,
}

/// One worker's half.
#[derive(Debug)]
pub struct Plane {
    /// The other half.
    pub shared: Arc<Shared>,
    /// Gathers this worker's records.
    pub recorder: Recorder,
    view: RefCell<Rc<View>>,
}

/// A snapshot with what a worker keeps of its own for it.
#[derive(Debug)]
pub struct View {
    /// The snapshot.
    pub snapshot: Arc<Snapshot>,
    /// This worker's copy of the rules.
    pub judge: Judge,
    /// This worker's connections to upstreams.
    pub client: Client,
}

impl Shared {
    /// What workers share, with the first snapshot.
    pub fn new(snapshot: Snapshot, log: Log, clock: Clock, metrics: Metrics) -> Self {
        let (changed, _) = watch::channel(());
        Self { snapshot: ArcSwap::from_pointee(snapshot), changed, log, clock, metrics }
    }

    /// The snapshot in force.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Puts another snapshot in force.
    pub fn replace(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
        self.changed.send_replace(());
    }

    /// Hears of every replacement from now on.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

impl Plane {
    /// One worker's half. Must be called on the worker, within its `LocalSet`.
    pub fn new(shared: Arc<Shared>) -> Self {
        let snapshot = shared.snapshot();
        let judge = Judge::new(&snapshot.bundle, shared.metrics.policy.clone());
        let client = Client::new(&snapshot.upstreams, shared.metrics.upstream.clone());
        let recorder = Recorder::new(shared.log.clone());
        let view = RefCell::new(Rc::new(View { snapshot, judge, client }));
        Self { shared, recorder, view }
    }

    /// The newest snapshot, as this worker sees it.
    pub fn view(&self) -> Rc<View> {
        let newest = self.shared.snapshot.load();
        let current = Rc::clone(&self.view.borrow());
        if Arc::ptr_eq(&current.snapshot, &newest) {
            return current;
        }
        let snapshot = Arc::clone(&newest);
        let judge = Judge::new(&snapshot.bundle, self.shared.metrics.policy.clone());
        let client = current.client.adopt(&snapshot.upstreams);
        let view = Rc::new(View { snapshot, judge, client });
        *self.view.borrow_mut() = Rc::clone(&view);
        view
    }
}
