//! `countersign policy test`: a bundle's tests, told as `opa test` tells them.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueEnum;
use regex::Regex;

use crate::cli::{Exit, policy_report};
use crate::clock::Clock;
use crate::policy::Config;
use crate::policy::report::{Detail, Report};
use crate::policy::suite::{self, Lines, Selection};
use crate::rehearsal::{self, Unusable};

/// What `policy test` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folders with rules, data and tests; each is a bundle of its own
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The rule that answers, where it is not the usual one
    #[arg(long, default_value = Config::QUERY)]
    query: String,
    /// The configuration whose routes the requests of `*_cases.yaml` take
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only tests whose full name this matches
    #[arg(short, long, value_name = "REGEX")]
    run: Option<Regex>,
    /// Show tests that passed, too
    #[arg(short, long)]
    verbose: bool,
    /// Say which lines of the rules the tests evaluate
    #[arg(short, long)]
    coverage: bool,
    /// Fail where they evaluate less than this share of them
    #[arg(long, value_name = "PERCENT", requires = "coverage")]
    threshold: Option<f64>,
    /// The form of what is printed
    #[arg(short, long, alias = "format", short_alias = 'f', default_value = "pretty")]
    output: Output,
}

/// A form of the report.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Output {
    /// As `opa test -f json`
    Json,
    /// For what reads JUnit's XML
    Junit,
    /// For people
    Pretty,
}

impl Arguments {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let report = match self.report() {
            Ok(report) => report,
            Err(why) => {
                writeln!(err, "{why}")?;
                return Ok(Exit::Configuration);
            }
        };
        self.print(&report, out)?;
        if report.is_empty() {
            writeln!(err, "{report}")?;
        }
        if let Some(short) = self.short_of(&report) {
            writeln!(err, "{short}")?;
            return Ok(Exit::Configuration);
        }
        Ok(if report.passed() { Exit::Done } else { Exit::Configuration })
    }

    /// Runs the tests of every bundle.
    fn report(&self) -> Result<Report, Unusable> {
        let lines = if self.coverage { Lines::Counted } else { Lines::Uncounted };
        let selection = Selection { names: self.run.clone(), lines };
        let mut whole = Report::default();
        for path in &self.paths {
            let mut config = Config::new(path);
            config.query.clone_from(&self.query);
            whole.absorb(suite::run_selected(&config, &selection, &Clock::System)?);
            let (routes, names) = (self.config.as_deref(), self.run.as_ref());
            whole.absorb(rehearsal::run(&config, routes, names, &Clock::System)?);
        }
        Ok(whole)
    }

    fn print(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        // As `opa test` does: what was covered interests once the tests pass.
        let coverage = report.coverage().filter(|_| report.passed());
        match (self.output, coverage) {
            (Output::Json, Some(coverage)) => policy_report::coverage(coverage, out),
            (Output::Json, None) => policy_report::json(report, out),
            (Output::Junit, _) => policy_report::junit(report, out),
            (Output::Pretty, _) if report.is_empty() => Ok(()),
            (Output::Pretty, coverage) => {
                let detail = if self.verbose { Detail::Everything } else { Detail::Failures };
                writeln!(out, "{}", report.shown(detail))?;
                coverage.map_or(Ok(()), |coverage| writeln!(out, "{coverage}"))
            }
        }
    }

    /// What to say if less was covered than was asked for.
    fn short_of(&self, report: &Report) -> Option<String> {
        let (wanted, coverage) = (self.threshold?, report.coverage()?);
        let found = coverage.percent();
        (found < wanted).then(|| format!("coverage is {found:.2}%, and {wanted:.2}% was asked for"))
    }
}
