//! `/v1/audit` and `/v1/decisions`: what this replica's own record says. Each replica has its own.

use crate::control::failure::Failure;
use crate::control::reply::Reply;
use crate::control::service::Visit;
use crate::id::DecisionId;

/// The newest signed checkpoint, as it stands: a C2SP signed note.
pub(super) async fn checkpoint(visit: Visit<'_>) -> Result<Reply, Failure> {
    let log = visit.service.shared.log.clone();
    let read = tokio::task::spawn_blocking(move || log.checkpoint()).await;
    let note = read.ok().and_then(Result::ok).ok_or(Failure::Unavailable("the checkpoint"))?;
    Ok(Reply::text(note))
}

/// One decision, and why it was made.
pub(super) async fn decision(visit: Visit<'_>) -> Result<Reply, Failure> {
    let id = DecisionId::parse(visit.request.id()).ok_or(Failure::Missing("decision"))?;
    let inquiry = visit.service.shared.desk.inquire(id).await.map_err(Failure::Decision)?;
    Ok(Reply::json(&inquiry))
}
