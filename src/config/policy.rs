//! `policy:` the rules that decide.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::bundle::{Server, Signing};
use crate::config::code::Code;
use crate::config::history::History;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::{Report, rebase};
use crate::policy;

/// The rules that decide.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// A folder of `*.rego` files and data, or an archive of them: OPA's `bundle.tar.gz`.
    pub path: PathBuf,
    /// Who must have signed the archive.
    pub signing: Option<Signing>,
    /// Where the archive is fetched from, again whenever it changes.
    pub server: Option<Server>,
    /// The rule that is asked.
    #[serde(default = "query")]
    pub query: String,
    /// A rule that is asked about every request beside the route's own; both must agree.
    pub guardrails: Option<String>,
    /// Whether the bundle's own tests must pass before it is used.
    #[serde(default)]
    pub tests: Tests,
    /// The most instructions that one decision may take; past it the answer is no.
    #[serde(default = "instructions")]
    pub instructions: u64,
    /// Whether a decision may be given again to who asks the same.
    #[serde(default)]
    pub memory: Memory,
    /// One decision in this many is checked again on the interpreter; 0 is none.
    #[serde(default = "shadow")]
    pub shadow: u32,
    /// A folder of other rules that are asked the same and decide nothing; needs `history`.
    #[serde(default)]
    pub candidate: Option<PathBuf>,
    /// Where decisions are kept to be explained and replayed. Without it none are.
    #[serde(default)]
    pub history: Option<History>,
}

/// Whether a decision may be given again to who asks the same.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Memory {
    /// Where the rules read nothing that changes by itself.
    #[default]
    Lasting,
    /// Never: each decision is made anew.
    Off,
}

/// Whether a bundle's own tests stand between it and service.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tests {
    /// Nobody runs them at load.
    Off,
    /// A bundle with a failing test is not activated.
    #[default]
    Required,
}

impl Policy {
    pub(super) fn rebase(&mut self, folder: &Path) {
        rebase(folder, &mut self.path);
        self.candidate.iter_mut().for_each(|candidate| rebase(folder, candidate));
        self.history.iter_mut().for_each(|history| history.rebase(folder));
        self.signing.iter_mut().for_each(|signing| signing.rebase(folder));
        self.server.iter_mut().for_each(|server| server.rebase(folder));
    }

    pub(super) fn check(&self, report: &mut Report) {
        let at = KeyPath::top("policy");
        self.check_archive(&at, report);
        check_rule(&self.query, at.key("query"), report);
        if let Some(guardrails) = &self.guardrails {
            check_rule(guardrails, at.key("guardrails"), report);
        }
        report.count(at.key("instructions"), self.instructions, 100..=100_000_000);
        self.history.iter().for_each(|history| history.check(&at.key("history"), report));
        if self.candidate.is_some() && self.history.is_none() {
            let message = "what a candidate says is written into the history, and there is none";
            report.check(
                Problem::value(Code::Value, at.key("candidate"), message)
                    .help("add `history: { path: state/history }`"),
            );
        }
        if self.tests == Tests::Off {
            let message = "the rules are used without their tests having passed";
            report.check(Problem::value(Code::Untested, at.key("tests"), message));
        }
    }
}

/// A rule is named by its full path.
pub(super) fn check_rule(rule: &str, at: KeyPath, report: &mut Report) {
    if !is_reference(rule) {
        let message = format!("`{rule}` is not the full path of a rule");
        report.check(
            Problem::value(Code::Value, at, message)
                .help("write it like `data.countersign.authz.decision`"),
        );
    }
}

impl Policy {
    /// Only an archive can be signed or fetched.
    fn check_archive(&self, at: &KeyPath, report: &mut Report) {
        let is_archive = policy::is_archive(&self.path);
        for (key, set) in [("signing", self.signing.is_some()), ("server", self.server.is_some())] {
            if set && !is_archive {
                let message = format!("`policy.{key}` is set, but `policy.path` is no archive");
                report.check(
                    Problem::key(Code::Pair, at.key(key), message)
                        .help("let `policy.path` end in `.tar.gz`"),
                );
            }
        }
        if let Some(signing) = &self.signing {
            signing.check(&at.key("signing"), report);
        }
        if let Some(server) = &self.server {
            server.check(&at.key("server"), report);
        }
    }
}

/// Whether `query` is `data` and names behind it.
fn is_reference(query: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    query.strip_prefix("data.").is_some_and(|names| names.split('.').all(is_name))
}

fn query() -> String {
    "data.countersign.authz.decision".to_owned()
}

fn instructions() -> u64 {
    20_000
}

fn shadow() -> u32 {
    1_000
}
