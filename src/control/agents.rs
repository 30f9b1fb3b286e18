//! `/v1/agents`: who has put something forward or worked on something.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::control::failure::Failure;
use crate::control::page::{Page, Wanted};
use crate::control::reply::Reply;
use crate::control::service::Visit;
use crate::identity::TrustDomain;
use crate::revocation::Subject;
use crate::store;

/// One agent.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Agent")]
pub(super) struct One {
    /// Its SPIFFE ID.
    id: String,
    /// How many proposals are kept that it put forward.
    proposals: u64,
    /// How many of them wait for people.
    pending: u64,
    /// How many tasks are kept that it owns.
    tasks: u64,
    /// Whether it is revoked, or everyone whom its trust domain vouches for.
    revoked: bool,
}

/// One page, by id.
pub(super) async fn list(visit: Visit<'_>) -> Result<Reply, Failure> {
    let Wanted { after, limit } = Wanted::of(visit.request)?;
    let agents = visit.service.desk.agents(after, limit).await?;
    let revoked = visit.service.desk.revocations().await?;
    let revoked: HashSet<_> = revoked.into_iter().map(|one| one.subject).collect();
    let last = agents.get(limit - 1).map(|agent| agent.id.as_str().to_owned());
    let agents = agents.iter().map(|agent| One::of(agent, &revoked)).collect();
    Ok(Reply::json(&Page::new(agents, last.as_deref())))
}

impl One {
    fn of(agent: &store::Agent, revoked: &HashSet<Subject>) -> Self {
        let domain = TrustDomain::parse(agent.id.trust_domain()).ok().map(Subject::TrustDomain);
        let mut subjects = domain.into_iter().chain([Subject::Agent(agent.id.clone())]);
        Self {
            id: agent.id.as_str().to_owned(),
            proposals: agent.proposals,
            pending: agent.pending,
            tasks: agent.tasks,
            revoked: subjects.any(|subject| revoked.contains(&subject)),
        }
    }
}
