//! What one agent did, as patterns of requests.
//!
//! A path's segment is generalised only with evidence: at least so many different values were seen
//! at that place with everything else the same, and all of them have one form. What one agent did is
//! never mixed with what another did.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::clock::Timestamp;
use crate::history::error::Error;
use crate::history::read::History;
use crate::history::record::Record;
use crate::id::DecisionId;

/// How many different values must have been seen before a segment is generalised.
pub(super) const EVIDENCE: usize = 5;

/// The most patterns that are told of one agent.
const PATTERNS: usize = 200;

/// What one agent did.
#[derive(Clone, Debug)]
pub struct Habits {
    /// The agent.
    pub(super) principal: String,
    /// Its requests that went ahead.
    pub(super) patterns: Vec<Pattern>,
    /// How many requests were refused, of which nothing is learnt.
    pub(super) refused: usize,
    /// How many patterns there were beyond those that are told.
    pub(super) beyond: usize,
}

/// Requests of one kind.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Pattern {
    pub(super) route: String,
    pub(super) method: String,
    pub(super) segments: Vec<Segment>,
    /// The names of the query's parameters that were seen.
    pub(super) parameters: BTreeSet<String>,
    pub(super) count: usize,
    /// One of them, with its segments as they were.
    pub(super) example: (DecisionId, Vec<String>),
}

/// One segment of a path.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Segment {
    /// Exactly this.
    Literal(String),
    /// Anything of this form; so many different values were seen.
    Any(Form, usize),
}

/// What identifiers look like.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Form {
    Digits,
    Hexadecimal,
    /// `cus_8Zk2`: a word, then letters and digits.
    Named(String),
    Uuid,
}

/// What `principal` did from `since` on.
///
/// # Errors
/// [`Error::Io`].
pub fn habits(history: &History, since: Timestamp, principal: &str) -> Result<Habits, Error> {
    let mut patterns: Vec<Pattern> = Vec::new();
    let mut refused = 0;
    history.each(since, |record| {
        let Some(seen) = Pattern::of(&record, principal) else { return };
        match record.effect() == "allow" || record.is_only_observed() {
            true => add(&mut patterns, seen),
            false => refused += 1,
        }
    })?;
    let longest = patterns.iter().map(|pattern| pattern.segments.len()).max().unwrap_or(0);
    for place in 0..longest {
        patterns = generalised(patterns, place);
    }
    patterns.sort();
    let beyond = patterns.len().saturating_sub(PATTERNS);
    patterns.truncate(PATTERNS);
    Ok(Habits { principal: principal.to_owned(), patterns, refused, beyond })
}

impl Pattern {
    /// The request of a record, if `principal` made it.
    fn of(record: &Record, principal: &str) -> Option<Self> {
        let input: Value = serde_json::from_str(record.input()?).ok()?;
        let text = |pointer: &str| input.pointer(pointer)?.as_str().map(str::to_owned);
        if text("/countersign/principal/spiffe_id")? != principal {
            return None;
        }
        let segments = input.pointer("/countersign/request/segments")?.as_array()?;
        let segments: Option<Vec<String>> =
            segments.iter().map(|one| one.as_str().map(str::to_owned)).collect();
        let segments = segments?;
        let query = input.pointer("/parsed_query").and_then(Value::as_object);
        Some(Self {
            route: text("/countersign/route")?,
            method: text("/attributes/request/http/method")?,
            segments: segments.iter().cloned().map(Segment::Literal).collect(),
            parameters: query.map(|names| names.keys().cloned().collect()).unwrap_or_default(),
            count: 1,
            example: (record.id()?, segments),
        })
    }

    fn is_like(&self, other: &Self) -> bool {
        (&self.route, &self.method, &self.segments)
            == (&other.route, &other.method, &other.segments)
    }

    fn take(&mut self, other: Self) {
        self.count += other.count;
        self.parameters.extend(other.parameters);
    }
}

fn add(patterns: &mut Vec<Pattern>, seen: Pattern) {
    match patterns.iter_mut().find(|pattern| pattern.is_like(&seen)) {
        Some(pattern) => pattern.take(seen),
        None => patterns.push(seen),
    }
}

/// The same patterns, with what differs only at `place` made one where there is evidence.
fn generalised(patterns: Vec<Pattern>, place: usize) -> Vec<Pattern> {
    let mut alike: BTreeMap<_, Vec<Pattern>> = BTreeMap::new();
    for pattern in patterns {
        let mut rest = pattern.segments.clone();
        let form = match rest.get(place) {
            Some(Segment::Literal(text)) => Form::of(text),
            _ => None,
        };
        if form.is_some() {
            rest.remove(place);
        }
        let key = (pattern.route.clone(), pattern.method.clone(), rest);
        alike.entry((key, form)).or_default().push(pattern);
    }
    let groups = alike.into_iter().flat_map(|((_, form), group)| match form {
        Some(form) if group.len() >= EVIDENCE => merged(group, place, &form),
        _ => group,
    });
    groups.collect()
}

/// All of `group` as one pattern.
fn merged(group: Vec<Pattern>, place: usize, form: &Form) -> Vec<Pattern> {
    let values = group.len();
    let whole = group.into_iter().reduce(|mut whole, pattern| {
        whole.take(pattern);
        whole
    });
    let generalised = whole.map(|mut whole| {
        if let Some(segment) = whole.segments.get_mut(place) {
            *segment = Segment::Any(form.clone(), values);
        }
        whole
    });
    generalised.into_iter().collect()
}

impl Form {
    fn of(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Digits);
        }
        let groups: Vec<&str> = text.split('-').collect();
        let is_uuid = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
            && groups.iter().all(|group| group.bytes().all(is_hex));
        if is_uuid {
            return Some(Self::Uuid);
        }
        if text.len() >= 8 && text.bytes().all(is_hex) {
            return Some(Self::Hexadecimal);
        }
        let (word, rest) = text.split_once('_')?;
        let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_id = rest.bytes().any(|byte| byte.is_ascii_digit())
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_word && is_id).then(|| Self::Named(word.to_owned()))
    }

    /// The regular expression of it.
    pub(super) fn expression(&self) -> String {
        match self {
            Self::Digits => "^[0-9]+$".to_owned(),
            Self::Hexadecimal => "^[0-9a-f]{8,}$".to_owned(),
            Self::Named(word) => format!("^{word}_[0-9A-Za-z]+$"),
            Self::Uuid => "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$".to_owned(),
        }
    }
}
