//! A request that may not go ahead.

use http::StatusCode;

use crate::enforce::ask::Ask;
use crate::enforce::obligation::{self, Unmet};
use crate::policy::{ApprovalNeed, Decision, Duty, Effect, Reason};
use crate::task::Change;

/// Policy's no, or its lack of a clear yes.
#[derive(Debug)]
pub struct Refusal {
    ask: Ask,
    decision: Decision,
    cause: Cause,
}

/// Why there was no go-ahead.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cause {
    /// The rules say no.
    Denied,
    /// The rules say that people must agree first.
    NeedsApproval,
    /// The rules gave no clear answer.
    Undecided,
    /// The rules say yes and demand what cannot be done.
    Unmet(Unmet),
}

impl Refusal {
    pub(super) fn denied(ask: Ask, decision: Decision) -> Self {
        let cause = match (decision.failure(), decision.effect()) {
            (Some(_), _) => Cause::Undecided,
            (None, Effect::Escalate(_)) => Cause::NeedsApproval,
            (None, _) => Cause::Denied,
        };
        Self { ask, decision, cause }
    }

    pub(super) fn unmet(ask: Ask, decision: Decision, unmet: Unmet) -> Self {
        Self { ask, decision, cause: Cause::Unmet(unmet) }
    }

    /// The request that was refused.
    pub fn ask(&self) -> &Ask {
        &self.ask
    }

    /// What policy answered.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Why.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// What people would have to say; nothing, if it is not for people to say.
    pub fn needs(&self) -> &[ApprovalNeed] {
        match self.decision.effect() {
            Effect::Escalate(needs) => needs,
            Effect::Allow | Effect::Deny => &[],
        }
    }

    /// The reasons that policy gave, for the agent.
    pub fn reasons(&self) -> &[Reason] {
        self.decision.reasons()
    }

    /// What is to become of the task that was to be worked on, where the rules say no.
    pub fn changes(&self) -> Vec<Change> {
        match self.cause {
            Cause::Denied => obligation::changes(&self.decision).cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// The status that policy wants instead of 403.
    pub fn status(&self) -> Option<StatusCode> {
        self.decision.obligations().iter().find_map(|obligation| match obligation.duty {
            Duty::AnswerStatus(status) => Some(status),
            _ => None,
        })
    }

    /// The body that policy wants instead of a problem document.
    pub fn body(&self) -> Option<&str> {
        self.decision.obligations().iter().find_map(|obligation| match &obligation.duty {
            Duty::AnswerBody(body) => Some(body.as_str()),
            _ => None,
        })
    }

    /// The headers that policy wants on the answer, as far as they may be set.
    pub fn headers(&self) -> http::HeaderMap {
        match self.cause {
            Cause::Denied => obligation::answer_headers(&self.decision),
            _ => http::HeaderMap::new(),
        }
    }
}
