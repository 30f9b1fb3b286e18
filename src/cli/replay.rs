//! `countersign policy replay`: what other rules would have decided.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::explain::{HistoryPath, told};
use crate::cli::{Exit, Output};
use crate::clock::Clock;
use crate::config::duration::Period;
use crate::config::text::Written as _;
use crate::history::{Against, replay};

/// What `policy replay` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder with the other rules
    #[arg(long)]
    against: PathBuf,
    /// How far back
    #[arg(long, default_value = "24h", value_parser = period)]
    last: Duration,
    /// The rule that answers there, where it is not the one that decided
    #[arg(long)]
    query: Option<String>,
    #[command(flatten)]
    history: HistoryPath,
    /// Exit with 10 if anything changes, or if of anything nothing can be said
    #[arg(long)]
    exit_code: bool,
    /// As text for people, or as JSON with every decision
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

impl Arguments {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let history = match self.history.open() {
            Ok(history) => history,
            Err(why) => {
                writeln!(err, "{why}")?;
                return Ok(Exit::Configuration);
            }
        };
        let rule = self.query.as_deref().map(Into::into);
        let against = Against { path: self.against, rule };
        let since = Clock::System.now().minus(self.last);
        let report = match replay(&history, since, against, &Clock::System) {
            Ok(report) => report,
            Err(why) => {
                let nothing: Result<String, _> = Err(why);
                return told(nothing, self.output, out, err);
            }
        };
        match self.output {
            Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
            Output::Text => writeln!(out, "{report}")?,
        }
        Ok(if self.exit_code && report.differs() { Exit::Different } else { Exit::Done })
    }
}

/// `24h`, `7d`.
pub(super) fn period(text: &str) -> Result<Duration, String> {
    Period::read(text).map(Period::duration)
}
