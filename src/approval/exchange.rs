//! Whether somebody agreed to what was carried out, with nothing at hand but the record of it.
//!
//! What the rules asked for is not on that record, so that nobody can say from it whether it was
//! enough; that each person named there has signed this very thing, and who they are, can be said.

use crate::approval::identity::Identity;
use crate::approval::people::People;
use crate::approval::proof::{SKEW, parts, signed};
use crate::approval::refusal::Refusal;
use crate::approval::standing::StandingProof;
use crate::approval::statement::{Statement, Verdict};
use crate::clock::Timestamp;
use crate::proposal::Digest;

/// What was carried out, as it was recorded.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The proposal's digest.
    pub digest: Digest,
    /// Who asked: a SPIFFE ID.
    pub principal: &'a str,
    /// The request's method.
    pub method: &'a str,
    /// Its host, with a port where that is not the scheme's own.
    pub authority: &'a str,
    /// Its path.
    pub path: &'a str,
    /// When it was recorded.
    pub at: Timestamp,
}

impl Exchange<'_> {
    /// Who of `people` agreed to this by `proof`, by the one name that counts.
    ///
    /// # Errors
    /// [`Refusal`], and why nobody did.
    pub fn agreed(&self, proof: &str, people: &People) -> Result<Identity, Refusal> {
        let standing = StandingProof::from_text(proof.to_owned());
        match standing.claimed() {
            Some(_) => self.agreed_before(&standing, people),
            None => self.agreed_then(proof, people),
        }
    }

    fn agreed_then(&self, proof: &str, people: &People) -> Result<Identity, Refusal> {
        let (text, signature) = parts(proof)?;
        let statement = Statement::parse(text).map_err(|_| Refusal::Statement)?;
        let person = people.called(statement.approver()).ok_or(Refusal::Stranger)?;
        signed(person, text, signature)?;
        if statement.proposal() != self.digest {
            return Err(Refusal::Stale);
        }
        if statement.issued() > self.at.plus(SKEW) {
            return Err(Refusal::Untimely);
        }
        if statement.expires() <= self.at {
            return Err(Refusal::Expired);
        }
        match statement.verdict() {
            Verdict::Approve | Verdict::BreakGlass(_) => Ok(person.name.clone()),
            Verdict::Deny(_) | Verdict::Withdraw(_) => Err(Refusal::NothingSaid),
        }
    }

    fn agreed_before(&self, proof: &StandingProof, people: &People) -> Result<Identity, Refusal> {
        let (standing, person) = proof.verify(people, self.at)?;
        let predicate = standing.predicate();
        let fits = predicate.agent.as_str() == self.principal
            && predicate.method == self.method
            && predicate.authority == self.authority
            && predicate.paths.has(self.path);
        fits.then(|| person.name.clone()).ok_or(Refusal::Outside)
    }
}
