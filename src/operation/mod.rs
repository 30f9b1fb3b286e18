//! What a request asks for: one or more operations, each visible to policy, all or nothing.
//!
//! A request is the unit that travels; an operation is the unit that acts. A GraphQL document or a
//! JSON-RPC batch carries many operations under one method and one path, so [`Operations::read`]
//! takes each request apart, strictly, into every operation that its upstream might carry out.
//! Policy gets all of them in one question and gives one answer: no part of a request is ever sent
//! alone, and the bytes that were read are the bytes that are sent.
//!
//! One file reads one protocol. Whatever cannot be read in exactly one way is [`Unreadable`], and
//! whatever cannot be told to be a read is a write.

pub mod kind;
#[expect(clippy::module_inception, reason = "the part is named after its unit")]
pub mod operation;
pub mod unreadable;
pub mod mcp;
mod form;
mod multipart;
mod plain;
mod jsonrpc;
mod graphql;
mod grpc;
pub mod operations;

pub use kind::Kind;
pub use operation::{Arguments, Field, Operation};
pub use operations::Operations;
pub use unreadable::Unreadable;

#[cfg(test)]
mod laws;
