//! `countersign serve`.

use std::io::{self, Write};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{Running, StartError};
use crate::cli::{ConfigPath, Exit};
use crate::clock::Clock;

/// What `serve` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    path: ConfigPath,
}

impl Arguments {
    pub(super) fn run(self, err: &mut dyn Write) -> io::Result<Exit> {
        forbid_core_dumps();
        let signals = Signals::listen()?;
        let running = match Running::start(&self.path.config, Clock::System) {
            Ok(running) => running,
            Err(why) => {
                writeln!(err, "{why}")?;
                return Ok(match why {
                    StartError::System(_) => Exit::Failed,
                    _ => Exit::Configuration,
                });
            }
        };
        for (name, address) in running.addresses() {
            tracing::info!(listener = %name, %address, "listening");
        }
        signals.wait();
        tracing::info!("stopping");
        running.stop();
        Ok(Exit::Done)
    }
}

/// SIGINT and SIGTERM, listened for from the moment this is made.
pub(super) struct Signals {
    runtime: Runtime,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        drop(entered);
        Ok(Self { runtime, interrupt, terminate })
    }

    /// Blocks until one of them comes.
    pub(super) fn wait(mut self) {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        });
    }
}

/// A core dump would hold every secret.
fn forbid_core_dumps() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let limited = setrlimit(Resource::Core, none);
    if limited.and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable)).is_err() {
        tracing::warn!("core dumps cannot be forbidden here; one would hold secrets");
    }
}
