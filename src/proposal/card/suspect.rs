//! Words that are not what they look like: letters of several scripts, or others than they seem.
//!
//! By Unicode's own tables (UTS #39). A word in one script that no Latin word looks like is a word,
//! whatever the script.

use std::collections::BTreeSet;

use unicode_script::{Script, UnicodeScript as _};
use unicode_security::{MixedScript as _, skeleton};

/// What is wrong with a word.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Suspicion {
    /// It looks like this plain word.
    Imitates(String),
    /// It mixes these scripts.
    Mixes(Vec<&'static str>),
}

impl Suspicion {
    /// Why `word` is not what it looks like, if that is so.
    pub(super) fn of(word: &str) -> Option<Self> {
        if word.is_ascii() {
            return None;
        }
        if !word.is_single_script() {
            return Some(Self::Mixes(scripts(word)));
        }
        let plain: String = skeleton(word).collect();
        plain.is_ascii().then_some(Self::Imitates(plain))
    }
}

fn scripts(word: &str) -> Vec<&'static str> {
    let all = word.chars().map(|letter| letter.script());
    let own = all.filter(|script| !matches!(script, Script::Common | Script::Inherited));
    own.map(|script| script.full_name()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Splits `text` into words and what stands between them, in order.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_word = is_letter(rest.chars().next()?);
        let end = rest.find(|c| is_letter(c) != is_word).unwrap_or(rest.len());
        let (piece, behind) = rest.split_at(end);
        rest = behind;
        Some((piece, is_word))
    })
}

/// What joins letters or is nothing by itself does not end a word.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c.script() == Script::Inherited || matches!(c, '\u{200b}'..='\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::{Suspicion, pieces};

    #[test]
    fn a_word_that_looks_like_another_is_found_and_others_are_left_alone() {
        let mixes = |scripts: &[&'static str]| Some(Suspicion::Mixes(scripts.to_vec()));
        let imitates = |word: &str| Some(Suspicion::Imitates(word.to_owned()));
        for (word, found) in [
            ("paypal", None),
            ("größer", None),
            ("café2", None),
            ("деньги", None),
            ("東京", None),
            ("ελλάδα", None),
            ("p\u{430}ypal", mixes(&["Cyrillic", "Latin"])),
            ("pay\u{3c1}al", mixes(&["Greek", "Latin"])),
            ("\u{455}\u{441}\u{43e}\u{440}\u{435}", imitates("scope")),
            ("\u{ff50}\u{ff41}\u{ff59}", imitates("pay")),
        ] {
            assert_eq!(Suspicion::of(word), found, "{word}");
        }
    }

    #[test]
    fn pieces_are_the_text_again() {
        let text = "a p\u{430}ypal.com, «1 200» e\u{301}";
        let all: Vec<_> = pieces(text).collect();
        assert_eq!(all.iter().map(|(piece, _)| *piece).collect::<String>(), text);
        assert!(all.contains(&("p\u{430}ypal", true)) && all.contains(&("e\u{301}", true)));
    }
}
