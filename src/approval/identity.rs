//! One name by which somebody or something is known: a person's, one of their accounts', an agent's.
//!
//! People are told apart by these, so two that a reader would take for one must be one. Only
//! visible ASCII is accepted, and its case does not matter: that can merge two names, which costs
//! an approval, and can never split one person in two, which would cost the two-person rule.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A person's name, an account (`maria@example.org`) or a SPIFFE ID. Two that differ in case are equal.
#[derive(Clone)]
pub struct Identity {
    /// In lower case.
    folded: Arc<str>,
    written: Arc<str>,
}

/// Why a text names nobody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotAName {
    /// A character other than visible ASCII.
    Character,
    /// No text.
    Empty,
    /// Longer than a SPIFFE ID may be.
    TooLong,
}

impl Identity {
    /// Reads a name.
    ///
    /// # Errors
    /// [`NotAName`], if it is not 1 to 2,048 visible ASCII characters.
    pub fn parse(text: &str) -> Result<Self, NotAName> {
        if text.is_empty() {
            return Err(NotAName::Empty);
        }
        if text.len() > MAX_IDENTITY {
            return Err(NotAName::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NotAName::Character);
        }
        Ok(Self { folded: text.to_ascii_lowercase().into(), written: text.into() })
    }

    /// The name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.folded
    }

    /// Whether it is written as `other` is: who is let in by a name has to show that very name.
    pub fn is_exactly(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Identity {}

impl PartialOrd for Identity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Identity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded.cmp(&other.folded)
    }
}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.folded)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.folded)
    }
}

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character => "a name is visible ascii characters, without spaces",
            Self::Empty => "a name is empty",
            Self::TooLong => "a name is longer than 2048 bytes",
        })
    }
}

impl std::error::Error for NotAName {}

/// As long as a SPIFFE ID may be (SPIFFE-ID §2.3).
const MAX_IDENTITY: usize = 2_048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_make_another_person() {
        assert_eq!(Identity::parse("Maria@Example.ORG"), Identity::parse("maria@example.org"));
    }

    #[test]
    fn what_can_look_like_another_name_is_none() {
        for (text, why) in [
            ("", NotAName::Empty),
            ("maria ", NotAName::Character),
            ("m\u{430}ria", NotAName::Character),
            ("maria\u{200b}", NotAName::Character),
            ("maria\nverdict: approve", NotAName::Character),
        ] {
            assert_eq!(Identity::parse(text), Err(why), "{text:?}");
        }
        assert_eq!(Identity::parse(&"a".repeat(2_049)), Err(NotAName::TooLong));
    }
}
