//! The few JSON shapes an entry is made of: how they are written, and the one form that is read.
//!
//! What an agent sent ends up in here, so the writer leaves nothing but printable ASCII: every
//! other character is escaped, and no entry can hold a line break, a terminal's control sequence or
//! half a character. The reader takes exactly what the writer writes: no white space, no other
//! escapes, no key twice. There is one way to write a thing, so a changed byte cannot hide in
//! another.

use std::fmt::Display;
use std::io::Write;

use crate::audit::tree::Hash;

/// Writes the members of one object into a buffer.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Object<'a> {
    /// Goes on with an object that `out` has the beginning of, or of which nothing is there yet.
    pub(super) fn within(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// A string of at most `limit` bytes as written; what is longer is cut (see [`Self::cut`]).
    /// Bytes that are not UTF-8 become U+FFFD.
    pub(super) fn text(&mut self, key: &str, text: &[u8], limit: usize) {
        self.key(key);
        string(self.out, text, limit);
    }

    /// A string of our own that needs no escape and has no limit.
    pub(super) fn word(&mut self, key: &str, word: &str) {
        debug_assert!(word.bytes().all(|byte| PLAIN[usize::from(byte)]), "{word}");
        self.key(key);
        self.out.push(b'"');
        self.out.extend_from_slice(word.as_bytes());
        self.out.push(b'"');
    }

    /// A value of ours whose printed form needs no escape: an address, an id, a time.
    pub(super) fn shown(&mut self, key: &str, value: impl Display) {
        self.key(key);
        // Writing to a Vec cannot fail.
        let _ = write!(self.out, "\"{value}\"");
    }

    pub(super) fn number(&mut self, key: &str, number: u64) {
        self.key(key);
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    pub(super) fn hash(&mut self, key: &str, hash: &Hash) {
        self.key(key);
        self.out.push(b'"');
        self.out.extend_from_slice(&hash.text());
        self.out.push(b'"');
    }

    /// A list of strings, of at most `limit` bytes in all; what no longer fits is left out and
    /// counted in one last element.
    pub(super) fn list<'t>(
        &mut self,
        key: &str,
        items: impl Iterator<Item = &'t str>,
        limit: usize,
    ) {
        self.key(key);
        self.out.push(b'[');
        let (start, mut left_out) = (self.out.len(), 0_u64);
        for item in items {
            let before = self.out.len();
            if before > start {
                self.out.push(b',');
            }
            string(self.out, item.as_bytes(), limit);
            if left_out > 0 || self.out.len() - start > limit {
                self.out.truncate(before);
                left_out += 1;
            }
        }
        if left_out > 0 {
            let comma = if self.out.len() > start { "," } else { "" };
            self.out.extend_from_slice(format!("{comma}{{\"left_out\":{left_out}}}").as_bytes());
        }
        self.out.push(b']');
    }

    /// An object within this one.
    pub(super) fn object(&mut self, key: &str, members: impl FnOnce(&mut Object<'_>)) {
        self.key(key);
        self.out.push(b'{');
        members(&mut Object::within(self.out));
        self.out.push(b'}');
    }

    /// What stands for a text that is too long: its beginning, its length and its SHA-256, so that
    /// it can still be compared with the whole.
    fn cut(&mut self, text: &[u8], limit: usize) {
        self.key("cut");
        self.out.push(b'"');
        escape(self.out, text, limit);
        self.out.push(b'"');
        self.number("bytes", text.len() as u64);
        self.hash("sha256", &Hash::of(text));
    }

    fn key(&mut self, key: &str) {
        if !matches!(self.out.last(), None | Some(b'{' | b'\n')) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}

fn string(out: &mut Vec<u8>, text: &[u8], limit: usize) {
    let start = out.len();
    out.push(b'"');
    if escape(out, text, limit) {
        out.push(b'"');
        return;
    }
    out.truncate(start);
    out.push(b'{');
    Object::within(out).cut(text, limit);
    out.push(b'}');
}

/// Writes `text` escaped, up to `limit` bytes; whether all of it was written.
fn escape(out: &mut Vec<u8>, text: &[u8], limit: usize) -> bool {
    let start = out.len();
    for chunk in text.utf8_chunks() {
        let replaced = if chunk.invalid().is_empty() { "" } else { "\u{fffd}" };
        for valid in [chunk.valid(), replaced] {
            if !escape_valid(out, valid, start + limit) {
                return false;
            }
        }
    }
    true
}

/// Writes `text` escaped until `out` has `end` bytes; whether all of it was written.
fn escape_valid(out: &mut Vec<u8>, text: &str, end: usize) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.bytes().take_while(|byte| PLAIN[usize::from(*byte)]).count();
        let room = end.saturating_sub(out.len());
        out.extend_from_slice(&rest.as_bytes()[..plain.min(room)]);
        if plain > room {
            return false;
        }
        let mut chars = rest[plain..].chars();
        let Some(special) = chars.next() else { return true };
        if out.len() + ESCAPE > end {
            return false;
        }
        escape_char(out, special);
        rest = chars.as_str();
    }
    true
}

fn escape_char(out: &mut Vec<u8>, special: char) {
    if matches!(special, '"' | '\\') {
        out.extend_from_slice(&[b'\\', special as u8]);
        return;
    }
    for unit in special.encode_utf16(&mut [0; 2]) {
        out.extend_from_slice(b"\\u");
        for shift in [12, 8, 4, 0] {
            out.push(HEX[usize::from(*unit >> shift & 0xf)]);
        }
    }
}

/// Whether `bytes` is one object in exactly the form that [`Object`] writes.
pub(super) fn is_strict(bytes: &[u8]) -> bool {
    let mut reader = Reader { rest: bytes };
    reader.object(DEPTH).is_some() && reader.rest.is_empty()
}

/// Reads values and only says whether they are well-formed.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<()> {
        match self.rest.first()? {
            b'"' => self.string().map(drop),
            b'{' => self.object(depth.checked_sub(1)?),
            b'[' => self.list(depth.checked_sub(1)?),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        let mut keys: [&[u8]; KEYS] = [&[]; KEYS];
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        for count in 0..KEYS {
            let key = self.string()?;
            if keys[..count].contains(&key) {
                return None;
            }
            keys[count] = key;
            self.take(b':')?;
            self.value(depth)?;
            if self.take(b',').is_none() {
                return self.take(b'}');
            }
        }
        None
    }

    fn list(&mut self, depth: usize) -> Option<()> {
        self.take(b'[')?;
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            self.value(depth)?;
            if self.take(b',').is_none() {
                return self.take(b']');
            }
        }
    }

    /// What stands between the quotes, still escaped.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let whole = self.rest;
        loop {
            let plain = self.rest.iter().take_while(|byte| PLAIN[usize::from(**byte)]).count();
            let (special, rest) = self.rest[plain..].split_first()?;
            self.rest = rest;
            match special {
                b'"' => return Some(&whole[..whole.len() - rest.len() - 1]),
                b'\\' => self.escaped()?,
                _ => return None,
            }
        }
    }

    fn escaped(&mut self) -> Option<()> {
        let (kind, rest) = self.rest.split_first()?;
        self.rest = rest;
        match kind {
            b'"' | b'\\' => Some(()),
            b'u' => {
                let (digits, rest) = self.rest.split_at_checked(4)?;
                self.rest = rest;
                digits.iter().all(|digit| HEX.contains(digit)).then_some(())
            }
            _ => None,
        }
    }

    /// A whole number without sign or leading zeros.
    fn number(&mut self) -> Option<()> {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        (number == b"0" || number.first().is_some_and(|digit| *digit != b'0')).then_some(())
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.rest = self.rest.strip_prefix(&[byte])?;
        Some(())
    }
}

/// How deep values nest below an entry.
const DEPTH: usize = 4;
/// The most bytes that one character takes when escaped: two `\uXXXX`.
const ESCAPE: usize = 12;
const HEX: &[u8; 16] = b"0123456789abcdef";
/// The most keys of one object.
const KEYS: usize = 32;
/// The bytes that stand for themselves in a string.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        plain[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    plain
};

#[cfg(test)]
mod tests {
    use super::{Object, is_strict};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
    use serde_json::Value;

    fn written(text: &[u8], limit: usize) -> Vec<u8> {
        let mut out = b"{".to_vec();
        Object::within(&mut out).text("t", text, limit);
        out.push(b'}');
        out
    }

    #[test]
    fn line_breaks_controls_and_direction_marks_are_escaped() {
        let out = written("a\r\nb\u{1b}[31m\u{202e}\u{7f}\u{1f600}\"\\".as_bytes(), 1000);
        let text = r#"{"t":"a\u000d\u000ab\u001b[31m\u202e\u007f\ud83d\ude00\"\\"}"#;
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_and_named_by_its_digest() {
        let out = written(&[b'a'; 100], 10);
        let value: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["t"]["cut"], "aaaaaaaaaa");
        assert_eq!(value["t"]["bytes"], 100);
        assert!(is_strict(&out));
    }

    #[test]
    fn a_list_that_is_too_long_says_how_much_is_left_out() {
        let mut out = b"{".to_vec();
        Object::within(&mut out).list("l", ["aaa", "bbb", "ccc"].into_iter(), 8);
        out.push(b'}');
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"l":["aaa",{"left_out":2}]}"#);
    }

    #[test]
    fn only_the_one_way_to_write_a_thing_is_read() {
        for good in [r#"{}"#, r#"{"a":0,"b":[],"c":["x",1],"d":{"e":"\u00e9\"\\"}}"#] {
            assert!(is_strict(good.as_bytes()), "{good}");
        }
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a": 1}"#,
            r#" {}"#,
            "{}\r",
            r#"{"a":01}"#,
            r#"{"a":-1}"#,
            r#"{"a":1.0}"#,
            r#"{"a":true}"#,
            r#"{"a":"\n"}"#,
            r#"{"a":"\u00E9"}"#,
            "{\"a\":\"\u{e9}\"}",
            r#"{"a":1,}"#,
            r#"{"a":[[[[[[1]]]]]]}"#,
            r#"[]"#,
            r#"{}{}"#,
            r#"{"a":"#,
        ] {
            assert!(!is_strict(bad.as_bytes()), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_ascii_that_parses_back(text in any::<String>()) {
            let out = written(text.as_bytes(), 1 << 20);
            prop_assert!(out.iter().all(|byte| (0x20..0x7f).contains(byte)));
            prop_assert!(is_strict(&out));
            let value: Value = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(value["t"].as_str(), Some(text.as_str()));
        }

        #[test]
        fn any_bytes_within_any_limit_are_written_strictly(text in any::<Vec<u8>>(), limit in 0_usize..200) {
            let out = written(&text, limit);
            prop_assert!(is_strict(&out));
            prop_assert!(out.len() <= limit + 120);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in any::<Vec<u8>>()) {
            is_strict(&bytes);
        }
    }
}
