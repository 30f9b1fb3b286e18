//! The reserved path on the agents' doors: what an agent may ask Countersign itself.

use http::Method;
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::id::ProposalId;
use crate::identity::Caller;
use crate::policy::Reason;
use crate::proposal::Proposal;
use crate::proxy::account::Account;
use crate::proxy::failure::Failure;
use crate::proxy::standing::Standing;
use crate::route::{Head, NoRoute, Route, Table};
use crate::store;

/// Whether a request is for Countersign itself rather than for an upstream.
pub fn is_reserved(head: &Head) -> bool {
    let path = head.path().as_str();
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a request for Countersign itself.
///
/// # Errors
/// [`Failure::NoRoute`], for a path or a method that is not there; [`Failure::NoProposal`].
pub(super) async fn answer(
    account: &Account,
    head: &Head,
    caller: &Caller,
) -> Result<Value, Failure> {
    let path = head.path().as_str();
    let proposal = path.strip_prefix(PROPOSALS);
    if path != WHOAMI && proposal.is_none() {
        return Err(Failure::NoRoute(NoRoute::Path));
    }
    if head.method() != Method::GET {
        return Err(Failure::NoRoute(NoRoute::Method(vec![Method::GET])));
    }
    match proposal {
        Some(id) => proposal_of(account, id, caller).await,
        None => Ok(whoami(caller, &account.view.snapshot.routes)),
    }
}

/// Where an agent asks after a proposal.
pub(super) fn proposal_path(id: ProposalId) -> String {
    format!("{PROPOSALS}{id}")
}

/// Where a proposal stands, for its owner. Others learn not even that there is one.
async fn proposal_of(account: &Account, id: &str, caller: &Caller) -> Result<Value, Failure> {
    let shared = &account.plane.shared;
    let id = ProposalId::parse(id).ok_or(Failure::NoProposal)?;
    let docket = shared.docket.as_ref().ok_or(Failure::NoProposal)?;
    let proposal = match docket.desk.load(id).await {
        Ok(proposal) => proposal,
        Err(store::Error::Unknown(_)) => return Err(Failure::NoProposal),
        Err(why) => return Err(why.into()),
    };
    if proposal.substance().owner() != caller.principal.spiffe_id() {
        return Err(Failure::NoProposal);
    }
    Ok(told(&proposal, shared.clock.now()))
}

fn told(proposal: &Proposal, now: Timestamp) -> Value {
    let (draft, state) = (proposal.draft(), proposal.state());
    let request = proposal.substance().request();
    let reason = |reason: &Reason| json!({ "code": reason.code, "message": reason.message });
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    json!({
        "id": draft.id,
        "status": state.status.as_str(),
        "execution": state.execution.as_str(),
        "detail": Standing::of(proposal, now).told(),
        "digest": proposal.digest().to_string(),
        "request": {
            "method": request.method().as_str(),
            "url": request.url(),
            "body_bytes": request.body().len(),
        },
        "reasons": draft.terms.reasons.iter().map(reason).collect::<Vec<_>>(),
        "created_at": draft.created.to_string(),
        "expires_at": draft.expires_at.to_string(),
        "decided_at": time(state.decided_at),
        "finished_at": time(state.finished_at),
        "answer_status": state.answer.as_ref().map(|answer| answer.status().as_u16()),
    })
}

/// Who the agent is, until when, and which routes exist. Whether policy lets it use one is decided
/// for each request.
pub(super) fn whoami(caller: &Caller, routes: &Table) -> Value {
    let principal = &caller.principal;
    json!({
        "spiffe_id": principal.spiffe_id().as_str(),
        "trust_domain": principal.spiffe_id().trust_domain(),
        "valid_until": principal.valid_until().to_string(),
        "listener": caller.listener,
        "routes": routes.routes().iter().map(|route| describe(route)).collect::<Vec<_>>(),
    })
}

pub(super) fn describe(route: &Route) -> Value {
    let methods: Vec<_> = route.served_methods().iter().map(|m| m.as_str().to_owned()).collect();
    let mut described = json!({
        "name": route.name,
        "hosts": route.hosts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "path": route.path.to_string(),
        "methods": methods,
    });
    if let Some(until) = route.observe_until {
        described["observed_until"] = until.to_string().into();
    }
    described
}

const PREFIX: &str = "/.countersign";

const WHOAMI: &str = "/.countersign/v1/whoami";

const PROPOSALS: &str = "/.countersign/v1/proposals/";
