//! What a person signs for it.
//!
//! As with an approval the bytes are a short canonical text: fixed lines in a fixed order, visible
//! ASCII only, and a text that would be printed differently is no such statement.

use std::fmt;
use std::str::Lines;

use crate::approval::identity::Identity;
use crate::approval::standing::predicate::{Cap, Field, Paths, Predicate};
use crate::approval::statement::{LAST_TIME, MAX_LIFE, Malformed, Nonce, time};
use crate::clock::Timestamp;
use crate::identity::SpiffeId;

/// One person's yes to some requests, good for so many and from one time until another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    approver: Identity,
    predicate: Predicate,
    uses: u32,
    nonce: Nonce,
    issued: Timestamp,
    expires: Timestamp,
}

/// The most requests that one standing approval is for.
pub const MAX_USES: u32 = 1_000;

impl Standing {
    /// What `approver` is to sign.
    ///
    /// # Errors
    /// [`Malformed`], if it is for no or too many requests, for no time or too long, or for something
    /// that cannot be written in one way only.
    pub fn new(
        approver: Identity,
        predicate: Predicate,
        uses: u32,
        nonce: Nonce,
        (issued, expires): (Timestamp, Timestamp),
    ) -> Result<Self, Malformed> {
        let lives = expires.since(issued);
        if lives.is_zero() || lives > MAX_LIFE || expires > LAST_TIME {
            return Err(Malformed::Lifetime);
        }
        if !(1..=MAX_USES).contains(&uses) {
            return Err(Malformed::Line("uses"));
        }
        predicate.check()?;
        Ok(Self { approver, predicate, uses, nonce, issued, expires })
    }

    /// Reads what [`Display`](fmt::Display) prints, and nothing else.
    ///
    /// # Errors
    /// [`Malformed`], if `text` differs from it in any byte.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut lines = text.lines();
        if text.len() > MAX_STANDING || lines.next() != Some(VERSION) {
            return Err(Malformed::Version);
        }
        let approver = needed(&mut lines, "approver")?;
        let approver = Identity::parse(approver).map_err(|_| Malformed::Approver)?;
        let predicate = predicate(&mut lines)?;
        let uses = needed(&mut lines, "uses")?.parse().map_err(|_| Malformed::Line("uses"))?;
        let nonce = Nonce::parse(needed(&mut lines, "nonce")?).ok_or(Malformed::Line("nonce"))?;
        let issued = time(needed(&mut lines, "issued")?).ok_or(Malformed::Line("issued"))?;
        let expires = time(needed(&mut lines, "expires")?).ok_or(Malformed::Line("expires"))?;
        let standing = Self::new(approver, predicate, uses, nonce, (issued, expires))?;
        if standing.to_string() != text {
            return Err(Malformed::Form);
        }
        Ok(standing)
    }

    /// Who says so, by any of their names.
    pub fn approver(&self) -> &Identity {
        &self.approver
    }

    /// To what.
    pub fn predicate(&self) -> &Predicate {
        &self.predicate
    }

    /// How often.
    pub fn uses(&self) -> u32 {
        self.uses
    }

    /// What makes it unlike every other, and what it is called.
    pub fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// When it was made.
    pub fn issued(&self) -> Timestamp {
        self.issued
    }

    /// The first moment at which it is worth nothing.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Predicate { agent, method, authority, paths, headers, fields, cap } = &self.predicate;
        writeln!(f, "{VERSION}\napprover: {}\nagent: {}", self.approver, agent.as_str())?;
        writeln!(f, "method: {method}\nauthority: {authority}\npath: {paths}")?;
        headers.iter().try_for_each(|(name, value)| writeln!(f, "header: {name}: {value}"))?;
        let body = if self.predicate.is_any_body() { "any" } else { "json" };
        writeln!(f, "body: {body}")?;
        fields.iter().try_for_each(|one| writeln!(f, "field: {} = {}", one.pointer, one.value))?;
        if let Some(Cap { pointer, each, sum }) = cap {
            writeln!(f, "amount: {pointer}\neach: {each}\nsum: {sum}")?;
        }
        writeln!(f, "uses: {}\nnonce: {}", self.uses, self.nonce)?;
        writeln!(f, "issued: {}\nexpires: {}", self.issued, self.expires)
    }
}

fn predicate(lines: &mut Lines<'_>) -> Result<Predicate, Malformed> {
    let agent = SpiffeId::parse(needed(lines, "agent")?).map_err(|_| Malformed::Line("agent"))?;
    let method = needed(lines, "method")?.to_owned();
    let authority = needed(lines, "authority")?.to_owned();
    let paths = Paths::read(needed(lines, "path")?);
    let (mut headers, mut fields) = (Vec::new(), Vec::new());
    while let Some(header) = optional(lines, "header") {
        let (name, value) = header.split_once(": ").ok_or(Malformed::Line("header"))?;
        headers.push((name.to_owned(), value.to_owned()));
    }
    needed(lines, "body")?;
    while let Some(field) = optional(lines, "field") {
        fields.push(Field::read(field)?);
    }
    let cap = match optional(lines, "amount") {
        Some(pointer) => Some(Cap {
            pointer: pointer.to_owned(),
            each: needed(lines, "each")?.parse().map_err(|_| Malformed::Line("each"))?,
            sum: needed(lines, "sum")?.parse().map_err(|_| Malformed::Line("sum"))?,
        }),
        None => None,
    };
    Ok(Predicate { agent, method, authority, paths, headers, fields, cap })
}

impl Field {
    /// Reads `/pointer = value`.
    ///
    /// # Errors
    /// [`Malformed::Line`].
    pub fn read(text: &str) -> Result<Self, Malformed> {
        let (pointer, value) = text.split_once(" = ").ok_or(Malformed::Line("field"))?;
        let value = serde_json::from_str(value).map_err(|_| Malformed::Line("field"))?;
        Ok(Self { pointer: pointer.to_owned(), value })
    }
}

fn needed<'a>(lines: &mut Lines<'a>, key: &'static str) -> Result<&'a str, Malformed> {
    optional(lines, key).ok_or(Malformed::Line(key))
}

/// The value of the next line, if it has this key; another one is left where it is.
fn optional<'a>(lines: &mut Lines<'a>, key: &str) -> Option<&'a str> {
    let value = lines.clone().next()?.strip_prefix(key)?.strip_prefix(": ")?;
    lines.next();
    Some(value)
}

const VERSION: &str = "countersign standing approval v1";

/// Room for the longest names and all lines.
const MAX_STANDING: usize = 8_192;
