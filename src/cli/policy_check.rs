//! `countersign policy check`: what is wrong with rules, before anything is loaded.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::Exit;
use crate::config::{self, File, Problems};
use crate::policy::Config;
use crate::policy::check::{Bodies, check};

/// What `policy check` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folders and files of rules, taken together; unless given, those of the configuration
    #[arg(required_unless_present = "config")]
    paths: Vec<PathBuf>,
    /// The configuration that uses the rules: says which rule answers, and whether there are bodies
    #[arg(short, long)]
    config: Option<PathBuf>,
    /// The rule that answers [default: the configuration's, or data.countersign.authz.decision]
    #[arg(long)]
    query: Option<String>,
    /// How findings are printed
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// The forms that findings are printed in.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    /// One object, for scripts
    Json,
    /// For people
    Text,
}

impl Arguments {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let file = match self.config.as_deref().map(read).transpose() {
            Ok(file) => file,
            Err(problems) => {
                writeln!(err, "{problems}")?;
                return Ok(Exit::Configuration);
            }
        };
        let policy = file.as_ref().and_then(File::policy);
        let configured = policy.as_ref().map(|policy| policy.query.clone());
        let query = self
            .query
            .or(configured.map(|rule| rule.to_string()))
            .unwrap_or_else(|| Config::QUERY.to_owned());
        let paths = match (self.paths, policy) {
            (paths, Some(policy)) if paths.is_empty() => vec![policy.path],
            (paths, _) => paths,
        };
        let report = check(&paths, &query, file.as_ref().map_or(Bodies::Somewhere, bodies));
        match self.output {
            Output::Json => writeln!(out, "{:#}", report.json())?,
            Output::Text if report.findings().is_empty() => writeln!(out, "nothing found")?,
            Output::Text => writeln!(out, "{report}")?,
        }
        Ok(if report.errors() > 0 { Exit::Configuration } else { Exit::Done })
    }
}

/// Whether any route of the configuration shows bodies to rules.
pub(super) fn bodies(file: &File) -> Bodies {
    let inspects = file.inspects();
    if inspects { Bodies::Somewhere } else { Bodies::Nowhere }
}

/// The configuration, checked by itself.
pub(super) fn read(path: &Path) -> Result<File, Problems> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|why| Problems::unreadable(&name, why.to_string()))?;
    config::parse(&name, &text).map(|(file, _warnings)| file)
}
