//! From a path and a method to who answers.

use crate::control::endpoints::{Call, ENDPOINTS, Endpoint, Who};
use crate::control::failure::Failure;
use crate::control::reply::Reply;
use crate::control::service::Visit;
use crate::control::{
    agents, answers, credentials, events, openapi, policy, proposals, records, revocations, tasks,
};

/// Answers a request that somebody made who was let in.
pub(super) async fn answer(visit: Visit<'_>) -> Result<Reply, Failure> {
    let endpoint = find(&visit)?;
    if endpoint.who == Who::Operators && !visit.caller.is_operator() {
        return Err(Failure::NotPermitted("only one of `control.operators` may do this"));
    }
    let known: Vec<_> = endpoint.query.iter().map(|(name, _)| *name).collect();
    visit.request.check_query(&known)?;
    visit.request.open = open(endpoint.path, &visit.request.segments());
    if endpoint.body.is_none() {
        visit.request.bodiless()?;
    }
    match endpoint.call {
        Call::AddRevocation => revocations::add(visit).await,
        Call::Agents => agents::list(visit).await,
        Call::Cancel => proposals::cancel(visit).await,
        Call::Checkpoint => records::checkpoint(visit).await,
        Call::Credentials => credentials::list(visit).await,
        Call::Decision => records::decision(visit).await,
        Call::Document => Ok(Reply::json(&openapi::document())),
        Call::Evaluate => policy::evaluate(visit).await,
        Call::Events => events::follow(visit).await,
        Call::HandIn => answers::hand_in(visit).await,
        Call::Lift => revocations::lift(visit).await,
        Call::Policy => Ok(policy::show(&visit)),
        Call::Proposal => proposals::show(visit).await,
        Call::Proposals => proposals::list(visit).await,
        Call::RevokeTask => tasks::revoke(visit).await,
        Call::Revocations => revocations::list(visit).await,
        // Where anybody is heard, nobody has to be let in, and this is not asked.
        Call::Signal => Err(Failure::Path),
        Call::Statement => answers::statement(visit).await,
        Call::Task => tasks::show(visit).await,
        Call::Tasks => tasks::list(visit).await,
    }
}

fn find(visit: &Visit<'_>) -> Result<&'static Endpoint, Failure> {
    let segments = visit.request.segments();
    let here: Vec<_> = ENDPOINTS.iter().filter(|one| fits(one.path, &segments)).collect();
    if here.is_empty() {
        return Err(Failure::Path);
    }
    let found = here.iter().find(|one| one.method == visit.request.method().as_str());
    found.copied().ok_or_else(|| Failure::Method(here.iter().map(|one| one.method).collect()))
}

/// Whether the pattern is one of such a path. What stands in an open place is not empty.
fn fits(pattern: &str, segments: &[&str]) -> bool {
    let pattern: Vec<_> = pattern.split('/').skip(1).collect();
    let one = |(pattern, segment): (&&str, &&str)| match pattern.starts_with('{') {
        true => !segment.is_empty(),
        false => pattern == segment,
    };
    pattern.len() == segments.len() && pattern.iter().zip(segments).all(one)
}

/// What stands in the open places.
fn open(pattern: &str, segments: &[&str]) -> Vec<String> {
    let places = pattern.split('/').skip(1).zip(segments);
    let open = places.filter(|(pattern, _)| pattern.starts_with('{'));
    open.map(|(_, segment)| (*segment).to_owned()).collect()
}
