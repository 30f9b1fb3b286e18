//! What an approver signs.
//!
//! The bytes are a short text, so that somebody who runs `ssh-keygen -Y sign` can read what they
//! put their name to. They are canonical: fixed lines in a fixed order, and a text that would be
//! printed differently is not a statement. So no two statements share bytes and no two byte
//! strings say the same, whatever an agent can get into a reason.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use uuid::Uuid;

use crate::approval::identity::Identity;
use crate::clock::Timestamp;
use crate::proposal::Digest;

/// One person's answer to one proposal, good from one time until another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement {
    verdict: Verdict,
    proposal: Digest,
    approver: Identity,
    nonce: Nonce,
    issued: Timestamp,
    expires: Timestamp,
}

/// What the person says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Yes, as one of those who were asked.
    Approve,
    /// Yes, alone and in an emergency, for this reason.
    BreakGlass(Reason),
    /// No, and why, where they say.
    Deny(Option<Reason>),
    /// Their yes is worth nothing any more, and why, where they say.
    Withdraw(Option<Reason>),
}

/// Sixteen random bytes, so that no signature can be used twice. Printed as 32 hexadecimal digits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Nonce([u8; 16]);

/// One line of a person's own words, without anything that hides or reorders text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reason(String);

/// Why something is not a statement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Malformed {
    /// The approver's name.
    Approver,
    /// It is not printed the one way that statements are: another order, spelling or line end.
    Form,
    /// It is good for longer than an approval may be, for no time, or beyond the year 9999.
    Lifetime,
    /// A line that belongs there is missing or cannot be read.
    Line(&'static str),
    /// A reason is empty, too long, padded with spaces or holds characters that are not shown.
    Reason,
    /// Another version, or something else altogether.
    Version,
}

impl Statement {
    /// What `approver` is to sign.
    ///
    /// # Errors
    /// [`Malformed::Lifetime`], if `expires` is not after `issued` and within seven days of it.
    pub fn new(
        verdict: Verdict,
        proposal: Digest,
        approver: Identity,
        nonce: Nonce,
        issued: Timestamp,
        expires: Timestamp,
    ) -> Result<Self, Malformed> {
        let lives = expires.since(issued);
        if lives.is_zero() || lives > MAX_LIFE || expires > LAST_TIME {
            return Err(Malformed::Lifetime);
        }
        Ok(Self { verdict, proposal, approver, nonce, issued, expires })
    }

    /// Reads what [`Display`](fmt::Display) prints, and nothing else.
    ///
    /// # Errors
    /// [`Malformed`], if `text` differs from it in any byte.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut lines = text.lines();
        if text.len() > MAX_STATEMENT || lines.next() != Some(VERSION) {
            return Err(Malformed::Version);
        }
        let mut line = |key: &'static str| {
            let value = lines.next().and_then(|line| line.strip_prefix(key)?.strip_prefix(": "));
            value.ok_or(Malformed::Line(key))
        };
        let verdict = line("verdict")?;
        let proposal = Digest::parse(line("proposal")?).ok_or(Malformed::Line("proposal"))?;
        let approver = Identity::parse(line("approver")?).map_err(|_| Malformed::Approver)?;
        let nonce = Nonce::parse(line("nonce")?).ok_or(Malformed::Line("nonce"))?;
        let issued = time(line("issued")?).ok_or(Malformed::Line("issued"))?;
        let expires = time(line("expires")?).ok_or(Malformed::Line("expires"))?;
        let reason = line("reason").ok().map(Reason::parse).transpose()?;
        let verdict = match (verdict, reason) {
            ("approve", None) => Verdict::Approve,
            ("break-glass", Some(reason)) => Verdict::BreakGlass(reason),
            ("break-glass", None) => return Err(Malformed::Line("reason")),
            ("deny", reason) => Verdict::Deny(reason),
            ("withdraw", reason) => Verdict::Withdraw(reason),
            _ => return Err(Malformed::Line("verdict")),
        };
        let statement = Self::new(verdict, proposal, approver, nonce, issued, expires)?;
        if statement.to_string() != text {
            return Err(Malformed::Form);
        }
        Ok(statement)
    }

    /// Yes or no.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The proposal it is about.
    pub fn proposal(&self) -> Digest {
        self.proposal
    }

    /// Who says so, by any of their names.
    pub fn approver(&self) -> &Identity {
        &self.approver
    }

    /// What makes it unlike every other.
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

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{VERSION}\nverdict: {}\nproposal: {}", self.verdict, self.proposal)?;
        writeln!(f, "approver: {}\nnonce: {}", self.approver, self.nonce)?;
        writeln!(f, "issued: {}\nexpires: {}", self.issued, self.expires)?;
        let reason = self.verdict.reason();
        reason.map_or(Ok(()), |reason| writeln!(f, "reason: {}", reason.0))
    }
}

impl Verdict {
    /// Why, where the person says so.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Approve => None,
            Self::BreakGlass(reason) => Some(reason),
            Self::Deny(reason) | Self::Withdraw(reason) => reason.as_ref(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Approve => "approve",
            Self::BreakGlass(_) => "break-glass",
            Self::Deny(_) => "deny",
            Self::Withdraw(_) => "withdraw",
        })
    }
}

impl Nonce {
    /// From bytes that nobody can foresee.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// One that nobody can foresee.
    pub fn fresh() -> Self {
        Self(*Uuid::new_v4().as_bytes())
    }

    /// Reads back what [`Display`](fmt::Display) printed; `None` if `text` is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        hex(text).map(Self)
    }
}

impl Reason {
    /// Reads one line of text.
    ///
    /// # Errors
    /// [`Malformed::Reason`], if it is empty, over 1,000 bytes, begins or ends with white space, or
    /// holds a character that is not shown as itself.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let shown = |c: char| matches!(c, '\'' | '"' | '\\') || c.escape_debug().count() == 1;
        let fits = !text.is_empty() && text.len() <= MAX_REASON && text.trim() == text;
        if !fits || !text.chars().all(shown) {
            return Err(Malformed::Reason);
        }
        Ok(Self(text.to_owned()))
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approver => f.write_str("the approver is not a name"),
            Self::Form => f.write_str("it is not written the one way that statements are"),
            Self::Lifetime => f.write_str("it must be good for some time, and seven days at most"),
            Self::Line(key) => write!(f, "the line `{key}` is missing or cannot be read"),
            Self::Reason => f.write_str("a reason is one line of visible text, 1000 bytes at most"),
            Self::Version => write!(f, "it does not begin with `{VERSION}`, or is too long"),
        }
    }
}

impl std::error::Error for Malformed {}

/// `N` bytes from twice as many hexadecimal digits.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// A time from RFC 3339; that it is the one spelling is found out when the whole is printed.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let micros = jiff::Timestamp::from_str(text).ok()?.as_microsecond();
    u64::try_from(micros).ok().map(Timestamp::from_micros)
}

const VERSION: &str = "countersign approval v1";

/// No approval is worth anything for longer.
pub const MAX_LIFE: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The last time that is printed with a year of four digits: the end of 9998.
pub(super) const LAST_TIME: Timestamp = Timestamp::from_micros(253_370_764_799_999_999);

const MAX_REASON: usize = 1_000;

/// Room for the longest name and the longest reason.
const MAX_STATEMENT: usize = 4_096;
