//! A statement with its signature, and whether it is a person's answer to this proposal now.

use std::time::Duration;

use crate::approval::identity::Identity;
use crate::approval::people::{People, Person};
use crate::approval::refusal::Refusal;
use crate::approval::statement::{Nonce, Statement, Verdict};
use crate::clock::Timestamp;
use crate::proposal::Proposal;

/// What an approver hands in: the statement, and below it the signature as `ssh-keygen` wrote it.
///
/// A text that anybody can take apart again and check with `ssh-keygen -Y verify`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proof(String);

/// A person's answer, proved. Only [`Proof::verify`] makes one.
///
/// ```compile_fail
/// use countersign::approval::{Answer, Identity, Nonce, Verdict};
/// fn forge(approver: Identity, nonce: Nonce) -> Answer {
///     Answer { approver, verdict: Verdict::Approve, nonce }
/// }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    approver: Identity,
    verdict: Verdict,
    nonce: Nonce,
}

impl Proof {
    /// `signature` over `statement`.
    pub fn new(statement: &Statement, signature: &str) -> Self {
        Self(format!("{statement}{signature}"))
    }

    /// As it was kept.
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// As it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whose answer to `proposal` this is, at the time `now`.
    ///
    /// # Errors
    /// [`Refusal`], and which. A refused proof counts neither as a yes nor as a no.
    pub fn verify(
        &self,
        proposal: &Proposal,
        people: &People,
        now: Timestamp,
    ) -> Result<Answer, Refusal> {
        let (text, signature) = parts(&self.0)?;
        let statement = Statement::parse(text).map_err(|_| Refusal::Statement)?;
        let person = people.called(statement.approver()).ok_or(Refusal::Stranger)?;
        signed(person, text, signature)?;
        if statement.proposal() != proposal.digest() {
            return Err(Refusal::Stale);
        }
        // Signed before this was put forward, it was meant for another one just like it.
        let made = proposal.draft().created;
        if statement.issued() < made || statement.issued() > now.plus(SKEW) {
            return Err(Refusal::Untimely);
        }
        if statement.expires() <= now {
            return Err(Refusal::Expired);
        }
        may(person, statement.verdict(), proposal, people)?;
        let (approver, verdict) = (person.name.clone(), statement.verdict().clone());
        Ok(Answer { approver, verdict, nonce: statement.nonce() })
    }

    /// What is said, whoever says it, and whether or not they did: nothing is proved by it.
    pub fn claimed(&self) -> Option<Verdict> {
        let (text, _) = parts(&self.0).ok()?;
        Statement::parse(text).ok().map(|statement| statement.verdict().clone())
    }
}

impl Answer {
    /// The yes that `person` gave before there was a proposal, in a statement of this nonce.
    ///
    /// # Errors
    /// [`Refusal`], if they may not give it.
    pub(super) fn standing(
        person: &Person,
        nonce: Nonce,
        proposal: &Proposal,
        people: &People,
    ) -> Result<Self, Refusal> {
        may(person, &Verdict::Approve, proposal, people)?;
        Ok(Self { approver: person.name.clone(), verdict: Verdict::Approve, nonce })
    }

    /// Whose, by the one name that counts.
    pub fn approver(&self) -> &Identity {
        &self.approver
    }

    /// What they say.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// What makes it unlike every other.
    pub fn nonce(&self) -> Nonce {
        self.nonce
    }
}

/// Whether `person` may say so of `proposal`. What people have not seen whole they cannot agree to.
fn may(
    person: &Person,
    verdict: &Verdict,
    proposal: &Proposal,
    people: &People,
) -> Result<(), Refusal> {
    let terms = &proposal.draft().terms;
    let (is_asked, may_alone) =
        (people.may_answer(terms, person), people.may_break_glass(terms, person));
    match verdict {
        Verdict::BreakGlass(_) if !may_alone => return Err(Refusal::BreakGlass),
        Verdict::Approve | Verdict::Deny(_) if !is_asked => return Err(Refusal::NotAsked),
        Verdict::Withdraw(_) if !is_asked && !may_alone => return Err(Refusal::NotAsked),
        _ => {}
    }
    if person.is_behind(proposal.substance()) {
        return Err(Refusal::OwnRequest);
    }
    let agrees = matches!(verdict, Verdict::Approve | Verdict::BreakGlass(_));
    match agrees && !proposal.substance().request().can_be_shown() {
        true => Err(Refusal::NotShown),
        false => Ok(()),
    }
}

/// A statement's lines hold no armour, so that the first one is where the signature begins.
pub(super) fn parts(text: &str) -> Result<(&str, &str), Refusal> {
    let at = text.find(ARMOUR).ok_or(Refusal::MalformedProof)? + 1;
    text.split_at_checked(at).ok_or(Refusal::MalformedProof)
}

/// Whether any key of `person` signed. What the wrong key says is only that it was the wrong one.
pub(super) fn signed(person: &Person, statement: &str, signature: &str) -> Result<(), Refusal> {
    let mut refused = Refusal::WrongKey;
    for key in &person.keys {
        match key.verify(statement.as_bytes(), signature) {
            Err(Refusal::WrongKey) => {}
            Err(why) => refused = why,
            Ok(()) => return Ok(()),
        }
    }
    Err(refused)
}

const ARMOUR: &str = "\n-----BEGIN SSH SIGNATURE-----\n";

/// How far an approver's clock may be ahead of ours.
pub(super) const SKEW: Duration = Duration::from_secs(60);
