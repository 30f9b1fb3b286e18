//! Every way an exchange can end before its upstream has answered.
//!
//! Whose fault it was is in the type: it alone decides the class of the status, whether trying again
//! can help, and how loudly the operator is told.

use http::StatusCode;

use crate::audit::{self, Unavailable};
use crate::credential::Unsigned;
use crate::enforce::{Cause, Refusal};
use crate::identity::Rejection;
use crate::operation::Unreadable;
use crate::operation::mcp::Malformed;
use crate::policy::Decision;
use crate::proposal::Oversized;
use crate::proxy::proposals::standing::{Proposed, Standing};
use crate::proxy::relay::REVOKED;
use crate::proxy::stored;
use crate::revocation::Withdrawn;
use crate::route::body::BodyError;
use crate::route::{Ambiguity, NoRoute};
use crate::{store, upstream};

/// Why the agent gets an answer of our own.
#[derive(Debug)]
pub enum Failure {
    /// The request could be read in two ways.
    Ambiguous(Ambiguity),
    /// The audit trail did not take the intent.
    Audit(Unavailable),
    /// The request's body could not be read.
    Body(BodyError),
    /// The agent's certificate no longer holds.
    Identity(Rejection),
    /// It is no message of MCP that is understood.
    Malformed(Malformed),
    /// The handshake asked for another host than the request does.
    Misdirected,
    /// The agent has no such proposal.
    NoProposal,
    /// The agent's proposal stands so that what it asks of it cannot be done.
    NotNow(Standing),
    /// Nothing carries this request.
    NoRoute(NoRoute),
    /// The answer cannot be searched for what was injected.
    Opaque,
    /// The request cannot be put forward whole.
    Oversized(Oversized),
    /// What the exchange hangs on was revoked while it was open.
    Cut(Withdrawn),
    /// The exchange panicked.
    Panicked,
    /// It was put forward, and has no answer to show.
    Proposed(Box<Proposed>),
    /// Policy did not say yes.
    Refused(Box<Refusal>),
    /// The store did not do what it was asked.
    State(store::Error),
    /// The upstream changed to another protocol that nobody asked for.
    Unasked,
    /// The credential could not be put on.
    Unsigned(Unsigned),
    /// The body of a request to Countersign itself is not what it has to be.
    Unfit(&'static str),
    /// The request's operations could not be told apart.
    Unreadable(Unreadable),
    /// The upstream did not answer.
    Upstream(upstream::Error),
    /// What the exchange hangs on is revoked, so it did not begin.
    Withdrawn(Withdrawn),
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The agent's: sending the same again gives the same.
    Agent,
    /// Ours, or our operator's.
    Countersign,
    /// Nobody's: policy said no.
    Policy,
    /// The upstream's.
    Upstream,
}

impl Failure {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Ambiguous(_)
            | Self::Body(_)
            | Self::Identity(_)
            | Self::Malformed(_)
            | Self::Misdirected
            | Self::NoProposal
            | Self::NotNow(_)
            | Self::NoRoute(_)
            | Self::Oversized(_)
            | Self::Unfit(_)
            | Self::Unreadable(_) => Fault::Agent,
            Self::Proposed(proposed) => match proposed.standing {
                Standing::Answered | Standing::Cut(..) | Standing::Unknown => Fault::Upstream,
                _ => Fault::Policy,
            },
            Self::Refused(refusal) => match refusal.cause() {
                Cause::Denied | Cause::NeedsApproval => Fault::Policy,
                Cause::Undecided | Cause::Unmet(_) => Fault::Countersign,
            },
            Self::State(why) => stored::fault(why),
            Self::Cut(Withdrawn::Unknown) | Self::Withdrawn(Withdrawn::Unknown) => {
                Fault::Countersign
            }
            Self::Cut(_) | Self::Withdrawn(_) => Fault::Policy,
            Self::Audit(_) | Self::Panicked | Self::Unsigned(_) => Fault::Countersign,
            Self::Upstream(error) if matches!(error.cause(), upstream::Cause::RequestBody(_)) => {
                Fault::Agent
            }
            Self::Opaque | Self::Unasked | Self::Upstream(_) => Fault::Upstream,
        }
    }

    /// The rule of a well-formed request that was broken.
    pub fn broken_rule(&self) -> Option<&'static str> {
        match self {
            Self::Ambiguous(rule)
            | Self::Body(BodyError::Ambiguous(rule))
            | Self::NoRoute(NoRoute::Ambiguous(rule)) => Some(rule.rule()),
            Self::Malformed(rule) => Some(rule.code()),
            Self::Unreadable(rule) => Some(rule.rule()),
            _ => None,
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Ambiguous(rule) => rule.status(),
            Self::State(why) => stored::status(why),
            Self::Audit(_)
            | Self::Cut(Withdrawn::Unknown)
            | Self::Withdrawn(Withdrawn::Unknown) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Cut(_) | Self::Withdrawn(_) => StatusCode::FORBIDDEN,
            Self::Body(BodyError::Ambiguous(rule)) => rule.status(),
            Self::Body(BodyError::Broken(_)) => StatusCode::BAD_REQUEST,
            Self::Body(BodyError::Idle) => StatusCode::REQUEST_TIMEOUT,
            Self::Body(BodyError::TooLarge(_)) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Identity(_) => StatusCode::FORBIDDEN,
            Self::Malformed(rule) => rule.status(),
            Self::Misdirected | Self::NoRoute(NoRoute::Host) => StatusCode::MISDIRECTED_REQUEST,
            Self::NoRoute(NoRoute::Ambiguous(rule)) => rule.status(),
            Self::NoRoute(NoRoute::Method(_)) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoProposal | Self::NoRoute(NoRoute::Path) => StatusCode::NOT_FOUND,
            Self::NotNow(_) => StatusCode::CONFLICT,
            Self::Opaque | Self::Unasked | Self::Unsigned(_) => StatusCode::BAD_GATEWAY,
            Self::Oversized(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unfit(_) => StatusCode::BAD_REQUEST,
            Self::Proposed(proposed) => proposed.status(),
            Self::Refused(refusal) => refusal.status().unwrap_or(StatusCode::FORBIDDEN),
            Self::Unreadable(rule) => rule.status(),
            Self::Upstream(error) => match error.cause() {
                upstream::Cause::Timeout(_) => StatusCode::GATEWAY_TIMEOUT,
                upstream::Cause::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
                upstream::Cause::RequestBody(_) => StatusCode::BAD_REQUEST,
                _ => StatusCode::BAD_GATEWAY,
            },
        }
    }

    /// A stable word: the problem's `code` and the record's.
    pub fn code(&self) -> &str {
        match self {
            Self::Ambiguous(rule)
            | Self::Body(BodyError::Ambiguous(rule))
            | Self::NoRoute(NoRoute::Ambiguous(rule)) => rule.rule(),
            Self::Audit(_) => "audit_unavailable",
            Self::Body(BodyError::Broken(_)) => "body_broken",
            Self::Cut(why) | Self::Withdrawn(why) => why.code(),
            Self::Body(BodyError::Idle) => "body_timeout",
            Self::Body(BodyError::TooLarge(_)) => "body_too_large",
            Self::Identity(_) => "identity_rejected",
            Self::Malformed(rule) => rule.code(),
            Self::Misdirected => "misdirected",
            Self::NoProposal => "no_such_proposal",
            Self::NoRoute(NoRoute::Host) => "no_such_host",
            Self::NoRoute(NoRoute::Method(_)) => "method_not_served",
            Self::NoRoute(NoRoute::Path) => "no_such_route",
            Self::NotNow(standing) => standing.code(),
            Self::Opaque => "response_unscannable",
            Self::Oversized(_) => "proposal_too_large",
            Self::Panicked => "internal",
            Self::Proposed(proposed) => proposed.standing.code(),
            Self::Refused(refusal) => match refusal.cause() {
                Cause::Denied => refusal.reasons().first().map_or("denied", |r| r.code.as_str()),
                Cause::NeedsApproval => "approval_required",
                Cause::Undecided | Cause::Unmet(_) => "policy_error",
            },
            Self::State(why) => stored::code(why),
            Self::Unasked => "upstream_switched",
            Self::Unfit(_) => "body_unfit",
            Self::Unreadable(rule) => rule.rule(),
            Self::Unsigned(_) => "credential_unavailable",
            Self::Upstream(error) => error.cause().code(),
        }
    }

    /// The decision, where policy was asked and did not say yes.
    pub fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Proposed(proposed) => Some(&proposed.decision),
            Self::Refused(refusal) => Some(refusal.decision()),
            _ => None,
        }
    }

    /// The codes of the reasons that policy gave.
    pub fn reason_codes(&self) -> impl Iterator<Item = &str> {
        let reasons = self.decision().map(Decision::reasons).unwrap_or_default();
        reasons.iter().map(|reason| reason.code.as_str())
    }

    /// How the record names the end of an exchange whose intent is on it already.
    pub fn outcome(&self) -> audit::Outcome {
        match self {
            Self::Upstream(error) => match error.sent() {
                upstream::Sent::Nothing => audit::Outcome::Failed { reason: error.reason() },
                upstream::Sent::Maybe => audit::Outcome::Unknown,
            },
            Self::Unsigned(_) => audit::Outcome::Failed { reason: "credential_unavailable" },
            Self::Withdrawn(_) => audit::Outcome::Failed { reason: REVOKED },
            Self::Cut(_) => audit::Outcome::Aborted { why: REVOKED },
            // The upstream has answered, and may have acted: only the answer is withheld.
            Self::Unasked => audit::Outcome::Aborted { why: "upstream_switched" },
            Self::Opaque => audit::Outcome::Aborted { why: "response_unscannable" },
            _ => audit::Outcome::Aborted { why: "countersign" },
        }
    }
}

impl From<Unsigned> for Failure {
    fn from(error: Unsigned) -> Self {
        match error {
            Unsigned::Withdrawn(why) => Self::Withdrawn(why),
            other => Self::Unsigned(other),
        }
    }
}

/// Lets a stage's error become a failure with `?`.
macro_rules! from {
    ($($error:ty => $variant:ident),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}

from! {
    Ambiguity => Ambiguous,
    BodyError => Body,
    Box<Refusal> => Refused,
    Malformed => Malformed,
    NoRoute => NoRoute,
    Oversized => Oversized,
    Rejection => Identity,
    Unavailable => Audit,
    Unreadable => Unreadable,
    Withdrawn => Withdrawn,
    store::Error => State,
    upstream::Error => Upstream,
}
