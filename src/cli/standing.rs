//! `countersign standing`: a person's yes to some requests before anybody makes them.
//!
//! What is signed is shown whole first, and a person at a terminal says yes to that text.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use clap::Subcommand;

use crate::approval::standing::{Cap, Field, Paths, Predicate, Standing, StandingProof};
use crate::approval::{Identity, Nonce};
use crate::cli::not::Not;
use crate::cli::replay::period;
use crate::cli::signing::Signing;
use crate::cli::stored::Stored;
use crate::cli::{ConfigPath, Exit};
use crate::clock::{Clock, Timestamp};
use crate::identity::SpiffeId;
use crate::store::StandingApproval;

/// What to do with standing approvals.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Agree to some requests of one shape in advance: so many, until a time, and nothing else
    Grant(Box<Grant>),
    /// List those that have not ended
    List {
        #[command(flatten)]
        config: ConfigPath,
    },
    /// Take one back; what it decided and was not sent yet is not sent
    Revoke {
        /// Its name: the nonce in its text
        name: String,
        #[command(flatten)]
        config: ConfigPath,
    },
}

/// What is agreed to.
#[derive(Debug, clap::Args)]
pub(super) struct Grant {
    #[command(flatten)]
    signing: Signing,
    /// Whose requests: a SPIFFE ID
    #[arg(long)]
    agent: String,
    /// Their method
    #[arg(long)]
    method: String,
    /// Their host, with the port where it is not 443
    #[arg(long)]
    host: String,
    /// Their path; `/v1/refunds/*` means all below
    #[arg(long)]
    path: String,
    /// A header that they must have: `name: value`; others than the usual ones they may not
    #[arg(long)]
    header: Vec<String>,
    /// A member of their JSON body, and what it must be: `/currency = "EUR"`
    #[arg(long)]
    field: Vec<String>,
    /// The member of their JSON body that is counted, a whole number
    #[arg(long, requires = "each", requires = "sum", value_name = "POINTER")]
    amount: Option<String>,
    /// The most that it may be in one request
    #[arg(long, requires = "amount")]
    each: Option<u64>,
    /// The most that it may be in all of them together
    #[arg(long, requires = "amount")]
    sum: Option<u64>,
    /// How many requests
    #[arg(long)]
    uses: u32,
    /// For how long: seven days at most
    #[arg(long = "for", value_parser = period, value_name = "TIME")]
    lasts: Duration,
    #[command(flatten)]
    config: ConfigPath,
}

impl Command {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let done = match self {
            Self::Grant(grant) => grant.run(out, err),
            Self::List { config } => list(&config, out),
            Self::Revoke { name, config } => revoke(&name, &config, out),
        };
        match done {
            Ok(()) => Ok(Exit::Done),
            Err(Not(exit, why)) => {
                writeln!(err, "{why}")?;
                Ok(exit)
            }
        }
    }
}

impl Grant {
    fn run(&self, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Not> {
        let stored = stored(&self.config)?;
        let approver = self.signing.person(&stored.people)?.name.clone();
        let now = Clock::System.now();
        let standing = self.standing(approver, now)?;
        let text = standing.to_string();
        write!(err, "{text}")?;
        if !standing.predicate().is_any_body() {
            writeln!(err, "(what the body says apart from that may be anything)")?;
        }
        confirm(err)?;
        let proof = StandingProof::new(&standing, &self.signing.sign(&text)?);
        let people = &stored.people;
        let granted = stored.with(async move |store| store.grant(proof, people, now).await)??;
        Ok(writeln!(out, "{} is granted, until {}", granted.name, granted.expires_at)?)
    }

    fn standing(&self, approver: Identity, now: Timestamp) -> Result<Standing, Not> {
        let wrong = |why: String| Not(Exit::Failed, why);
        let agent = SpiffeId::parse(&self.agent)
            .map_err(|why| wrong(format!("`{}`: not a SPIFFE ID: {why}", self.agent)))?;
        let fields = self.fields().map_err(|why| wrong(why.to_string()))?;
        let cap = match (&self.amount, self.each, self.sum) {
            (Some(pointer), Some(each), Some(sum)) => {
                Some(Cap { pointer: pointer.clone(), each, sum })
            }
            _ => None,
        };
        let predicate = Predicate {
            agent,
            method: self.method.clone(),
            authority: self.host.clone(),
            paths: Paths::read(&self.path),
            headers: self.headers()?,
            fields,
            cap,
        };
        let times = (now, now.plus(self.lasts));
        let standing = Standing::new(approver, predicate, self.uses, Nonce::fresh(), times);
        standing.map_err(|why| wrong(why.to_string()))
    }

    fn headers(&self) -> Result<Vec<(String, String)>, Not> {
        let split = |header: &String| match header.split_once(": ") {
            Some((name, value)) => Ok((name.to_ascii_lowercase(), value.to_owned())),
            None => Err(Not(Exit::Failed, format!("`{header}` is not `name: value`"))),
        };
        let mut headers = self.header.iter().map(split).collect::<Result<Vec<_>, _>>()?;
        headers.sort();
        Ok(headers)
    }

    fn fields(&self) -> Result<Vec<Field>, crate::approval::Malformed> {
        let mut fields =
            self.field.iter().map(|text| Field::read(text)).collect::<Result<Vec<_>, _>>()?;
        fields.sort_by(|one, other| one.pointer.cmp(&other.pointer));
        Ok(fields)
    }
}

fn confirm(err: &mut dyn Write) -> Result<(), Not> {
    if !io::stdin().is_terminal() {
        let why = "nobody is there to ask: grant it at a terminal";
        return Err(Not(Exit::Failed, why.to_owned()));
    }
    write!(err, "type `grant` to sign this: ")?;
    err.flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    match line.trim() == "grant" {
        true => Ok(()),
        false => Err(Not(Exit::Failed, "nothing was signed".to_owned())),
    }
}

fn list(config: &ConfigPath, out: &mut dyn Write) -> Result<(), Not> {
    let now = Clock::System.now();
    let name = |one: &StandingApproval| one.name.clone();
    let all = stored(config)?.all(name, async |store, last: Option<String>| {
        store.standing(&last.unwrap_or_default(), now).await
    })??;
    for one in all {
        let (name, left, spent) = (one.name, one.left, one.spent);
        writeln!(out, "{name}  {}  {left} left, {spent} spent", one.approver)?;
        let text = one.proof.claimed().map(|standing| standing.to_string()).unwrap_or_default();
        text.lines().skip(1).try_for_each(|line| writeln!(out, "    {line}"))?;
    }
    Ok(())
}

fn revoke(name: &str, config: &ConfigPath, out: &mut dyn Write) -> Result<(), Not> {
    let now = Clock::System.now();
    match stored(config)?.with(async |store| store.revoke_standing(name, now).await)?? {
        true => Ok(writeln!(out, "{name} is taken back")?),
        false => Err(Not(Exit::NotFound, format!("there is no standing approval `{name}`"))),
    }
}

fn stored(config: &ConfigPath) -> Result<Stored, Not> {
    Stored::of(config).map_err(|why| Not(Exit::Configuration, why))
}
