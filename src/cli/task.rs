//! `countersign task`: the bounded work of agents, what is left of it, and taking it back.

use std::fmt;
use std::io::{self, Write};

use clap::Subcommand;

use crate::cli::revoke::Revoke;
use crate::cli::stored::Stored;
use crate::cli::{ConfigPath, Exit};
use crate::clock::{Clock, Timestamp};
use crate::id::{RouteName, TaskId};
use crate::store::Error;
use crate::task::{Labels, Limit, Lineage, Prefix, Scope, Task};

/// What to do with tasks.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List those that are not over, each behind what it was handed on from
    List {
        /// List those that are over as well
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        config: ConfigPath,
    },
    /// End one for good, with all that was handed on of it
    Revoke(Revoke),
    /// Show one: what it may be used for, what is left, on whose behalf, and what it has touched
    Show {
        /// The task: `tsk_…`
        id: String,
        #[command(flatten)]
        config: ConfigPath,
    },
}

impl Command {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let (wanted, config) = match self {
            Self::Revoke(arguments) => return arguments.run("task", out, err),
            Self::List { all, config } => (Wanted::Several { all }, config),
            Self::Show { id, config } => (Wanted::One(id), config),
        };
        let stored = match Stored::of(&config) {
            Ok(stored) => stored,
            Err(why) => {
                writeln!(err, "{why}")?;
                return Ok(Exit::Configuration);
            }
        };
        match wanted {
            Wanted::Several { all } => list(&stored, all, out, err),
            Wanted::One(id) => show(&stored, &id, out, err),
        }
    }
}

/// What is to be shown.
enum Wanted {
    One(String),
    Several { all: bool },
}

fn list(stored: &Stored, all: bool, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
    let id = |one: &Lineage| one.task().id;
    let found = stored.all(id, async |store, last| store.task_page(last).await)?;
    let mut found = match found {
        Ok(found) => found,
        Err(why) => return failed(&why, err),
    };
    // Each behind what it was handed on from.
    found.sort_by_key(|one| one.tasks().iter().map(|task| task.id).collect::<Vec<_>>());
    let now = Clock::System.now();
    for lineage in found {
        let task = lineage.task();
        let status = task.status(now);
        if status.is_final() && !all {
            continue;
        }
        let indent = "  ".repeat(lineage.tasks().len() - 1);
        let (id, deadline, owner) = (task.id, task.bounds.deadline, task.owner.as_str());
        let purpose = task.purpose.escape_debug();
        writeln!(out, "{indent}{id}  {status}  {deadline}  {owner}  {purpose}")?;
    }
    Ok(Exit::Done)
}

fn show(stored: &Stored, id: &str, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
    let Some(id) = TaskId::parse(id) else {
        writeln!(err, "`{id}` is not a task's id: tsk_ and 32 hexadecimal digits")?;
        return Ok(Exit::NotFound);
    };
    match stored.with(async |store| store.task(id).await)? {
        Ok((lineage, labels)) => {
            let now = Clock::System.now();
            write!(out, "{}", Shown { lineage: &lineage, labels: &labels, now })?;
            Ok(Exit::Done)
        }
        Err(why) => failed(&why, err),
    }
}

/// A task, a line for each thing about it.
struct Shown<'a> {
    lineage: &'a Lineage,
    labels: &'a Labels,
    now: Timestamp,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = self.lineage.task();
        writeln!(f, "{}  {}", task.id, task.status(self.now))?;
        writeln!(f, "  owner    {}", task.owner.as_str())?;
        writeln!(f, "  purpose  {}", task.purpose.escape_debug())?;
        let above = self.lineage.tasks().split_last().map(|(_, above)| above).unwrap_or_default();
        for link in above {
            let (status, purpose) = (link.status(self.now), link.purpose.escape_debug());
            writeln!(f, "  from     {}  {status}  {}  {purpose}", link.id, link.owner.as_str())?;
        }
        writeln!(f, "  until    {}", task.bounds.deadline)?;
        if let (Some(heartbeat), Some(quiet)) = (task.bounds.heartbeat, task.quiet) {
            writeln!(f, "  silent   at {quiet}, {}s after it was heard of", heartbeat.as_secs())?;
        }
        scope(&task.bounds.scope, f)?;
        budget(task, f)?;
        let labels: Vec<_> = self.labels.iter().map(|label| label.as_str()).collect();
        if !labels.is_empty() {
            writeln!(f, "  touched  {}", labels.join(", "))?;
        }
        writeln!(f, "  depth    {}", task.bounds.depth)
    }
}

fn scope(scope: &Scope, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let routes = scope.routes.as_ref().map(|all| joined(all.iter().map(RouteName::as_str)));
    let methods = scope.methods.as_ref().map(|all| joined(all.iter().map(String::as_str)));
    let paths = scope.paths.as_ref().map(|all| joined(all.iter().map(Prefix::as_str)));
    let tools = scope.tools.as_ref().map(|all| joined(all.iter().map(String::as_str)));
    for (word, list) in
        [("routes", routes), ("methods", methods), ("paths", paths), ("tools", tools)]
    {
        if let Some(list) = list {
            writeln!(f, "  {word:<7}  {list}")?;
        }
    }
    for (field, limit) in &scope.arguments {
        let limit = match limit {
            Limit::Among(_) => format!("one of {}", limit.document()),
            Limit::AtMost(most) => format!("at most {most}"),
        };
        writeln!(f, "  argument {}: {limit}", field.as_str().escape_debug())?;
    }
    Ok(())
}

/// The agent's words, which may hide what a terminal does not show.
fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| word.escape_debug().to_string()).collect::<Vec<_>>().join(", ")
}

fn budget(task: &Task, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (bounds, left, held) = (&task.bounds.budget, task.left(), &task.held);
    for (word, left, most, held) in [
        ("requests", left.requests, bounds.requests, held.requests),
        ("bytes", left.bytes, bounds.bytes, held.bytes),
    ] {
        if let (Some(left), Some(most)) = (left, most) {
            writeln!(f, "  left     {left} of {most} {word}, {held} more kept back")?;
        }
    }
    let amounts = left.amounts.iter().flatten().zip(bounds.amounts.iter().flatten());
    for ((unit, left), (_, most)) in amounts {
        let held = held.amounts.get(unit).copied().unwrap_or_default();
        writeln!(f, "  left     {left} of {most} {unit}, {held} more kept back")?;
    }
    Ok(())
}

fn failed(why: &Error, err: &mut dyn Write) -> io::Result<Exit> {
    match why {
        Error::NoTask => writeln!(err, "there is no such task")?,
        _ => writeln!(err, "{why}")?,
    }
    Ok(match why {
        Error::NoTask => Exit::NotFound,
        _ => Exit::Failed,
    })
}
