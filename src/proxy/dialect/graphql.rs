//! GraphQL: `{"errors":[…]}` without `data`, once for each request of a batch.
//!
//! GraphQL over HTTP has two media types. Who accepts `application/graphql-response+json` gets the
//! status that says what happened. In `application/json` a denial is a 200: many clients throw the
//! body of any other status away, and with it our sentence. What is no denial keeps its status.

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::operation::operations::MAX_OPERATIONS;
use crate::proxy::dialect::{Asked, Written, generic, json as bytes};
use crate::proxy::problem::Problem;

pub(super) fn write(problem: &Problem<'_>, asked: Asked<'_>) -> Written {
    let one = json!({
        "errors": [{ "message": problem.message(), "extensions": generic::document(problem) }],
    });
    let knows_status = asked.accept.is_some_and(|accept| accept.contains(RESPONSE));
    let (content_type, status) = match knows_status {
        true => (RESPONSE, problem.status),
        false if problem.is_denial() => ("application/json", StatusCode::OK),
        false => ("application/json", problem.status),
    };
    let body = match batch(asked) {
        Some(requests) => Value::Array(vec![one; requests]),
        None => one,
    };
    Written { status, content_type, body: bytes(&body), headers: HeaderMap::new() }
}

/// How many requests there are, if it is a batch.
fn batch(asked: Asked<'_>) -> Option<usize> {
    let body = serde_json::from_slice::<Value>(asked.body?).ok()?;
    let requests = body.as_array()?.len();
    (1..=MAX_OPERATIONS).contains(&requests).then_some(requests)
}

const RESPONSE: &str = "application/graphql-response+json";
