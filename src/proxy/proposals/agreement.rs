//! What people said to a proposal, held against who they are and what the rules ask for now.

use crate::approval::{Answer, People, broken_glass, tally};
use crate::clock::Timestamp;
use crate::policy::{Approval, BreakGlass};
use crate::proposal::{Proposal, Verdict};
use crate::store::{self, Desk, Error, StandingApproval, proved};

/// Everything that was signed, before anybody has looked at it.
pub(in crate::proxy) struct Agreement {
    /// The proposal, on the terms that the rules let people agree on now.
    proposal: Proposal,
    /// What was said to it.
    said: Vec<store::Approval>,
    /// What had been said before it was there.
    standing: Vec<StandingApproval>,
}

impl Agreement {
    /// What the store holds about `proposal`.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub(in crate::proxy) async fn gather(desk: &Desk, proposal: Proposal) -> Result<Self, Error> {
        let said = desk.approvals(proposal.id()).await?;
        let standing = desk.standing_for(proposal.id()).await?;
        Ok(Self { proposal, said, standing })
    }

    /// What rules and the record are told of it, if it carries the proposal at the time `now`.
    pub(in crate::proxy) fn checked(&self, people: &People, now: Timestamp) -> Option<Approval> {
        let (standing, mut answers) = self.before(people, now);
        answers.extend(proved(&self.proposal, &self.said, people, now));
        let terms = &self.proposal.draft().terms;
        if tally(terms, people, &answers) != Some(Verdict::Approve) {
            return None;
        }
        let alone = broken_glass(&answers).map(|(approver, reason)| BreakGlass {
            approver: approver.to_string(),
            reason: reason.to_owned(),
        });
        Some(Approval {
            proposal: self.proposal.id(),
            approvers: names(&answers),
            standing,
            break_glass: alone,
            digest: self.proposal.digest().to_string(),
            decided_at: self.proposal.state().decided_at.unwrap_or(now),
            proofs: self.proofs(&answers),
        })
    }

    /// The standing approvals that are worth something now, by name, and whose answers they are.
    fn before(&self, people: &People, now: Timestamp) -> (Vec<String>, Vec<Answer>) {
        let answers = self.standing.iter().filter_map(|one| {
            let (answer, _) = one.proof.answer(&self.proposal, people, now).ok()?;
            Some((one.name.clone(), answer))
        });
        answers.unzip()
    }

    /// What those signed whose answers count; of what one person said, the last.
    fn proofs(&self, answers: &[Answer]) -> Vec<String> {
        let counts = |name: &str| answers.iter().any(|one| one.approver().as_str() == name);
        let before = self.standing.iter().filter(|one| counts(&one.approver));
        let before = before.map(|one| one.proof.as_str().to_owned());
        let is_last = |one: &store::Approval| {
            !self.said.iter().any(|other| other.approver == one.approver && other.at > one.at)
        };
        let said = self.said.iter().filter(|one| counts(&one.approver) && is_last(one));
        before.chain(said.map(|one| one.proof.as_str().to_owned())).collect()
    }
}

/// Each once, in alphabetical order.
fn names(answers: &[Answer]) -> Vec<String> {
    let mut names: Vec<_> = answers.iter().map(|one| one.approver().to_string()).collect();
    names.sort();
    names.dedup();
    names
}
