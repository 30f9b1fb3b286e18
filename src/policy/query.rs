//! What policy is asked about: one request, and who makes it.

use std::net::SocketAddr;

use crate::clock::Timestamp;
use crate::id::{DecisionId, ListenerName};
use crate::identity::Principal;
use crate::operation::Operations;
use crate::route::{Inspected, Target};

/// One request as policy judges it. Everything is borrowed from the exchange.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The exchange.
    pub id: DecisionId,
    /// Who calls.
    pub principal: &'a Principal,
    /// What they want.
    pub target: &'a Target,
    /// The whole body, on routes that inspect it.
    pub body: Option<&'a Inspected>,
    /// What that does, one by one.
    pub operations: &'a Operations,
    /// The door they came in by.
    pub listener: &'a ListenerName,
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// Our end of it.
    pub local: SocketAddr,
    /// When.
    pub now: Timestamp,
}
