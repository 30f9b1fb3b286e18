//! Anthropic's errors: `{"type":"error","error":{"type","message"}}`.

use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::proxy::dialect::{Written, generic, json as bytes};
use crate::proxy::problem::Problem;

pub(super) fn write(problem: &Problem<'_>) -> Written {
    let kind = match problem.status {
        StatusCode::FORBIDDEN => "permission_error",
        StatusCode::NOT_FOUND | StatusCode::MISDIRECTED_REQUEST => "not_found_error",
        StatusCode::PAYLOAD_TOO_LARGE => "request_too_large",
        status if status.is_server_error() => "api_error",
        _ => "invalid_request_error",
    };
    let mut document = generic::document(problem);
    document["type"] = json!("error");
    document["error"]["type"] = json!(kind);
    Written {
        status: problem.status,
        content_type: "application/json",
        body: bytes(&document),
        headers: HeaderMap::new(),
    }
}
