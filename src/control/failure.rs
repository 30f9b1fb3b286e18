//! Why something was not done, and what the caller is told.
//!
//! Whoever calls here has authenticated, or is told nothing but that they have not. So the sentences
//! are for operators, and say what is wrong; what the store's database said of itself is for the log.

use std::borrow::Cow;

use http::StatusCode;

use crate::approval::{Identity, Refusal};
use crate::control::token;
use crate::history::Unexplained;
use crate::identity::Rejection;
use crate::proposal::Illegal;
use crate::route::Ambiguity;
use crate::route::body::BodyError;
use crate::store::Error;

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The request can be read in two ways.
    Ambiguous(Ambiguity),
    /// Nobody says who they are.
    Anonymous,
    /// The request's body cannot be read.
    Body(BodyError),
    /// Too many do this already.
    Busy,
    /// The certificate no longer holds.
    Certificate(Rejection),
    /// `If-Match` is not one entity tag.
    Condition,
    /// The decision cannot be explained.
    Decision(Unexplained),
    /// The body, or a part of the query, is not what is asked for here.
    Malformed(Cow<'static, str>),
    /// The path serves other methods.
    Method(Vec<&'static str>),
    /// What was asked for is not there.
    Missing(&'static str),
    /// It says nothing of which version it means.
    NoCondition,
    /// The caller may not do this.
    NotPermitted(&'static str),
    /// There is nothing at this path.
    Path,
    /// The signature is not the caller's yes or no.
    Refused(Refusal),
    /// What the caller has looked at is not what is there.
    Stale,
    /// The store did not do it.
    Store(Error),
    /// Somebody proved who they are, and may do nothing.
    Stranger(Identity),
    /// The token is nobody's.
    Token(token::Refused),
    /// Two say who calls.
    TwoNames,
    /// A part of Countersign cannot answer.
    Unavailable(&'static str),
}

impl Failure {
    /// The status of the answer.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Ambiguous(rule) | Self::Body(BodyError::Ambiguous(rule)) => rule.status(),
            Self::Anonymous | Self::Certificate(_) => StatusCode::UNAUTHORIZED,
            Self::Body(BodyError::Broken(_)) => StatusCode::BAD_REQUEST,
            Self::Body(BodyError::Idle) => StatusCode::REQUEST_TIMEOUT,
            Self::Body(BodyError::TooLarge(_)) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Decision(Unexplained::Busy) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Decision(_) | Self::Missing(_) | Self::Path => StatusCode::NOT_FOUND,
            Self::Condition | Self::Malformed(_) | Self::TwoNames => StatusCode::BAD_REQUEST,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoCondition => StatusCode::PRECONDITION_REQUIRED,
            Self::NotPermitted(_) | Self::Refused(_) | Self::Stranger(_) => StatusCode::FORBIDDEN,
            Self::Stale => StatusCode::PRECONDITION_FAILED,
            Self::Store(why) => stored(why).0,
            Self::Token(token::Refused::NoKeys) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Token(_) => StatusCode::UNAUTHORIZED,
        }
    }

    /// A stable word.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Ambiguous(rule) | Self::Body(BodyError::Ambiguous(rule)) => rule.rule(),
            Self::Anonymous => "not_authenticated",
            Self::Body(BodyError::Broken(_)) => "body_broken",
            Self::Body(BodyError::Idle) => "body_idle",
            Self::Body(BodyError::TooLarge(_)) => "body_too_large",
            Self::Busy => "busy",
            Self::Certificate(_) => "certificate_not_valid",
            Self::Condition => "if_match_malformed",
            Self::Decision(Unexplained::Busy) => "busy",
            Self::Decision(Unexplained::NotKept) => "decisions_not_kept",
            Self::Decision(Unexplained::Unknown) | Self::Missing(_) => "not_found",
            Self::Malformed(_) => "malformed",
            Self::Method(_) => "method_not_allowed",
            Self::NoCondition => "if_match_required",
            Self::NotPermitted(_) => "not_permitted",
            Self::Path => "no_such_path",
            Self::Refused(_) => "approval_refused",
            Self::Stale => "stale",
            Self::Store(why) => stored(why).1,
            Self::Stranger(_) => "stranger",
            Self::Token(token::Refused::NoKeys) => "keys_unavailable",
            Self::Token(_) => "token_not_valid",
            Self::TwoNames => "two_identities",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// What happened, and what to do.
    pub(super) fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::Ambiguous(rule) | Self::Body(BodyError::Ambiguous(rule)) => rule.detail().into(),
            Self::Anonymous => {
                "show a certificate of `control.trust`, or one bearer token of `control.oidc`"
                    .into()
            }
            Self::Body(BodyError::Broken(_)) => "the request's body broke off".into(),
            Self::Body(BodyError::Idle) => "the request's body did not arrive in time".into(),
            Self::Body(BodyError::TooLarge(limit)) => {
                format!("a body has at most {limit} bytes here").into()
            }
            Self::Busy => "too many do this already; try again later".into(),
            Self::Certificate(why) => why.to_string().into(),
            Self::Condition => "`If-Match` is one entity tag here: the proposal's digest".into(),
            Self::Decision(why) => unexplained(*why).into(),
            Self::Malformed(what) => what.clone(),
            Self::Method(methods) => format!("this path serves {}", methods.join(", ")).into(),
            Self::Missing(what) => format!("there is no such {what}").into(),
            Self::NoCondition => {
                "send `If-Match` with the entity tag of the proposal that you have looked at".into()
            }
            Self::NotPermitted(why) => (*why).into(),
            Self::Path => {
                "there is nothing at this path; GET /v1/openapi.json lists what is".into()
            }
            Self::Refused(why) => why.to_string().into(),
            Self::Stale => "this is not what you have looked at: its digest is another".into(),
            Self::Store(why) => match stored(why).0 {
                StatusCode::SERVICE_UNAVAILABLE => {
                    "the store does not answer; try again later".into()
                }
                _ => why.to_string().into(),
            },
            Self::Stranger(name) => {
                format!("`{name}` is no operator and none of `approvals.people`").into()
            }
            Self::Token(why) => why.to_string().into(),
            Self::TwoNames => {
                "say who you are once: with one certificate, or else with one bearer token".into()
            }
            Self::Unavailable(what) => format!("{what} cannot be had now").into(),
        }
    }

    /// What kind of thing went wrong, in a few words.
    pub(super) fn title(&self) -> &'static str {
        match self.status().as_u16() {
            401 => "Not authenticated",
            403 => "Not permitted",
            404 => "Not found",
            405 => "Method not allowed",
            409 => "Conflict",
            410 => "Its time is over",
            412 => "Not what you have looked at",
            428 => "Say what you have looked at",
            500..=599 => "Countersign cannot do this now",
            _ => "Request not accepted",
        }
    }
}

/// What the store's errors are here.
fn stored(why: &Error) -> (StatusCode, &'static str) {
    match why {
        Error::Answered => (StatusCode::CONFLICT, "answered"),
        Error::Illegal(Illegal::Expired(_)) => (StatusCode::GONE, "expired"),
        Error::Illegal(_) => (StatusCode::CONFLICT, "decided"),
        Error::NoTask => (StatusCode::NOT_FOUND, "not_found"),
        Error::Refused(_) => (StatusCode::FORBIDDEN, "approval_refused"),
        Error::TaskOver(_) => (StatusCode::CONFLICT, "task_over"),
        Error::Unknown(_) => (StatusCode::NOT_FOUND, "not_found"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "state_unavailable"),
    }
}

fn unexplained(why: Unexplained) -> &'static str {
    match why {
        Unexplained::Busy => "another decision is being explained; try again in a few seconds",
        Unexplained::NotKept => "no decisions are kept here: `policy.history` says where to",
        Unexplained::Unknown => "nothing is known of such a decision: it has expired, or never was",
    }
}

impl From<Error> for Failure {
    fn from(why: Error) -> Self {
        match why {
            Error::Refused(refusal) => Self::Refused(refusal),
            why => Self::Store(why),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(why: Refusal) -> Self {
        Self::Refused(why)
    }
}

impl From<BodyError> for Failure {
    fn from(why: BodyError) -> Self {
        Self::Body(why)
    }
}

impl From<Ambiguity> for Failure {
    fn from(rule: Ambiguity) -> Self {
        Self::Ambiguous(rule)
    }
}
