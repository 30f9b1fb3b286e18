//! `countersign policy …`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::{Exit, eval, replay, suggest};
use crate::clock::Clock;
use crate::policy::{Config, suite};

/// What there is to do with policy.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say what rules answer to an input, and why
    Eval(eval::Arguments),
    /// Ask other rules about the decisions of the last days, and say what would change
    Replay(replay::Arguments),
    /// Draft rules that allow what one agent did and nothing else, for a person to read
    Suggest(suggest::Arguments),
    /// Run a folder's `*_test.rego`, on the engines that serve
    Test {
        /// The folder with rules, data and tests
        path: PathBuf,
        /// The rule that answers, where it is not the usual one
        #[arg(long, default_value = Config::QUERY)]
        query: String,
    },
}

impl Command {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let (path, query) = match self {
            Self::Eval(arguments) => return arguments.run(out, err),
            Self::Replay(arguments) => return arguments.run(out, err),
            Self::Suggest(arguments) => return arguments.run(out, err),
            Self::Test { path, query } => (path, query),
        };
        let mut config = Config::new(path);
        config.query = query;
        match suite::run(&config, &Clock::System) {
            Ok(report) => {
                writeln!(out, "{report}")?;
                Ok(if report.passed() { Exit::Done } else { Exit::Configuration })
            }
            Err(why) => {
                writeln!(err, "{why}")?;
                Ok(Exit::Configuration)
            }
        }
    }
}
