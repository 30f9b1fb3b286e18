//! `countersign policy suggest`: rules drafted from what one agent did.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::Exit;
use crate::cli::explain::HistoryPath;
use crate::cli::replay::period;
use crate::clock::Clock;
use crate::history::{draft, habits};

/// What `policy suggest` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The agent's SPIFFE ID
    #[arg(long)]
    agent: String,
    /// How far back
    #[arg(long, default_value = "7d", value_parser = period)]
    last: Duration,
    /// A folder for `draft.rego` and `draft_test.rego`, neither of which may be there yet; otherwise
    /// the rules are printed
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    history: HistoryPath,
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
        let since = Clock::System.now().minus(self.last);
        let habits = match habits(&history, since, &self.agent) {
            Ok(habits) => habits,
            Err(why) => {
                writeln!(err, "{why}")?;
                return Ok(Exit::Failed);
            }
        };
        if habits.is_empty() {
            writeln!(err, "no request of {} went ahead in that time", self.agent)?;
            return Ok(Exit::NotFound);
        }
        let draft = habits.draft();
        let Some(folder) = self.out else {
            write!(out, "{}", draft.rules)?;
            return Ok(Exit::Done);
        };
        std::fs::create_dir_all(&folder)?;
        create(&folder.join("draft.rego"), &draft.rules)?;
        create(&folder.join("draft_test.rego"), &draft.tests)?;
        let (folder, query) = (folder.display(), draft::QUERY);
        writeln!(err, "a draft, to be read: countersign policy test {folder} --query {query}")?;
        Ok(Exit::Done)
    }
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let named = |why: io::Error| io::Error::new(why.kind(), format!("{}: {why}", path.display()));
    file.map_err(named)?.write_all(text.as_bytes())
}
