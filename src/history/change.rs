//! What becomes of a decision under other rules.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::policy::Decision;

/// The kinds of change, in the order in which they matter.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was refused, and would go ahead.
    NewlyAllowed,
    /// It would end in an error of the new rules.
    NewlyFailing,
    /// It went ahead, and would be refused.
    NewlyDenied,
    /// People would be asked.
    NewlyEscalated,
    /// Refused as before, and in another way.
    OtherRefusal,
    /// The same effect on other terms: reasons, obligations, labels, credential.
    OtherTerms,
}

impl Change {
    /// What becomes of an effect with its result, if anything does.
    pub fn between(before: (&str, Option<&Value>), after: &Decision) -> Option<Self> {
        let ((before, result), now) = (before, after.label());
        if before == now {
            let same = result == after.document().as_ref();
            return (!same).then_some(Self::OtherTerms);
        }
        Some(match (before, now) {
            (_, "allow") => Self::NewlyAllowed,
            (_, "error") => Self::NewlyFailing,
            (_, "escalate") => Self::NewlyEscalated,
            ("allow", _) => Self::NewlyDenied,
            _ => Self::OtherRefusal,
        })
    }

    /// A stable word, for metrics and records.
    pub fn word(self) -> &'static str {
        match self {
            Self::NewlyAllowed => "newly_allowed",
            Self::NewlyFailing => "newly_failing",
            Self::NewlyDenied => "newly_denied",
            Self::NewlyEscalated => "newly_escalated",
            Self::OtherRefusal => "other_refusal",
            Self::OtherTerms => "other_terms",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NewlyAllowed => "newly allowed",
            Self::NewlyFailing => "newly failing",
            Self::NewlyDenied => "newly denied",
            Self::NewlyEscalated => "newly needing approval",
            Self::OtherRefusal => "refused otherwise",
            Self::OtherTerms => "on other terms",
        })
    }
}
