//! RFC 9457, with the members in which libraries look for a sentence.
//!
//! `message` at the top is GitHub's, `error.message` OpenAI's; a reader of problem documents ignores
//! members that it does not know.

use http::HeaderMap;
use serde_json::{Value, json};

use crate::proxy::agent::api;
use crate::proxy::dialect::{Written, json as bytes};
use crate::proxy::problem::Problem;

pub(super) fn write(problem: &Problem<'_>) -> Written {
    Written {
        status: problem.status,
        content_type: "application/problem+json",
        body: bytes(&document(problem)),
        headers: HeaderMap::new(),
    }
}

/// The problem document, which other JSON dialects build upon.
pub(super) fn document(problem: &Problem<'_>) -> Value {
    let reason =
        |reason: &crate::policy::Reason| json!({ "code": reason.code, "message": reason.message });
    let message = problem.message();
    let mut document = json!({
        "type": format!("urn:countersign:problem:{}", problem.code),
        "title": problem.title,
        "status": problem.status.as_u16(),
        "detail": problem.detail,
        "code": problem.code,
        "decision_id": problem.decision_id,
        "reasons": problem.reasons.iter().map(reason).collect::<Vec<_>>(),
        "retryable": problem.retryable,
        "error": { "type": "countersign", "code": problem.code, "message": message },
        "message": message,
    });
    if let Some((id, _)) = problem.proposal {
        document["proposal_id"] = json!(id);
        document["status_endpoint"] = json!(api::proposal_path(id));
    }
    document
}
