//! `/v1/proposals/{id}/statement` and `…/approvals`: what a person is to sign, and their signed word.
//!
//! The signature is what counts. That its signer is also who calls keeps one person from handing in
//! what another signed for a quite different purpose.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::approval::{MAX_LIFE, Nonce, Person, Proof, Reason, Statement, Verdict};
use crate::control::failure::Failure;
use crate::control::proposals::{seen, whole};
use crate::control::reply::Reply;
use crate::control::service::Visit;
use http::StatusCode;

use crate::proposal::{Illegal, Proposal, Status};
use crate::store::Error;

/// What is handed in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SignedAnswer")]
pub(super) struct HandedIn {
    /// The statement, and below it the SSH signature over it, as `ssh-keygen -Y sign` wrote it.
    proof: String,
}

/// The exact text to sign.
pub(super) async fn statement(visit: Visit<'_>) -> Result<Reply, Failure> {
    let proposal = seen(&visit).await?;
    let person = person(&visit)?;
    let verdict = verdict(&visit)?;
    open(&proposal, &verdict, &visit)?;
    let expires = proposal.draft().expires_at.min(visit.now.plus(MAX_LIFE));
    let (digest, name) = (proposal.digest(), person.name.clone());
    let statement = Statement::new(verdict, digest, name, Nonce::fresh(), visit.now, expires)
        .map_err(|_| Error::Illegal(Illegal::Expired(expires)))?;
    Ok(Reply::text(statement.to_string()).tagged(digest))
}

/// Takes the caller's signed word.
pub(super) async fn hand_in(visit: Visit<'_>) -> Result<Reply, Failure> {
    let proposal = seen(&visit).await?;
    visit.request.means(proposal.digest())?;
    let person = person(&visit)?.clone();
    let HandedIn { proof } = visit.request.json(FORM).await?;
    let (proof, people) = (Proof::from_text(proof), visit.snapshot.people.clone());
    open(&proposal, &proof.claimed().unwrap_or(Verdict::Approve), &visit)?;
    let answer = proof.verify(&proposal, &people, visit.now)?;
    if *answer.approver() != person.name {
        return Err(Failure::NotPermitted("this is another person's signature, not yours"));
    }
    let answered = visit.service.desk.answer(proposal.id(), proof, people, visit.now).await?;
    let verdict = answer.verdict().to_string();
    tracing::info!(approver = %person.name, proposal = %proposal.id(), %verdict, "answered");
    let reply = Reply::json(&whole(&visit, &answered).await?).tagged(answered.digest());
    Ok(reply.with_status(StatusCode::CREATED))
}

/// The caller, who must be one of those who answer.
fn person<'a>(visit: &Visit<'a>) -> Result<&'a Person, Failure> {
    let nobody = "only one of `approvals.people` can answer, and you are none of them";
    visit.caller.person().ok_or(Failure::NotPermitted(nobody))
}

fn verdict(visit: &Visit<'_>) -> Result<Verdict, Failure> {
    let reason = visit.request.query("reason");
    let reason = reason.as_deref().map(Reason::parse).transpose();
    let reason = reason.map_err(|why| Failure::Malformed(why.to_string().into()))?;
    match (visit.request.query("verdict").as_deref(), reason) {
        (Some("approve"), None) => Ok(Verdict::Approve),
        (Some("deny"), reason) => Ok(Verdict::Deny(reason)),
        (Some("withdraw"), reason) => Ok(Verdict::Withdraw(reason)),
        (Some("break-glass"), Some(reason)) => Ok(Verdict::BreakGlass(reason)),
        (Some("approve"), Some(_)) => {
            Err(Failure::Malformed("a yes has no `reason` in its statement".into()))
        }
        (Some("break-glass"), None) => {
            Err(Failure::Malformed("who decides alone says why: `reason`".into()))
        }
        _ => Err(Failure::Malformed(VERDICTS.into())),
    }
}

/// What nobody can answer any more is said before anything is looked at; a yes can be taken back for
/// longer.
fn open(proposal: &Proposal, verdict: &Verdict, visit: &Visit<'_>) -> Result<(), Failure> {
    let (status, expires) = (proposal.state().status, proposal.draft().expires_at);
    match (status, verdict) {
        (Status::Approved, Verdict::Withdraw(_)) => Ok(()),
        (Status::Pending, _) if expires > visit.now => Ok(()),
        (Status::Pending | Status::Expired, _) => {
            Err(Error::Illegal(Illegal::Expired(expires)).into())
        }
        (status, _) => Err(Error::Illegal(Illegal::Decided(status)).into()),
    }
}

const VERDICTS: &str = "`verdict` is `approve`, `break-glass`, `deny` or `withdraw`";

const FORM: &str = "a JSON object with `proof`: the statement, and below it the signature";
