//! What an agent is told when Countersign answers itself: what happened, and what to do next.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::Value;

use crate::enforce::Cause;
use crate::id::{DecisionId, ProposalId};
use crate::operation::mcp::Malformed;
use crate::policy::Reason;
use crate::proxy::failure::{Failure, Fault};
use crate::proxy::stored;
use crate::revocation::Withdrawn;
use crate::route::NoRoute;
use crate::route::body::BodyError;
use crate::upstream;

/// A problem in the sense of RFC 9457, before a dialect writes it down.
#[derive(Debug)]
pub struct Problem<'a> {
    /// The status of the answer.
    pub status: StatusCode,
    /// A stable word.
    pub code: &'a str,
    /// What kind of problem it is, in a few words.
    pub title: &'static str,
    /// One sentence or two: what happened, and what to do next.
    pub detail: Cow<'a, str>,
    /// The handle for a question to the operator.
    pub decision_id: DecisionId,
    /// The reasons that policy gave.
    pub reasons: &'a [Reason],
    /// Whether the very same request can succeed later.
    pub retryable: bool,
    /// Whose fault it was.
    pub fault: Fault,
    /// What is wrong with a message of MCP.
    pub malformed: Option<&'a Malformed>,
    /// The proposal that it became, and when to ask after it again, in seconds.
    pub proposal: Option<(ProposalId, u64)>,
    /// The task of MCP that it became.
    pub task: Option<&'a Value>,
    /// Whether policy was asked and did not say yes.
    denied: bool,
}

impl<'a> Problem<'a> {
    /// What the agent may know of a failure.
    pub fn of(failure: &'a Failure, decision_id: DecisionId) -> Self {
        Self {
            status: failure.status(),
            code: failure.code(),
            title: title(failure),
            detail: detail(failure),
            decision_id,
            reasons: reasons(failure),
            retryable: is_retryable(failure),
            fault: failure.fault(),
            malformed: match failure {
                Failure::Malformed(why) => Some(why),
                _ => None,
            },
            proposal: match failure {
                Failure::Proposed(proposed) => Some((proposed.id, proposed.retry_after())),
                _ => None,
            },
            task: match failure {
                Failure::Proposed(proposed) => proposed.task.as_ref(),
                _ => None,
            },
            denied: matches!(failure, Failure::Refused(_)),
        }
    }

    /// Whether policy was asked and did not say yes.
    pub fn is_denial(&self) -> bool {
        self.denied
    }

    /// The sentence that libraries show: it names us, and carries the handle.
    pub fn message(&self) -> String {
        format!("Countersign: {} [{}]", self.detail, self.decision_id)
    }
}

fn title(failure: &Failure) -> &'static str {
    match failure.fault() {
        Fault::Agent => "Request not accepted",
        Fault::Countersign => "Countersign cannot do this now",
        Fault::Policy => match failure {
            Failure::Proposed(proposed) if proposed.standing.is_open() => "Waiting for approval",
            Failure::Proposed(_) => "Not carried out",
            Failure::Cut(_) | Failure::Withdrawn(_) => "Revoked",
            _ => "Denied by policy",
        },
        Fault::Upstream => match failure {
            Failure::Opaque | Failure::Unasked => "The upstream's answer is withheld",
            _ => "No answer from the upstream",
        },
    }
}

fn detail(failure: &Failure) -> Cow<'_, str> {
    match failure {
        Failure::Ambiguous(rule)
        | Failure::Body(BodyError::Ambiguous(rule))
        | Failure::NoRoute(NoRoute::Ambiguous(rule)) => rule.detail().into(),
        Failure::Audit(_) => {
            "The audit trail does not take records, so nothing is sent. Try again later.".into()
        }
        Failure::Body(BodyError::Broken(_)) => "The request's body broke off.".into(),
        Failure::Body(BodyError::Idle) => "The request's body did not arrive in time.".into(),
        Failure::Body(BodyError::TooLarge(limit)) => {
            format!("This route takes bodies of at most {limit} bytes; send a smaller one.").into()
        }
        Failure::Cut(why) => {
            format!("{} It was under way: find out what came of it.", withdrawn(*why)).into()
        }
        Failure::Withdrawn(why) => format!("{} Nothing was sent.", withdrawn(*why)).into(),
        Failure::Identity(_) => {
            "Your certificate no longer holds. Connect again with a current one.".into()
        }
        Failure::Malformed(why) => why.to_string().into(),
        Failure::Misdirected => {
            "The TLS handshake named another host than the request; use one name for both.".into()
        }
        Failure::NoProposal => "You have no such proposal.".into(),
        Failure::NoRoute(NoRoute::Host) => {
            "No such host here. GET /.countersign/v1/whoami lists the routes you may ask for."
                .into()
        }
        Failure::NoRoute(NoRoute::Method(served)) => {
            let served: Vec<_> = served.iter().map(|method| method.as_str()).collect();
            format!("This route serves {}.", served.join(", ")).into()
        }
        Failure::NoRoute(NoRoute::Path) => {
            "No route for this path. GET /.countersign/v1/whoami lists the routes.".into()
        }
        Failure::Opaque => {
            "The upstream's answer cannot be checked, so it is withheld. Ask the operator.".into()
        }
        Failure::Oversized(_) => {
            "This needs a person's approval, and is too large to be shown to one whole. Ask for \
             less at once."
                .into()
        }
        Failure::Panicked => {
            "Something broke here. Nothing more is known; ask the operator.".into()
        }
        Failure::NotNow(standing) => standing.told(),
        Failure::Proposed(proposed) => proposed.standing.detail(),
        Failure::Refused(refusal) => match refusal.cause() {
            Cause::Denied => denial(refusal.reasons()),
            Cause::NeedsApproval => {
                "This needs a person's approval, which this deployment cannot ask for. Ask the \
                 operator."
                    .into()
            }
            Cause::Undecided | Cause::Unmet(_) => {
                "Policy gave no clear answer, so this is denied. Ask the operator.".into()
            }
        },
        Failure::State(why) => stored::detail(why),
        Failure::Unfit(how) => format!("Send {how}.").into(),
        Failure::Unreadable(rule) => rule.detail().into(),
        Failure::Unasked => "The upstream did not answer in HTTP. Ask the operator.".into(),
        Failure::Unsigned(_) => {
            "The credential for this route cannot be used, so nothing was sent. Ask the operator."
                .into()
        }
        Failure::Upstream(error) => upstream_detail(error).into(),
    }
}

fn withdrawn(why: Withdrawn) -> &'static str {
    match why {
        Withdrawn::Agent => {
            "An operator has revoked what you may do here. Stop, and tell a person."
        }
        Withdrawn::Credential => "An operator has revoked the credential of this route.",
        Withdrawn::Task => "The task that this belongs to is over, or paused.",
        Withdrawn::Unknown => "What is revoked cannot be looked up. Try again later.",
    }
}

/// The reasons' own sentences.
fn denial(reasons: &[Reason]) -> Cow<'_, str> {
    match reasons {
        [] => "Policy does not allow this.".into(),
        [reason] => reason.message.as_str().into(),
        reasons => {
            let messages: Vec<_> = reasons.iter().map(|reason| reason.message.as_str()).collect();
            messages.join(" ").into()
        }
    }
}

fn upstream_detail(error: &upstream::Error) -> &'static str {
    match (error.cause(), error.sent()) {
        (upstream::Cause::RequestBody(_), _) => "The request's body broke off.",
        (_, upstream::Sent::Nothing) => {
            "The upstream cannot be reached; nothing was sent. Try again later."
        }
        (_, upstream::Sent::Maybe) => {
            "The upstream did not answer. It may have acted on the request: find out before you \
             send it again."
        }
    }
}

fn reasons(failure: &Failure) -> &[Reason] {
    match failure {
        Failure::Proposed(proposed) => proposed.decision.reasons(),
        Failure::Refused(refusal) => refusal.reasons(),
        _ => &[],
    }
}

/// Only where the same request can succeed without anyone changing it, and cannot act twice.
fn is_retryable(failure: &Failure) -> bool {
    match failure {
        Failure::Audit(_) | Failure::Withdrawn(Withdrawn::Unknown) => true,
        Failure::State(why) => stored::is_retryable(why),
        Failure::NotNow(standing) => standing.is_open(),
        Failure::Proposed(proposed) => proposed.standing.is_open(),
        Failure::Upstream(error) => {
            error.sent() == upstream::Sent::Nothing
                && !matches!(error.cause(), upstream::Cause::RequestBody(_))
        }
        _ => false,
    }
}
