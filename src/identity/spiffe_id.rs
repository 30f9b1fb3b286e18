//! SPIFFE IDs: `spiffe://trust-domain/path`, parsed once and compared whole.
//!
//! The rules are those of the SPIFFE-ID standard, §2. A trust domain's case does not matter and is
//! lowered here, so that everything behind this file compares bytes. The path's case matters.

use std::fmt;
use std::sync::Arc;

/// A verified workload's name. At most 2,048 bytes.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SpiffeId {
    /// The whole id, with the scheme and the trust domain in lower case.
    text: Arc<str>,
    /// Where the path starts in `text`.
    path: usize,
}

/// The first part of a SPIFFE ID: who vouches for the rest. At most 255 bytes, lower case.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TrustDomain(Arc<str>);

/// Why a text is not a SPIFFE ID or not a trust domain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Malformed {
    /// A path segment is empty, `.` or `..`, or the path ends in `/`.
    PathSegment,
    /// A character that is not allowed where it stands.
    Character,
    /// No path behind the trust domain: that names the trust domain, not a workload.
    NoPath,
    /// The text does not begin with `spiffe://`.
    Scheme,
    /// Longer than the standard allows.
    TooLong,
    /// No trust domain.
    TrustDomain,
}

impl SpiffeId {
    /// Reads an id.
    ///
    /// # Errors
    /// [`Malformed`], if `text` breaks the standard.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() > MAX_ID {
            return Err(Malformed::TooLong);
        }
        let (scheme, rest) = text.split_at_checked(SCHEME.len()).ok_or(Malformed::Scheme)?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(Malformed::Scheme);
        }
        let slash = rest.find('/').ok_or(Malformed::NoPath)?;
        let domain = TrustDomain::parse(&rest[..slash])?;
        for segment in rest[slash + 1..].split('/') {
            check_segment(segment)?;
        }
        let path = SCHEME.len() + domain.0.len();
        Ok(Self { text: format!("{SCHEME}{}{}", domain.0, &rest[slash..]).into(), path })
    }

    /// The whole id, as it is compared and printed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The trust domain's text.
    pub fn trust_domain(&self) -> &str {
        &self.text[SCHEME.len()..self.path]
    }

    /// The path, beginning with `/`.
    pub fn path(&self) -> &str {
        &self.text[self.path..]
    }

    /// The path's segments, in order; at least one, none empty.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.path()[1..].split('/')
    }
}

impl TrustDomain {
    /// Reads a trust domain's name.
    ///
    /// # Errors
    /// [`Malformed`], if it is empty, too long or holds anything but letters, digits, `.`, `-`
    /// and `_`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.is_empty() {
            return Err(Malformed::TrustDomain);
        }
        if text.len() > MAX_TRUST_DOMAIN {
            return Err(Malformed::TooLong);
        }
        if !text.bytes().all(is_name_byte) {
            return Err(Malformed::Character);
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }

    /// The name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for TrustDomain {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PathSegment => "a path segment is empty, `.` or `..`",
            Self::Character => "a character is not allowed",
            Self::NoPath => "there is no path",
            Self::Scheme => "it does not begin with spiffe://",
            Self::TooLong => "it is too long",
            Self::TrustDomain => "there is no trust domain",
        })
    }
}

impl std::error::Error for Malformed {}

fn check_segment(segment: &str) -> Result<(), Malformed> {
    if matches!(segment, "" | "." | "..") {
        return Err(Malformed::PathSegment);
    }
    if !segment.bytes().all(is_name_byte) {
        return Err(Malformed::Character);
    }
    Ok(())
}

const fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')
}

const SCHEME: &str = "spiffe://";
const MAX_ID: usize = 2048;
const MAX_TRUST_DOMAIN: usize = 255;

#[cfg(test)]
mod tests {
    use super::{Malformed, SpiffeId};
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn an_id_has_a_trust_domain_and_a_path() {
        let id = SpiffeId::parse("spiffe://example.org/agent/billing").unwrap();
        assert_eq!(id.trust_domain(), "example.org");
        assert_eq!(id.path(), "/agent/billing");
        assert_eq!(id.segments().collect::<Vec<_>>(), ["agent", "billing"]);
    }

    #[test]
    fn case_matters_in_the_path_only() {
        let id = SpiffeId::parse("SPIFFE://Example.ORG/Agent").unwrap();
        assert_eq!(id.as_str(), "spiffe://example.org/Agent");
    }

    #[test]
    fn what_breaks_the_standard_is_refused() {
        for (text, why) in [
            ("", Malformed::Scheme),
            ("https://example.org/a", Malformed::Scheme),
            ("spiffe://example.org", Malformed::NoPath),
            ("spiffe:///a", Malformed::TrustDomain),
            ("spiffe://example.org/", Malformed::PathSegment),
            ("spiffe://example.org/a/", Malformed::PathSegment),
            ("spiffe://example.org//a", Malformed::PathSegment),
            ("spiffe://example.org/a/../b", Malformed::PathSegment),
            ("spiffe://example.org:8443/a", Malformed::Character),
            ("spiffe://user@example.org/a", Malformed::Character),
            ("spiffe://example.org/a%2fb", Malformed::Character),
            ("spiffe://example.org/a?b", Malformed::Character),
            ("spiffe://example.org/a#b", Malformed::Character),
            ("spiffe://example.org/a\0b", Malformed::Character),
            ("spiffe://exämple.org/a", Malformed::Character),
        ] {
            assert_eq!(SpiffeId::parse(text), Err(why), "{text}");
        }
        let long = format!("spiffe://example.org/{}", "a".repeat(2048));
        assert_eq!(SpiffeId::parse(&long), Err(Malformed::TooLong));
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_back(text in "spiffe://[a-zA-Z0-9._-]{1,20}(/[a-zA-Z0-9._-]{1,8}){1,4}") {
            if let Ok(id) = SpiffeId::parse(&text) {
                prop_assert_eq!(SpiffeId::parse(id.as_str()), Ok(id));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            let _ = SpiffeId::parse(&text);
        }
    }
}
