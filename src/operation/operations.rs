//! All that one request asks for.

use serde_json::Value;

use crate::operation::http;
use crate::operation::operation::Operation;
use crate::operation::unreadable::Unreadable;
use crate::route::protocol::Protocol;
use crate::route::{Inspected, Target};

/// Every operation of one request, in its order; never empty.
///
/// Only [`read`](Self::read) makes one, so there is none for a request that nobody could read:
///
/// ```compile_fail
/// use countersign::operation::Operations;
/// fn forge() -> Operations {
///     Operations { list: Vec::new(), body: None }
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Operations {
    list: Vec<Operation>,
    body: Option<Value>,
}

impl Operations {
    /// Takes a request apart as its route's protocol says. `body` is what the route inspected.
    ///
    /// # Errors
    /// [`Unreadable`]; nothing of the request may then be sent.
    pub fn read(target: &Target, body: Option<&Inspected>) -> Result<Self, Unreadable> {
        match &target.route().protocol {
            Protocol::GraphQl(_)
            | Protocol::Grpc(_)
            | Protocol::Http
            | Protocol::JsonRpc(_)
            | Protocol::Mcp => http::read(target, body),
        }
    }

    /// A request that is one operation.
    pub(super) fn one(operation: Operation) -> Self {
        Self { list: vec![operation], body: None }
    }

    /// The operations, in the request's order.
    pub fn list(&self) -> &[Operation] {
        &self.list
    }

    /// The body as it was read, where it is not JSON.
    pub fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }
}
