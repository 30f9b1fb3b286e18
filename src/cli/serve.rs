//! `countersign serve`.

use std::io::{self, Write};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

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
        let running = match Running::start(&self.path.config, Clock::System) {
            Ok(running) => running,
            Err(why) => {
                writeln!(err, "{why}")?;
                return Ok(match why {
                    StartError::Configuration(_) => Exit::Configuration,
                    _ => Exit::Failed,
                });
            }
        };
        for (name, address) in running.addresses() {
            tracing::info!(listener = %name, %address, "listening");
        }
        wait_for_signal()?;
        tracing::info!("stopping");
        running.stop();
        Ok(Exit::Done)
    }
}

/// Blocks until SIGINT or SIGTERM.
pub(super) fn wait_for_signal() -> io::Result<()> {
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}

/// A core dump would hold every secret.
fn forbid_core_dumps() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let limited = setrlimit(Resource::Core, none);
    if limited.and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable)).is_err() {
        tracing::warn!("core dumps cannot be forbidden here; one would hold secrets");
    }
}
