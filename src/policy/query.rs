//! What policy is asked about: one request, and who makes it.

use std::net::SocketAddr;

use crate::clock::Timestamp;
use crate::id::{DecisionId, ListenerName};
use crate::identity::Principal;
use crate::operation::Operations;
use crate::policy::approval::Approval;
use crate::route::{Inspected, Target};
use crate::task::Situation;

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
    /// What people agreed to, where that is carried out.
    pub approval: Option<&'a Approval>,
    /// The work that it belongs to, and what that has touched.
    pub situation: &'a Situation,
}

/// A query without its caller, of whom rules are shown no more than the certificate's facts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) id: DecisionId,
    pub(super) target: &'a Target,
    pub(super) body: Option<&'a Inspected>,
    pub(super) operations: &'a Operations,
    pub(super) listener: &'a ListenerName,
    pub(super) peer: SocketAddr,
    pub(super) local: SocketAddr,
    pub(super) now: Timestamp,
    pub(super) approval: Option<&'a Approval>,
    pub(super) situation: &'a Situation,
}

impl<'a> From<&Query<'a>> for Asked<'a> {
    fn from(query: &Query<'a>) -> Self {
        let Query { id, target, body, operations, listener, peer, local, now, .. } = *query;
        let Query { approval, situation, .. } = *query;
        Self { id, target, body, operations, listener, peer, local, now, approval, situation }
    }
}
