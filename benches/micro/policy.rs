//! The policies that are measured: from one line to sixty rules, and one that does what it should not.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use countersign::clock::Clock;
use countersign::policy::config::{Memory, Tests};
use countersign::policy::{Bundle, Config};

/// One policy, and how a route asks it.
#[derive(Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) name: &'static str,
    folder: &'static str,
    guardrails: Option<&'static str>,
    /// The rule that the route names.
    pub(crate) rule: Option<&'static str>,
}

impl Policy {
    /// One line.
    pub(crate) const ONE_LINE: Self = Self::at("one line", "");

    /// The pack that ships, over a small table.
    pub(crate) const PACK: Self = Self::at("the default pack", "rules");

    /// Sixty rules of four teams below guardrails, as each route is asked.
    pub(crate) const SPLIT: Self = Self {
        guardrails: Some("data.platform.guardrails.decision"),
        rule: Some("data.teams.orders.decision"),
        ..Self::at("60 rules, split by route", "benches/micro/policies/sixty")
    };

    /// All of them.
    pub(crate) const ALL: [Self; 6] = [
        Self::ONE_LINE,
        Self::PACK,
        Self::at("15 rules", "benches/micro/policies/fifteen"),
        Self::SPLIT,
        Self::at("60 rules in one question", "benches/micro/policies/sixty"),
        Self::at("naive: sixty globs, so on the interpreter", "benches/micro/policies/naive"),
    ];

    const fn at(name: &'static str, folder: &'static str) -> Self {
        Self { name, folder, guardrails: None, rule: None }
    }

    /// Its bundle, written below `place`. It allows the request of the scene.
    pub(crate) fn bundle(&self, place: &Path, memory: Memory) -> Arc<Bundle> {
        let folder = tempfile::tempdir_in(place).unwrap().keep();
        match self.folder {
            "" => fs::write(folder.join("authz.rego"), LINE).unwrap(),
            from => copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(from), &folder),
        }
        if self.folder == Self::PACK.folder {
            fs::write(folder.join("data.json"), ACCESS).unwrap();
        }
        let mut config = Config::new(folder);
        config.tests = Tests::Off;
        config.memory = memory;
        config.guardrails = self.guardrails.map(Into::into);
        config.routes = self.rule.into_iter().map(Into::into).collect();
        Arc::new(Bundle::load(&config, &Clock::System).unwrap())
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
}

const ACCESS: &str = r#"{"countersign": {"access": {"bench": {
    "agents": ["spiffe://example.org/agent/bench"],
    "routes": ["orders"],
    "methods": ["GET"]
}}}}"#;

const LINE: &str = r#"package countersign.authz

import rego.v1

default decision := {"allowed": false}

decision := {"allowed": true} if input.attributes.request.http.method == "GET"
"#;
