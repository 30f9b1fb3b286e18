//! `callbacks:` whether agents may be told what becomes of their proposals, at addresses of theirs.

use std::path::Path;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::callback;
use crate::config::audit::Key;
use crate::config::code::Code;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::{Report, rebase};
use crate::config::state::State;
use crate::config::text::Text;
use crate::config::upstreams::Tls;

/// Whether agents may be told what becomes of their proposals. Without it they ask.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Callbacks {
    /// The Ed25519 key that signs what they are told.
    pub key: Key,
    /// Who says so: a URI that no other deployment has, the `source` of every event.
    #[serde(default = "source")]
    pub source: String,
    /// Networks outside the public Internet where agents may be called.
    #[serde(default)]
    pub allow_addresses: Vec<Text<IpNet>>,
    /// How those who are called are verified.
    #[serde(default)]
    pub tls: Tls,
}

impl Callbacks {
    pub(super) fn rebase(&mut self, folder: &Path) {
        rebase(folder, &mut self.key.file);
        self.tls.rebase(folder);
    }

    pub(super) fn check(&self, state: Option<&State>, report: &mut Report) {
        let at = KeyPath::top("callbacks");
        if state.is_none() && !report.is_cut(&KeyPath::top("state")) {
            let message = "there is no `state`, so there is nothing that agents could be told of";
            report.check(
                Problem::key(Code::Pair, at.clone(), message)
                    .help("add `state: { url: sqlite:state/countersign.db }`"),
            );
        }
        let is_visible = self.source.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_visible || !(1..=MAX_SOURCE).contains(&self.source.len()) {
            let message = "`source` is a URI of 1 to 255 visible characters";
            report.check(Problem::value(Code::Value, at.key("source"), message));
        }
    }

    pub(super) fn used(&self) -> callback::Config {
        callback::Config {
            key: self.key.file.clone(),
            source: self.source.clone(),
            tls: self.tls.used(),
            allow_addresses: self.allow_addresses.iter().map(|network| network.0).collect(),
        }
    }
}

fn source() -> String {
    "urn:countersign".to_owned()
}

const MAX_SOURCE: usize = 255;
