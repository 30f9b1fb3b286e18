//! The people who may answer: their names, their keys, and the groups they are in.
//!
//! Nobody answers for their own: neither the person who is behind an agent in the chain, by any of
//! their names, nor the owner of one. That is found out here and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use crate::approval::identity::Identity;
use crate::approval::sshsig::SshKey;
use crate::identity::SpiffeId;
use crate::proposal::{Need, Stage, Substance, Terms};

/// Everybody who may answer, as the operator configured it.
#[derive(Clone, Debug, Default)]
pub struct People {
    persons: Vec<Person>,
    groups: BTreeMap<String, Group>,
}

/// One person.
#[derive(Clone, Debug)]
pub struct Person {
    /// The name that is kept and counted.
    pub name: Identity,
    /// What else they are known by, an agent's SPIFFE ID among it.
    pub aliases: Vec<Identity>,
    /// The keys that sign for them.
    pub keys: Vec<SshKey>,
    /// The agents that work for them.
    pub owns: Vec<SpiffeId>,
}

/// Some people, and how many of them must agree at least.
#[derive(Clone, Debug)]
pub struct Group {
    /// Their names.
    pub people: BTreeSet<Identity>,
    /// Where a rule names this group, never fewer than these.
    pub quorum: u32,
}

impl People {
    /// These persons in these groups.
    pub fn new(persons: Vec<Person>, groups: BTreeMap<String, Group>) -> Self {
        Self { persons, groups }
    }

    /// The person who is called so, by any of their names.
    pub fn called(&self, name: &Identity) -> Option<&Person> {
        self.persons.iter().find(|person| person.is_called(name))
    }

    /// The person whose key this is.
    pub fn with_key(&self, key: &SshKey) -> Option<&Person> {
        self.persons.iter().find(|person| person.keys.contains(key))
    }

    /// Whether `person` is one of those whom `stage` asks; one without groups asks everybody.
    pub fn are_asked(&self, stage: &Stage, person: &Person) -> bool {
        stage.approvers.is_empty() || self.are_in(&stage.approvers, person)
    }

    /// Whether any stage of any of the needs asks `person`.
    pub fn may_answer(&self, terms: &Terms, person: &Person) -> bool {
        let mut stages = terms.needs.iter().flat_map(|need| &need.stages);
        stages.any(|stage| self.are_asked(stage, person))
    }

    /// Whether `person` may decide alone: every need must let them.
    pub fn may_break_glass(&self, terms: &Terms, person: &Person) -> bool {
        let may = |need| self.may_overrule(need, person);
        !terms.needs.is_empty() && terms.needs.iter().all(may)
    }

    /// Whether `need` lets `person` decide alone. Where it names no group, nobody may.
    pub(super) fn may_overrule(&self, need: &Need, person: &Person) -> bool {
        self.are_in(&need.break_glass, person)
    }

    /// Whether `person` has any say in it.
    pub fn concerns(&self, terms: &Terms, person: &Person) -> bool {
        self.may_answer(terms, person) || self.may_break_glass(terms, person)
    }

    /// The names of all who could agree to `substance` on these terms, and how few of them may be
    /// enough; nobody, where they are too few.
    pub fn who_could_agree(&self, terms: &Terms, substance: &Substance) -> (Vec<String>, usize) {
        let could =
            |person: &&Person| self.may_answer(terms, person) && !person.is_behind(substance);
        let could: Vec<_> = self.persons.iter().filter(could).collect();
        let is_enough = |stage: &Stage| {
            could.iter().filter(|one| self.are_asked(stage, one)).count() >= self.quorum(stage)
        };
        if !terms.needs.iter().flat_map(|need| &need.stages).all(is_enough) {
            return (Vec::new(), 0);
        }
        let mut names: Vec<_> = could.iter().map(|person| person.name.to_string()).collect();
        names.sort();
        // Nobody's yes counts in two stages of one need, and it may count for every need.
        let takes = |need: &Need| need.stages.iter().map(|stage| self.quorum(stage)).sum();
        (names, terms.needs.iter().map(takes).max().unwrap_or(0))
    }

    /// How many must agree in `stage`: as many as the rule says, or more where a group does.
    pub fn quorum(&self, stage: &Stage) -> usize {
        let groups = stage.approvers.iter().filter_map(|group| self.groups.get(group));
        let most = groups.map(|group| group.quorum).chain(iter::once(stage.quorum)).max();
        most.map_or(usize::MAX, |most| most.max(1) as usize)
    }

    fn are_in(&self, groups: &[String], person: &Person) -> bool {
        let mut groups = groups.iter().filter_map(|group| self.groups.get(group));
        groups.any(|group| group.people.contains(&person.name))
    }
}

impl Person {
    /// Whether this is one of their names.
    pub fn is_called(&self, name: &Identity) -> bool {
        self.name == *name || self.aliases.contains(name)
    }

    /// Whether this is one of their names, as it is written.
    pub fn is_exactly(&self, name: &Identity) -> bool {
        let mut names = iter::once(&self.name).chain(&self.aliases);
        names.any(|one| one.is_exactly(name))
    }

    /// Whether the agent of this name works for them. As with all names, its case does not make it
    /// another.
    pub fn is_owner(&self, agent: &Identity) -> bool {
        self.owns.iter().any(|one| one.as_str().eq_ignore_ascii_case(agent.as_str()))
    }

    /// Whether they are in the chain behind `substance`, or own an agent that is.
    pub fn is_behind(&self, substance: &Substance) -> bool {
        let mut chain = iter::once(substance.owner()).chain(substance.chain());
        chain.any(|agent| match Identity::parse(agent.as_str()) {
            Ok(name) => self.is_called(&name) || self.is_owner(&name),
            // What nobody can be told apart from may be anybody.
            Err(_) => true,
        })
    }
}
