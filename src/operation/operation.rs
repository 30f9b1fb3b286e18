//! One thing that a request asks for.

use serde_json::{Map, Value};

use crate::operation::kind::Kind;

/// One operation, in the words that are common to all protocols.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The protocol's word: `http`, `graphql`, `jsonrpc`, `grpc`, `mcp`.
    pub protocol: &'static str,
    /// Whether it can change anything.
    pub kind: Kind,
    /// What the protocol calls this sort of operation: the HTTP method, `query`, `mutation`,
    /// `call`, `notification`.
    pub verb: Box<str>,
    /// Its name: the path, the method that is called, the name in the document. Empty if it has
    /// none.
    pub name: Box<str>,
    /// What it is given.
    pub arguments: Arguments,
    /// Every field that a GraphQL operation touches, fragments expanded; empty elsewhere.
    pub fields: Vec<Field>,
}

/// What an operation is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Arguments {
    /// The request's whole body, which policy sees as `parsed_body`.
    Body,
    /// Nothing.
    None,
    /// This.
    Of(Value),
}

/// One field of a GraphQL operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The real names from the root to it, joined by dots; an alias never stands here.
    pub path: Box<str>,
    /// Its arguments with the variables' values in place.
    pub arguments: Map<String, Value>,
}
