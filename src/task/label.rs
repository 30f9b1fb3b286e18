//! What work has touched.

use std::collections::BTreeSet;
use std::fmt;

/// One thing that work has touched, in the rules' own word: `pii`, `untrusted`, `secret`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Label(String);

/// Labels, in order. They are only ever added to.
pub type Labels = BTreeSet<Label>;

impl Label {
    /// Reads a label: 1 to 64 lower-case letters, digits, `_` and `-`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b);
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(is_letter);
        fits.then(|| Self(text.to_owned()))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Label;

    #[test]
    fn a_label_is_one_short_word() {
        for text in ["pii", "from-outside", "level_3"] {
            assert_eq!(Label::parse(text).unwrap().as_str(), text);
        }
        for text in ["", "PII", "a b", "a,b", "ü", &"x".repeat(65)] {
            assert_eq!(Label::parse(text), None, "{text}");
        }
    }
}
