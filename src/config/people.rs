//! `approvals.people` and `approvals.groups`: who may answer, and with which key.
//!
//! Two entries that could be one person would defeat every two-person rule, so no name and no key
//! may stand in two of them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::approval::{self, Identity, SshKey};
use crate::config::code::Code;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::{Report, suggestion};
use crate::config::text::{Text, Written};
use crate::identity::SpiffeId;

/// Somebody who may answer; the key is the name that is kept.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The public keys that sign for them, as in a `.pub` file; at least one.
    #[schemars(length(min = 1))]
    pub keys: Vec<Text<SshKey>>,
    /// What else they are known by: other accounts, or an agent that is they themselves.
    #[serde(default)]
    pub aliases: Vec<Text<Identity>>,
    /// The agents that work for them, whose requests they may not answer for.
    #[serde(default)]
    pub agents: Vec<Text<SpiffeId>>,
}

/// Some of the people, for rules to ask.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Who is in it; at least one.
    #[schemars(length(min = 1))]
    pub people: Vec<String>,
    /// Of a proposal that asks this group, at least so many must agree, whatever the rule says.
    #[serde(default = "one")]
    pub quorum: u32,
}

/// Everybody, under the keys of the section `approvals`.
pub(super) type People = BTreeMap<String, Person>;
/// Every group, likewise.
pub(super) type Groups = BTreeMap<String, Group>;

/// Reports who could be mistaken for another, and what names nobody.
pub(super) fn check(at: &KeyPath, people: &People, groups: &Groups, report: &mut Report) {
    let at_people = at.key("people");
    let (mut names, mut keys) = (BTreeMap::new(), Vec::new());
    for (name, person) in people {
        let here = at_people.key(name);
        report.name(&at_people, name);
        if person.keys.is_empty() && !report.is_cut(&here.key("keys")) {
            let message = format!("{name} has no key, so nothing of theirs can be checked");
            report.check(Problem::value(Code::Value, here.key("keys"), message));
        }
        for text in all_names(name, person) {
            if names.insert(text.clone(), name).is_some_and(|other| other != name) {
                report.check(twice(&here, &format!("the name `{text}`")));
            }
        }
        for key in &person.keys {
            if keys.contains(&&key.0) {
                report.check(twice(&here, &format!("the key {}", key.0.fingerprint())));
            }
            keys.push(&key.0);
        }
    }
    for (name, group) in groups {
        group.check(&at.key("groups"), name, people, report);
    }
}

/// Everybody, in the type of the part that counts them.
pub(super) fn used(people: &People, groups: &Groups) -> approval::People {
    let persons = people.iter().filter_map(|(name, person)| person.used(name)).collect();
    let groups = groups.iter().map(|(name, group)| (name.clone(), group.used())).collect();
    approval::People::new(persons, groups)
}

impl Person {
    fn used(&self, name: &str) -> Option<approval::Person> {
        Some(approval::Person {
            // A name that passed the check is an identity; what did not is nobody.
            name: Identity::parse(name).ok()?,
            aliases: self.aliases.iter().map(|alias| alias.0.clone()).collect(),
            keys: self.keys.iter().map(|key| key.0.clone()).collect(),
            owns: self.agents.iter().map(|agent| agent.0.clone()).collect(),
        })
    }
}

impl Group {
    fn check(&self, at: &KeyPath, name: &str, people: &People, report: &mut Report) {
        report.name(at, name);
        let at = at.key(name);
        for (index, person) in self.people.iter().enumerate() {
            if !people.contains_key(person) {
                let message = format!("there is nobody called `{person}` in approvals.people");
                let problem =
                    Problem::value(Code::NoPerson, at.key("people").index(index), message);
                let known = people.keys().map(String::as_str);
                report.check(problem.label(suggestion(person, known)));
            }
        }
        let count = self.people.iter().collect::<BTreeSet<_>>().len() as u64;
        report.count(at.key("quorum"), self.quorum.into(), 1..=count.max(1));
    }

    fn used(&self) -> approval::Group {
        let people = self.people.iter().filter_map(|name| Identity::parse(name).ok()).collect();
        approval::Group { people, quorum: self.quorum }
    }
}

impl Written for SshKey {
    const WHAT: &'static str = "a public key";
    const NAME: &'static str = "SshKey";
    const PATTERN: &'static str = r"^(sk-)?ssh-ed25519(@openssh\.com)? [A-Za-z0-9+/=]+( .*)?$";

    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|why| why.to_string())
    }
}

impl Written for Identity {
    const WHAT: &'static str = "a name";
    const NAME: &'static str = "Identity";
    const PATTERN: &'static str = r"^[!-~]{1,2048}$";

    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|why| why.to_string())
    }
}

impl Written for SpiffeId {
    const WHAT: &'static str = "a SPIFFE ID";
    const NAME: &'static str = "SpiffeId";
    const PATTERN: &'static str = r"^spiffe://[a-z0-9._-]{1,255}(/[A-Za-z0-9._-]+)+$";

    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|why| format!("not a SPIFFE ID: {why}"))
    }
}

fn all_names<'a>(name: &'a str, person: &'a Person) -> impl Iterator<Item = Identity> + 'a {
    let own = Identity::parse(name).ok();
    own.into_iter().chain(person.aliases.iter().map(|alias| alias.0.clone()))
}

fn twice(at: &KeyPath, what: &str) -> Problem {
    let message = format!("{what} is another person's too");
    let problem = Problem::key(Code::OnePerson, at.clone(), message);
    problem.help("write everything that is one person's under one name")
}

fn one() -> u32 {
    1
}
