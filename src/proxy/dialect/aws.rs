//! AWS' errors: XML for the query and REST-XML protocols, JSON for the JSON protocols.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::json;

use crate::proxy::dialect::{Asked, Written, generic, json as bytes};
use crate::proxy::problem::Problem;

pub(super) fn write(problem: &Problem<'_>, asked: Asked<'_>) -> Written {
    let is_json = asked.content_type.is_some_and(|kind| kind.starts_with("application/x-amz-json"));
    if is_json {
        let mut document = generic::document(problem);
        document["__type"] = json!(name(problem));
        let body = bytes(&document);
        return Written {
            status: problem.status,
            content_type: "application/x-amz-json-1.1",
            body,
            headers: HeaderMap::new(),
        };
    }
    let sender = if problem.status.is_server_error() { "Receiver" } else { "Sender" };
    let body = format!(
        "<ErrorResponse><Error><Type>{sender}</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{}</RequestId></ErrorResponse>",
        name(problem),
        escaped(&problem.message()),
        problem.decision_id,
    );
    Written {
        status: problem.status,
        content_type: "text/xml",
        body: Bytes::from(body),
        headers: HeaderMap::new(),
    }
}

/// The code that AWS' own services use for a denial, which their tools explain; ours otherwise.
fn name(problem: &Problem<'_>) -> String {
    match problem.status {
        http::StatusCode::FORBIDDEN => "AccessDenied".to_owned(),
        _ => escaped(problem.code),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
