//! `countersign proposal`: what agents have put forward, and what people said to it.

use std::io::{self, Write};

use clap::Subcommand;

use crate::cli::stored::Stored;
use crate::cli::{ConfigPath, Exit};
use crate::id::ProposalId;
use crate::proposal::{Card, Proposal};
use crate::store::{Approval, Error};

/// What to do with proposals.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List those that wait for people, oldest first
    List {
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
}

impl Command {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let (Self::List { config } | Self::Show { config, .. }) = &self;
        let stored = match Stored::of(config) {
            Ok(stored) => stored,
            Err(why) => {
                writeln!(err, "{why}")?;
                return Ok(Exit::Configuration);
            }
        };
        match self {
            Self::List { .. } => list(&stored, out, err),
            Self::Show { id, signatures, .. } => show(&stored, &id, signatures, out, err),
        }
    }
}

fn list(stored: &Stored, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
    let found = stored.with(async |store| {
        let mut all: Vec<Proposal> = Vec::new();
        loop {
            let page = store.waiting(all.last().map(Proposal::id)).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    })?;
    match found {
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

fn show(
    stored: &Stored,
    id: &str,
    signatures: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    let Some(id) = ProposalId::parse(id) else {
        writeln!(err, "`{id}` is not a proposal's id: prp_ and 32 hexadecimal digits")?;
        return Ok(Exit::NotFound);
    };
    let found =
        stored.with(async |store| Ok((store.load(id).await?, store.approvals(id).await?)))?;
    match found {
        Ok((proposal, approvals)) => {
            writeln!(out, "{}", Card(&proposal))?;
            for Approval { approver, proof, at } in &approvals {
                writeln!(out, "  answered {approver}, {at}")?;
                if signatures {
                    writeln!(out, "\n{}", proof.as_str())?;
                }
            }
            Ok(Exit::Done)
        }
        Err(why) => failed(&why, err),
    }
}

fn failed(why: &Error, err: &mut dyn Write) -> io::Result<Exit> {
    writeln!(err, "{why}")?;
    Ok(if matches!(why, Error::Unknown(_)) { Exit::NotFound } else { Exit::Failed })
}
