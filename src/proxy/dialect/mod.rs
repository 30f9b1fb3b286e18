//! The shapes of our own answers: one file for each family of libraries, so that each shows our
//! sentence where its users look.

mod anthropic;
mod aws;
mod generic;
mod git;
mod graphql;
mod grpc;
mod jsonrpc;
mod mcp;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::proxy::problem::Problem;
use crate::route::terms::Dialect;

/// A problem, written down.
#[derive(Debug)]
pub struct Written {
    /// The status, where the dialect needs another one than the problem's.
    pub status: StatusCode,
    /// The body's type.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
    /// Headers that the dialect needs beside its type.
    pub headers: HeaderMap,
}

/// What a dialect may look at of the request it answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// Its method.
    pub method: Option<&'a Method>,
    /// Its `Content-Type`.
    pub content_type: Option<&'a str>,
    /// Its `Accept`.
    pub accept: Option<&'a str>,
    /// Its body, where it was inspected.
    pub body: Option<&'a [u8]>,
}

/// Writes a problem in a route's dialect.
pub fn write(dialect: Dialect, problem: &Problem<'_>, asked: Asked<'_>) -> Written {
    if grpc::is_call(asked) {
        return grpc::write(problem);
    }
    match dialect {
        Dialect::Anthropic => anthropic::write(problem),
        Dialect::Aws => aws::write(problem, asked),
        // GitHub's libraries look for `message`, OpenAI's for `error.message`: both are there.
        Dialect::Generic | Dialect::GitHub | Dialect::OpenAi => generic::write(problem),
        Dialect::Git => git::write(problem),
        Dialect::GraphQl => graphql::write(problem, asked),
        Dialect::JsonRpc => jsonrpc::write(problem, asked),
        Dialect::Mcp => mcp::write(problem, asked),
    }
}

/// JSON that is known to be writable.
fn json(value: &serde_json::Value) -> Bytes {
    Bytes::from(value.to_string())
}
