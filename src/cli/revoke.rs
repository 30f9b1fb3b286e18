//! `countersign revoke`: takes back at once, on every replica, what somebody or something may do.

use std::io::{self, Write};

use clap::Subcommand;

use crate::cli::stored::Stored;
use crate::cli::{ConfigPath, Exit};
use crate::clock::Clock;
use crate::revocation::Subject;
use crate::store::{Error, Revocation};

/// What to do with revocations.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Revoke an agent, whatever certificate it shows
    Agent(Revoke),
    /// Revoke a credential, on whatever route
    Credential(Revoke),
    /// Give back what was revoked
    Lift {
        /// `agent`, `credential`, `task` or `trust-domain`
        kind: String,
        /// Its name
        name: String,
        #[command(flatten)]
        config: ConfigPath,
    },
    /// List what is revoked, oldest first
    List {
        #[command(flatten)]
        config: ConfigPath,
    },
    /// Revoke a task
    Task(Revoke),
    /// Revoke everyone whom a trust domain vouches for
    TrustDomain(Revoke),
}

/// What is revoked, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Revoke {
    /// A SPIFFE ID, a credential's name, a task's id, or a trust domain's name
    name: String,
    /// Why, for whoever looks later
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    config: ConfigPath,
}

impl Command {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        match self {
            Self::Agent(arguments) => arguments.run("agent", out, err),
            Self::Credential(arguments) => arguments.run("credential", out, err),
            Self::Task(arguments) => arguments.run("task", out, err),
            Self::TrustDomain(arguments) => arguments.run("trust-domain", out, err),
            Self::Lift { kind, name, config } => lift(&kind, &name, &config, out, err),
            Self::List { config } => list(&config, out, err),
        }
    }
}

impl Revoke {
    pub(super) fn run(
        self,
        kind: &str,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> io::Result<Exit> {
        let Self { name, reason, config } = self;
        let Some((stored, subject)) = about(kind, &name, &config, err)? else {
            return Ok(Exit::Configuration);
        };
        // A slip of the pen must not look like a revocation that works.
        if let Some(doubts) = stored.doubts(&subject) {
            writeln!(err, "warning: {doubts}")?;
        }
        let revocation = Revocation { subject, reason, at: Clock::System.now() };
        match stored.with(async |store| store.revoke(revocation).await)? {
            Ok(Revocation { subject, at, .. }) => {
                writeln!(out, "{subject} is revoked since {at}")?;
                Ok(Exit::Done)
            }
            Err(Error::NoTask) => {
                writeln!(err, "there is no such task")?;
                Ok(Exit::NotFound)
            }
            Err(why) => {
                writeln!(err, "it may not be revoked: {why}")?;
                Ok(Exit::Failed)
            }
        }
    }
}

fn lift(
    kind: &str,
    name: &str,
    config: &ConfigPath,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    let Some((stored, subject)) = about(kind, name, config, err)? else {
        return Ok(Exit::Configuration);
    };
    match stored.with(async |store| store.lift(&subject).await)? {
        Ok(Some(_)) => {
            writeln!(out, "{subject} is revoked no more")?;
            Ok(Exit::Done)
        }
        Ok(None) => {
            writeln!(err, "{subject} is not revoked")?;
            Ok(Exit::NotFound)
        }
        Err(why) => {
            writeln!(err, "{why}")?;
            Ok(Exit::Failed)
        }
    }
}

fn list(config: &ConfigPath, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
    let stored = match Stored::of(config) {
        Ok(stored) => stored,
        Err(why) => {
            writeln!(err, "{why}")?;
            return Ok(Exit::Configuration);
        }
    };
    match stored.with(async |store| store.revocations().await)? {
        Ok(all) => {
            for Revocation { subject, reason, at } in all {
                writeln!(out, "{}", format!("{at}  {subject}  {reason}").trim_end())?;
            }
            Ok(Exit::Done)
        }
        Err(why) => {
            writeln!(err, "{why}")?;
            Ok(Exit::Failed)
        }
    }
}

/// The store, and what of it is meant; says what is wrong, if something is.
fn about(
    kind: &str,
    name: &str,
    config: &ConfigPath,
    err: &mut dyn Write,
) -> io::Result<Option<(Stored, Subject)>> {
    let Some(subject) = Subject::parse(kind, name) else {
        writeln!(
            err,
            "`{kind} {name}` names nothing that can be revoked: agent spiffe://…, credential NAME, \
             task tsk_…, trust-domain NAME"
        )?;
        return Ok(None);
    };
    match Stored::of(config) {
        Ok(stored) => Ok(Some((stored, subject))),
        Err(why) => {
            writeln!(err, "{why}")?;
            Ok(None)
        }
    }
}
