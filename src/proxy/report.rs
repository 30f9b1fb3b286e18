//! What the operator is told of a failure, in the log.

use std::fmt;

use crate::enforce::Cause;
use crate::proxy::failure::Failure;
use crate::route::NoRoute;

/// What the operator needs to know.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous(rule) => write!(f, "the request is ambiguous: {rule}"),
            Self::Audit(why) => write!(f, "the audit trail does not take records: {why}"),
            Self::Body(why) => write!(f, "{why}"),
            Self::Cut(why) | Self::Withdrawn(why) => write!(f, "{why}"),
            Self::Identity(why) => write!(f, "the agent's certificate no longer holds: {why}"),
            Self::Malformed(rule) => write!(f, "the message of MCP is refused: {rule}"),
            Self::Misdirected => f.write_str("the handshake and the request name different hosts"),
            Self::NoProposal => f.write_str("the agent has no such proposal"),
            Self::NoRoute(NoRoute::Ambiguous(rule)) => {
                write!(f, "the request is ambiguous: {rule}")
            }
            Self::NoRoute(NoRoute::Host) => f.write_str("no route serves this host"),
            Self::NoRoute(NoRoute::Method(_)) => {
                f.write_str("the route does not serve this method")
            }
            Self::NoRoute(NoRoute::Path) => f.write_str("no route of this host serves this path"),
            Self::NotNow(standing) => write!(f, "a proposal: {}", standing.code()),
            Self::Opaque => f.write_str(
                "the response has a content coding, so it cannot be searched for the injected \
                 secret; set `unscannable: pass` on the route to let such responses through",
            ),
            Self::Oversized(why) => write!(f, "{why}"),
            Self::Panicked => f.write_str("the exchange panicked"),
            Self::Proposed(proposed) => {
                write!(f, "proposal {}: {}", proposed.id, proposed.standing.code())
            }
            Self::Refused(refusal) => match (refusal.cause(), refusal.decision().failure()) {
                (Cause::Unmet(unmet), _) => write!(f, "{unmet}"),
                (_, Some(failure)) => write!(f, "policy gave no clear answer: {failure}"),
                (Cause::NeedsApproval, None) => f.write_str("policy asks for an approval"),
                _ => f.write_str("policy denied the request"),
            },
            Self::State(why) => write!(f, "{why}"),
            Self::Unasked => f.write_str("the upstream switched to a protocol nobody asked for"),
            Self::Unfit(how) => write!(f, "the body has to be {how}"),
            Self::Unreadable(rule) => {
                write!(f, "the request's operations cannot be told apart: {rule}")
            }
            Self::Unsigned(why) => write!(f, "{why}"),
            Self::Upstream(error) => write!(f, "{error}"),
        }
    }
}
