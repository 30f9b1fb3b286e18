//! Reading a trail back: all of it, its end, or what it says of one exchange.
//!
//! Reading does not verify: it shows what the files say. A torn last line is passed over.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::Path;

use serde_json::Value;

use crate::audit::entry::{Head, Kind};
use crate::audit::segment::{Ending, Lines, list};
use crate::audit::walk::Walk;
use crate::id::DecisionId;

/// One entry of a trail as it was read. Prints as one line for people.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line(String);

impl Line {
    /// The entry as it stands in the file: one JSON object.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn read(bytes: &[u8]) -> io::Result<Self> {
        let text = Head::parse(bytes).ok().and_then(|_| std::str::from_utf8(bytes).ok());
        let text = text.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, MALFORMED))?;
        Ok(Self(text.to_owned()))
    }
}

/// `2026-11-23T19:22:00.000042Z 7 intent dec_… spiffe://… GET https://host/path -> upstream`
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value: Value = serde_json::from_str(&self.0).unwrap_or_default();
        write!(f, "{} {} {}", Show(&value["time"]), Show(&value["index"]), Show(&value["type"]))?;
        let known = ["id", "principal", "method"];
        for key in known.iter().filter(|key| !value[**key].is_null()) {
            write!(f, " {}", Show(&value[*key]))?;
        }
        if !value["path"].is_null() {
            write!(f, " {}{}", Show(&value["authority"]), Show(&value["path"]))?;
        }
        let rest =
            ["query", "upstream", "credential", "outcome", "status", "reason", "why", "code"];
        let rest = rest.iter().chain(&["duration_us", "bytes", "since", "refused", "cause"]);
        for key in rest.filter(|key| !value[**key].is_null()) {
            write!(f, " {key}={}", Show(&value[*key]))?;
        }
        Ok(())
    }
}

/// A value without quotes; what could steer a terminal stays escaped.
struct Show<'a>(&'a Value);

impl fmt::Display for Show<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => Ok(()),
            Value::String(text) => write!(f, "{}", text.escape_default()),
            other => write!(f, "{other}"),
        }
    }
}

/// All entries of the trail in `folder`, in order.
///
/// # Errors
/// If the folder cannot be read. Each entry can fail as well: by the file, or because it is none.
pub fn lines(folder: &Path) -> io::Result<impl Iterator<Item = io::Result<Line>>> {
    let mut walk = Walk::begin(folder)?;
    Ok(std::iter::from_fn(move || match walk.advance() {
        Ok(Some(Ending::Whole)) => Some(Line::read(walk.bytes())),
        Ok(Some(Ending::Torn) | None) => None,
        Err(error) => Some(Err(error)),
    }))
}

/// The last `count` entries of the trail in `folder`, in order.
///
/// # Errors
/// If the files cannot be read, or a line is not an entry.
pub fn tail(folder: &Path, count: usize) -> io::Result<Vec<Line>> {
    let mut found = VecDeque::new();
    for (_, path) in list(folder)?.into_iter().rev() {
        let room = count.saturating_sub(found.len());
        if room == 0 {
            break;
        }
        let (mut lines, mut last) = (Lines::open(&path)?, VecDeque::new());
        while lines.advance()? == Some(Ending::Whole) {
            if last.len() == room {
                last.pop_front();
            }
            last.push_back(Line::read(lines.bytes())?);
        }
        while let Some(line) = last.pop_back() {
            found.push_front(line);
        }
    }
    Ok(found.into())
}

/// What the trail in `folder` says of one exchange: its intent and its outcome, or its refusal.
///
/// # Errors
/// If the files cannot be read.
pub fn show(folder: &Path, id: DecisionId) -> io::Result<Vec<Line>> {
    let mut walk = Walk::begin(folder)?;
    let text = id.to_string();
    let needle = memchr::memmem::Finder::new(text.as_bytes());
    let mut found = Vec::new();
    while walk.advance()? == Some(Ending::Whole) {
        let bytes = walk.bytes();
        if needle.find(bytes).is_none() {
            continue;
        }
        // A text that an agent sent may hold the id as well; the head decides.
        let about = Head::parse(bytes).ok().filter(|head| head.id == Some(id));
        if about.is_some_and(|head| Kind::parse(head.kind).is_some()) {
            found.push(Line::read(bytes)?);
        }
    }
    Ok(found)
}

const MALFORMED: &str = "a line of the audit trail is no entry; verify the trail to find it";
