//! `countersign review`: what waits for one person, one proposal after the other.
//!
//! Nothing is shown that they could not answer, and each is looked up again at the moment it is shown:
//! what others decided meanwhile is said, not asked. How much it takes to say yes grows with the risk.
//! There is no yes to several at once, and none for ever.

use std::fmt;
use std::io::{self, BufRead, Write};

use crate::approval::{Person, Reason, Verdict};
use crate::cli::answer::{outcome, sign};
use crate::cli::not::Not;
use crate::cli::signing::Signing;
use crate::cli::stored::Stored;
use crate::cli::{ConfigPath, Exit};
use crate::clock::{Clock, Timestamp};
use crate::id::ProposalId;
use crate::proposal::{Background, Card, Proposal, Status};

/// What `review` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Review {
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    config: ConfigPath,
}

/// One person at the table.
struct Table<'a> {
    stored: &'a Stored,
    signing: &'a Signing,
    person: &'a Person,
    input: &'a mut dyn BufRead,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    tally: Tally,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    approved: u32,
    denied: u32,
    skipped: u32,
    others: u32,
}

/// What a person wants to do with one.
enum Choice {
    Approve,
    Deny,
    Quit,
    Skip,
}

/// What it takes to say yes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Care {
    /// One key.
    Low,
    /// A word more.
    Medium,
    /// What the card says, typed again.
    High,
}

impl Review {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        match self.walk(out, err) {
            Ok(()) => Ok(Exit::Done),
            Err(Not(exit, why)) => {
                writeln!(err, "{why}")?;
                Ok(exit)
            }
        }
    }

    fn walk(&self, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Not> {
        let stored = Stored::of(&self.config).map_err(|why| Not(Exit::Configuration, why))?;
        let person = self.signing.person(&stored.people)?;
        let waiting = waiting(&stored, person)?;
        if waiting.is_empty() {
            return Ok(writeln!(out, "nothing waits for {}", person.name)?);
        }
        let (input, tally) = (&mut io::stdin().lock(), Tally::default());
        let (stored, signing) = (&stored, &self.signing);
        let mut table = Table { stored, signing, person, input, out, err, tally };
        for (at, id) in waiting.iter().enumerate() {
            if !table.one(*id, at + 1, waiting.len())? {
                break;
            }
        }
        let Tally { approved, denied, skipped, others } = table.tally;
        let left = waiting.len() as u32 - approved - denied - skipped - others;
        Ok(writeln!(
            out,
            "{approved} approved, {denied} denied, {skipped} skipped, {others} decided by others, \
             {left} not looked at"
        )?)
    }
}

/// What `person` may answer now: the gravest first, and of those the oldest.
fn waiting(stored: &Stored, person: &Person) -> Result<Vec<ProposalId>, Not> {
    let now = Clock::System.now();
    let mut found = stored.with(async |store| {
        let (mut found, mut last) = (Vec::new(), None);
        loop {
            let page = store.waiting(last).await?;
            let Some(end) = page.last() else { return Ok(found) };
            last = Some(end.id());
            for proposal in page {
                let terms = &proposal.draft().terms;
                if !stored.people.may_answer(terms, person) || found.len() == MOST {
                    continue;
                }
                let seen = store.dossier(proposal.id(), &stored.people, now).await?;
                if asks(stored, person, &seen, now) {
                    found.push((Care::of(&seen.0), seen.0.id()));
                }
            }
        }
    })??;
    found.sort_by(|(one, a), (other, b)| other.cmp(one).then(a.to_string().cmp(&b.to_string())));
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// Whether this waits for `person`, and their word would be taken.
fn asks(
    stored: &Stored,
    person: &Person,
    (proposal, background): &(Proposal, Background),
    now: Timestamp,
) -> bool {
    let needs = proposal.draft().terms.needs.iter().zip(&background.progress);
    let mut stages = needs.filter_map(|(need, come)| need.stages.get(come.met));
    let own = background.words.iter().rfind(|word| word.approver == person.name.as_str());
    proposal.state().status == Status::Pending
        && now < proposal.draft().expires_at
        && own.is_none_or(|word| word.verdict == "withdraw")
        && stages.any(|stage| stored.people.are_asked(stage, person))
        && !person.is_behind(proposal.substance())
}

impl Table<'_> {
    /// Shows one and does what the person wants; returns whether they go on.
    fn one(&mut self, id: ProposalId, number: usize, of: usize) -> Result<bool, Not> {
        let (people, now) = (&self.stored.people, Clock::System.now());
        let seen = self.stored.with(async move |store| store.dossier(id, people, now).await)??;
        if !asks(self.stored, self.person, &seen, now) {
            self.tell_others(&seen)?;
            return Ok(true);
        }
        let (proposal, background) = seen;
        writeln!(self.err, "\n{number} of {of} {}", "-".repeat(60))?;
        writeln!(self.err, "{}", Card::new(&proposal, &background, now))?;
        loop {
            let verdict = match self.choice(&proposal)? {
                Choice::Quit => return Ok(false),
                Choice::Skip => {
                    self.tally.skipped += 1;
                    return Ok(true);
                }
                Choice::Approve if !self.means_it(&proposal)? => continue,
                Choice::Approve => Verdict::Approve,
                Choice::Deny => match self.reason()? {
                    Some(reason) => Verdict::Deny(reason),
                    None => continue,
                },
            };
            return self.say(&proposal, verdict).map(|()| true);
        }
    }

    fn choice(&mut self, proposal: &Proposal) -> Result<Choice, Not> {
        let can_approve = proposal.substance().request().can_be_shown();
        let prompt = match can_approve {
            true => "[a]pprove once  [d]eny  [s]kip  [v]iew raw  [q]uit > ",
            false => "[d]eny  [s]kip  [q]uit > ",
        };
        loop {
            let Some(line) = self.ask(prompt)? else { return Ok(Choice::Quit) };
            match line.as_str() {
                "a" if can_approve => return Ok(Choice::Approve),
                "d" => return Ok(Choice::Deny),
                "s" => return Ok(Choice::Skip),
                "v" if can_approve => write!(self.err, "{}", Raw(proposal))?,
                "q" => return Ok(Choice::Quit),
                _ => {}
            }
        }
    }

    /// Whether they have looked, as far as the risk asks for it.
    fn means_it(&mut self, proposal: &Proposal) -> Result<bool, Not> {
        let digest = proposal.digest().to_string();
        let (prompt, wanted) = match Care::of(proposal) {
            Care::Low => return Ok(true),
            Care::Medium => ("type `yes` to sign this: ", "yes"),
            Care::High => {
                let tail = digest.len() - TYPED;
                ("type the last 8 characters of the digest to sign this: ", &digest[tail..])
            }
        };
        let is_meant = self.ask(prompt)?.is_some_and(|line| line == wanted);
        if !is_meant {
            writeln!(self.err, "that is not it; nothing was signed")?;
        }
        Ok(is_meant)
    }

    /// The reason of a no, which may be none; nothing, if it cannot be taken.
    fn reason(&mut self) -> Result<Option<Option<Reason>>, Not> {
        let line = self.ask("reason (optional): ")?.unwrap_or_default();
        if line.is_empty() {
            return Ok(Some(None));
        }
        match Reason::parse(&line) {
            Ok(reason) => Ok(Some(Some(reason))),
            Err(why) => {
                writeln!(self.err, "{why}")?;
                Ok(None)
            }
        }
    }

    /// Signs it and hands it in. What others decided meanwhile is no error.
    fn say(&mut self, proposal: &Proposal, verdict: Verdict) -> Result<(), Not> {
        let approves = verdict == Verdict::Approve;
        let approver = self.person.name.clone();
        match sign(self.stored, self.signing, approver, verdict, proposal) {
            Ok(now) => {
                let count =
                    if approves { &mut self.tally.approved } else { &mut self.tally.denied };
                *count += 1;
                Ok(writeln!(self.out, "{}", outcome(&now))?)
            }
            Err(Not(Exit::Conflict, _)) => {
                let (people, now, id) = (&self.stored.people, Clock::System.now(), proposal.id());
                let seen =
                    self.stored.with(async move |store| store.dossier(id, people, now).await)?;
                self.tell_others(&seen?)
            }
            Err(Not(exit, why)) => Err(Not(exit, why)),
        }
    }

    /// What became of one without this person.
    fn tell_others(&mut self, (proposal, background): &(Proposal, Background)) -> Result<(), Not> {
        self.tally.others += 1;
        let names = background.words.iter().filter(|word| word.verdict != "withdraw");
        let names: Vec<_> = names.map(|word| word.approver.as_str()).collect();
        let by = if names.is_empty() { String::new() } else { format!(" by {}", names.join(", ")) };
        let (id, status) = (proposal.id(), proposal.state().status);
        match status {
            Status::Approved | Status::Denied => {
                writeln!(self.out, "{id} is {status}{by} already")?;
            }
            Status::Pending => writeln!(self.out, "{id} does not ask for your answer any more")?,
            _ => writeln!(self.out, "{id} is {status} already")?,
        }
        Ok(())
    }

    /// One line of an answer, without the white space around it; nothing, if there is nobody.
    fn ask(&mut self, prompt: &str) -> Result<Option<String>, Not> {
        write!(self.err, "{prompt}")?;
        self.err.flush()?;
        let mut line = String::new();
        let length = self.input.read_line(&mut line)?;
        Ok((length > 0).then(|| line.trim().to_owned()))
    }
}

impl Care {
    /// By the rules' own word. One that is not known here is taken for a grave one.
    fn of(proposal: &Proposal) -> Self {
        match proposal.draft().terms.risk.as_deref() {
            Some("low") => Self::Low,
            None | Some("medium") => Self::Medium,
            Some(_) => Self::High,
        }
    }
}

/// A request's body as bytes: their places, hexadecimal digits, and those that are letters.
struct Raw<'a>(&'a Proposal);

impl fmt::Display for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, row) in self.0.substance().request().body().chunks(ROW).enumerate() {
            write!(f, "{:08x} ", at * ROW)?;
            row.iter().try_for_each(|byte| write!(f, " {byte:02x}"))?;
            let shown = row.iter().map(|byte| match byte {
                b' '..=b'~' => char::from(*byte),
                _ => '.',
            });
            let gap = "   ".repeat(ROW - row.len());
            writeln!(f, "{gap}  |{}|", shown.collect::<String>())?;
        }
        Ok(())
    }
}

/// How many are walked through at once; nobody looks at more.
const MOST: usize = 1_000;

/// How many characters of a digest are typed again.
const TYPED: usize = 8;

/// How many bytes stand in a row.
const ROW: usize = 16;

#[cfg(test)]
mod tests {
    use super::{Care, Raw};
    use crate::proposal::tests::draft;
    use crate::proposal::{Draft, Proposal, Terms};

    fn of_risk(risk: Option<&str>) -> Proposal {
        let terms = Terms { risk: risk.map(str::to_owned), ..Terms::default() };
        Proposal::new(Draft { terms, ..draft() })
    }

    #[test]
    fn a_word_for_the_risk_that_nobody_knows_is_a_grave_one() {
        for (risk, care) in [
            (Some("low"), Care::Low),
            (Some("medium"), Care::Medium),
            (None, Care::Medium),
            (Some("high"), Care::High),
            (Some("LOW"), Care::High),
            (Some(""), Care::High),
        ] {
            assert_eq!(Care::of(&of_risk(risk)), care, "{risk:?}");
        }
    }

    #[test]
    fn raw_bytes_are_all_there() {
        let text = Raw(&of_risk(None)).to_string();
        assert_eq!(
            text,
            "00000000  7b 22 61 6d 6f 75 6e 74 22 3a 31 7d              |{\"amount\":1}|\n"
        );
    }
}
