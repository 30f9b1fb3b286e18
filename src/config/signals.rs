//! `signals:` security events: where they are sent, and whose are heard.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::audit::Key;
use crate::config::bundle::{check_resource, check_token};
use crate::config::code::Code;
use crate::config::control::Keys;
use crate::config::file::File;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::{Report, rebase};
use crate::config::source::Source;
use crate::config::text::Text;
use crate::config::upstreams::{Origin, Scheme, Tls};
use crate::identity::SpiffeId;
use crate::identity::spiffe_id::TrustDomain;

/// Security events: where they are sent, and whose are heard.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Signals {
    /// Where every revocation is told. Without it none is.
    pub send: Option<Receiver>,
    /// Whose events are heard at the control door, by a name for each.
    #[serde(default)]
    pub receive: BTreeMap<String, Transmitter>,
}

/// Where security events are sent, by push.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// The server: a scheme, a host and perhaps a port.
    pub url: Text<Origin>,
    /// The path there.
    #[serde(default = "resource")]
    pub resource: String,
    /// Who says so: the `iss` of every event, a URI that no other deployment has.
    pub issuer: String,
    /// Whom they are for: their `aud`.
    pub audience: String,
    /// The Ed25519 key that signs them.
    pub key: Key,
    /// What is shown as a bearer token: `{ file: PATH }`, `{ env: NAME }` or `{ systemd: NAME }`.
    pub token: Option<Source>,
    /// How the server is verified, and how Countersign proves itself to it.
    #[serde(default)]
    pub tls: Tls,
}

/// Somebody whose security events are heard, about the agents that are named here and no others.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Transmitter {
    /// The `iss` of its events, to the letter.
    pub issuer: String,
    /// What its events have in their `aud`.
    pub audience: String,
    /// Where its public keys are.
    pub keys: Keys,
    /// The trust domains whose agents it may speak about.
    #[serde(default)]
    pub trust_domains: Vec<Text<TrustDomain>>,
    /// Agents that it may speak about, each with those whose path goes on from there.
    #[serde(default)]
    pub agents: Vec<Text<SpiffeId>>,
}

impl Signals {
    pub(super) fn rebase(&mut self, folder: &Path) {
        if let Some(send) = &mut self.send {
            rebase(folder, &mut send.key.file);
            send.tls.rebase(folder);
            let token = send.token.as_mut().and_then(Source::path_mut);
            token.into_iter().for_each(|path| rebase(folder, path));
        }
        self.receive.values_mut().for_each(|one| one.keys.rebase(folder));
    }

    /// The files that it names and that a reload picks up.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.receive.values().flat_map(|one| one.keys.files())
    }

    pub(super) fn check(&self, file: &File, report: &mut Report) {
        let at = KeyPath::top("signals");
        if file.state.is_none() && !report.is_cut(&KeyPath::top("state")) {
            let message = "there is no `state`, so nothing can be revoked";
            report.check(
                Problem::key(Code::Pair, at.clone(), message)
                    .help("add `state: { url: sqlite:state/countersign.db }`"),
            );
        }
        let is_closed = file.control.is_none() && !report.is_cut(&KeyPath::top("control"));
        if !self.receive.is_empty() && is_closed {
            let message = "security events are heard at the control door, and there is none";
            report.check(
                Problem::key(Code::Pair, at.key("receive"), message)
                    .help("add `control:`, and a listener `control: { address: 127.0.0.1:8444 }`"),
            );
        }
        self.send.iter().for_each(|send| send.check(&at.key("send"), report));
        self.check_receive(&at.key("receive"), report);
    }

    fn check_receive(&self, at: &KeyPath, report: &mut Report) {
        let mut issuers = BTreeMap::new();
        for (name, one) in &self.receive {
            let at = at.key(name);
            if !is_word(name) || name.len() > MAX_NAME {
                let message = "a transmitter's name is one word of at most 64 visible characters";
                report.check(Problem::key(Code::Value, at.clone(), message));
            }
            check_words(&one.issuer, &one.audience, &at, report);
            one.keys.check(&at.key("keys"), report);
            if let Some(other) = issuers.insert(&one.issuer, name) {
                let message = format!("`{other}` has the same issuer");
                report.check(Problem::value(Code::Value, at.key("issuer"), message));
            }
        }
    }
}

impl Receiver {
    fn check(&self, at: &KeyPath, report: &mut Report) {
        check_resource(&self.resource, "/events", at, report);
        check_token(self.token.as_ref(), &self.url, at, report);
        check_words(&self.issuer, &self.audience, at, report);
        if self.url.scheme == Scheme::Http && !self.url.is_loopback() {
            let message = "whoever is on the way could give receipts and keep the events";
            report
                .check(Problem::value(Code::Value, at.key("url"), message).help("use `https://`"));
        }
    }
}

fn check_words(issuer: &str, audience: &str, at: &KeyPath, report: &mut Report) {
    for (key, text) in [("issuer", issuer), ("audience", audience)] {
        if !is_word(text) || text.len() > MAX_WORD {
            let message = format!("`{key}` is one word of at most 255 visible characters");
            report.check(Problem::value(Code::Value, at.key(key), message));
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn resource() -> String {
    "/".to_owned()
}

const MAX_NAME: usize = 64;

const MAX_WORD: usize = 255;
