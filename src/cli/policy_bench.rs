//! `countersign policy bench`: what a decision costs, and each of its rules.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::Exit;
use crate::clock::Clock;
use crate::policy::{Config, bench};

/// What to measure, and on what.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder with rules and data
    path: PathBuf,
    /// The rule that answers, where it is not the usual one
    #[arg(long, default_value = Config::QUERY)]
    query: String,
    /// A file with one input as rules read it; `default` is a plain GET by an agent
    #[arg(long, default_value = DEFAULT)]
    input: PathBuf,
    /// How to print it
    #[arg(short, long, default_value = "table")]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Json,
    Table,
}

const DEFAULT: &str = "default";

impl Arguments {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let input = match self.input.to_str() {
            Some(DEFAULT) => None,
            _ => match std::fs::read_to_string(&self.input) {
                Ok(text) => Some(text),
                Err(why) => {
                    writeln!(err, "{}: cannot be read: {why}", self.input.display())?;
                    return Ok(Exit::NotFound);
                }
            },
        };
        let mut config = Config::new(self.path);
        config.query = self.query.as_str().into();
        match (bench::run(&config, input.as_deref(), &Clock::System), self.output) {
            (Ok(report), Output::Table) => write!(out, "{report}")?,
            (Ok(report), Output::Json) => {
                writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
            }
            (Err(why), _) => {
                writeln!(err, "{why}")?;
                return Ok(Exit::Configuration);
            }
        }
        Ok(Exit::Done)
    }
}
