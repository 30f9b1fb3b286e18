//! What people said about a proposal, each with the signature over it.
//!
//! A word is taken, counted and, where it decides, made to decide in one transaction: of two people
//! who answer at the same moment the second sees what the first said.

use crate::approval::{Answer, People, Proof, tally};
use crate::clock::Timestamp;
use crate::id::ProposalId;
use crate::proposal::{Illegal, Proposal, Status};
use crate::store::connection::{Store, Transaction, Value};
use crate::store::error::Error;
use crate::store::events;
use crate::store::proposals::{keep, lock};
use crate::store::row::{Row, needed};

/// One person's signed word.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Approval {
    /// Who said so, by the name that counts.
    pub approver: String,
    /// The statement and its signature, as they were given.
    pub proof: Proof,
    /// When it was given.
    pub at: Timestamp,
}

impl Store {
    /// Takes a person's answer to the proposal `id`, and decides it where that is enough.
    ///
    /// # Errors
    /// [`Error::Refused`], if it is not the answer of one of `people` who may give it;
    /// [`Error::Answered`]; [`Error::Illegal`], if it was decided before or its time is over.
    pub async fn answer(
        &self,
        id: ProposalId,
        proof: Proof,
        people: &People,
        now: Timestamp,
    ) -> Result<Proposal, Error> {
        let mut transaction = self.begin().await?;
        let mut proposal = lock(&mut transaction, id).await?;
        if proposal.state().status != Status::Pending {
            return Err(Illegal::Decided(proposal.state().status).into());
        }
        if proposal.draft().expires_at <= now {
            return Err(Illegal::Expired(proposal.draft().expires_at).into());
        }
        let answer = proof.verify(&proposal, people, now)?;
        if transaction.execute(INSERT, columns(id, &answer, &proof, now)).await? == 0 {
            return Err(Error::Answered);
        }
        events::of_answer(&mut transaction, &proposal, &answer).await?;
        let before = proposal.state().clone();
        let all = all(&mut transaction, id).await?;
        let answers = proved(&proposal, &all, people, now);
        if let Some(verdict) = tally(&proposal.draft().terms, people, &answers) {
            proposal.decide(verdict, now)?;
        }
        keep(transaction, &before, &proposal).await?;
        Ok(proposal)
    }

    /// What people said about the proposal `id`, in the order in which they did.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn approvals(&self, id: ProposalId) -> Result<Vec<Approval>, Error> {
        all(&mut self.begin().await?, id).await
    }
}

/// Whose answers `approvals` are at the time `now`. Those that prove nothing any more are nobody's.
pub fn proved(
    proposal: &Proposal,
    approvals: &[Approval],
    people: &People,
    now: Timestamp,
) -> Vec<Answer> {
    let proved = |approval: &Approval| approval.proof.verify(proposal, people, now).ok();
    approvals.iter().filter_map(proved).collect()
}

async fn all(transaction: &mut Transaction, id: ProposalId) -> Result<Vec<Approval>, Error> {
    let rows = transaction.rows(LIST, vec![Value::from(&*id.to_string())]).await?;
    rows.iter().map(read).collect()
}

fn columns(id: ProposalId, answer: &Answer, proof: &Proof, at: Timestamp) -> Vec<Value> {
    vec![
        Value::from(&*id.to_string()),
        answer.approver().as_str().into(),
        Value::from(&*answer.nonce().to_string()),
        proof.as_str().into(),
        at.into(),
    ]
}

fn read(row: &Row) -> Result<Approval, Error> {
    Ok(Approval {
        approver: needed(row.text("approver")?)?,
        proof: Proof::from_text(needed(row.text("proof")?)?),
        at: needed(row.time("given_at")?)?,
    })
}

/// Either of two: this person has answered, or this very signature was handed in before.
const INSERT: &str = "INSERT INTO approvals (proposal, approver, nonce, proof, given_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";

const LIST: &str = "SELECT * FROM approvals WHERE proposal = $1 ORDER BY given_at, approver";
