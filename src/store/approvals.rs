//! What people said about a proposal, each with the signature over it.
//!
//! Kept as it was given; whether a signature is good and its signer may answer is decided before.

use crate::clock::Timestamp;
use crate::id::ProposalId;
use crate::proposal::{Digest, Illegal, Status, Verdict};
use crate::store::connection::{Store, Transaction, Value};
use crate::store::error::Error;
use crate::store::proposals::lock;
use crate::store::row::{Row, needed};

/// One person's signed word.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Approval {
    /// What it is about.
    pub proposal: ProposalId,
    /// Who says so.
    pub approver: String,
    /// What they say.
    pub verdict: Verdict,
    /// The signature, as it was given.
    pub signature: Vec<u8>,
    /// When it was given.
    pub at: Timestamp,
}

impl Store {
    /// Keeps `approval`, which was signed for `digest`, and returns all there are.
    ///
    /// # Errors
    /// [`Error::Stale`], [`Error::Answered`], or [`Error::Illegal`] if the proposal was decided or
    /// its time is over.
    pub async fn add_approval(
        &self,
        approval: Approval,
        digest: Digest,
    ) -> Result<Vec<Approval>, Error> {
        let mut transaction = self.begin().await?;
        let proposal = lock(&mut transaction, approval.proposal).await?;
        if proposal.digest() != digest {
            return Err(Error::Stale);
        }
        if proposal.state().status != Status::Pending {
            return Err(Illegal::Decided(proposal.state().status).into());
        }
        if proposal.draft().expires_at <= approval.at {
            return Err(Illegal::Expired(proposal.draft().expires_at).into());
        }
        let id = approval.proposal;
        if transaction.execute(INSERT, columns(approval)).await? == 0 {
            return Err(Error::Answered);
        }
        let all = all(&mut transaction, id).await?;
        transaction.commit().await?;
        Ok(all)
    }

    /// What people said about the proposal `id`, in the order in which they did.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn approvals(&self, id: ProposalId) -> Result<Vec<Approval>, Error> {
        all(&mut self.begin().await?, id).await
    }
}

async fn all(transaction: &mut Transaction, id: ProposalId) -> Result<Vec<Approval>, Error> {
    let rows = transaction.rows(LIST, vec![Value::from(&*id.to_string())]).await?;
    rows.iter().map(read).collect()
}

fn columns(approval: Approval) -> Vec<Value> {
    vec![
        Value::from(&*approval.proposal.to_string()),
        Value::Text(Some(approval.approver)),
        approval.verdict.as_str().into(),
        Value::Bytes(Some(approval.signature)),
        approval.at.into(),
    ]
}

fn read(row: &Row) -> Result<Approval, Error> {
    Ok(Approval {
        proposal: row.parsed("proposal", ProposalId::parse)?,
        approver: needed(row.text("approver")?)?,
        verdict: row.parsed("verdict", Verdict::parse)?,
        signature: needed(row.bytes("signature")?)?,
        at: needed(row.time("given_at")?)?,
    })
}

const INSERT: &str = "INSERT INTO approvals (proposal, approver, verdict, signature, given_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (proposal, approver) DO NOTHING";

const LIST: &str = "SELECT * FROM approvals WHERE proposal = $1 ORDER BY given_at, approver";
