//! What people sign: one number that stands for a whole substance, and what differs where two
//! substances have different ones.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use http::header::HeaderName;

use crate::proposal::substance::Substance;

/// SHA-256 over a substance's bytes, which begin with their own name and version.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Digest([u8; 32]);

/// One field in which two substances differ.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Difference {
    /// Host or port.
    Authority,
    /// At least one byte of the body.
    Body,
    /// On whose behalf.
    Chain,
    /// The credential's name.
    Credential,
    /// A judged header: its value, how often it stands there, or that it does.
    Header(HeaderName),
    /// The method.
    Method,
    /// The principal.
    Owner,
    /// The path.
    Path,
    /// The rules.
    PolicyRevision,
    /// The query.
    Query,
    /// `http` or `https`.
    Scheme,
    /// The task.
    Task,
}

impl Digest {
    /// The digest of `substance`.
    pub fn of(substance: &Substance) -> Self {
        Self::over(&substance.to_bytes())
    }

    /// The digest with these 32 bytes; `None` if there are not 32.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads back what [`Display`](fmt::Display) printed; `None` if `text` is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("sha-256:")?;
        if digits.len() != 64 || !digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest of these bytes, which say what they are.
    pub(super) fn over(bytes: &[u8]) -> Self {
        let mut sum = [0; 32];
        sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(sum)
    }
}

impl Difference {
    /// Every field in which `now` is not what `then` was; empty only if their digests are the same.
    pub fn between(then: &Substance, now: &Substance) -> Vec<Self> {
        let (before, after) = (&then.request, &now.request);
        let fields = [
            (then.owner != now.owner, Self::Owner),
            (then.chain != now.chain, Self::Chain),
            (then.task != now.task, Self::Task),
            (before.method != after.method, Self::Method),
            (before.scheme != after.scheme, Self::Scheme),
            (before.authority != after.authority, Self::Authority),
            (before.path != after.path, Self::Path),
            (before.query != after.query, Self::Query),
            (before.body != after.body, Self::Body),
            (then.credential != now.credential, Self::Credential),
            (then.policy_revision != now.policy_revision, Self::PolicyRevision),
        ];
        let fields = fields.into_iter().filter_map(|(differs, field)| differs.then_some(field));
        fields.chain(headers(then, now)).collect()
    }
}

fn headers(then: &Substance, now: &Substance) -> Vec<Difference> {
    let (before, after) = (&then.request.headers, &now.request.headers);
    let mut names: Vec<_> = before.iter().chain(after).map(|(name, _)| name).collect();
    names.sort_by_key(|name| name.as_str());
    names.dedup();
    let differs = |name: &&HeaderName| {
        let one = before.iter().filter(|(other, _)| other == *name);
        one.ne(after.iter().filter(|(other, _)| other == *name))
    };
    names.into_iter().filter(differs).cloned().map(Difference::Header).collect()
}

/// `sha-256:` and 64 hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha-256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads behind "not executed: ".
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = match self {
            Self::Authority => "the host",
            Self::Body => "the body",
            Self::Chain => "the chain of delegation",
            Self::Credential => "the credential",
            Self::Header(name) => return write!(f, "the header {name} is not what was approved"),
            Self::Method => "the method",
            Self::Owner => "the principal",
            Self::Path => "the path",
            Self::PolicyRevision => "the policy revision",
            Self::Query => "the query",
            Self::Scheme => "the scheme",
            Self::Task => "the task",
        };
        write!(f, "{field} is not what was approved")
    }
}
