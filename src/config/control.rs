//! `control:` who is let in at the control door, and who of them may change things.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::approval;
use crate::config::bundle::check_resource;
use crate::config::code::Code;
use crate::config::duration::Period;
use crate::config::identity::Trust;
use crate::config::keypath::KeyPath;
use crate::config::listeners::{Door, Listener};
use crate::config::problem::Problem;
use crate::config::report::{Report, rebase};
use crate::config::text::Text;
use crate::config::upstreams::{Origin, Scheme, Tls};
use crate::id::ListenerName;
use crate::identity::spiffe_id::TrustDomain;

/// Who is let in at the control door: by a certificate, or by a token.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The trust domains of people, each with its own authorities; none of them has agents.
    #[serde(default)]
    pub trust: BTreeMap<Text<TrustDomain>, Trust>,
    /// Whose tokens say who calls.
    pub oidc: Option<Oidc>,
    /// Who may read everything, and revoke, cancel and lift: names as tokens have them, and SPIFFE
    /// IDs. Those of `approvals.people` need not be here to answer what asks them.
    #[serde(default)]
    pub operators: Vec<Text<approval::Identity>>,
}

/// Whose tokens are believed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The `iss` of its tokens, to the letter.
    pub issuer: String,
    /// The one `aud` of tokens that are for Countersign.
    pub audience: String,
    /// The claim that is the caller's name. Unless given, `sub`; `email` counts only where the issuer
    /// says that it is verified.
    #[serde(default = "name")]
    pub name: String,
    /// Where its public keys are.
    pub keys: Keys,
}

/// Where an issuer's public keys are, as a JSON Web Key Set: in a file, or at a server.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The file; picked up when it changes.
    pub file: Option<PathBuf>,
    /// The server: a scheme, a host and perhaps a port.
    pub url: Option<Text<Origin>>,
    /// The path there.
    #[serde(default = "resource")]
    pub resource: String,
    /// How the server is verified.
    #[serde(default)]
    pub tls: Tls,
    /// How often the server is asked; sooner, where a token names a key that is not known.
    #[serde(default = "every")]
    pub every: Text<Period>,
}

impl Control {
    pub(super) fn rebase(&mut self, folder: &Path) {
        for trust in self.trust.values_mut() {
            rebase(folder, &mut trust.bundle);
            trust.crl.iter_mut().for_each(|path| rebase(folder, path));
        }
        if let Some(oidc) = &mut self.oidc {
            oidc.keys.rebase(folder);
        }
    }

    /// The files that it names.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let trust = self.trust.values().flat_map(|trust| trust.crl.iter().chain([&trust.bundle]));
        trust.chain(self.oidc.iter().flat_map(|oidc| oidc.keys.files()))
    }

    /// Reports what is wrong with it; `agents` are the trust domains that agents are of.
    pub(super) fn check(&self, agents: &BTreeMap<Text<TrustDomain>, Trust>, report: &mut Report) {
        let at = KeyPath::top("control");
        if self.trust.is_empty() && self.oidc.is_none() {
            let message = "nobody can be let in: there is neither `trust` nor `oidc`";
            report.check(
                Problem::key(Code::NoTrust, at.clone(), message)
                    .help("add `trust: { people.example.org: { bundle: pki/people-ca.pem } }`"),
            );
        }
        for domain in self.trust.keys().filter(|domain| agents.contains_key(*domain)) {
            let message = format!("agents of `{domain}` would be let in as people are");
            report.check(
                Problem::key(Code::SharedTrust, at.key("trust").key(&domain.to_string()), message)
                    .help("give people a trust domain of their own, with its own authority"),
            );
        }
        self.oidc.iter().for_each(|oidc| oidc.check(&at.key("oidc"), report));
    }
}

impl Oidc {
    fn check(&self, at: &KeyPath, report: &mut Report) {
        let texts = [("issuer", &self.issuer), ("audience", &self.audience), ("name", &self.name)];
        for (key, text) in texts {
            if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
                let message = format!("`{key}` is one word");
                report.check(Problem::value(Code::Value, at.key(key), message));
            }
        }
        self.keys.check(&at.key("keys"), report);
    }
}

impl Keys {
    pub(super) fn rebase(&mut self, folder: &Path) {
        self.file.iter_mut().for_each(|path| rebase(folder, path));
        self.tls.rebase(folder);
    }

    /// The files that they are read from, or verified with.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.file.iter().chain(self.tls.files())
    }

    pub(super) fn check(&self, at: &KeyPath, report: &mut Report) {
        match (&self.file, &self.url) {
            (Some(_), None) => {}
            (None, Some(url)) if url.scheme == Scheme::Http && !url.is_loopback() => {
                let message = "whoever is on the way could put other keys in place of these";
                report.check(
                    Problem::value(Code::Value, at.key("url"), message).help("use `https://`"),
                );
            }
            (None, Some(_)) => {}
            (Some(_), Some(_)) | (None, None) => {
                let message = "`keys` has one of `file` and `url`";
                report.check(
                    Problem::key(Code::Pair, at.clone(), message)
                        .help("write `keys: { url: https://id.example.org, resource: /jwks }`"),
                );
            }
        }
        check_resource(&self.resource, "/.well-known/jwks.json", at, report);
        report.within(at.key("every"), &self.every, Period::secs(10)..=Period::secs(86_400));
    }
}

/// A door and who is let in at it belong together, and to what is kept.
pub(super) fn check(
    control: Option<&Control>,
    listeners: &BTreeMap<ListenerName, Listener>,
    has_state: bool,
    report: &mut Report,
) {
    let door = listeners.iter().find(|(name, one)| one.door(name) == Some(Door::Control));
    let section = KeyPath::top("control");
    match (door, control) {
        (Some((name, _)), None) if !report.is_cut(&section) => {
            let at = KeyPath::top("listeners").key(name.as_str());
            let message =
                format!("listener `{name}` serves people, and nothing says who is let in");
            report.check(Problem::key(Code::Pair, at, message).help(
                "add `control: { trust: { people.example.org: { bundle: pki/people-ca.pem } }, \
                 operators: [spiffe://people.example.org/ops] }`",
            ));
        }
        (None, Some(_)) if !report.is_cut(&KeyPath::top("listeners")) => {
            let message = "no listener serves people";
            report.check(
                Problem::key(Code::Pair, section, message)
                    .help("add one: `control: { address: 127.0.0.1:8444 }`"),
            );
        }
        (Some(_), Some(_)) if !has_state && !report.is_cut(&KeyPath::top("state")) => {
            let message = "there is no `state`, so there is nothing to show people";
            report.check(
                Problem::key(Code::Pair, section, message)
                    .help("add `state: { url: sqlite:state/countersign.db }`"),
            );
        }
        _ => {}
    }
}

fn name() -> String {
    "sub".to_owned()
}

fn resource() -> String {
    "/.well-known/jwks.json".to_owned()
}

fn every() -> Text<Period> {
    Period::secs(300).into()
}
