//! `credentials:` what is put on approved requests, and where the secret of each comes from.
//!
//! A credential is bound to its upstreams here, and what it would be dangerous to set (the headers
//! that frame or route a request) is refused here.

use std::collections::BTreeMap;
use std::path::Path;

use http::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::code::Code;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::{Report, rebase};
use crate::config::source::Source;
use crate::credential::scheme as placement;
use crate::id::{CredentialName, UpstreamName};

/// One credential, as written. [`placement`](Self::placement) says what its keys amount to.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// How it is put on a request.
    pub scheme: Scheme,
    /// Where its secret is: `{ file: PATH }`, `{ env: NAME }` or `{ systemd: NAME }`.
    pub secret: Source,
    /// The only upstreams it may ever be sent to; at least one.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub upstreams: Vec<UpstreamName>,
    /// For `basic`: what stands before the colon.
    pub username: Option<String>,
    /// For `header`, `query` and `cookie`: the name of the header, parameter or cookie.
    pub name: Option<String>,
    /// For `header`: what stands before the secret, such as `"Token "`.
    pub prefix: Option<String>,
}

/// How a credential is put on a request.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// `Authorization: Basic …`
    Basic,
    /// `Authorization: Bearer …`
    Bearer,
    /// One cookie.
    Cookie,
    /// Any header, with a prefix where one is needed.
    Header,
    /// A query parameter.
    Query,
}

/// What is wrong with one key of a credential.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Misfit {
    /// The key.
    pub key: &'static str,
    /// What kind of problem it is.
    pub code: Code,
    /// What is wrong with it.
    pub message: String,
}

impl Credential {
    /// How it is put on a request.
    ///
    /// # Errors
    /// The first key that is missing or cannot be used. None once [`parse`](crate::config::parse)
    /// has accepted the file.
    pub fn placement(&self) -> Result<placement::Scheme, Misfit> {
        match self.scheme {
            Scheme::Basic => Ok(placement::Scheme::Basic { username: self.username()? }),
            Scheme::Bearer => Ok(placement::Scheme::Bearer),
            Scheme::Cookie => Ok(placement::Scheme::Cookie { name: self.name(is_token)? }),
            Scheme::Header => {
                Ok(placement::Scheme::Header { name: self.header()?, prefix: self.prefix()? })
            }
            Scheme::Query => Ok(placement::Scheme::Query { name: self.name(is_parameter)? }),
        }
    }

    fn username(&self) -> Result<String, Misfit> {
        let username = needed("username", self.username.as_ref())?;
        let is_fine = !username.contains(':') && !username.contains(char::is_control);
        fitting("username", username, is_fine, "holds no colon and no control characters")
    }

    fn name(&self, is_fine: fn(&str) -> bool) -> Result<String, Misfit> {
        let name = needed("name", self.name.as_ref())?;
        fitting("name", name, is_fine(name), "is made of letters, digits and `-`, `_`, `.`")
    }

    fn header(&self) -> Result<HeaderName, Misfit> {
        let name = needed("name", self.name.as_ref())?.to_ascii_lowercase();
        let refused = |code, message: String| Misfit { key: "name", code, message };
        if is_forbidden(&name) {
            let message = format!("no credential may set the header `{name}`");
            return Err(refused(Code::ForbiddenHeader, message));
        }
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
            let message = "`name` is a header's name: letters, digits and `-`".to_owned();
            refused(Code::Value, message)
        })
    }

    fn prefix(&self) -> Result<String, Misfit> {
        let prefix = self.prefix.clone().unwrap_or_default();
        let is_fine = prefix.bytes().all(|b| (b' '..=b'~').contains(&b));
        fitting("prefix", &prefix, is_fine, "is made of printable ASCII characters")
    }

    pub(super) fn rebase(&mut self, folder: &Path) {
        self.secret.path_mut().into_iter().for_each(|path| rebase(folder, path));
    }

    fn check(&self, at: &KeyPath, report: &mut Report) {
        let written = [
            ("username", self.username.is_some()),
            ("name", self.name.is_some()),
            ("prefix", self.prefix.is_some()),
        ];
        let fitting = self.scheme.keys();
        for (key, _) in written.iter().filter(|(key, there)| *there && !fitting.contains(key)) {
            let message = format!("`{key}` does not belong to the scheme `{}`", self.scheme.word());
            report.check(Problem::key(Code::SchemeKey, at.key(key), message));
        }
        if let Err(misfit) = self.placement() {
            let problem = match misfit.code {
                Code::SchemeMissing => Problem::key(misfit.code, at.clone(), misfit.message),
                _ => Problem::value(misfit.code, at.key(misfit.key), misfit.message),
            };
            report.check(problem);
        }
        if self.upstreams.is_empty() {
            let message = "a credential names at least one upstream that it may be sent to";
            report.check(Problem::key(Code::Value, at.key("upstreams"), message));
        }
    }
}

impl Scheme {
    /// The keys that belong to it, beside those of every credential.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Basic => &["username"],
            Self::Bearer => &[],
            Self::Cookie | Self::Query => &["name"],
            Self::Header => &["name", "prefix"],
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Bearer => "bearer",
            Self::Cookie => "cookie",
            Self::Header => "header",
            Self::Query => "query",
        }
    }
}

/// What is wrong with each credential.
pub(super) fn check(credentials: &BTreeMap<CredentialName, Credential>, report: &mut Report) {
    let section = KeyPath::top("credentials");
    for (name, credential) in credentials {
        report.name(&section, name.as_str());
        credential.check(&section.key(name.as_str()), report);
    }
}

fn needed<'a>(key: &'static str, value: Option<&'a String>) -> Result<&'a str, Misfit> {
    value.map(String::as_str).ok_or_else(|| Misfit {
        key,
        code: Code::SchemeMissing,
        message: format!("this scheme needs a `{key}`"),
    })
}

fn fitting(key: &'static str, value: &str, is_fine: bool, rule: &str) -> Result<String, Misfit> {
    match is_fine {
        true => Ok(value.to_owned()),
        false => Err(Misfit { key, code: Code::Value, message: format!("`{key}` {rule}") }),
    }
}

/// RFC 9110 §5.6.2, as RFC 6265 §4.1.1 asks of a cookie's name.
fn is_token(name: &str) -> bool {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(is_token)
}

/// RFC 3986's unreserved characters: what needs no escape, and so is the same for everyone.
fn is_parameter(name: &str) -> bool {
    let is_unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    !name.is_empty() && name.bytes().all(is_unreserved)
}

/// Headers that frame, route or describe the request, or that Countersign vouches for.
fn is_forbidden(name: &str) -> bool {
    FORBIDDEN.contains(&name) || FORBIDDEN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

const FORBIDDEN: [&str; 16] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];
const FORBIDDEN_PREFIXES: [&str; 3] = ["countersign-", "proxy-", "x-forwarded-"];
