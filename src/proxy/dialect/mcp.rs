//! MCP: a denial is a result that the model reads, not an error that its transport dies of.
//!
//! A tool call is answered with HTTP 200 and a result with `isError`; any other request with a
//! JSON-RPC error. A bare 403 would make clients believe that they have to log in again. What cannot
//! be read as JSON-RPC gets a problem document.

use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::proxy::dialect::{Asked, Written, generic, json as bytes};
use crate::proxy::problem::Problem;

/// The two members of a JSON-RPC request that an answer needs.
#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<std::borrow::Cow<'a, str>>,
}

pub(super) fn write(problem: &Problem<'_>, asked: Asked<'_>) -> Written {
    let call = asked.body.and_then(|body| serde_json::from_slice::<Call<'_>>(body).ok());
    let Some(Call { id: Some(id), method: Some(method) }) = call else {
        return generic::write(problem);
    };
    // The id is echoed as the very text that was sent.
    let Ok(id) = serde_json::from_str::<Value>(id.get()) else {
        return generic::write(problem);
    };
    let body = match method.as_ref() {
        "tools/call" => json!({ "jsonrpc": "2.0", "id": id, "result": result(problem) }),
        _ => json!({ "jsonrpc": "2.0", "id": id, "error": error(problem) }),
    };
    Written {
        status: StatusCode::OK,
        content_type: "application/json",
        body: bytes(&body),
        headers: HeaderMap::new(),
    }
}

fn result(problem: &Problem<'_>) -> Value {
    let advice = if problem.retryable { "Try again later." } else { "Do not retry unchanged." };
    let text = format!("{} ({}). {advice}", problem.message(), problem.code);
    json!({
        "resultType": "complete",
        "isError": true,
        "content": [{ "type": "text", "text": text }],
        "_meta": { "dev.countersign/decision": generic::document(problem) },
    })
}

fn error(problem: &Problem<'_>) -> Value {
    let code = if problem.status.is_server_error() { INTERNAL_ERROR } else { INVALID_PARAMS };
    json!({ "code": code, "message": problem.message(), "data": generic::document(problem) })
}

/// JSON-RPC 2.0 §5.1.
const INVALID_PARAMS: i32 = -32602;
const INTERNAL_ERROR: i32 = -32603;
