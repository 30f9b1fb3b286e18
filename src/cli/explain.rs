//! `countersign explain`: why a decision was made.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::cli::{Exit, Output};
use crate::config;
use crate::history::{Error, History, explain, test_of};
use crate::id::DecisionId;

/// What `explain` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The decision: `dec_…`, as in the answer's `Countersign-Decision`
    id: String,
    #[command(flatten)]
    history: HistoryPath,
    /// Print a test in which the rules must decide the same again
    #[arg(long, conflicts_with = "output")]
    test: bool,
    /// As text for people, or as JSON
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// Where the history is.
#[derive(Debug, clap::Args)]
pub(super) struct HistoryPath {
    /// The configuration file that says where decisions are kept
    #[arg(short, long, env = "COUNTERSIGN_CONFIG", default_value = "countersign.yaml")]
    pub(super) config: PathBuf,
    /// The folder of decisions, instead of the configuration's
    #[arg(long)]
    history: Option<PathBuf>,
}

impl HistoryPath {
    /// The history, or why there is none.
    pub(super) fn open(&self) -> Result<History, String> {
        if let Some(folder) = &self.history {
            return Ok(History::at(folder));
        }
        let name = self.config.display();
        let text = std::fs::read_to_string(&self.config);
        let text = text.map_err(|why| format!("{name} cannot be read: {why}"))?;
        let parsed = config::parse(&name.to_string(), &text);
        let (file, _) = parsed.map_err(|problems| problems.to_string())?;
        let missing = || format!("{name} keeps no decisions: `policy.history` says where");
        file.history().map(|history| History::at(&history.path)).ok_or_else(missing)
    }
}

impl Arguments {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let Some(id) = DecisionId::parse(&self.id) else {
            let id = &self.id;
            writeln!(err, "`{id}` is not a decision's id: dec_ and 32 hexadecimal digits")?;
            return Ok(Exit::NotFound);
        };
        let history = match self.history.open() {
            Ok(history) => history,
            Err(why) => {
                writeln!(err, "{why}")?;
                return Ok(Exit::Configuration);
            }
        };
        if self.test {
            let test = history.find(id).and_then(|record| test_of(&record));
            return told(test, Output::Text, out, err);
        }
        match explain(&history, id) {
            Ok(inquiry) if self.output == Output::Json => {
                writeln!(out, "{}", serde_json::to_string_pretty(&inquiry)?)?;
                Ok(Exit::Done)
            }
            other => told(other, self.output, out, err),
        }
    }
}

/// Prints what was found, or why nothing was.
pub(super) fn told(
    found: Result<impl std::fmt::Display, Error>,
    output: Output,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    match found {
        Ok(found) => {
            writeln!(out, "{found}")?;
            Ok(Exit::Done)
        }
        Err(why @ (Error::Unknown(_) | Error::NoInput(_) | Error::NoRules(_))) => {
            if output == Output::Json {
                writeln!(
                    out,
                    "{}",
                    serde_json::json!({"effect": "unknown", "why": why.to_string()})
                )?;
            }
            writeln!(err, "{why}")?;
            Ok(Exit::NotFound)
        }
        Err(why) => {
            writeln!(err, "{why}")?;
            Ok(Exit::Failed)
        }
    }
}
