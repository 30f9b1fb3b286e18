//! Everything that is known when a decision is asked for.

use std::rc::Rc;

use crate::clock::Timestamp;
use crate::id::DecisionId;
use crate::identity::Caller;
use crate::operation::Operations;
use crate::policy::{Approval, Query};
use crate::revocation::Tether;
use crate::route::{Inspected, Target};
use crate::task::Situation;

/// One request that waits for its decision.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The exchange, and the decision about it.
    pub id: DecisionId,
    /// Who asks.
    pub caller: Rc<Caller>,
    /// What they want.
    pub target: Target,
    /// The whole body, on routes that inspect it.
    pub body: Option<Inspected>,
    /// What that does, one by one.
    pub operations: Operations,
    /// When they asked.
    pub now: Timestamp,
    /// What people agreed to, where that is carried out.
    pub approval: Option<Rc<Approval>>,
    /// The work that it belongs to, as the store knows it; unknown, where there is no store.
    pub situation: Option<Rc<Situation>>,
    /// What it hangs on.
    pub tether: Tether,
}

impl Ask {
    /// The same, as policy is asked.
    pub fn query(&self) -> Query<'_> {
        Query {
            id: self.id,
            principal: &self.caller.principal,
            target: &self.target,
            body: self.body.as_ref(),
            operations: &self.operations,
            listener: &self.caller.listener,
            peer: self.caller.peer,
            local: self.caller.local,
            now: self.now,
            approval: self.approval.as_deref(),
            situation: self.situation.as_deref().unwrap_or(&NOTHING),
        }
    }
}

/// What rules are told of work where nobody keeps track of it.
static NOTHING: Situation = Situation::nothing();
