//! `countersign policy eval`: what rules say about an input at hand, and why.

use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use crate::cli::{Exit, Output};
use crate::clock::Clock;
use crate::policy::config::Tests;
use crate::policy::explain::Explanation;
use crate::policy::{Bundle, Config, EntryPoint, Explainer, LoadError};

/// What `policy eval` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder with rules and data
    path: PathBuf,
    /// The input, as one JSON document; `-` reads it from standard input
    #[arg(short, long)]
    input: PathBuf,
    /// The rule that answers, where it is not the usual one
    #[arg(long, default_value = Config::QUERY)]
    query: String,
    /// The rule above it, where there is one
    #[arg(long)]
    guardrails: Option<String>,
    /// As text for people, or as JSON
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

impl Arguments {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let input = match read(&self.input) {
            Ok(input) => input,
            Err(why) => {
                writeln!(err, "{} cannot be read: {why}", self.input.display())?;
                return Ok(Exit::Failed);
            }
        };
        let mut config = Config::new(self.path);
        config.query = self.query.as_str().into();
        config.guardrails = self.guardrails.as_deref().map(Into::into);
        config.tests = Tests::Off;
        let explanation = match explained(&config, &input) {
            Ok(explanation) => explanation,
            Err(why) => {
                writeln!(err, "{why}")?;
                return Ok(Exit::Configuration);
            }
        };
        match self.output {
            Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(&explanation)?)?,
            Output::Text => writeln!(out, "{}\n{explanation}", explanation.effect)?,
        }
        Ok(Exit::Done)
    }
}

fn explained(config: &Config, input: &str) -> Result<Explanation, LoadError> {
    let bundle = Bundle::load(config, &Clock::System)?;
    let point = EntryPoint { rule: config.query.clone(), guardrails: config.guardrails.clone() };
    Explainer::new(bundle.edition(), &point)?.explain(input)
}

fn read(path: &Path) -> io::Result<String> {
    if path != Path::new("-") {
        return std::fs::read_to_string(path);
    }
    let mut text = String::new();
    io::stdin().take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// The most bytes of an input.
const LONGEST: u64 = 64 << 20;
