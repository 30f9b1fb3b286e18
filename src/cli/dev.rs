//! `countersign dev`.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::serve::Signals;
use crate::clock::Clock;
use crate::dev;
use crate::log;

/// What `dev` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where everything is kept
    #[arg(long, default_value = ".countersign")]
    folder: PathBuf,
    /// Walk a scripted agent through it, in a temporary folder and on free ports, and exit
    #[arg(long)]
    tour: bool,
}

impl Arguments {
    /// `level` is what `--log-level` says, or nothing: a transcript wants quiet.
    pub(super) fn run(
        self,
        level: Option<&str>,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> io::Result<Exit> {
        let ended = if self.tour {
            log::start(level.unwrap_or("off"));
            dev::tour(&Clock::System, out)
        } else {
            log::start(level.unwrap_or("warn"));
            let signals = Signals::listen()?;
            dev::run(&self.folder, &Clock::System, out, || {
                signals.wait();
                Ok(())
            })
        };
        match ended {
            Ok(()) => Ok(Exit::Done),
            Err(why) => {
                writeln!(err, "error: {why}")?;
                Ok(Exit::Failed)
            }
        }
    }
}
