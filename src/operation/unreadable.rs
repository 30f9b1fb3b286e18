//! The rules that a request breaks inside its protocol.
//!
//! They are to a protocol's messages what [`Ambiguity`](crate::route::Ambiguity) is to HTTP's: the
//! agent is told which rule, in a 400 of the protocol's own shape.

use std::fmt;

use http::StatusCode;

use crate::route::Ambiguity;

/// A rule that a request broke, so that its operations could not be told apart. Nothing of it
/// reaches policy or an upstream.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Unreadable {
    /// It could be read in two ways already.
    Ambiguous(Ambiguity),
}

impl Unreadable {
    /// The rule's stable name: the problem's `code`, the metric's label, the record's word.
    pub const fn rule(self) -> &'static str {
        self.texts().0
    }

    /// One sentence for the agent: what is wrong and what to send instead.
    pub const fn detail(self) -> &'static str {
        self.texts().1
    }

    /// The status that the refusal carries.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Ambiguous(rule) => rule.status(),
        }
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Ambiguous(rule) => (rule.rule(), rule.detail()),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule())
    }
}

impl std::error::Error for Unreadable {}
