//! Bytes as text in which every character is shown as itself or written out, so that two different
//! values never look alike for what is hidden in them.

use std::fmt::{self, Write};

use crate::proposal::card::suspect::{Suspicion, pieces};

/// These bytes.
pub(super) struct Shown<'a>(pub(super) &'a [u8]);

impl Shown<'_> {
    /// The words in it that are not what they look like, as they are shown, and why.
    pub(super) fn suspects(&self) -> Vec<(String, Suspicion)> {
        let texts = self.0.utf8_chunks().map(|chunk| chunk.valid());
        let words = texts.flat_map(pieces).filter(|(_, is_word)| *is_word);
        let found = words.filter_map(|(word, _)| Some((plain(word), Suspicion::of(word)?)));
        let mut found: Vec<_> = found.take(MOST_SUSPECTS).collect();
        found.dedup();
        found
    }
}

impl Shown<'_> {
    /// Whether there is something in it that a reader would not see, and that no text has to have.
    pub(super) fn hides(&self) -> bool {
        let hidden = |c: char| match c {
            '\t' | '\n' | '\r' => false,
            '"' | '\'' | '\\' => false,
            _ => is_blank(c) || c.escape_debug().len() > 1,
        };
        self.0.utf8_chunks().any(|chunk| chunk.valid().chars().any(hidden))
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for (piece, is_word) in pieces(chunk.valid()) {
                match is_word && Suspicion::of(piece).is_some() {
                    true => f.write_str(&plain(piece))?,
                    false => piece.chars().try_for_each(|c| write_shown(c, f))?,
                }
            }
            chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
        }
        Ok(())
    }
}

fn write_shown(c: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match c {
        '"' | '\'' => f.write_char(c),
        _ if is_blank(c) => write!(f, "{}", c.escape_unicode()),
        // Latin letters with accents are letters; what only modifies another is not.
        _ => write!(f, "{}", c.escape_debug()),
    }
}

/// Only letters that cannot be mistaken; all others are written out.
fn plain(word: &str) -> String {
    let mut text = String::new();
    for c in word.chars() {
        match c.is_ascii() {
            true => text.push(c),
            false => text.extend(c.escape_unicode()),
        }
    }
    text
}

/// Letters and symbols that are drawn as nothing.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

/// How many words are named; more do not make it more suspicious.
const MOST_SUSPECTS: usize = 20;

#[cfg(test)]
mod tests {
    use super::Shown;

    #[test]
    fn what_is_hidden_is_written_out() {
        for (bytes, shown) in [
            (&b"plain 'text' \"here\""[..], "plain 'text' \"here\""),
            ("größer".as_bytes(), "größer"),
            ("a\u{202e}b\u{200b}c".as_bytes(), "a\\u{202e}b\\u{200b}c"),
            ("e\u{301}\u{3164}.".as_bytes(), "e\\u{301}\\u{3164}."),
            ("p\u{430}ypal größer".as_bytes(), "p\\u{430}ypal größer"),
            (b"\x1b[2J", "\\u{1b}[2J"),
            (b"\\u{1b}", "\\\\u{1b}"),
            (b"a\xff\x00", "a\\xff\\0"),
            (b"a\rb\tc", "a\\rb\\tc"),
        ] {
            assert_eq!(Shown(bytes).to_string(), shown);
        }
        for (text, hides) in
            [("a\r\n\t\\ \"größer\"", false), ("a\u{202e}", true), ("\u{3164}", true)]
        {
            assert_eq!(Shown(text.as_bytes()).hides(), hides, "{text:?}");
        }
    }
}
