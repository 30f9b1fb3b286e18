//! The names and numbers that things are known by.
//!
//! Operators choose names (a route, an upstream, a credential, a listener); Countersign makes ids
//! (one for each exchange). Each is a type of its own, so that one cannot be passed for another.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

use crate::clock::Timestamp;

/// Declares a name: a short, cheap-to-clone string that an operator chose.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// A key of `credentials:` in the configuration.
    CredentialName
);
name!(
    /// A key of `listeners:` in the configuration.
    ListenerName
);
name!(
    /// A key of `routes:` in the configuration.
    RouteName
);
name!(
    /// The full path of a rule that decides: `data.countersign.authz.decision`.
    RuleName
);
name!(
    /// A key of `upstreams:` in the configuration.
    UpstreamName
);

/// Declares an id: a prefix and 32 hexadecimal digits, made by Countersign.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        ///
        /// A UUID version 7 (RFC 9562 §5.7), so ids sort by the time they were made.
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id.
            #[expect(
                clippy::new_without_default,
                reason = "a default that differs each time misleads"
            )]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// Reads back what [`Display`](fmt::Display) printed; `None` if `text` is anything else.
            pub fn parse(text: &str) -> Option<Self> {
                let digits = text.strip_prefix(Self::PREFIX)?;
                if digits.len() != 32 || digits.bytes().any(|b| b.is_ascii_uppercase()) {
                    return None;
                }
                Uuid::try_parse(digits).ok().map(Self)
            }

            /// The least that may have been made at `time` or later.
            pub fn floor(time: Timestamp) -> Self {
                Self(Uuid::from_u128(u128::from(time.micros() / 1_000) << 80))
            }

            /// When it was made, to the millisecond.
            pub fn made(self) -> Timestamp {
                let millis = (self.0.as_u128() >> 80) as u64;
                Timestamp::from_micros(millis.saturating_mul(1_000))
            }

            const PREFIX: &str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", Self::PREFIX, self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

id!(
    /// One exchange, and the decision that was made about it: `dec_` and 32 hexadecimal digits.
    DecisionId,
    "dec_"
);
id!(
    /// One event: `evt_` and 32 hexadecimal digits.
    EventId,
    "evt_"
);
id!(
    /// One proposal: `prp_` and 32 hexadecimal digits.
    ProposalId,
    "prp_"
);
id!(
    /// One task: `tsk_` and 32 hexadecimal digits.
    TaskId,
    "tsk_"
);

#[cfg(test)]
mod tests {
    use super::DecisionId;
    use std::time::Duration;

    #[test]
    fn a_printed_id_parses_back() {
        let id = DecisionId::new();
        assert_eq!(DecisionId::parse(&id.to_string()), Some(id));
    }

    #[test]
    fn an_id_says_when_it_was_made() {
        let id = DecisionId::parse("dec_0193a0b0c0d07ef08193a0b0c0d0e0f0").unwrap();
        assert_eq!(id.made().micros(), 0x0193_a0b0_c0d0 * 1_000);
        assert!(DecisionId::floor(id.made()) < id);
        assert!(DecisionId::floor(id.made().plus(Duration::from_millis(1))) > id);
    }

    #[test]
    fn anything_else_is_not_an_id() {
        for text in ["", "dec_", "dec_0193", "prp_0193a0b0c0d0e0f00193a0b0c0d0e0f0", "dec_ZZ"] {
            assert_eq!(DecisionId::parse(text), None, "{text}");
        }
    }
}
