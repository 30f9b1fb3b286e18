//! Every answer that Countersign gives itself; the one place where a failure becomes HTTP.

use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use http::{HeaderMap, Response, StatusCode, Version};

use crate::id::{DecisionId, ProposalId};
use crate::listener::connection::InProgress;
use crate::proposal;
use crate::proxy::agent::api;
use crate::proxy::answer::Answer;
use crate::proxy::dialect::{self, Asked};
use crate::proxy::failure::Failure;
use crate::proxy::problem::Problem;
use crate::route::headers::is_per_hop;
use crate::route::terms::Dialect;
use crate::route::{Ambiguity, NoRoute};

/// The answer to a request that failed, in the dialect of its route.
pub fn to(
    failure: &Failure,
    id: DecisionId,
    dialect: Dialect,
    asked: Asked<'_>,
    progress: InProgress,
) -> Response<Answer> {
    let problem = Problem::of(failure, id);
    let written = dialect::write(dialect, &problem, asked);
    // A dialect that has to say no within a yes keeps its own words.
    let own = policys_own_body(failure).filter(|_| written.status == problem.status);
    let (kind, body) = match own {
        Some(body) => ("text/plain; charset=utf-8", body.to_owned().into()),
        None => (written.content_type, written.body),
    };
    let mut response = Response::new(Answer::whole(body, progress));
    *response.status_mut() = written.status;
    let headers = response.headers_mut();
    *headers = written.headers;
    add_policys_own(failure, headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(DECISION, value(&id.to_string()));
    headers.insert(SHOULD_RETRY, HeaderValue::from_static(bool_text(problem.retryable)));
    if problem.retryable {
        let seconds = problem.proposal.map_or(RETRY_SECONDS, |(_, seconds)| seconds);
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if let Some((proposal, _)) = problem.proposal {
        headers.insert(PROPOSAL, value(&proposal.to_string()));
        headers.insert(LOCATION, value(&api::proposal_path(proposal)));
    }
    if let Failure::Proposed(proposed) = failure
        && proposed.is_accepted()
    {
        headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static("respond-async"));
    }
    if let Failure::NoRoute(NoRoute::Method(served)) = failure {
        let served: Vec<_> = served.iter().map(http::Method::as_str).collect();
        headers.insert(ALLOW, value(&served.join(", ")));
    }
    if closes(failure) {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A document of our own that is no failure.
pub fn document(
    body: &serde_json::Value,
    id: DecisionId,
    progress: InProgress,
) -> Response<Answer> {
    let mut response = Response::new(Answer::whole(body.to_string().into(), progress));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(DECISION, value(&id.to_string()));
    response
}

/// Where a proposal stands that was put forward.
pub(super) fn put(
    body: &serde_json::Value,
    proposal: ProposalId,
    id: DecisionId,
    progress: InProgress,
) -> Response<Answer> {
    let mut response = document(body, id, progress);
    *response.status_mut() = StatusCode::ACCEPTED;
    let headers = response.headers_mut();
    headers.insert(PROPOSAL, value(&proposal.to_string()));
    headers.insert(LOCATION, value(&api::proposal_path(proposal)));
    response
}

/// The answer of an upstream that is kept with its proposal.
pub(super) fn kept(
    kept: &proposal::Answer,
    proposal: ProposalId,
    id: DecisionId,
    progress: InProgress,
) -> Response<Answer> {
    let mut response = Response::new(Answer::whole(kept.body().clone(), progress));
    *response.status_mut() = kept.status();
    let headers = response.headers_mut();
    headers.extend(kept.headers().iter().cloned());
    headers.insert(DECISION, value(&id.to_string()));
    headers.insert(PROPOSAL, value(&proposal.to_string()));
    response
}

/// What was heard and needs no answer.
pub fn noted(id: DecisionId, progress: InProgress) -> Response<Answer> {
    let mut response = Response::new(Answer::whole(bytes::Bytes::new(), progress));
    *response.status_mut() = StatusCode::ACCEPTED;
    response.headers_mut().insert(DECISION, value(&id.to_string()));
    response
}

/// HTTP/2 has no `Connection` header; the connection's own closing says it there.
pub fn for_version(mut response: Response<Answer>, version: Version) -> Response<Answer> {
    if version == Version::HTTP_2 {
        response.headers_mut().remove(CONNECTION);
    }
    response
}

/// opa-envoy's `body`, which a rule may give for a denial.
fn policys_own_body(failure: &Failure) -> Option<&str> {
    match failure {
        Failure::Refused(refusal) => refusal.body(),
        _ => None,
    }
}

fn add_policys_own(failure: &Failure, headers: &mut HeaderMap) {
    let Failure::Refused(refusal) = failure else { return };
    for (name, value) in &refusal.headers() {
        if !is_per_hop(name.as_str()) {
            headers.append(name.clone(), value.clone());
        }
    }
}

/// Whether what follows on this connection could be read in two ways, or comes from nobody.
fn closes(failure: &Failure) -> bool {
    match failure {
        Failure::Identity(_) | Failure::Body(_) | Failure::Panicked => true,
        Failure::Ambiguous(rule) => *rule != Ambiguity::PathEncodedSlash,
        _ => false,
    }
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("-"))
}

const fn bool_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// The handle of an exchange, on every answer.
pub const DECISION: HeaderName = HeaderName::from_static("countersign-decision");

/// The proposal that a request became.
const PROPOSAL: HeaderName = HeaderName::from_static("countersign-proposal");

/// Which wish of the agent was heard (RFC 7240 §3).
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Read by OpenAI's and Anthropic's libraries before they try again.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

const RETRY_SECONDS: u64 = 5;

/// The label of exchanges that no route carried.
pub const NO_ROUTE: &str = "-";

/// The status of an agreed upgrade.
pub const SWITCHING: StatusCode = StatusCode::SWITCHING_PROTOCOLS;
