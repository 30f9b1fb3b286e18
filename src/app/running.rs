//! A running Countersign: its threads, its addresses, its end.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::app::assemble::{Assembly, Refused, Standing};
use crate::app::supervisor::Supervisor;
use crate::app::supply;
use crate::app::worker::Worker;
use crate::audit;
use crate::clock::Clock;
use crate::control::{self, Gate};
use crate::history::{self, Desk, Keeper};
use crate::id::ListenerName;
use crate::listener::accept::Acceptor;
use crate::listener::bind::bind;
use crate::listener::{Bound, Census, Intake, ListenerConfig};
use crate::metrics::Metrics;
use crate::policy::{Checker, Observer};
use crate::proxy::{Docket, Shared};
use crate::shutdown::{Shutdown, Trigger};
use crate::store;

/// A Countersign that serves. Dropping it stops it, as [`stop`](Self::stop) does.
#[derive(Debug)]
pub struct Running {
    addresses: BTreeMap<ListenerName, SocketAddr>,
    shared: Arc<Shared>,
    trigger: Option<Trigger>,
    threads: Vec<JoinHandle<()>>,
    /// Ends after all who ask it.
    store: Option<store::Keeper>,
}

/// Why it did not start.
#[derive(Debug)]
pub enum StartError {
    /// The audit trail cannot be opened.
    Audit(audit::Error),
    /// A listener cannot have its address.
    Bind(ListenerName, SocketAddr, io::Error),
    /// The configuration, or something that it names, is wrong.
    Configuration(Refused),
    /// The folder for decisions cannot be used.
    History(history::Error),
    /// The store cannot be opened.
    State(store::Error),
    /// The system gives no thread, or no poller.
    System(io::Error),
}

impl Running {
    /// Reads the configuration at `config`, listens, and serves on threads of its own.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub fn start(config: &Path, clock: Clock) -> Result<Self, StartError> {
        let metrics = Metrics::new().map_err(|e| StartError::System(io::Error::other(e)))?;
        supply::first(config, &clock);
        let assembly = Assembly::load(config, &clock, &metrics)?;
        for warning in assembly.warnings() {
            tracing::warn!("{warning}");
        }
        let bound = bind_all(&assembly)?;
        let log =
            audit::Log::open(assembly.standing.audit.clone(), clock.clone(), metrics.audit.clone())
                .map_err(StartError::Audit)?;
        let checker = Checker::start(metrics.policy.clone()).map_err(StartError::System)?;
        let kept = kept(&assembly, &clock, &metrics)?;
        let store = opened(&assembly, &clock, &metrics)?;
        let (trigger, shutdown) = Shutdown::pair();
        let docket = store
            .as_ref()
            .map(|store| Docket::new(store.desk(), store.register(), shutdown.clone()));
        let Assembly { snapshot, standing, caller, sender, gate, .. } = assembly;
        let docket = docket.map(|docket| docket.calling(caller.map(Arc::new)));
        let shared = Shared::new(snapshot, log, checker, kept, clock, metrics);
        let shared = Arc::new(shared.with_docket(docket));
        shared.announce();

        let mut running = Self {
            addresses: bound.addresses(),
            shared: Arc::clone(&shared),
            trigger: Some(trigger),
            threads: Vec::new(),
            store,
        };
        let sites: Vec<_> =
            standing.listeners.iter().map(|l| (l.clone(), Census::default())).collect();
        let intakes = running.start_workers(standing.workers, &sites, &shutdown)?;
        let control = running.start_control(&standing, bound.control, gate, &shutdown)?;
        let acceptors = acceptors(&sites, &intakes, &shared);
        let supervisor = Supervisor {
            config: config.to_owned(),
            standing,
            shared,
            shutdown,
            doors: acceptors.into_iter().zip(bound.agents.into_iter().map(|(_, b)| b)).collect(),
            control,
            sender: sender.map(Arc::new),
            admin: bound.admin.into_iter().map(|(_, bound)| bound).collect(),
        };
        running.threads.push(supervisor.start().map_err(StartError::System)?);
        Ok(running)
    }

    /// Where a listener really listens.
    pub fn address(&self, listener: &str) -> Option<SocketAddr> {
        self.addresses.get(listener).copied()
    }

    /// Every listener's address.
    pub fn addresses(&self) -> &BTreeMap<ListenerName, SocketAddr> {
        &self.addresses
    }

    /// What it counts.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Accepts nothing more, finishes what is under way within the grace period, and closes the
    /// audit trail.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.trigger.take();
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
        self.store.take();
        self.shared.observer.flush();
        self.shared.log.close();
    }

    /// Starts the control door, if there is one: its thread serves all its listeners.
    fn start_control(
        &mut self,
        standing: &Standing,
        bound: Vec<(ListenerName, Bound)>,
        gate: Option<Gate>,
        shutdown: &Shutdown,
    ) -> Result<Option<Arc<control::Service>>, StartError> {
        let desk = self.store.as_ref().map(store::Keeper::desk);
        let (Some(gate), Some(desk)) = (gate, desk) else { return Ok(None) };
        let shared = Arc::clone(&self.shared);
        let service = control::Service::new(shared, desk, gate, shutdown.clone());
        let service = Arc::new(service);
        let bound = bound.into_iter().map(|(_, bound)| bound);
        let door = control::Door {
            listeners: standing.control.iter().cloned().zip(bound).collect(),
            service: Arc::clone(&service),
            shutdown: shutdown.clone(),
        };
        self.threads.push(door.start(GRACE).map_err(StartError::System)?);
        Ok(Some(service))
    }

    fn start_workers(
        &mut self,
        workers: usize,
        sites: &[(ListenerConfig, Census)],
        shutdown: &Shutdown,
    ) -> Result<Vec<Intake>, StartError> {
        let mut intakes = Vec::with_capacity(workers);
        for number in 0..workers {
            let (intake, queue, load) = Intake::new();
            let worker = Worker {
                queue,
                load,
                listeners: sites.to_vec(),
                shared: Arc::clone(&self.shared),
                shutdown: shutdown.clone(),
            };
            self.threads.push(worker.start(number, GRACE).map_err(StartError::System)?);
            intakes.push(intake);
        }
        Ok(intakes)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// The sockets of every listener.
struct Sockets {
    agents: Vec<(ListenerName, Bound)>,
    control: Vec<(ListenerName, Bound)>,
    admin: Option<(ListenerName, Bound)>,
}

impl Sockets {
    fn addresses(&self) -> BTreeMap<ListenerName, SocketAddr> {
        let all = self.agents.iter().chain(&self.control).chain(&self.admin);
        all.map(|(name, bound)| (name.clone(), bound.address)).collect()
    }
}

fn bind_all(assembly: &Assembly) -> Result<Sockets, StartError> {
    let open = |name: &ListenerName, address: SocketAddr| match bind(address) {
        Ok(bound) => Ok((name.clone(), bound)),
        Err(cause) => Err(StartError::Bind(name.clone(), address, cause)),
    };
    let agents = assembly.standing.listeners.iter().map(|l| open(&l.name, l.address));
    let control = assembly.standing.control.iter().map(|l| open(&l.name, l.address));
    let admin = assembly.standing.admin.as_ref().map(|(name, address)| open(name, *address));
    Ok(Sockets {
        agents: agents.collect::<Result<_, _>>()?,
        control: control.collect::<Result<_, _>>()?,
        admin: admin.transpose()?,
    })
}

/// Keeps decisions, if the configuration says where, and answers about them.
fn kept(
    assembly: &Assembly,
    clock: &Clock,
    metrics: &Metrics,
) -> Result<(Observer, Desk), StartError> {
    let config = assembly.standing.history.as_ref();
    let start = |config: &history::Config| {
        Keeper::start(config.clone(), clock.clone(), metrics.history.clone())
    };
    let observer = config.map(start).transpose().map_err(StartError::History)?;
    let observer = observer.unwrap_or_else(Observer::nobody);
    Ok((observer.clone(), Desk::new(config, observer)))
}

/// Opens the store, if the configuration names one.
fn opened(
    assembly: &Assembly,
    clock: &Clock,
    metrics: &Metrics,
) -> Result<Option<store::Keeper>, StartError> {
    let config = assembly.standing.state.as_ref();
    let start = |config| store::Keeper::start(config, clock.clone(), metrics.state.clone());
    config.map(start).transpose().map_err(StartError::State)
}

fn acceptors(
    sites: &[(ListenerConfig, Census)],
    intakes: &[Intake],
    shared: &Shared,
) -> Vec<Acceptor> {
    let acceptor = |(index, (config, census)): (usize, &(ListenerConfig, Census))| Acceptor {
        name: config.name.to_string(),
        index,
        limit: config.limits.connections,
        census: census.clone(),
        intakes: intakes.to_vec(),
        metrics: shared.metrics.listener.clone(),
    };
    sites.iter().enumerate().map(acceptor).collect()
}

impl From<Refused> for StartError {
    fn from(refused: Refused) -> Self {
        Self::Configuration(refused)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Audit(why) => write!(f, "the audit trail cannot be opened: {why}"),
            Self::Bind(name, address, why) => {
                write!(f, "listener `{name}` cannot listen on {address}: {why}")
            }
            Self::Configuration(refused) => write!(f, "{refused}"),
            Self::History(why) => write!(f, "decisions cannot be kept: {why}"),
            Self::State(why) => write!(f, "`state` cannot be used: {why}"),
            Self::System(why) => write!(f, "the system does not let Countersign start: {why}"),
        }
    }
}

impl std::error::Error for StartError {}

/// How long exchanges may go on once a stop was asked for.
const GRACE: Duration = Duration::from_secs(30);
