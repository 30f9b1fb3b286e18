//! All that one request asks for.

use serde_json::Value;

use crate::operation::mcp::Call;
use crate::operation::operation::Operation;
use crate::operation::unreadable::Unreadable;
use crate::operation::{graphql, grpc, jsonrpc, plain};
use crate::route::protocol::Protocol;
use crate::route::{Inspected, Target};

/// Every operation of one request, in its order; never empty.
///
/// Only [`read`](Self::read) makes one, so there is none for a request that nobody could read:
///
/// ```compile_fail
/// use countersign::operation::Operations;
/// fn forge() -> Operations {
///     Operations { list: Vec::new(), body: None, call: None }
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Operations {
    list: Vec<Operation>,
    body: Option<Value>,
    call: Option<Box<Call>>,
}

impl Operations {
    /// Takes a request apart as its route's protocol says. `body` is what the route inspected.
    ///
    /// # Errors
    /// [`Unreadable`]; nothing of the request may then be sent.
    pub fn read(target: &Target, body: Option<&Inspected>) -> Result<Self, Unreadable> {
        plain::check_override(target.head())?;
        match &target.route().protocol {
            Protocol::GraphQl(terms) => graphql::read(terms, target, body),
            Protocol::Grpc(terms) => grpc::read(terms, target, body),
            // A message of MCP is restated before it is judged, and comes in by `of_message`.
            Protocol::Http | Protocol::Mcp => plain::read(target, body),
            Protocol::JsonRpc(reads) => jsonrpc::read(reads, target, body),
        }
    }

    /// A request that is one operation.
    pub(super) fn one(operation: Operation) -> Self {
        Self { list: vec![operation], body: None, call: None }
    }

    /// The one operation of a message of MCP that `target` carries.
    ///
    /// # Errors
    /// [`Unreadable`], if the request around it could be taken for another one.
    pub fn of_message(target: &Target, call: Call) -> Result<Self, Unreadable> {
        plain::check_override(target.head())?;
        Ok(Self::of_call(call))
    }

    /// The one operation of a message of MCP.
    pub fn of_call(call: Call) -> Self {
        Self { list: vec![call.operation()], body: None, call: Some(Box::new(call)) }
    }

    /// A request that is several operations.
    ///
    /// # Errors
    /// [`Unreadable::Count`], if there are too many; none at all are no request.
    pub(super) fn several(list: Vec<Operation>) -> Result<Self, Unreadable> {
        if list.is_empty() || list.len() > MAX_OPERATIONS {
            return Err(Unreadable::Count);
        }
        Ok(Self { list, body: None, call: None })
    }

    /// The same, with the body as it was read.
    pub(super) fn with_body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// The operations, in the request's order.
    pub fn list(&self) -> &[Operation] {
        &self.list
    }

    /// What a message of MCP asks for.
    pub fn call(&self) -> Option<&Call> {
        self.call.as_deref()
    }

    /// The body as it was read, where it is not JSON.
    pub fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }
}

/// The most operations in one request: each costs rules an iteration.
pub const MAX_OPERATIONS: usize = 64;
