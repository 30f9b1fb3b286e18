//! `countersign proposal`: what agents have put forward, and what people said to it.

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use clap::Subcommand;
use tokio::time::{Instant, sleep};

use crate::cli::replay::period;
use crate::cli::stored::Stored;
use crate::cli::{ConfigPath, Exit};
use crate::clock::Clock;
use crate::id::ProposalId;
use crate::proposal::{Card, Execution, Proposal, State};
use crate::proxy::proposals::standing::Standing;
use crate::store::{Approval, Error, Trouble};

/// What to do with proposals.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take one back, as its agent could: until it is sent
    Cancel {
        /// The proposal: `prp_…`
        id: String,
        #[command(flatten)]
        config: ConfigPath,
    },
    /// List those that wait for people, oldest first
    List {
        /// List instead those that could not be sent, and those whose outcome nobody knows
        #[arg(long)]
        troubled: bool,
        #[command(flatten)]
        config: ConfigPath,
    },
    /// Show one, whole, with what people said and their signatures
    Show {
        /// The proposal: `prp_…`
        id: String,
        /// Print the signed statements too, as `ssh-keygen -Y verify` takes them apart
        #[arg(long)]
        signatures: bool,
        #[command(flatten)]
        config: ConfigPath,
    },
    /// Wait until people have decided one and it has been carried out
    Wait {
        /// The proposal: `prp_…`
        id: String,
        /// For how long
        #[arg(long, default_value = "15m", value_parser = period)]
        timeout: Duration,
        #[command(flatten)]
        config: ConfigPath,
    },
}

impl Command {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let (Self::Cancel { config, .. }
        | Self::List { config, .. }
        | Self::Show { config, .. }
        | Self::Wait { config, .. }) = &self;
        let stored = match Stored::of(config) {
            Ok(stored) => stored,
            Err(why) => {
                writeln!(err, "{why}")?;
                return Ok(Exit::Configuration);
            }
        };
        match self {
            Self::Cancel { id, .. } => cancel(&stored, &id, out, err),
            Self::List { troubled: true, .. } => troubles(&stored, out, err),
            Self::List { .. } => list(&stored, out, err),
            Self::Show { id, signatures, .. } => show(&stored, &id, signatures, out, err),
            Self::Wait { id, timeout, .. } => wait(&stored, &id, timeout, out, err),
        }
    }
}

fn list(stored: &Stored, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
    match stored.all(Proposal::id, async |store, last| store.waiting(last).await)? {
        Ok(all) => {
            for proposal in all {
                let (draft, request) = (proposal.draft(), proposal.substance().request());
                let (id, expires) = (draft.id, draft.expires_at);
                let owner = proposal.substance().owner().as_str();
                writeln!(out, "{id}  {expires}  {owner}  {} {}", request.method(), request.url())?;
            }
            Ok(Exit::Done)
        }
        Err(why) => failed(&why, err),
    }
}

fn troubles(stored: &Stored, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
    let id = |trouble: &Trouble| trouble.id;
    match stored.all(id, async |store, last| store.troubles(last).await)? {
        Ok(all) => {
            for trouble in all {
                writeln!(out, "{}  {}", trouble.id, Told(&trouble))?;
            }
            Ok(Exit::Done)
        }
        Err(why) => failed(&why, err),
    }
}

fn show(
    stored: &Stored,
    id: &str,
    signatures: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    let Some(id) = named(id, err)? else { return Ok(Exit::NotFound) };
    let now = Clock::System.now();
    let found = stored.with(async |store| {
        let seen = store.dossier(id, &stored.people, now).await?;
        Ok((seen, store.approvals(id).await?, store.trouble(id).await?))
    })?;
    match found {
        Ok(((proposal, background), approvals, trouble)) => {
            writeln!(out, "{}", Card::new(&proposal, &background, now))?;
            if let Some(trouble) = &trouble {
                writeln!(out, "  trouble  {}", Told(trouble))?;
            }
            for Approval { approver, proof, at } in approvals.iter().filter(|_| signatures) {
                writeln!(out, "  signed   {approver}, {at}\n\n{}", proof.as_str())?;
            }
            Ok(Exit::Done)
        }
        Err(why) => failed(&why, err),
    }
}

fn cancel(stored: &Stored, id: &str, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
    let Some(id) = named(id, err)? else { return Ok(Exit::NotFound) };
    match stored.with(async |store| store.cancel(id, Clock::System.now()).await)? {
        Ok(_) => {
            writeln!(out, "{id} is taken back")?;
            Ok(Exit::Done)
        }
        Err(why) => failed(&why, err),
    }
}

fn wait(
    stored: &Stored,
    id: &str,
    patience: Duration,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    let Some(id) = named(id, err)? else { return Ok(Exit::NotFound) };
    let ended = stored.with(async |store| {
        let end = Instant::now() + patience;
        loop {
            let proposal = store.load(id).await?;
            let standing = Standing::of(&proposal, Clock::System.now());
            if !standing.is_open() || Instant::now() >= end {
                return Ok((proposal, standing));
            }
            sleep(POLL).await;
        }
    })?;
    match ended {
        Ok((proposal, standing)) => {
            let State { status, execution, answer, .. } = proposal.state();
            let answered = answer.as_ref().map(|answer| format!(", answered {}", answer.status()));
            writeln!(out, "{id}  {status}  {execution}{}", answered.unwrap_or_default())?;
            Ok(waited(&standing, *execution))
        }
        Err(why) => failed(&why, err),
    }
}

fn waited(standing: &Standing, execution: Execution) -> Exit {
    match standing {
        _ if execution == Execution::Succeeded => Exit::Done,
        Standing::Denied => Exit::Denied,
        Standing::Expired | Standing::Pending | Standing::Waiting => Exit::Pending,
        _ => Exit::Failed,
    }
}

/// A trouble in one line.
struct Told<'a>(&'a Trouble);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trouble { execution, tries, last, next, .. } = self.0;
        write!(f, "{execution}")?;
        if let Some(last) = last {
            write!(f, ", tried {tries} times, the last time: {}", last.escape_debug())?;
        }
        match execution {
            Execution::Queued => write!(f, "; next {next}"),
            _ => Ok(()),
        }
    }
}

fn named(id: &str, err: &mut dyn Write) -> io::Result<Option<ProposalId>> {
    let named = ProposalId::parse(id);
    if named.is_none() {
        writeln!(err, "`{id}` is not a proposal's id: prp_ and 32 hexadecimal digits")?;
    }
    Ok(named)
}

fn failed(why: &Error, err: &mut dyn Write) -> io::Result<Exit> {
    writeln!(err, "{why}")?;
    Ok(match why {
        Error::Unknown(_) => Exit::NotFound,
        Error::Illegal(_) => Exit::Conflict,
        _ => Exit::Failed,
    })
}

/// How often `wait` looks.
const POLL: Duration = Duration::from_millis(250);
