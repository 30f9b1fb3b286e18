//! `countersign approve` and `countersign deny`: a person's signed answer to one proposal.
//!
//! What is signed is what was shown: the whole request is printed, and either a person at a terminal
//! says yes to it, or the digest on the command line must be that of the proposal as it is now. The
//! private key stays with `ssh-keygen`, which asks for a passphrase or a touch by itself.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::approval::{
    Identity, MAX_LIFE, Nonce, People, Proof, Reason, Refusal, SshKey, Statement, Verdict,
};
use crate::cli::stored::Stored;
use crate::cli::{ConfigPath, Exit};
use crate::clock::Clock;
use crate::id::ProposalId;
use crate::proposal::{Card, Proposal, Status};
use crate::store::Error;

/// What `approve` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Approve {
    #[command(flatten)]
    answer: Answer,
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

#[derive(Debug, clap::Args)]
struct Answer {
    /// The proposal: `prp_…`
    id: String,
    /// The SSH key to sign with, which `ssh-keygen` reads; `KEY.pub` must stand beside it
    #[arg(short, long, value_name = "KEY")]
    key: PathBuf,
    /// The digest of what you have looked at; without it you are shown the request and asked
    #[arg(long)]
    digest: Option<String>,
    #[command(flatten)]
    config: ConfigPath,
}

/// Why nobody answered.
struct Not(Exit, String);

impl Approve {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        self.answer.run(Verdict::Approve, out, err)
    }
}

impl Deny {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        match self.reason.as_deref().map(Reason::parse).transpose() {
            Ok(reason) => self.answer.run(Verdict::Deny(reason), out, err),
            Err(why) => {
                writeln!(err, "{why}")?;
                Ok(Exit::Failed)
            }
        }
    }
}

impl Answer {
    fn run(self, verdict: Verdict, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        match self.answer(verdict, err) {
            Ok(proposal) => {
                let id = proposal.id();
                match proposal.state().status {
                    Status::Pending => writeln!(out, "{id} waits for more people")?,
                    status => writeln!(out, "{id} is {status}")?,
                }
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
        let proposal = stored.with(async move |store| store.load(id).await)??;
        writeln!(err, "{}", Card(&proposal))?;
        self.confirm(&verdict, &proposal, err)?;
        let approver = self.approver(&stored.people)?;
        let now = Clock::System.now();
        let (digest, nonce) = (proposal.digest(), Nonce::fresh());
        let expires = proposal.draft().expires_at.min(now.plus(MAX_LIFE));
        let statement = Statement::new(verdict, digest, approver, nonce, now, expires)
            .map_err(|_| Not(Exit::Conflict, "its time is over".to_owned()))?;
        let proof = Proof::new(&statement, &self.sign(&statement.to_string())?);
        let people = &stored.people;
        Ok(stored.with(async move |store| store.answer(id, proof, people, now).await)??)
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
        let verb = if *verdict == Verdict::Approve { "approve" } else { "deny" };
        write!(err, "type `{verb}` to sign this: ")?;
        err.flush()?;
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        let is_said = line.trim() == verb;
        is_said.then_some(()).ok_or_else(|| Not(Exit::Failed, "nothing was signed".to_owned()))
    }

    /// The person is the one whose key it is.
    fn approver(&self, people: &People) -> Result<Identity, Not> {
        let mut public = self.key.clone().into_os_string();
        public.push(".pub");
        let public = PathBuf::from(public);
        let not = |why: String| Not(Exit::Failed, format!("{}: {why}", public.display()));
        let line = fs::read_to_string(&public).map_err(|why| not(why.to_string()))?;
        let key = SshKey::parse(line.trim_end()).map_err(|why| not(why.to_string()))?;
        let person = people.with_key(&key).ok_or_else(|| {
            let why = format!("{} is nobody's key in `approvals.people`", key.fingerprint());
            Not(Exit::NotPermitted, why)
        })?;
        Ok(person.name.clone())
    }

    /// What `ssh-keygen` signs; the key itself is read by nobody else.
    fn sign(&self, statement: &str) -> Result<String, Not> {
        let not = |why: &str| Not(Exit::Failed, format!("ssh-keygen: {why}"));
        let mut command = Command::new("ssh-keygen");
        command.args(["-Y", "sign", "-n", "countersign", "-f"]).arg(&self.key);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut signing = command.spawn().map_err(|why| not(&why.to_string()))?;
        if let Some(mut input) = signing.stdin.take() {
            input.write_all(statement.as_bytes())?;
        }
        let signed = signing.wait_with_output()?;
        if !signed.status.success() {
            return Err(not(String::from_utf8_lossy(&signed.stderr).trim()));
        }
        Ok(String::from_utf8_lossy(&signed.stdout).into_owned())
    }
}

impl From<io::Error> for Not {
    fn from(why: io::Error) -> Self {
        Self(Exit::Failed, why.to_string())
    }
}

impl From<Error> for Not {
    fn from(why: Error) -> Self {
        let exit = match &why {
            Error::Unknown(_) => Exit::NotFound,
            Error::Refused(Refusal::NotAsked | Refusal::OwnRequest | Refusal::Stranger) => {
                Exit::NotPermitted
            }
            Error::Refused(_) => Exit::Unverified,
            Error::Illegal(_) | Error::Answered => Exit::Conflict,
            _ => Exit::Failed,
        };
        Self(exit, why.to_string())
    }
}
