//! `countersign audit …`: needs the trail's files and nothing that runs.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::audit::{Line, VerifierKey, agreed, show, tail, verify};
use crate::cli::Exit;
use crate::config::parse;
use crate::id::DecisionId;

/// What there is to do with a trail.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print what the trail says of one exchange
    Show {
        /// The trail's folder
        folder: PathBuf,
        /// The exchange: `dec_…`, as in the answer's `Countersign-Decision`
        id: String,
        /// Print the entries as they stand in the file
        #[arg(long)]
        json: bool,
    },
    /// Print the newest entries
    Tail {
        /// The trail's folder
        folder: PathBuf,
        /// How many
        #[arg(short, long, default_value_t = 20)]
        count: usize,
        /// Print the entries as they stand in the file
        #[arg(long)]
        json: bool,
    },
    /// Find an edited, dropped, reordered, inserted or cut-off record
    Verify {
        /// The trail's folder
        folder: PathBuf,
        /// The file with the public key; the trail's own `key.vkey` unless given, which proves
        /// nothing against someone who could replace it
        #[arg(long)]
        key: Option<PathBuf>,
        /// A checkpoint that was kept elsewhere, which the trail has to agree with
        #[arg(long)]
        checkpoint: Option<PathBuf>,
        /// The configuration with the people whose signatures are to be checked, too
        #[arg(long)]
        people: Option<PathBuf>,
    },
}

impl Command {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        match self {
            Self::Show { folder, id, json } => {
                let Some(id) = DecisionId::parse(&id) else {
                    writeln!(err, "`{id}` is not a decision's id: dec_ and 32 hexadecimal digits")?;
                    return Ok(Exit::NotFound);
                };
                let lines = show(&folder, id)?;
                print(&lines, json, out)?;
                Ok(if lines.is_empty() { Exit::NotFound } else { Exit::Done })
            }
            Self::Tail { folder, count, json } => {
                print(&tail(&folder, count)?, json, out)?;
                Ok(Exit::Done)
            }
            Self::Verify { folder, key, checkpoint, people } => {
                let key = key.unwrap_or_else(|| folder.join("key.vkey"));
                match (check(&folder, &key, checkpoint.as_deref(), out, err)?, people) {
                    (Exit::Done, Some(people)) => check_people(&folder, &people, out, err),
                    (exit, _) => Ok(exit),
                }
            }
        }
    }
}

fn print(lines: &[Line], json: bool, out: &mut dyn Write) -> io::Result<()> {
    for line in lines {
        match json {
            true => writeln!(out, "{}", line.as_str())?,
            false => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

fn check(
    folder: &Path,
    key: &Path,
    checkpoint: Option<&Path>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    let text = match std::fs::read_to_string(key) {
        Ok(text) => text,
        Err(why) => {
            writeln!(err, "the public key {} cannot be read: {why}", key.display())?;
            return Ok(Exit::Failed);
        }
    };
    let key = match VerifierKey::parse(text.trim()) {
        Ok(key) => key,
        Err(why) => {
            writeln!(err, "{} is not a public key: {why}", key.display())?;
            return Ok(Exit::Failed);
        }
    };
    let external = checkpoint.map(std::fs::read_to_string).transpose()?;
    match verify(folder, &key, external.as_deref()) {
        Ok(report) => {
            writeln!(out, "{report}")?;
            Ok(if report.problem.is_none() { Exit::Done } else { Exit::Unverified })
        }
        Err(why) => {
            writeln!(err, "{why}")?;
            Ok(Exit::Failed)
        }
    }
}

/// Whether those whom the trail names did agree.
fn check_people(
    folder: &Path,
    config: &Path,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    let text = std::fs::read_to_string(config)?;
    let file = match parse(&config.display().to_string(), &text) {
        Ok((file, _)) => file,
        Err(problems) => {
            writeln!(err, "{problems}")?;
            return Ok(Exit::Configuration);
        }
    };
    match agreed(folder, &file.people())? {
        Ok(agreed) => {
            writeln!(out, "{agreed}")?;
            Ok(Exit::Done)
        }
        Err(unfounded) => {
            writeln!(out, "unfounded: {unfounded}")?;
            Ok(Exit::Unverified)
        }
    }
}
