//! One entry of a trail, as a line: the head that binds it to the entry before, and its kind.
//!
//! Every line starts `{"index":N,"prev":"…","time":"…","type":"…"`, in that order and to the byte,
//! followed by what its kind has to say. Lines are hashed as they stand, so there is no other way to
//! write the same entry, and [`Head::parse`] takes no other.

use std::fmt;

use crate::audit::json::is_strict;
use crate::audit::tree::Hash;
use crate::id::DecisionId;

/// What an entry is about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// One person's signed agreement to the request of the intent that follows.
    Approval,
    /// An exchange is about to be carried out.
    Intent,
    /// Exchanges that were open when a segment began; follows `Segment`.
    Open,
    /// Records could not be written for a while; written when they could again.
    Outage,
    /// How an exchange ended.
    Outcome,
    /// A request that was refused.
    Refusal,
    /// Something at the end of the trail was no whole entry and was cut off.
    Repair,
    /// A segment begins; the first entry of every file.
    Segment,
    /// Countersign started.
    Start,
    /// Countersign stopped in good order.
    Stop,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Approval,
        Self::Intent,
        Self::Open,
        Self::Outage,
        Self::Outcome,
        Self::Refusal,
        Self::Repair,
        Self::Segment,
        Self::Start,
        Self::Stop,
    ];

    /// The word that stands for it in an entry.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Intent => "intent",
            Self::Open => "open",
            Self::Outage => "outage",
            Self::Outcome => "outcome",
            Self::Refusal => "refusal",
            Self::Repair => "repair",
            Self::Segment => "segment",
            Self::Start => "start",
            Self::Stop => "stop",
        }
    }

    /// The kind that `word` stands for.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What all entries begin with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head<'a> {
    /// The entry's place in the trail, from 0.
    pub index: u64,
    /// The leaf hash of the entry before; all zeros for entry 0.
    pub prev: Hash,
    /// When it was written, RFC 3339 with microseconds.
    pub time: &'a str,
    /// The word for its kind, also of a kind that this version does not know.
    pub kind: &'a str,
    /// The exchange it belongs to, if it belongs to one.
    pub id: Option<DecisionId>,
    /// The word for the outcome, if it is one.
    pub outcome: Option<&'a str>,
}

impl<'a> Head<'a> {
    /// Reads `line`, without its line feed, and checks the form of all of it.
    ///
    /// # Errors
    /// If the line is not to the byte what Countersign would have written.
    pub fn parse(line: &'a [u8]) -> Result<Self, Malformed> {
        if line.len() > ENTRY || !is_strict(line) {
            return Err(Malformed);
        }
        let text = std::str::from_utf8(line).map_err(|_| Malformed)?;
        Self::read(text).ok_or(Malformed)
    }

    fn read(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("{\"index\":")?;
        let (digits, rest) = rest.split_once(",\"prev\":\"")?;
        let (prev, rest) = rest.split_at_checked(44)?;
        let prev = Hash::parse(prev)?;
        let rest = rest.strip_prefix("\",\"time\":\"")?;
        let (time, rest) = rest.split_once("\",\"type\":\"")?;
        let (kind, rest) = rest.split_once('"')?;
        let after_id = rest.strip_prefix(",\"id\":\"").and_then(|rest| rest.split_once('"'));
        let (id, rest) = match after_id {
            Some((id, rest)) => (Some(DecisionId::parse(id)?), rest),
            None => (None, rest),
        };
        let outcome = rest.strip_prefix(",\"outcome\":\"").and_then(|rest| rest.split_once('"'));
        let outcome = outcome.map(|(word, _)| word);
        (is_time(time)).then_some(Self {
            index: digits.parse().ok()?,
            prev,
            time,
            kind,
            id,
            outcome,
        })
    }
}

/// Whether `text` has the form of a [`Timestamp`](crate::clock::Timestamp) as printed.
fn is_time(text: &str) -> bool {
    let form = b"0000-00-00T00:00:00.000000Z";
    let fits = |(byte, form): (u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        _ => byte == *form,
    };
    text.len() == form.len() && text.bytes().zip(form).all(fits)
}

/// Writes the head of an entry up to its time; the body goes on with `"type"`.
pub(super) fn write_head(out: &mut Vec<u8>, index: u64, prev: &Hash, time: &[u8]) {
    out.extend_from_slice(b"{\"index\":");
    out.extend_from_slice(itoa::Buffer::new().format(index).as_bytes());
    out.extend_from_slice(b",\"prev\":\"");
    out.extend_from_slice(&prev.text());
    out.extend_from_slice(b"\",\"time\":\"");
    out.extend_from_slice(time);
    out.extend_from_slice(b"\",");
}

/// A line that Countersign would not have written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the line is not an audit entry as Countersign writes them")
    }
}

impl std::error::Error for Malformed {}

/// The most bytes of an entry: tlog-tiles counts them in 16 bits.
pub(super) const ENTRY: usize = 65_535;

#[cfg(test)]
mod tests {
    use super::{Head, Kind, Malformed, write_head};
    use crate::audit::tree::Hash;
    use crate::id::DecisionId;
    use proptest::prelude::{any, proptest};

    fn line(tail: &str) -> Vec<u8> {
        let mut out = Vec::new();
        write_head(&mut out, 7, &Hash::ZERO, b"2026-11-23T19:22:00.000042Z");
        out.extend_from_slice(tail.as_bytes());
        out
    }

    #[test]
    fn a_written_head_parses_back() {
        let id = DecisionId::new();
        let line = line(&format!(r#""type":"outcome","id":"{id}","outcome":"aborted"}}"#));
        let head = Head::parse(&line).unwrap();
        assert_eq!(head.index, 7);
        assert_eq!(head.prev, Hash::ZERO);
        assert_eq!(Kind::parse(head.kind), Some(Kind::Outcome));
        assert_eq!((head.id, head.outcome), (Some(id), Some("aborted")));
    }

    #[test]
    fn a_line_in_any_other_form_is_malformed() {
        let good = String::from_utf8(line(r#""type":"start"}"#)).unwrap();
        assert!(Head::parse(good.as_bytes()).is_ok());
        for (from, to) in [
            ("{\"index\"", "{ \"index\""),
            ("\"index\":7", "\"index\":07"),
            ("\"index\":7", "\"index\":\"7\""),
            ("2026", "2o26"),
            ("Z\"", "Z \""),
            ("AAA=\"", "AAA\""),
            ("\"start\"}", "\"start\",\"type\":\"stop\"}"),
            ("\"start\"}", "\"start\",\"id\":\"dec_0\"}"),
            ("}", "}\r"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            assert_eq!(Head::parse(bad.as_bytes()), Err(Malformed), "{bad}");
        }
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.word()), Some(kind));
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_the_parser_panic(bytes in any::<Vec<u8>>()) {
            let _ = Head::parse(&bytes);
        }
    }
}
