//! Messages that are not judged, because they are not understood, and how the agent is told.

use std::fmt;

use http::StatusCode;
use serde_json::{Value, json};

use crate::operation::mcp::attempt::TASKS;
use crate::operation::mcp::revision::SUPPORTED;

/// Why a message is refused before anyone judges it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Malformed {
    /// Several messages in one body.
    Batch,
    /// Its client has not said that it knows tasks.
    Capability,
    /// It is no message of JSON-RPC 2.0; what is wrong with it.
    Envelope(&'static str),
    /// This header does not say what the body says.
    Header(&'static str),
    /// Nobody here knows this method; the status that a client of its time expects.
    Method(StatusCode),
    /// Its parameters are not its method's; what is wrong, and the status that a client expects.
    Params(&'static str, StatusCode),
    /// There is no body.
    Silent,
    /// The endpoint serves POST, GET and DELETE.
    Verb,
    /// Nobody here knows this revision.
    Version(String),
}

impl Malformed {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Method(status) | Self::Params(_, status) => *status,
            Self::Verb => StatusCode::METHOD_NOT_ALLOWED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// A stable word.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Batch => "mcp_batch",
            Self::Capability => "mcp_capability",
            Self::Envelope(_) => "mcp_envelope",
            Self::Header(_) => "mcp_header_mismatch",
            Self::Method(_) => "mcp_unknown_method",
            Self::Params(..) => "mcp_params",
            Self::Silent => "mcp_no_message",
            Self::Verb => "mcp_http_method",
            Self::Version(_) => "mcp_unknown_version",
        }
    }

    /// The code of the JSON-RPC error: JSON-RPC 2.0 §5.1, and what MCP reserves.
    pub const fn rpc_code(&self) -> i32 {
        match self {
            Self::Batch | Self::Envelope(_) | Self::Verb => -32600,
            Self::Capability => -32021,
            Self::Header(_) => -32020,
            Self::Method(_) => -32601,
            Self::Params(..) => -32602,
            Self::Silent => -32700,
            Self::Version(_) => -32022,
        }
    }

    /// What MCP wants in the error's `data` besides our own members.
    pub fn data(&self) -> Option<Value> {
        match self {
            Self::Capability => {
                let extensions = json!({ TASKS: {} });
                Some(json!({ "requiredCapabilities": { "extensions": extensions } }))
            }
            Self::Version(requested) => {
                let supported: Vec<_> = SUPPORTED.iter().map(|revision| revision.date()).collect();
                Some(json!({ "supported": supported, "requested": requested }))
            }
            _ => None,
        }
    }
}

/// What the agent is told.
impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch => f.write_str("Send one message at a time: batches are not accepted."),
            Self::Capability => {
                f.write_str("Say in the request that you know the extension of tasks.")
            }
            Self::Envelope(what) => write!(f, "This is not one JSON-RPC 2.0 message: {what}."),
            Self::Header(name) => {
                write!(f, "The header {name} is missing or does not say what the body says.")
            }
            Self::Method(_) => f.write_str("Method not found."),
            Self::Params(what, _) => write!(f, "Invalid params: {what}."),
            Self::Silent => f.write_str("A POST carries one JSON-RPC message."),
            Self::Verb => f.write_str("An MCP endpoint takes POST, GET and DELETE."),
            Self::Version(_) => f.write_str("Unsupported protocol version."),
        }
    }
}

impl std::error::Error for Malformed {}
