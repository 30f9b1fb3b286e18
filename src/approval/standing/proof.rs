//! The statement with its signature, and whether it is a person's yes to this proposal.

use crate::approval::identity::Identity;
use crate::approval::people::{People, Person};
use crate::approval::proof::{Answer, SKEW, parts, signed};
use crate::approval::refusal::Refusal;
use crate::approval::standing::statement::Standing;
use crate::clock::Timestamp;
use crate::proposal::Proposal;

/// What a person hands in: the statement, and below it the signature as `ssh-keygen` wrote it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StandingProof(String);

impl StandingProof {
    /// `signature` over `statement`.
    pub fn new(statement: &Standing, signature: &str) -> Self {
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

    /// What was signed, whoever did, and whether or not: nothing is proved by it.
    pub fn claimed(&self) -> Option<Standing> {
        Standing::parse(parts(&self.0).ok()?.0).ok()
    }

    /// What one of `people` has agreed to, and who it is, at the time `now`.
    ///
    /// # Errors
    /// [`Refusal`], and which.
    pub fn verify<'a>(
        &self,
        people: &'a People,
        now: Timestamp,
    ) -> Result<(Standing, &'a Person), Refusal> {
        let (text, signature) = parts(&self.0)?;
        let standing = Standing::parse(text).map_err(|_| Refusal::Statement)?;
        let person = people.called(standing.approver()).ok_or(Refusal::Stranger)?;
        signed(person, text, signature)?;
        if standing.issued() > now.plus(SKEW) {
            return Err(Refusal::Untimely);
        }
        if standing.expires() <= now {
            return Err(Refusal::Expired);
        }
        let agent = Identity::parse(standing.predicate().agent.as_str());
        match agent.is_ok_and(|agent| !person.is_called(&agent) && !person.is_owner(&agent)) {
            true => Ok((standing, person)),
            false => Err(Refusal::OwnRequest),
        }
    }

    /// The yes to `proposal` that it is, and the amount that this comes to. How often it was used
    /// before is not known here.
    ///
    /// # Errors
    /// [`Refusal`], and which: [`Refusal::Outside`], if it is for something else.
    pub fn answer(
        &self,
        proposal: &Proposal,
        people: &People,
        now: Timestamp,
    ) -> Result<(Answer, u64), Refusal> {
        let (standing, person) = self.verify(people, now)?;
        let amount = standing.predicate().amount(proposal.substance()).ok_or(Refusal::Outside)?;
        Ok((Answer::standing(person, standing.nonce(), proposal, people)?, amount))
    }
}
