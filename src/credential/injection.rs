//! What a scheme puts on a request, as data: it can show the names, never the values.

use std::fmt;

use http::{HeaderName, HeaderValue};
use zeroize::Zeroizing;

/// What is set on a request, by overwriting whatever stands there.
pub enum Injection {
    /// A header.
    Header(HeaderName, HeaderValue),
    /// A query parameter: its name and its value, not yet escaped.
    Query(String, Zeroizing<String>),
}

impl fmt::Debug for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name, _) => write!(f, "header {name}"),
            Self::Query(name, _) => write!(f, "query parameter {name}"),
        }
    }
}
