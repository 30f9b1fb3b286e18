//! `/v1/credentials`: names, schemes, where they may go, and whether they can be used. Never a value.

use schemars::JsonSchema;
use serde::Serialize;

use crate::control::failure::Failure;
use crate::control::page::Page;
use crate::control::reply::Reply;
use crate::control::service::Visit;
use crate::id::UpstreamName;
use crate::revocation::Subject;

/// One credential.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Credential")]
pub(super) struct One {
    /// Its name.
    name: String,
    /// How it is put on a request: `basic`, `bearer`, `cookie`, `header` or `query`.
    scheme: &'static str,
    /// The only upstreams that it is ever sent to.
    upstreams: Vec<String>,
    /// The routes that use it.
    routes: Vec<String>,
    /// `ready`, `unavailable` or `revoked`.
    state: &'static str,
    /// Why it is unavailable.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// All of them, by name: as many as the configuration has.
pub(super) async fn list(visit: Visit<'_>) -> Result<Reply, Failure> {
    let revoked = visit.service.desk.revocations().await?;
    let is_revoked = |subject: &Subject| revoked.iter().any(|one| one.subject == *subject);
    let routes = visit.snapshot.routes.routes();
    let mut all: Vec<_> = visit.snapshot.credentials.listed().collect();
    all.sort_by_key(|one| one.name);
    let one = |listed: crate::credential::Listed<'_>| One {
        name: listed.name.to_string(),
        scheme: listed.scheme,
        upstreams: listed.upstreams.iter().map(UpstreamName::to_string).collect(),
        routes: routes
            .iter()
            .filter(|route| route.credential.as_ref() == Some(listed.name))
            .map(|route| route.name.to_string())
            .collect(),
        state: match listed.problem {
            _ if is_revoked(&Subject::Credential(listed.name.clone())) => "revoked",
            Some(_) => "unavailable",
            None => "ready",
        },
        problem: listed.problem.map(str::to_owned),
    };
    Ok(Reply::json(&Page::new(all.into_iter().map(one).collect(), None)))
}
