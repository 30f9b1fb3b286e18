//! What people said about a proposal, each word with the signature over it.
//!
//! A word is taken, counted and, where it decides, made to decide in one transaction: of two people
//! who answer at the same moment the second sees what the first said. No word is ever removed: who
//! takes theirs back says another.

use std::time::Duration;

use crate::approval::{Answer, People, Proof, Refusal, Verdict, is_due, tally};
use crate::clock::Timestamp;
use crate::id::ProposalId;
use crate::proposal::{Illegal, Proposal, Status};
use crate::store::connection::{Store, Transaction, Value};
use crate::store::error::Error;
use crate::store::events;
use crate::store::proposals::{keep, lock};
use crate::store::row::{Row, needed};

/// The most words of one person about one proposal.
pub const MAX_WORDS: usize = 10;

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
    /// Takes a person's word on the proposal `id`, and decides it where that is enough. Who takes
    /// their yes back ends what was approved by it, unless it is being carried out.
    ///
    /// # Errors
    /// [`Error::Refused`], if it is not the word of one of `people` who may give it;
    /// [`Error::Answered`]; [`Error::TooManyWords`]; [`Error::Illegal`], if it was decided before, or its time is over, or it
    /// is too late to take something back.
    pub async fn answer(
        &self,
        id: ProposalId,
        proof: Proof,
        people: &People,
        now: Timestamp,
    ) -> Result<Proposal, Error> {
        let mut transaction = self.begin().await?;
        let mut proposal = lock(&mut transaction, id).await?;
        let withdraws = matches!(proof.claimed(), Some(Verdict::Withdraw(_)));
        let status = proposal.state().status;
        if status != Status::Pending && !(withdraws && status == Status::Approved) {
            return Err(Illegal::Decided(status).into());
        }
        if proposal.draft().expires_at <= now {
            return Err(Illegal::Expired(proposal.draft().expires_at).into());
        }
        let answer = proof.verify(&proposal, people, now)?;
        let mut all = all(&mut transaction, id).await?;
        let fits = fits(&proposal, &answer, &all, people, now)?;
        let at = all.last().map_or(now, |last| now.max(last.at.plus(TICK)));
        let approver = answer.approver().to_string();
        all.push(Approval { approver, proof: proof.clone(), at });
        if transaction.execute(INSERT, columns(id, &answer, &proof, at)).await? == 0 {
            return Err(Error::Answered);
        }
        let before = proposal.state().clone();
        events::of_answer(&mut transaction, &proposal, &answer).await?;
        match fits {
            Fits::Withdraws if status == Status::Approved => {
                proposal.withdraw(answer.approver().as_str(), now)?;
            }
            Fits::Withdraws => {}
            Fits::Answers => {
                let answers = proved(&proposal, &all, people, now);
                if let Some(verdict) = tally(&proposal.draft().terms, people, &answers) {
                    proposal.decide(verdict, now)?;
                }
            }
        }
        keep(transaction, &before, &proposal).await?;
        Ok(proposal)
    }

    /// What people said about the proposal `id`, in the order in which they did.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn approvals(&self, id: ProposalId) -> Result<Vec<Approval>, Error> {
        all(&mut self.begin_to_read().await?, id).await
    }
}

/// What a word does to those before it.
enum Fits {
    Answers,
    Withdraws,
}

/// Whether `answer` may be said after all that was said before.
fn fits(
    proposal: &Proposal,
    answer: &Answer,
    before: &[Approval],
    people: &People,
    now: Timestamp,
) -> Result<Fits, Error> {
    let own = before.iter().filter(|one| one.approver == answer.approver().as_str());
    let own: Vec<_> = own.collect();
    let stands = own.last().is_some_and(|last| !last.withdraws());
    if let Verdict::Withdraw(_) = answer.verdict() {
        return stands.then_some(Fits::Withdraws).ok_or(Refusal::NothingSaid.into());
    }
    if stands {
        return Err(Error::Answered);
    }
    // Whoever says yes must be able to take it back.
    if own.len() + 1 >= MAX_WORDS {
        return Err(Error::TooManyWords);
    }
    let answers = proved(proposal, before, people, now);
    let terms = &proposal.draft().terms;
    let is_due = |one| is_due(terms, people, &answers, one);
    let is_yes = *answer.verdict() == Verdict::Approve;
    match is_yes && !people.called(answer.approver()).is_some_and(is_due) {
        true => Err(Refusal::Early.into()),
        false => Ok(Fits::Answers),
    }
}

impl Approval {
    /// Whether it takes back what the same person said before.
    fn withdraws(&self) -> bool {
        matches!(self.proof.claimed(), Some(Verdict::Withdraw(_)))
    }
}

/// Whose answers `approvals` are at the time `now`, in their order. Of each person only the last word
/// is looked at: where that proves nothing any more, nothing that they said before counts again.
pub fn proved(
    proposal: &Proposal,
    approvals: &[Approval],
    people: &People,
    now: Timestamp,
) -> Vec<Answer> {
    let is_last = |at: usize, one: &Approval| {
        !approvals[at + 1..].iter().any(|later| later.approver == one.approver)
    };
    let last = approvals.iter().enumerate().filter(|(at, one)| is_last(*at, one));
    last.filter_map(|(_, one)| one.proof.verify(proposal, people, now).ok()).collect()
}

pub(super) async fn all(
    transaction: &mut Transaction,
    id: ProposalId,
) -> Result<Vec<Approval>, Error> {
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

/// Between two words of one proposal, so that their order is never in doubt.
const TICK: Duration = Duration::from_micros(1);

/// This very signature was handed in before, if it is there already.
const INSERT: &str = "INSERT INTO approvals (proposal, approver, nonce, proof, given_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";

const LIST: &str = "SELECT * FROM approvals WHERE proposal = $1 ORDER BY given_at, nonce";
