//! What became of an agent's proposals: where they stand, what the upstream answered, and taking
//! one back. Only the owner learns anything, not even that there is one.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::clock::Timestamp;
use crate::id::ProposalId;
use crate::identity::Caller;
use crate::policy::Reason;
use crate::proposal::Proposal;
use crate::proxy::account::Account;
use crate::proxy::carried::Carried;
use crate::proxy::failure::Failure;
use crate::proxy::proposals::docket::Docket;
use crate::proxy::proposals::proposing::{POLL, preferred};
use crate::proxy::proposals::standing::Standing;
use crate::route::{Head, NoRoute};
use crate::store;

/// Answers a request for `ID`, `ID/result` or `ID/cancel`.
///
/// # Errors
/// [`Failure::NoRoute`]; [`Failure::NoProposal`]; [`Failure::NotNow`], if there is no result, or it
/// cannot be taken back any more.
pub(in crate::proxy) async fn answer(
    account: &Account,
    path: &str,
    head: &Head,
    caller: &Caller,
) -> Result<Carried, Failure> {
    let (id, what) = path.split_once('/').unwrap_or((path, ""));
    let serves = match what {
        "" if !path.ends_with('/') => Method::GET,
        "result" => Method::GET,
        "cancel" => Method::POST,
        _ => return Err(Failure::NoRoute(NoRoute::Path)),
    };
    if *head.method() != serves {
        return Err(Failure::NoRoute(NoRoute::Method(vec![serves])));
    }
    let docket = account.plane.shared.docket.as_ref().ok_or(Failure::NoProposal)?;
    let proposal = owned(docket, id, caller).await?;
    let now = account.plane.shared.clock.now();
    match what {
        "result" => result(&proposal, now),
        "cancel" => cancel(docket, proposal, now).await,
        _ => {
            let hold = preferred(head.headers()).unwrap_or_default();
            let proposal = linger(account, docket, proposal, hold).await?;
            let mut document = told(&proposal, account.plane.shared.clock.now());
            let trouble = docket.desk.trouble(proposal.id()).await?;
            document["setback"] = trouble.and_then(|trouble| trouble.setback).into();
            Ok(Carried::Ours(document))
        }
    }
}

/// The proposal once it stands for good, or after `hold`.
pub(in crate::proxy) async fn linger(
    account: &Account,
    docket: &Docket,
    mut proposal: Proposal,
    hold: Duration,
) -> Result<Proposal, Failure> {
    let end = Instant::now() + hold;
    let place = docket.place(proposal.substance().owner());
    loop {
        let now = account.plane.shared.clock.now();
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || place.is_none() || !Standing::of(&proposal, now).is_open() {
            return Ok(proposal);
        }
        tokio::select! {
            () = sleep(left.min(POLL)) => {}
            () = docket.closing() => return Ok(proposal),
        }
        proposal = docket.desk.load(proposal.id()).await?;
    }
}

pub(in crate::proxy) async fn owned(
    docket: &Docket,
    id: &str,
    caller: &Caller,
) -> Result<Proposal, Failure> {
    let id = ProposalId::parse(id).ok_or(Failure::NoProposal)?;
    let proposal = match docket.desk.load(id).await {
        Ok(proposal) => proposal,
        Err(store::Error::Unknown(_)) => return Err(Failure::NoProposal),
        Err(why) => return Err(why.into()),
    };
    match proposal.substance().owner() == caller.principal.spiffe_id() {
        true => Ok(proposal),
        false => Err(Failure::NoProposal),
    }
}

/// What the upstream answered, as it answered it.
fn result(proposal: &Proposal, now: Timestamp) -> Result<Carried, Failure> {
    match (Standing::of(proposal, now), &proposal.state().answer) {
        (Standing::Answered, Some(answer)) => {
            Ok(Carried::Kept { id: proposal.id(), answer: answer.clone() })
        }
        (standing, _) => Err(Failure::NotNow(standing)),
    }
}

/// Takes it back: until people decide, and once they agreed until it is sent.
async fn cancel(docket: &Docket, proposal: Proposal, now: Timestamp) -> Result<Carried, Failure> {
    match docket.desk.cancel(proposal.id(), now).await {
        Ok(cancelled) => Ok(Carried::Ours(told(&cancelled, now))),
        Err(store::Error::Illegal(_)) => {
            let proposal = docket.desk.load(proposal.id()).await?;
            Err(Failure::NotNow(Standing::of(&proposal, now)))
        }
        Err(why) => Err(why.into()),
    }
}

pub(in crate::proxy) fn told(proposal: &Proposal, now: Timestamp) -> Value {
    let (draft, state) = (proposal.draft(), proposal.state());
    let request = proposal.substance().request();
    let reason = |reason: &Reason| json!({ "code": reason.code, "message": reason.message });
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let standing = Standing::of(proposal, now);
    let detail = match draft.key {
        Some(_) => standing.told_of_explicit(),
        None => standing.told(),
    };
    json!({
        "id": draft.id,
        "status": state.status.as_str(),
        "execution": state.execution.as_str(),
        "detail": detail,
        "digest": proposal.digest().to_string(),
        "request": {
            "method": request.method().as_str(),
            "url": request.url(),
            "body_bytes": request.body().len(),
        },
        "reasons": draft.terms.reasons.iter().map(reason).collect::<Vec<_>>(),
        "created_at": draft.created.to_string(),
        "not_before": draft.not_before.to_string(),
        "expires_at": draft.expires_at.to_string(),
        "decided_at": time(state.decided_at),
        "finished_at": time(state.finished_at),
        "answer_status": state.answer.as_ref().map(|answer| answer.status().as_u16()),
    })
}
