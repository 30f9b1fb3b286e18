//! Which requests a standing approval is for.

use std::fmt;

use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::approval::statement::Malformed;
use crate::identity::SpiffeId;
use crate::proposal::{Request, Substance};
use crate::route::json;

/// All that a request has to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Predicate {
    /// Who puts it forward, and for nobody else.
    pub agent: SpiffeId,
    /// Its method.
    pub method: String,
    /// Its host, and port where it is not the usual one.
    pub authority: String,
    /// Its path. It has no query.
    pub paths: Paths,
    /// Headers that it must have with these values, by name in lower case; apart from them only those
    /// that change nothing.
    pub headers: Vec<(String, String)>,
    /// What its body must say, if anything.
    pub fields: Vec<Field>,
    /// The field that is counted.
    pub cap: Option<Cap>,
}

/// One path, or all below one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Paths {
    /// This one.
    Exactly(String),
    /// Those that begin with this, which ends with a slash.
    Under(String),
}

/// A member of a JSON body, and what it has to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    /// Where it is: `/customer/country`.
    pub pointer: String,
    /// Text, a whole number, true, false or null.
    pub value: Value,
}

/// A member of a JSON body that is a whole number, and how much it may come to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cap {
    /// Where it is.
    pub pointer: String,
    /// The most of one request.
    pub each: u64,
    /// The most of all of them together.
    pub sum: u64,
}

/// The most headers, and the most fields.
pub const MAX_LINES: usize = 8;

impl Predicate {
    /// The amount of `substance`, if it is for this; nothing, if it is not.
    pub fn amount(&self, substance: &Substance) -> Option<u64> {
        let request = substance.request();
        let fits = *substance.owner() == self.agent
            // What was handed on is another's wish.
            && substance.chain().is_empty()
            && request.method().as_str() == self.method
            && request.scheme().as_str() == "https"
            && request.authority() == self.authority
            && request.query().is_none()
            && self.paths.has(request.path())
            && self.fits_headers(request);
        if !fits {
            return None;
        }
        if self.is_any_body() {
            return Some(0);
        }
        let body = read(request)?;
        let is_so = |field: &Field| body.pointer(&field.pointer) == Some(&field.value);
        if !self.fields.iter().all(is_so) {
            return None;
        }
        let Some(cap) = &self.cap else { return Some(0) };
        let amount = body.pointer(&cap.pointer).and_then(Value::as_u64)?;
        (amount <= cap.each).then_some(amount)
    }

    /// Whether the body may be anything.
    pub fn is_any_body(&self) -> bool {
        self.fields.is_empty() && self.cap.is_none()
    }

    fn fits_headers(&self, request: &Request) -> bool {
        let wanted = |name: &str| self.headers.iter().find(|(one, _)| one == name);
        let is_said = request.headers().iter().all(|(name, value)| match wanted(name.as_str()) {
            Some((_, wanted)) => value.as_bytes() == wanted.as_bytes(),
            None => HARMLESS.contains(&name.as_str()),
        });
        let has = |name: &str| request.headers().iter().any(|(one, _)| one.as_str() == name);
        is_said && self.headers.iter().all(|(name, _)| has(name))
    }

    /// Whether it is written in the one way that it can be: everything visible, in order, bounded.
    pub(super) fn check(&self) -> Result<(), Malformed> {
        let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        let is_line = |text: &str| {
            let is_shown = text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
            is_shown && text.trim() == text && !text.is_empty()
        };
        let names = self.headers.iter().map(|(name, _)| name.as_str());
        let pointers = self.fields.iter().map(|field| field.pointer.as_str());
        let cap = self.cap.iter().map(|cap| cap.pointer.as_str());
        let is_scalar = |value: &Value| match value {
            Value::Number(number) => number.is_i64() || number.is_u64(),
            Value::String(text) => text.is_empty() || is_line(text),
            Value::Array(_) | Value::Object(_) => false,
            Value::Bool(_) | Value::Null => true,
        };
        let sound = [
            (is_word(&self.method), "method"),
            (is_word(&self.authority), "authority"),
            (self.paths.is_canonical(), "path"),
            (self.headers.len() <= MAX_LINES && is_sorted(names.clone()), "header"),
            (names.clone().all(|name| is_word(name) && !name.contains(':')), "header"),
            (names.clone().all(|name| name.to_ascii_lowercase() == name), "header"),
            (self.headers.iter().all(|(_, value)| is_line(value)), "header"),
            (self.fields.len() <= MAX_LINES && is_sorted(pointers.clone()), "field"),
            (pointers.chain(cap).all(is_pointer), "field"),
            (self.fields.iter().all(|field| is_scalar(&field.value)), "field"),
            (self.cap.as_ref().is_none_or(|cap| 0 < cap.each && cap.each <= cap.sum), "amount"),
            (self.cap.as_ref().is_none_or(|cap| cap.sum <= MOST), "amount"),
        ];
        let wrong = sound.into_iter().find(|(is_sound, _)| !is_sound);
        wrong.map_or(Ok(()), |(_, line)| Err(Malformed::Line(line)))
    }
}

impl Paths {
    /// Reads a path, or all below one: `/v1/refunds/*`.
    pub fn read(text: &str) -> Self {
        match text.strip_suffix('*') {
            Some(start) => Self::Under(start.to_owned()),
            None => Self::Exactly(text.to_owned()),
        }
    }

    pub(in crate::approval) fn has(&self, path: &str) -> bool {
        match self {
            Self::Exactly(one) => path == one,
            // What is escaped may be a slash to somebody.
            Self::Under(start) => path
                .strip_prefix(start.as_str())
                .is_some_and(|rest| !rest.is_empty() && !rest.contains('%')),
        }
    }

    fn is_canonical(&self) -> bool {
        let (path, is_start) = match self {
            Self::Exactly(path) => (path, false),
            Self::Under(path) => (path, true),
        };
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
        let segments = path.strip_prefix('/').map(|rest| rest.split('/')).into_iter().flatten();
        let is_dots = |segment: &str| matches!(segment, "." | "..");
        path.starts_with('/')
            && path.bytes().all(is_plain)
            && !path.contains("//")
            && !segments.into_iter().any(is_dots)
            && (!is_start || path.ends_with('/'))
    }
}

impl fmt::Display for Paths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(path) => f.write_str(path),
            Self::Under(start) => write!(f, "{start}*"),
        }
    }
}

/// The body, if everybody who reads it reads the same.
fn read(request: &Request) -> Option<Value> {
    let mut kinds = request.headers().iter().filter(|(name, _)| *name == CONTENT_TYPE);
    let kind = kinds.next()?.1.to_str().ok()?.to_ascii_lowercase();
    let (kind, parameter) = kind.split_once(';').unwrap_or((&kind, "charset=utf-8"));
    // In another charset the same bytes may say something else.
    let is_json = kind.trim() == "application/json" && parameter.trim() == "charset=utf-8";
    if !is_json || kinds.next().is_some() {
        return None;
    }
    json::check(request.body()).ok()?;
    serde_json::from_slice(request.body()).ok()
}

fn is_pointer(text: &str) -> bool {
    let is_name = |segment: &str| {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        !segment.is_empty() && segment.bytes().all(is_plain)
    };
    text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_name))
}

/// Each but once.
fn is_sorted<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let names: Vec<_> = names.collect();
    names.windows(2).all(|two| two[0] < two[1])
}

/// What any program may send without changing what it asks for.
const HARMLESS: [&str; 6] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "content-length",
    "content-type",
    "user-agent",
];

/// Both databases keep whole numbers up to this.
const MOST: u64 = i64::MAX as u64;
