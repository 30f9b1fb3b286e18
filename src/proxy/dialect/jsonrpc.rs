//! JSON-RPC 2.0: an `error` for each call, with its `id`.
//!
//! A denial is answered with 200, because libraries read an error object only there. Whatever else
//! went wrong keeps its status and is written in the same shape.

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::operation::operations::MAX_OPERATIONS;
use crate::proxy::dialect::{Asked, Written, generic, json as bytes};
use crate::proxy::problem::Problem;

pub(super) fn write(problem: &Problem<'_>, asked: Asked<'_>) -> Written {
    let body = asked.body.and_then(|body| serde_json::from_slice::<Value>(body).ok());
    let (ids, is_batch) = match &body {
        Some(Value::Array(batch)) if batch.len() <= MAX_OPERATIONS => {
            (batch.iter().filter_map(id).collect(), true)
        }
        Some(message) => (id(message).into_iter().collect(), false),
        None => (Vec::new(), false),
    };
    let error = json!({
        "code": code(problem),
        "message": problem.message(),
        "data": generic::document(problem),
    });
    let answer = |id: &Value| json!({ "jsonrpc": "2.0", "id": id, "error": error });
    let body = match ids.as_slice() {
        // Notifications have no answers, and a message that cannot be read has no id.
        [] => answer(&Value::Null),
        [id] if !is_batch => answer(id),
        ids => ids.iter().map(|id| answer(id)).collect(),
    };
    let status = match problem.is_denial() && !ids.is_empty() {
        true => StatusCode::OK,
        false => problem.status,
    };
    let content_type = "application/json";
    Written { status, content_type, body: bytes(&body), headers: HeaderMap::new() }
}

fn id(message: &Value) -> Option<&Value> {
    message.get("id").filter(|id| id.is_string() || id.is_number())
}

/// JSON-RPC 2.0 §5.1; a denial has the first of the codes that are left to servers.
fn code(problem: &Problem<'_>) -> i32 {
    match problem.status {
        _ if problem.is_denial() => -32000,
        _ if problem.code == "json_syntax" => -32700,
        status if status.is_server_error() => -32603,
        _ => -32600,
    }
}
