//! How a secret is put on a request; one file a kind.
//!
//! A new scheme is a file here and a variant below. It answers two questions: what is set on the
//! request, and which texts must then be kept out of the answer.

pub mod basic;
pub mod bearer;
pub mod cookie;
pub mod header;
pub mod query;

use http::HeaderName;
use zeroize::Zeroizing;

use crate::credential::injection::Injection;
use crate::credential::secret::Secret;

/// A kind of credential, with what it needs beside the secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// RFC 7617: `Authorization: Basic base64(username:secret)`.
    Basic {
        /// What stands before the colon.
        username: String,
    },
    /// RFC 6750: `Authorization: Bearer secret`.
    Bearer,
    /// RFC 6265: one cookie.
    Cookie {
        /// The cookie's name.
        name: String,
    },
    /// Any header.
    Header {
        /// The header's name.
        name: HeaderName,
        /// What stands before the secret, such as `Token `.
        prefix: String,
    },
    /// A query parameter.
    Query {
        /// The parameter's name.
        name: String,
    },
}

impl Scheme {
    /// The word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Basic { .. } => "basic",
            Self::Bearer => "bearer",
            Self::Cookie { .. } => "cookie",
            Self::Header { .. } => "header",
            Self::Query { .. } => "query",
        }
    }

    /// What is set on a request; `None` if this secret cannot be carried this way.
    pub(super) fn injection(&self, secret: &Secret) -> Option<Injection> {
        match self {
            Self::Basic { username } => basic::injection(username, secret),
            Self::Bearer => bearer::injection(secret),
            Self::Cookie { name } => cookie::injection(name, secret),
            Self::Header { name, prefix } => header::injection(name, prefix, secret),
            Self::Query { name } => Some(query::injection(name, secret)),
        }
    }

    /// The texts that an upstream could echo, each to be looked for in every form.
    pub(super) fn traces(&self, secret: &Secret) -> Vec<Zeroizing<String>> {
        let plain = Zeroizing::new(secret.expose().to_owned());
        match self {
            Self::Basic { username } => vec![plain, basic::pair(username, secret)],
            _ => vec![plain],
        }
    }
}
