//! gRPC: a status in the head, without a body, which its libraries call a trailers-only response.
//!
//! An HTTP status other than 200 would reach the agent as a number without our sentence, so a gRPC
//! call is answered this way whatever dialect its route speaks.

use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::proxy::dialect::{Asked, Written};
use crate::proxy::problem::Problem;

/// Whether what was asked is a gRPC call.
pub(super) fn is_call(asked: Asked<'_>) -> bool {
    let Some(kind) = asked.content_type else { return false };
    let Some(rest) = kind.strip_prefix("application/grpc") else { return false };
    // `application/grpc-web` is HTTP/1.1 with a framing of its own.
    rest.is_empty() || rest.starts_with(['+', ';'])
}

pub(super) fn write(problem: &Problem<'_>) -> Written {
    let mut headers = HeaderMap::new();
    headers.insert(STATUS, HeaderValue::from_static(code(problem.status)));
    if let Ok(message) = HeaderValue::try_from(escaped(&problem.message())) {
        headers.insert(MESSAGE, message);
    }
    let content_type = "application/grpc";
    Written { status: StatusCode::OK, content_type, body: Bytes::new(), headers }
}

/// The status of gRPC that says the same.
fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN | StatusCode::PRECONDITION_REQUIRED => "7",
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => "12",
        StatusCode::PAYLOAD_TOO_LARGE => "8",
        StatusCode::GATEWAY_TIMEOUT => "4",
        status if status.is_server_error() => "14",
        _ => "3",
    }
}

/// What `grpc-message` may hold: printable ASCII, everything else and `%` as `%XX`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => escaped.push(char::from(byte)),
            // Writing into a String cannot fail.
            _ => drop(write!(escaped, "%{byte:02X}")),
        }
    }
    escaped
}

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

#[cfg(test)]
mod tests {
    use super::{Asked, escaped, is_call};

    #[test]
    fn only_grpc_itself_is_answered_in_grpc() {
        let is = |content_type| is_call(Asked { content_type, ..Asked::default() });
        assert!(is(Some("application/grpc")));
        assert!(is(Some("application/grpc+proto")));
        assert!(!is(Some("application/grpc-web+proto")));
        assert!(!is(Some("application/json")));
        assert!(!is(None));
    }

    #[test]
    fn a_message_is_printable_ascii() {
        assert_eq!(escaped("100 % für\n"), "100 %25 f%C3%BCr%0A");
    }
}
