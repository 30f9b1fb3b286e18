//! A request that nobody made, judged to see what would be said about it.
//!
//! Nobody has proved to be its caller, so there is no principal and there can be no grant: what
//! comes out is to be compared with what was expected, and never to be carried out. Input, engines
//! and reading of the answer are those of live requests, and both engines are asked.

use std::net::{Ipv4Addr, SocketAddr};

use crate::clock::Timestamp;
use crate::id::{DecisionId, ListenerName};
use crate::identity::Certificate;
use crate::operation::Operations;
use crate::policy::bundle::Bundle;
use crate::policy::decision::{Decision, agree};
use crate::policy::engine::input::Builder;
use crate::policy::engine::wanted::Wanted;
use crate::policy::failure::{Cause, Failure};
use crate::policy::query::Asked;
use crate::route::{Inspected, Target};
use crate::task::Situation;

/// One request, and what its caller's certificate would say.
#[derive(Clone, Copy, Debug)]
pub struct Rehearsal<'a> {
    /// Who would call.
    pub caller: &'a Certificate,
    /// What they would want.
    pub target: &'a Target,
    /// The whole body, on routes that inspect it.
    pub body: Option<&'a Inspected>,
    /// What that would do, one by one.
    pub operations: &'a Operations,
    /// The door they would come in by.
    pub listener: &'a ListenerName,
    /// When.
    pub now: Timestamp,
}

/// What would be said.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    /// The authority's decision.
    pub decision: Decision,
    /// Whether the fast engine, where it serves these rules, says the same.
    pub agreed: bool,
}

impl Rehearsal<'_> {
    /// Asks `bundle`.
    pub fn run(&self, bundle: &Bundle) -> Rehearsed {
        let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let Self { target, body, operations, listener, now, .. } = *self;
        let id = DecisionId::new();
        let (peer, local) = (nobody, nobody);
        let approval = None;
        let situation = &Situation::nothing();
        let asked =
            Asked { id, target, body, operations, listener, peer, local, now, approval, situation };
        let input = match Builder::new().document(self.caller, &asked, &Wanted::everything()) {
            Ok(input) => input,
            Err(failure) => {
                let decision = Decision::failed(id, bundle.revision(), failure);
                return Rehearsed { decision, agreed: true };
            }
        };
        let Some(entry) = bundle.entries().find(target.route().policy.as_ref()) else {
            let message = "the route's rule is not among the bundle's entry points";
            let failure = Failure::new(Cause::Undefined, message);
            let decision = Decision::failed(id, bundle.revision(), failure);
            return Rehearsed { decision, agreed: true };
        };
        let said = bundle.interpret(&mut bundle.interpreter(), entry, &input);
        let fast = bundle.machine().map(|mut machine| bundle.run(&mut machine, entry, input));
        let agreed = fast.is_none_or(|fast| agree(&said, &fast));
        let decision = match said {
            Ok(answer) => Decision::answered(id, bundle.revision(), answer),
            Err(failure) => Decision::failed(id, bundle.revision(), failure),
        };
        Rehearsed { decision, agreed }
    }
}
