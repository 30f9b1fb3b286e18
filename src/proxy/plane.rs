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

use crate::approval::People;
use crate::audit::{Log, Recorder};
use crate::clock::{Clock, Timestamp};
use crate::credential::Credentials;
use crate::history::Desk;
use crate::identity::SpiffeId;
use crate::listener::serve::Security;
use crate::metrics::Metrics;
use crate::operation::mcp::Definitions;
use crate::policy::{Bundle, Checker, Judge, Observer};
use crate::proxy::proposals::docket::Docket;
use crate::proxy::proposals::waiting::Waiting;
use crate::proxy::underway::Underway;
use crate::revocation::Tether;
use crate::route::Table;
use crate::upstream::{Client, Upstreams};

/// Everything that a configuration says about exchanges. It never changes; a reload makes another.
#[derive(Debug)]
pub struct Snapshot {
    /// For handshakes, and for the check before each request.
    pub security: Security,
    /// When our own certificate ends.
    pub svid_ends: Timestamp,
    /// Which route carries what.
    pub routes: Table,
    /// The rules.
    pub bundle: Arc<Bundle>,
    /// The secrets.
    pub credentials: Credentials,
    /// Where requests go.
    pub upstreams: Upstreams,
    /// How agents wait for people.
    pub waiting: Waiting,
    /// Who may answer them.
    pub people: People,
}

/// What all workers share.
#[derive(Debug)]
pub struct Shared {
    snapshot: ArcSwap<Snapshot>,
    /// Wakes those who live longer than a request.
    changed: watch::Sender<()>,
    /// The trail.
    pub log: Log,
    /// Evaluates a sample of the decisions again.
    pub checker: Checker,
    /// Where decisions go to be kept.
    pub observer: Observer,
    /// Where agents ask about them.
    pub desk: Desk,
    /// The time.
    pub clock: Clock,
    /// The numbers.
    pub metrics: Metrics,
    /// How MCP servers described their tools.
    pub definitions: Definitions,
    /// Where proposals are put forward; nowhere, unless there is a store.
    pub docket: Option<Docket>,
}

/// One worker's half.
#[derive(Debug)]
pub struct Plane {
    /// The other half.
    pub shared: Arc<Shared>,
    /// Gathers this worker's records.
    pub recorder: Recorder,
    /// This worker's connections to upstreams.
    pub client: Client,
    /// What it carries out, whoever still waits for it.
    pub underway: Rc<Underway>,
    view: RefCell<Rc<View>>,
}

/// A snapshot with the rules as this worker runs them.
#[derive(Debug)]
pub struct View {
    /// The snapshot.
    pub snapshot: Arc<Snapshot>,
    /// This worker's copy of the rules.
    pub judge: RefCell<Judge>,
}

impl Shared {
    /// What workers share, with the first snapshot.
    pub fn new(
        snapshot: Snapshot,
        log: Log,
        checker: Checker,
        (observer, desk): (Observer, Desk),
        clock: Clock,
        metrics: Metrics,
    ) -> Self {
        let (changed, _) = watch::channel(());
        let snapshot = ArcSwap::from_pointee(snapshot);
        let definitions = Definitions::default();
        let docket = None;
        Self {
            snapshot,
            changed,
            log,
            checker,
            observer,
            desk,
            clock,
            metrics,
            definitions,
            docket,
        }
    }

    /// The same, with somewhere to put proposals forward.
    pub fn with_docket(self, docket: Option<Docket>) -> Self {
        Self { docket, ..self }
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

    /// Says in metrics and in the log what is now in force.
    pub fn announce(&self) {
        let snapshot = self.snapshot();
        snapshot.bundle.announce(&self.metrics.policy, self.clock.now());
        let ends = i64::try_from(snapshot.svid_ends.secs()).unwrap_or(i64::MAX);
        self.metrics.config.svid_expiry.set(ends);
        self.metrics.config.last_reload_success.set(1);
        self.announce_observed(&snapshot);
        for (name, why) in snapshot.credentials.problems() {
            tracing::error!(credential = %name, "its routes answer 502: {why}");
        }
    }

    /// A route that lets pass what policy denies is nothing that anybody may forget.
    fn announce_observed(&self, snapshot: &Snapshot) {
        let gauge = &self.metrics.policy.observed;
        gauge.reset();
        for route in snapshot.routes.routes() {
            let Some(until) = route.observe_until else { continue };
            let seconds = i64::try_from(until.secs()).unwrap_or(i64::MAX);
            gauge.with_label_values(&[route.name.as_str()]).set(seconds);
            if until > self.clock.now() {
                tracing::warn!(
                    route = %route.name,
                    %until,
                    "the route is only observed: what policy denies is let pass, with the credential"
                );
            }
        }
    }

    /// What an exchange of `agent` hangs on.
    pub fn tether(&self, agent: &SpiffeId) -> Tether {
        let register = self.docket.as_ref().map(|docket| Arc::clone(&docket.register));
        Tether::new(register, self.clock.clone(), agent.clone())
    }

    /// Hears of every replacement from now on.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn view(&self, snapshot: Arc<Snapshot>) -> Rc<View> {
        let bundle = Arc::clone(&snapshot.bundle);
        let metrics = self.metrics.policy.clone();
        let judge = Judge::new(bundle, self.checker.clone(), metrics, self.clock.clone());
        let judge = judge.observed_by(self.observer.clone());
        Rc::new(View { snapshot, judge: RefCell::new(judge) })
    }
}

impl Plane {
    /// One worker's half. Must be called on the worker, within its `LocalSet`.
    pub fn new(shared: Arc<Shared>) -> Self {
        let snapshot = shared.snapshot();
        let metrics = shared.metrics.upstream.clone();
        let client = Client::new(&snapshot.upstreams, metrics, shared.clock.clone());
        let recorder = Recorder::new(shared.log.clone());
        let view = RefCell::new(shared.view(snapshot));
        Self { shared, recorder, client, underway: Rc::default(), view }
    }

    /// The newest snapshot, as this worker sees it.
    pub fn view(&self) -> Rc<View> {
        let newest = self.shared.snapshot.load();
        let current = Rc::clone(&self.view.borrow());
        if Arc::ptr_eq(&current.snapshot, &newest) {
            return current;
        }
        let view = self.shared.view(Arc::clone(&newest));
        self.client.adopt(&view.snapshot.upstreams);
        *self.view.borrow_mut() = Rc::clone(&view);
        view
    }
}
