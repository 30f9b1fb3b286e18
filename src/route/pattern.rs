//! The hosts and paths that a route is for.

use std::fmt;

use crate::route::ambiguity::Ambiguity;
use crate::route::authority::Authority;
use crate::route::path::Path;

/// A host that a route serves: one name, or every name below one.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum HostPattern {
    /// This host. A port, where one is named, must be the one the agent asked for.
    Exact(Box<str>),
    /// `*.example.org`: one or more labels in front of this suffix, which begins with a dot.
    Below(Box<str>),
}

/// The start of a path that a route serves, in whole segments.
///
/// `/api` is for `/api` and everything under it; `/api/` only for what is under it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct PathPrefix {
    /// Without a trailing slash; empty for `/`.
    text: Box<str>,
    under: Under,
}

/// Whether a prefix serves its own path, or only what is under it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Under {
    Itself,
    Only,
}

/// Why a pattern in the configuration cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BadPattern {
    /// Not a host name, an address, or `*.` and a name.
    Host,
    /// Not a canonical path.
    Path(Ambiguity),
}

impl HostPattern {
    /// Reads a host: `api.example.org`, `127.0.0.1`, `[::1]`, or `*.example.org`.
    ///
    /// # Errors
    /// [`BadPattern::Host`].
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let (wild, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let authority = Authority::parse(name).map_err(|_| BadPattern::Host)?;
        if authority.port().is_some() || name.ends_with(":443") {
            return Err(BadPattern::Host);
        }
        Ok(match wild {
            true => Self::Below(format!(".{}", authority.host()).into()),
            false => Self::Exact(authority.host().into()),
        })
    }
}

impl PathPrefix {
    /// Every path.
    pub fn root() -> Self {
        Self { text: "".into(), under: Under::Only }
    }

    /// Reads a path.
    ///
    /// # Errors
    /// [`BadPattern::Path`], if no canonical request path could begin with it.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let path = Path::parse(text).map_err(BadPattern::Path)?;
        if path.as_str() != text {
            return Err(BadPattern::Path(Ambiguity::PathEscape));
        }
        let (text, under) = match text.strip_suffix('/') {
            Some(text) => (text, Under::Only),
            None => (text, Under::Itself),
        };
        Ok(Self { text: text.into(), under })
    }

    /// The text without a trailing slash: what a path's segments are compared with.
    pub(super) fn key(&self) -> &str {
        &self.text
    }

    /// Whether `path`, which is known to begin with [`key`](Self::key), is served.
    pub(super) fn serves(&self, path: &str) -> bool {
        self.under == Under::Itself || path.len() > self.text.len()
    }

    /// How many segments it has.
    pub(super) fn depth(&self) -> usize {
        self.text.bytes().filter(|b| *b == b'/').count()
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Below(suffix) => write!(f, "*{suffix}"),
        }
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match self.under {
            Under::Itself => Ok(()),
            Under::Only => f.write_str("/"),
        }
    }
}

impl fmt::Display for BadPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("a host is a name, an address, or `*.` and a name; no port"),
            Self::Path(rule) => write!(f, "no request path begins like this: {}", rule.detail()),
        }
    }
}

impl std::error::Error for BadPattern {}

#[cfg(test)]
mod tests {
    use super::{HostPattern, PathPrefix};

    #[test]
    fn what_is_printed_parses_back() {
        for text in ["api.example.org", "*.example.org", "[::1]", "127.0.0.1"] {
            assert_eq!(HostPattern::parse(text).unwrap().to_string(), text);
        }
        for text in ["/", "/api", "/api/", "/a/b"] {
            assert_eq!(PathPrefix::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn patterns_that_match_nothing_are_refused() {
        for text in ["", "*", "*.*.org", "a:80", "https://a", "a b"] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
        }
        for text in ["", "api", "/a//b", "/a/../b", "/%61", "/a*b?"] {
            assert!(PathPrefix::parse(text).is_err(), "{text}");
        }
    }
}
