//! `/v1/revocations`: what is taken back at once, on every replica, and what is given back.

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::failure::Failure;
use crate::control::page::{Page, Wanted};
use crate::control::reply::Reply;
use crate::control::service::Visit;
use crate::revocation::Subject;
use crate::store::Revocation;

/// One thing that is revoked.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Revocation")]
pub(super) struct Told {
    /// `agent`, `credential`, `task` or `trust-domain`.
    kind: &'static str,
    /// Which one.
    name: String,
    /// Why, in the operator's words.
    reason: String,
    /// Since when.
    at: String,
}

/// What is to be revoked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewRevocation")]
pub(super) struct Wish {
    /// `agent`, `credential`, `task` or `trust-domain`.
    kind: String,
    /// A SPIFFE ID, a credential's name, a task's id, or a trust domain's name.
    name: String,
    /// Why, for whoever looks later.
    #[serde(default)]
    reason: String,
}

/// One page, by kind and name.
pub(super) async fn list(visit: Visit<'_>) -> Result<Reply, Failure> {
    let Wanted { after, limit } = Wanted::of(visit.request)?;
    let mut all = visit.service.desk.revocations().await?;
    all.sort_by_key(|one| key(&one.subject));
    let behind = all.iter().filter(|one| key(&one.subject) > after);
    let page: Vec<_> = behind.take(limit).collect();
    let last = page.get(limit - 1).map(|one| key(&one.subject));
    let page = page.into_iter().map(Told::of).collect();
    Ok(Reply::json(&Page::new(page, last.as_deref())))
}

/// Revokes something. What is revoked already stays as it is, and is shown.
pub(super) async fn add(visit: Visit<'_>) -> Result<Reply, Failure> {
    let Wish { kind, name, reason } = visit.request.json(FORM).await?;
    let subject = Subject::parse(&kind, &name).ok_or(Failure::Malformed(NOTHING.into()))?;
    let revoked = revoke(&visit, subject, reason).await?;
    Ok(Reply::json(&Told::of(&revoked)).with_status(StatusCode::CREATED))
}

/// Gives back what was revoked.
pub(super) async fn lift(visit: Visit<'_>) -> Result<Reply, Failure> {
    visit.request.bodiless()?;
    let [kind, name] = visit.request.open.as_slice() else { return Err(Failure::Path) };
    let subject = Subject::parse(kind, name).ok_or(Failure::Missing("revocation"))?;
    let lifted = visit.service.desk.lift(subject.clone()).await?;
    lifted.ok_or(Failure::Missing("revocation"))?;
    tracing::warn!(operator = %visit.caller.name(), %subject, "revoked no more");
    Ok(Reply::done())
}

pub(super) async fn revoke(
    visit: &Visit<'_>,
    subject: Subject,
    reason: String,
) -> Result<Revocation, Failure> {
    if reason.len() > LONGEST || reason.chars().any(char::is_control) {
        return Err(Failure::Malformed("`reason` is one line of at most 1000 bytes".into()));
    }
    let revocation = Revocation { subject, reason, at: visit.now };
    let revoked = visit.service.desk.revoke(revocation).await?;
    tracing::warn!(operator = %visit.caller.name(), subject = %revoked.subject, "revoked");
    Ok(revoked)
}

impl Told {
    pub(super) fn of(one: &Revocation) -> Self {
        Self {
            kind: one.subject.kind(),
            name: one.subject.name(),
            reason: one.reason.clone(),
            at: one.at.to_string(),
        }
    }
}

fn key(subject: &Subject) -> String {
    subject.to_string()
}

const FORM: &str = "a JSON object with `kind`, `name` and, if wanted, `reason`";

const NOTHING: &str = "`kind` and `name` name nothing that can be revoked: agent spiffe://…, \
     credential NAME, task tsk_…, trust-domain NAME";

/// The longest reason, in bytes.
const LONGEST: usize = 1_000;
