//! The thread beside the workers: it accepts, serves the admin door, and reloads.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{io, thread};

use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::signal::unix::{self, SignalKind};
use tokio::task::{JoinHandle, LocalSet};
use tracing::{error, info, warn};

use crate::admin;
use crate::app::assemble::{Assembly, Standing};
use crate::app::delivery::Delivery;
use crate::app::supply::{self, Supply};
use crate::app::watch::{INTERVAL, Watch};
use crate::callback;
use crate::control;
use crate::listener::Bound;
use crate::listener::accept::Acceptor;
use crate::proxy::Shared;
use crate::shutdown::Shutdown;
use crate::signal::{self, Sender};

/// What the thread is started with.
#[derive(Debug)]
pub struct Supervisor {
    /// The configuration file.
    pub config: PathBuf,
    /// What it led to when it was read.
    pub standing: Standing,
    /// What all workers share.
    pub shared: Arc<Shared>,
    /// Asks to stop.
    pub shutdown: Shutdown,
    /// The agents' listeners.
    pub doors: Vec<(Acceptor, Bound)>,
    /// The control door's half, if there is one.
    pub control: Option<Arc<control::Service>>,
    /// How security events are sent, if they are.
    pub sender: Option<Arc<Sender>>,
    /// The admin door, if there is one.
    pub admin: Vec<Bound>,
}

impl Supervisor {
    /// Starts the thread; it ends when it is asked to.
    ///
    /// # Errors
    /// If the system gives no thread, no poller or no signals.
    pub fn start(self) -> io::Result<thread::JoinHandle<()>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("supervisor".to_owned()).spawn(move || {
            LocalSet::new().block_on(&runtime, self.run());
        })
    }

    async fn run(self) {
        let Self { config, standing, shared, mut shutdown, doors, control, sender, admin } = self;
        for (acceptor, bound) in doors {
            if let Some(socket) = listening(bound) {
                tokio::task::spawn_local(acceptor.run(socket, shutdown.clone()));
            }
        }
        for bound in admin {
            if let Some(socket) = listening(bound) {
                let serve = admin::serve(socket, Arc::clone(&shared), shutdown.clone());
                tokio::task::spawn_local(serve);
            }
        }
        let mut supplier = Supplier::default();
        supplier.follow(standing.supply.as_ref(), &shared);
        if let Some(delivery) = Delivery::of(&standing) {
            tokio::task::spawn_local(delivery.run(shared.metrics.history.clone()));
        }
        if let Some((docket, caller)) =
            shared.docket.as_ref().and_then(|docket| Some((docket, docket.caller.clone()?)))
        {
            let counted = (shared.clock.clone(), shared.metrics.state.clone());
            let calls = callback::run(caller, docket.desk.clone(), counted, shutdown.clone());
            tokio::task::spawn_local(calls);
        }
        if let (Some(docket), Some(sender)) = (&shared.docket, sender) {
            let counted = (shared.clock.clone(), shared.metrics.state.clone());
            let sending = signal::run(sender, docket.desk.clone(), counted, shutdown.clone());
            tokio::task::spawn_local(sending);
        }
        tokio::task::spawn_local(reload_on_change(config, standing, (shared, control), supplier));
        shutdown.wait().await;
    }
}

fn listening(bound: Bound) -> Option<TcpListener> {
    let address = bound.address;
    match TcpListener::from_std(bound.socket) {
        Ok(socket) => Some(socket),
        Err(cause) => {
            error!(%address, %cause, "a listener cannot be polled");
            None
        }
    }
}

/// Reloads on SIGHUP, and whenever a file that was read has changed.
async fn reload_on_change(
    config: PathBuf,
    mut standing: Standing,
    (shared, control): (Arc<Shared>, Option<Arc<control::Service>>),
    mut supplier: Supplier,
) {
    let mut hangup = match unix::signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(cause) => return error!(%cause, "cannot listen for SIGHUP; nothing is reloaded"),
    };
    let mut watch = Watch::new(standing.files.clone());
    loop {
        let changed = tokio::select! {
            _ = hangup.recv() => true,
            () = tokio::time::sleep(INTERVAL) => watch.look(),
        };
        if changed {
            let files = reload(&config, &mut standing, &shared, control.as_deref()).await;
            watch = Watch::new(files);
            supplier.follow(standing.supply.as_ref(), &shared);
        }
    }
}

/// The task that fetches the policy, and what it was started with.
#[derive(Default)]
struct Supplier(Option<(Supply, JoinHandle<()>)>);

impl Supplier {
    /// Starts it, stops it or lets it be, as the newest configuration says.
    fn follow(&mut self, supply: Option<&Supply>, shared: &Shared) {
        if self.0.as_ref().map(|(running, _)| running) == supply {
            return;
        }
        if let Some((_, task)) = self.0.take() {
            task.abort();
        }
        self.0 = supply.map(|supply| {
            let metrics = shared.metrics.policy.clone();
            let run = supply::run(Arc::new(supply.clone()), shared.clock.clone(), metrics);
            (supply.clone(), tokio::task::spawn_local(run))
        });
    }
}

/// Puts a whole new snapshot in force, or none. Returns the files to watch from now on.
async fn reload(
    config: &Path,
    standing: &mut Standing,
    shared: &Arc<Shared>,
    control: Option<&control::Service>,
) -> Vec<PathBuf> {
    let loaded = {
        // Rules and their tests take their time; connections are accepted meanwhile.
        let (config, shared) = (config.to_owned(), Arc::clone(shared));
        tokio::task::spawn_blocking(move || Assembly::load(&config, &shared.clock, &shared.metrics))
    };
    let metrics = &shared.metrics.config;
    match loaded.await {
        Ok(Ok(assembly)) => {
            if assembly.standing.needs_restart(standing) {
                warn!(
                    "`listeners`, `workers`, `audit`, `state`, `callbacks`, `signals.send` or `policy.history` changed: that takes effect at a restart"
                );
            }
            standing.files.clone_from(&assembly.standing.files);
            standing.supply.clone_from(&assembly.standing.supply);
            shared.replace(assembly.snapshot);
            if let (Some(control), Some(gate)) = (control, assembly.gate) {
                control.replace(gate);
            }
            shared.announce();
            metrics.reloads.with_label_values(&["applied"]).inc();
            info!("the configuration was reloaded");
            standing.files.clone()
        }
        Ok(Err(refused)) => {
            metrics.reloads.with_label_values(&["refused"]).inc();
            metrics.last_reload_success.set(0);
            error!("the reload was refused and the last good configuration stays:\n{refused}");
            // The remedy may be in a file that only the refused configuration names.
            let mut files = standing.files.clone();
            files.extend_from_slice(refused.files());
            files
        }
        Err(cause) => {
            error!(%cause, "the reload broke off and the last good configuration stays");
            standing.files.clone()
        }
    }
}
