//! `countersign approve`, `deny` and `withdraw`: a person's signed word on one proposal.
//!
//! What is signed is what was shown: the whole request is printed, and either a person at a terminal
//! says yes to it, or the digest on the command line must be that of the proposal as it is now. The
//! private key stays with `ssh-keygen`.

use std::io::{self, IsTerminal, Write};

use crate::approval::{Identity, MAX_LIFE, Nonce, Proof, Reason, Statement, Verdict};
use crate::cli::not::Not;
use crate::cli::signing::Signing;
use crate::cli::stored::Stored;
use crate::cli::{ConfigPath, Exit};
use crate::clock::Clock;
use crate::id::ProposalId;
use crate::proposal::{Card, Proposal, State, Status};

/// What `approve` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Approve {
    #[command(flatten)]
    answer: Answer,
    /// Decide alone, in an emergency, where the rules let you; it is on the record, and an alert
    #[arg(long, requires = "reason")]
    break_glass: bool,
    /// With `--break-glass`: why, in one line
    #[arg(long, requires = "break_glass")]
    reason: Option<String>,
}

/// What `deny` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Deny {
    #[command(flatten)]
    answer: Answer,
    /// Why not, in one line
    #[arg(long)]
    reason: Option<String>,
}

/// What `withdraw` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Withdraw {
    #[command(flatten)]
    answer: Answer,
    /// Why, in one line
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Answer {
    /// The proposal: `prp_…`
    id: String,
    #[command(flatten)]
    signing: Signing,
    /// The digest of what you have looked at; without it you are shown the request and asked
    #[arg(long)]
    digest: Option<String>,
    #[command(flatten)]
    config: ConfigPath,
}

impl Approve {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let verdict = read(self.reason.as_deref())
            .map(|reason| reason.map_or(Verdict::Approve, Verdict::BreakGlass));
        self.answer.run(verdict, out, err)
    }
}

impl Deny {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        self.answer.run(read(self.reason.as_deref()).map(Verdict::Deny), out, err)
    }
}

impl Withdraw {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        self.answer.run(read(self.reason.as_deref()).map(Verdict::Withdraw), out, err)
    }
}

fn read(reason: Option<&str>) -> Result<Option<Reason>, Not> {
    let reason = reason.map(Reason::parse).transpose();
    reason.map_err(|why| Not(Exit::Failed, why.to_string()))
}

impl Answer {
    fn run(
        self,
        verdict: Result<Verdict, Not>,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> io::Result<Exit> {
        match verdict.and_then(|verdict| self.answer(verdict, err)) {
            Ok(proposal) => {
                writeln!(out, "{}", outcome(&proposal))?;
                Ok(Exit::Done)
            }
            Err(Not(exit, why)) => {
                writeln!(err, "{why}")?;
                Ok(exit)
            }
        }
    }

    /// Show, ask, sign, hand in.
    fn answer(&self, verdict: Verdict, err: &mut dyn Write) -> Result<Proposal, Not> {
        let stored = Stored::of(&self.config).map_err(|why| Not(Exit::Configuration, why))?;
        let id = ProposalId::parse(&self.id).ok_or_else(|| {
            let why = "not a proposal's id, which is prp_ and 32 hexadecimal digits";
            Not(Exit::NotFound, format!("`{}` is {why}", self.id))
        })?;
        let (people, now) = (&stored.people, Clock::System.now());
        let seen = stored.with(async move |store| store.dossier(id, people, now).await)?;
        let (proposal, background) = seen?;
        writeln!(err, "{}", Card::new(&proposal, &background, now))?;
        self.confirm(&verdict, &proposal, err)?;
        let approver = self.signing.person(&stored.people)?.name.clone();
        sign(&stored, &self.signing, approver, verdict, &proposal)
    }

    /// Sees to it that what is signed is what was looked at.
    fn confirm(
        &self,
        verdict: &Verdict,
        proposal: &Proposal,
        err: &mut dyn Write,
    ) -> Result<(), Not> {
        if let Some(digest) = &self.digest {
            let why = "this is not what you have looked at: its digest is another";
            let is_this = *digest == proposal.digest().to_string();
            return is_this.then_some(()).ok_or_else(|| Not(Exit::Conflict, why.to_owned()));
        }
        if !io::stdin().is_terminal() {
            let why = "nobody is there to ask: say with `--digest` what you have looked at";
            return Err(Not(Exit::Failed, why.to_owned()));
        }
        write!(err, "type `{verdict}` to sign this: ")?;
        err.flush()?;
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        let is_said = line.trim() == verdict.to_string();
        is_said.then_some(()).ok_or_else(|| Not(Exit::Failed, "nothing was signed".to_owned()))
    }
}

/// Signs what was shown, and hands it in.
///
/// # Errors
/// [`Not`], and why.
pub(super) fn sign(
    stored: &Stored,
    signing: &Signing,
    approver: Identity,
    verdict: Verdict,
    proposal: &Proposal,
) -> Result<Proposal, Not> {
    let (id, now) = (proposal.id(), Clock::System.now());
    let (digest, nonce) = (proposal.digest(), Nonce::fresh());
    let expires = proposal.draft().expires_at.min(now.plus(MAX_LIFE));
    let statement = Statement::new(verdict, digest, approver, nonce, now, expires)
        .map_err(|_| Not(Exit::Conflict, "its time is over".to_owned()))?;
    let proof = Proof::new(&statement, &signing.sign(&statement.to_string())?);
    let people = &stored.people;
    Ok(stored.with(async move |store| store.answer(id, proof, people, now).await)??)
}

/// Where it stands now, in one line.
pub(super) fn outcome(proposal: &Proposal) -> String {
    let (id, State { status, withdrawn_by, .. }) = (proposal.id(), proposal.state());
    match (status, withdrawn_by) {
        (Status::Pending, _) => format!("{id} waits for more people"),
        (_, Some(person)) => format!("{id} is not carried out: {person} took their yes back"),
        (status, None) => format!("{id} is {status}"),
    }
}
