//! What a route's requests speak inside HTTP, and so how its operations are told apart.

use std::collections::BTreeSet;

use crate::route::protobuf::Descriptors;

/// The protocol that a route's requests are read as.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Protocol {
    /// GraphQL over HTTP.
    GraphQl(GraphQl),
    /// gRPC.
    Grpc(Grpc),
    /// HTTP itself: a request is one operation.
    #[default]
    Http,
    /// JSON-RPC 2.0.
    JsonRpc(Reads),
    /// MCP over Streamable HTTP.
    Mcp,
}

/// The names of those operations that only read. Whatever is not among them is a write.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reads(pub BTreeSet<Box<str>>);

/// What a route knows of gRPC.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Grpc {
    /// The methods that only read, each as `package.Service/Method`.
    pub reads: Reads,
    /// What its messages are, where they are inspected.
    pub descriptors: Option<Descriptors>,
}

/// What a route takes of GraphQL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GraphQl {
    /// The deepest nesting of fields, fragments expanded.
    pub depth: usize,
    /// The most fields in one request, fragments expanded.
    pub fields: usize,
    /// The ids of persisted queries that may be asked for.
    pub persisted: BTreeSet<Box<str>>,
    /// Those of them that only read.
    pub reads: Reads,
}

impl Protocol {
    /// The word for it in the configuration and in what policy sees.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::GraphQl(_) => "graphql",
            Self::Grpc(_) => "grpc",
            Self::Http => "http",
            Self::JsonRpc(_) => "jsonrpc",
            Self::Mcp => "mcp",
        }
    }
}

impl Reads {
    /// Whether this operation is known to only read.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}
