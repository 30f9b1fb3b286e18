//! `protocol:` of a route, and what a route takes of GraphQL.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a route's requests speak inside HTTP.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// GraphQL over HTTP, in POST with JSON or in GET.
    Graphql,
    /// gRPC.
    Grpc,
    /// HTTP itself: each request is one operation.
    #[default]
    Http,
    /// JSON-RPC 2.0 in POST.
    Jsonrpc,
    /// MCP over Streamable HTTP.
    Mcp,
}

/// What a route takes of GraphQL.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct GraphQl {
    /// The deepest nesting of fields, fragments expanded; 1 to 64.
    #[serde(default = "depth")]
    pub depth: usize,
    /// The most fields in one request, fragments expanded; 1 to 1000.
    #[serde(default = "fields")]
    pub fields: usize,
    /// The ids of persisted queries that may be asked for. Others are refused.
    #[serde(default)]
    pub persisted: Vec<String>,
}

impl Default for GraphQl {
    fn default() -> Self {
        Self { depth: depth(), fields: fields(), persisted: Vec::new() }
    }
}

impl Protocol {
    /// Whether its operations stand in a JSON body.
    pub(super) fn is_json(self) -> bool {
        matches!(self, Self::Graphql | Self::Jsonrpc | Self::Mcp)
    }
}

fn depth() -> usize {
    16
}

fn fields() -> usize {
    200
}
