//! `policy.signing:` and `policy.server:` for bundles that come from elsewhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::code::Code;
use crate::config::duration::Period;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::{Report, rebase};
use crate::config::source::Source;
use crate::config::text::Text;
use crate::config::upstreams::{Origin, Scheme, Tls};
use crate::policy::signing;

/// Who must have signed the bundle.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Signing {
    /// Their public keys, by the ids that signatures name them by; at least one.
    pub keys: BTreeMap<String, Key>,
    /// What a signature must say that it is for.
    pub scope: Option<String>,
}

/// One public key.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The one algorithm it is used with.
    pub algorithm: Algorithm,
    /// A PEM file: `-----BEGIN PUBLIC KEY-----`.
    pub file: PathBuf,
}

/// How bundles are signed; the names are those of RFC 7518.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256.
    ES256,
    /// ECDSA with P-384 and SHA-384.
    ES384,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
}

impl From<Algorithm> for signing::Algorithm {
    fn from(written: Algorithm) -> Self {
        match written {
            Algorithm::ES256 => Self::Es256,
            Algorithm::ES384 => Self::Es384,
            Algorithm::PS256 => Self::Ps256,
            Algorithm::RS256 => Self::Rs256,
            Algorithm::RS384 => Self::Rs384,
            Algorithm::RS512 => Self::Rs512,
        }
    }
}

/// Where the bundle is fetched from.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// The server: a scheme, a host and perhaps a port.
    pub url: Text<Origin>,
    /// The path of the bundle there.
    pub resource: String,
    /// How the server is verified, and how Countersign proves itself to it.
    #[serde(default)]
    pub tls: Tls,
    /// What is shown as a bearer token: `{ file: PATH }`, `{ env: NAME }` or `{ systemd: NAME }`.
    pub token: Option<Source>,
    /// How often it is asked for something new.
    #[serde(default = "every")]
    pub every: Text<Period>,
    /// How long the server may hold a request until there is something new.
    #[serde(default = "wait")]
    pub wait: Text<Period>,
}

impl Signing {
    pub(super) fn rebase(&mut self, folder: &Path) {
        self.keys.values_mut().for_each(|key| rebase(folder, &mut key.file));
    }

    pub(super) fn check(&self, at: &KeyPath, report: &mut Report) {
        if self.keys.is_empty() {
            let message = "`signing` needs at least one of `keys`";
            report.check(Problem::key(Code::Where, at.key("keys"), message));
        }
    }
}

impl Server {
    pub(super) fn rebase(&mut self, folder: &Path) {
        self.tls.rebase(folder);
        let token = self.token.as_mut().and_then(Source::path_mut);
        token.into_iter().for_each(|path| rebase(folder, path));
    }

    pub(super) fn check(&self, at: &KeyPath, report: &mut Report) {
        check_resource(&self.resource, "/bundles/authz.tar.gz", at, report);
        check_token(self.token.as_ref(), &self.url, at, report);
        let often = Period::secs(1)..=Period::secs(86_400);
        report.within(at.key("every"), &self.every, often);
        report.within(at.key("wait"), &self.wait, Period::secs(0)..=Period::secs(3600));
    }
}

/// Where on its server something is; `example` shows how to write it.
pub(super) fn check_resource(resource: &str, example: &str, at: &KeyPath, report: &mut Report) {
    if !resource.starts_with('/') || resource.parse::<http::Uri>().is_err() {
        let message = "`resource` is not a path";
        report.check(
            Problem::value(Code::Value, at.key("resource"), message)
                .help(format!("write it like `{example}`")),
        );
    }
}

/// A token is for nobody on the way.
pub(super) fn check_token(token: Option<&Source>, url: &Origin, at: &KeyPath, report: &mut Report) {
    if token.is_some() && url.scheme == Scheme::Http && !url.is_loopback() {
        let message = "the token would be sent in the clear";
        report.check(Problem::key(Code::Pair, at.key("token"), message).help("use `https://`"));
    }
}

fn every() -> Text<Period> {
    Period::secs(60).into()
}

fn wait() -> Text<Period> {
    Period::secs(300).into()
}
