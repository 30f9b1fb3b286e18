//! MCP: a denial is a result that the model reads, not an error that its transport dies of.
//!
//! A tool call that policy denies is answered with HTTP 200 and a result with `isError`; what else
//! goes wrong, with a JSON-RPC error. A bare 401 or 403 would make clients believe that they have to
//! log in again, so neither is ever sent here.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::proxy::dialect::{Asked, Written, generic};
use crate::proxy::failure::Fault;
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
    let Some((id, Some(method))) = call.and_then(|call| Some((id(call.id?)?, call.method))) else {
        return without_id(problem, asked);
    };
    let is_denied = matches!(problem.fault, Fault::Policy | Fault::Upstream);
    let body = match method.as_ref() {
        "tools/call" if problem.task.is_some() => {
            json!({ "jsonrpc": "2.0", "id": id, "result": problem.task })
        }
        "tools/call" if is_denied => {
            json!({ "jsonrpc": "2.0", "id": id, "result": result(problem) })
        }
        _ => json!({ "jsonrpc": "2.0", "id": id, "error": error(problem) }),
    };
    let status = problem.malformed.map_or(StatusCode::OK, |why| why.status());
    written(status, &body, asked)
}

/// An id that an answer may carry: a string or an integer, just as it was sent.
fn id(raw: &RawValue) -> Option<Value> {
    let id: Value = serde_json::from_str(raw.get()).ok()?;
    (id.is_string() || id.is_i64() || id.is_u64()).then_some(id)
}

/// To what is no request: a notification, a stream, or something that could not be read.
fn without_id(problem: &Problem<'_>, asked: Asked<'_>) -> Written {
    let is_post = asked.method.is_none_or(|method| *method == Method::POST);
    let status = match problem.status {
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED if is_post => StatusCode::BAD_REQUEST,
        // Clients take it for a server that has no such stream, and go on without.
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => StatusCode::METHOD_NOT_ALLOWED,
        status => status,
    };
    written(status, &json!({ "jsonrpc": "2.0", "error": error(problem) }), asked)
}

fn written(status: StatusCode, body: &Value, asked: Asked<'_>) -> Written {
    let wants_events = asked.accept.is_some_and(|accept| {
        accept.contains("text/event-stream")
            && !accept.contains("application/json")
            && !accept.contains("*/*")
    });
    let (content_type, body) = match wants_events && status == StatusCode::OK {
        true => ("text/event-stream", format!("event: message\ndata: {body}\n\n")),
        false => ("application/json", body.to_string()),
    };
    Written { status, content_type, body: Bytes::from(body), headers: HeaderMap::new() }
}

fn result(problem: &Problem<'_>) -> Value {
    let advice = match problem.proposal.filter(|_| problem.retryable) {
        Some((id, seconds)) => format!(
            "It is {id}. Call the tool again with the same arguments, in {seconds} seconds or later."
        ),
        None if problem.retryable => "Try again later.".to_owned(),
        None => "Do not retry unchanged.".to_owned(),
    };
    let text = format!("{} ({}). {advice}", problem.message(), problem.code);
    json!({
        "resultType": "complete",
        "isError": true,
        "content": [{ "type": "text", "text": text }],
        "_meta": { "dev.countersign/decision": generic::document(problem) },
    })
}

fn error(problem: &Problem<'_>) -> Value {
    let mut data = generic::document(problem);
    let Some(malformed) = problem.malformed else {
        return json!({ "code": code(problem), "message": problem.message(), "data": data });
    };
    if let (Some(data), Some(Value::Object(wanted))) = (data.as_object_mut(), malformed.data()) {
        data.extend(wanted);
    }
    json!({ "code": malformed.rpc_code(), "message": problem.message(), "data": data })
}

/// JSON-RPC 2.0 §5.1.
fn code(problem: &Problem<'_>) -> i32 {
    match problem.fault {
        Fault::Agent if problem.code == "json_syntax" => PARSE_ERROR,
        Fault::Agent => INVALID_REQUEST,
        Fault::Countersign | Fault::Upstream => INTERNAL_ERROR,
        Fault::Policy => INVALID_PARAMS,
    }
}

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const INVALID_PARAMS: i32 = -32602;
const INTERNAL_ERROR: i32 = -32603;
