//! A proposal as a row of the store, and back.

use crate::id::{ProposalId, TaskId};
use crate::proposal::{
    Answer, Callback, Claim, Draft, Execution, IdempotencyKey, Origin, Proposal, State, Status,
    Substance, Terms, kind, rule,
};
use crate::store::connection::Value;
use crate::store::error::Error;
use crate::store::row::{Row, needed};

pub(super) fn owner(proposal: &Proposal) -> Value {
    proposal.substance().owner().as_str().into()
}

/// What an identical request finds it by; nothing once it was taken back.
pub(super) fn identity(proposal: &Proposal) -> Value {
    if matches!(proposal.state().status, Status::Cancelled | Status::Superseded) {
        return Value::Text(None);
    }
    Value::Text(Some(match &proposal.draft().key {
        Some(key) => format!("key:{}", key.as_str()),
        None => format!("digest:{}", proposal.digest()),
    }))
}

pub(super) fn columns(proposal: &Proposal) -> Vec<Value> {
    let (draft, substance) = (proposal.draft(), proposal.substance());
    let key = draft.key.as_ref().map(|key| key.as_str().to_owned());
    let mut values = vec![Value::from(&*draft.id.to_string()), identity(proposal)];
    values.extend(state(proposal.state()));
    values.extend([
        owner(proposal),
        Value::Text(substance.task().map(|task| task.to_string())),
        substance.request().authority().into(),
        Value::Bytes(Some(proposal.digest().as_bytes().to_vec())),
        Value::Text(key),
        Value::Bytes(Some(substance.to_bytes())),
        Value::Bytes(Some(draft.terms.to_bytes())),
        Value::Bytes(Some(draft.origin.to_bytes())),
        Value::Text(draft.callback.as_ref().map(Callback::to_text)),
        draft.created.into(),
        draft.not_before.into(),
        draft.expires_at.into(),
        asked_kind(proposal),
        asked_rule(proposal),
    ]);
    values
}

/// What it has in common with others that people were asked about; nothing, if they were not.
pub(super) fn asked_kind(proposal: &Proposal) -> Value {
    let is_asked = !proposal.draft().terms.needs.is_empty();
    Value::Text(is_asked.then(|| kind(proposal.substance()).to_string()))
}

/// The rule that asked people, likewise.
pub(super) fn asked_rule(proposal: &Proposal) -> Value {
    Value::Text(rule(&proposal.draft().terms).map(|rule| rule.to_string()))
}

pub(super) fn state(state: &State) -> [Value; 9] {
    let claim = state.claim.as_ref();
    [
        state.status.as_str().into(),
        state.execution.as_str().into(),
        state.due.into(),
        state.decided_at.into(),
        Value::Text(claim.map(|claim| claim.executor.clone())),
        claim.map(|claim| claim.until).into(),
        state.finished_at.into(),
        Value::Bytes(state.answer.as_ref().map(Answer::to_bytes)),
        Value::Text(state.withdrawn_by.clone()),
    ]
}

pub(super) fn read(row: &Row) -> Result<Proposal, Error> {
    let (key, callback) = (row.text("idempotency_key")?, row.text("callback")?);
    let draft = Draft {
        id: row.parsed("id", ProposalId::parse)?,
        substance: Substance::from_bytes(&needed(row.bytes("substance")?)?)?,
        origin: Origin::from_bytes(&needed(row.bytes("origin")?)?)?,
        terms: Terms::from_bytes(&needed(row.bytes("terms")?)?)?,
        key: key.map(|key| IdempotencyKey::parse(&key).ok_or(Error::Undecodable)).transpose()?,
        callback: callback
            .map(|text| Callback::from_text(&text).ok_or(Error::Undecodable))
            .transpose()?,
        created: needed(row.time("created_at")?)?,
        not_before: needed(row.time("not_before")?)?,
        expires_at: needed(row.time("expires_at")?)?,
    };
    let claim = match (row.text("executor")?, row.time("claimed_until")?) {
        (Some(executor), Some(until)) => Some(Claim { executor, until }),
        _ => None,
    };
    let state = State {
        status: row.parsed("status", Status::parse)?,
        decided_at: row.time("decided_at")?,
        due: needed(row.time("due_at")?)?,
        execution: row.parsed("execution", Execution::parse)?,
        claim,
        finished_at: row.time("finished_at")?,
        answer: row.bytes("answer")?.map(|bytes| Answer::from_bytes(&bytes)).transpose()?,
        withdrawn_by: row.text("withdrawn_by")?,
    };
    checked(row, Proposal::restore(draft, state))
}

/// The digest that people signed must be that of the bytes beside it.
fn checked(row: &Row, proposal: Proposal) -> Result<Proposal, Error> {
    let owner = row.text("owner")?;
    let task = row.text("task")?.map(|task| TaskId::parse(&task).ok_or(Error::Undecodable));
    let is_whole = needed(row.bytes("digest")?)? == proposal.digest().as_bytes()
        && owner.as_deref() == Some(proposal.substance().owner().as_str())
        && task.transpose()? == proposal.substance().task();
    is_whole.then_some(proposal).ok_or(Error::Undecodable)
}
