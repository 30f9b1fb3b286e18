//! What other rules would have decided: kept decisions, asked again, grouped by what changes.
//!
//! A change counts only where it is proved: the old rules, asked with what was kept, must give the
//! recorded answer. Where they do not (an input that was covered, a limit that was met, rules that
//! read the time), the decision is told apart as one that nothing can be said about.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::clock::{Clock, Timestamp};
use crate::history::change::Change;
use crate::history::error::Error;
use crate::history::read::History;
use crate::history::record::{Asked, Record};
use crate::id::{DecisionId, RuleName};
use crate::policy::{Bundle, Config, Decision, EntryPoint, Revision, Trial};

/// What came of a replay.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// How many decisions were asked again.
    pub replayed: usize,
    /// How many of them stay as they are.
    pub unchanged: usize,
    /// What changes, newly allowed first.
    pub groups: Vec<Group>,
    /// Decisions whose own rules do not repeat them from what was kept: nothing is said about them.
    pub unproved: Vec<DecisionId>,
    /// How many of the decisions have an input with covered parts, which the new rules may read.
    pub masked: usize,
}

/// Decisions that change in the same way.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// What changes.
    pub change: Change,
    /// The effect and the reasons that were recorded.
    pub before: String,
    /// Those of the new rules.
    pub after: String,
    /// Every decision.
    pub decisions: Vec<DecisionId>,
    /// Who asked for what, of the first few.
    pub examples: Vec<Example>,
}

/// One decision of a group.
#[derive(Clone, Debug, Serialize)]
pub struct Example {
    /// The decision.
    pub decision: DecisionId,
    /// Who asked for what.
    #[serde(flatten)]
    pub asked: Asked,
}

/// Other rules, and how they are asked.
#[derive(Clone, Debug)]
pub struct Against {
    /// The folder that they are in.
    pub path: PathBuf,
    /// The rule that answers there, where it is not the one that decided.
    pub rule: Option<RuleName>,
}

/// Asks the rules of `against` what they say about every decision from `since` on. Each is asked as
/// it was asked then: by its route's rule, and under its guardrails.
///
/// # Errors
/// [`Error::Io`], and [`Error::Rules`] where the other rules cannot be asked so.
pub fn replay(
    history: &History,
    since: Timestamp,
    against: Against,
    clock: &Clock,
) -> Result<Report, Error> {
    let mut replay = Replay {
        history,
        clock,
        against,
        news: BTreeMap::new(),
        olds: BTreeMap::new(),
        groups: BTreeMap::new(),
        report: Report::default(),
    };
    let mut refused = None;
    history.each(since, |record| {
        if refused.is_none() {
            refused = replay.take(&record).err();
        }
    })?;
    if let Some(why) = refused {
        return Err(why);
    }
    let mut report = replay.report;
    report.groups = replay.groups.into_values().collect();
    Ok(report)
}

/// A replay under way.
struct Replay<'a> {
    history: &'a History,
    clock: &'a Clock,
    against: Against,
    /// The other rules, by what is asked of them.
    news: BTreeMap<EntryPoint, Trial>,
    /// The rules that decided, by revision; `None` where they are not kept or not read.
    olds: BTreeMap<(String, EntryPoint), Option<Trial>>,
    groups: BTreeMap<(Change, String, String), Group>,
    report: Report,
}

impl Replay<'_> {
    fn take(&mut self, record: &Record) -> Result<(), Error> {
        let Some(id) = record.id() else { return Ok(()) };
        self.report.replayed += 1;
        self.report.masked += usize::from(!record.covered().is_empty());
        let (Some(input), Some(revision)) = (record.input(), record.revision()) else {
            self.report.unproved.push(id);
            return Ok(());
        };
        let point = record.point();
        let old = self.own(revision, &point);
        let again = old.map(|old| old.decide(id, &point.rule, input));
        if again.is_none_or(|again| !repeats(record, &again)) {
            self.report.unproved.push(id);
            return Ok(());
        }
        let asked = self.against.asked(point);
        let after = self.other(&asked)?.decide(id, &asked.rule, input);
        match Change::between((record.effect(), record.result()), &after) {
            Some(change) => self.group(change, id, record, &after),
            None => self.report.unchanged += 1,
        }
        Ok(())
    }

    fn other(&mut self, point: &EntryPoint) -> Result<&mut Trial, Error> {
        match self.news.entry(point.clone()) {
            Entry::Occupied(there) => Ok(there.into_mut()),
            Entry::Vacant(place) => {
                let bundle = Bundle::load(&self.against.config(point), self.clock)?;
                Ok(place.insert(Trial::new(Arc::new(bundle))))
            }
        }
    }

    fn own(&mut self, revision: Revision, point: &EntryPoint) -> Option<&mut Trial> {
        let (history, clock) = (self.history, self.clock);
        let load = || {
            let edition = history.rules(revision).ok()?;
            let bundle = Bundle::restore(&edition, point, clock).ok()?;
            (bundle.revision() == revision).then(|| Trial::new(Arc::new(bundle)))
        };
        let key = (revision.to_string(), point.clone());
        self.olds.entry(key).or_insert_with(load).as_mut()
    }

    fn group(&mut self, change: Change, id: DecisionId, record: &Record, after: &Decision) {
        let before = said(record.effect(), &record.codes());
        let codes: Vec<String> = after.reasons().iter().map(|one| one.code.clone()).collect();
        let after = said(after.label(), &codes);
        let group =
            self.groups.entry((change, before.clone(), after.clone())).or_insert_with(|| Group {
                change,
                before,
                after,
                decisions: Vec::new(),
                examples: Vec::new(),
            });
        group.decisions.push(id);
        if group.examples.len() < EXAMPLES {
            group.examples.push(Example { decision: id, asked: record.asked() });
        }
    }
}

impl Against {
    fn asked(&self, point: EntryPoint) -> EntryPoint {
        let rule = self.rule.clone().unwrap_or(point.rule);
        EntryPoint { rule, ..point }
    }

    fn config(&self, point: &EntryPoint) -> Config {
        let mut config = Config::new(self.path.clone());
        config.query = point.rule.clone();
        config.guardrails.clone_from(&point.guardrails);
        config
    }
}

/// Whether the old rules give the recorded answer again.
fn repeats(record: &Record, again: &Decision) -> bool {
    record.effect() == again.label() && record.result() == again.document().as_ref()
}

fn said(effect: &str, codes: &[String]) -> String {
    if codes.is_empty() { effect.to_owned() } else { format!("{effect} ({})", codes.join(", ")) }
}

/// How many decisions of a group are shown with who asked for what.
const EXAMPLES: usize = 3;

impl Report {
    /// Whether anything would be decided otherwise, or may be.
    pub fn differs(&self) -> bool {
        !self.groups.is_empty() || !self.unproved.is_empty()
    }
}

/// As people read it in a terminal.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for group in &self.groups {
            let Group { change, before, after, decisions, examples } = group;
            writeln!(f, "{change}: {}  {before} -> {after}", decisions.len())?;
            for Example { decision, asked } in examples {
                let Asked { principal, method, host, path, .. } = asked;
                writeln!(f, "  {decision}  {principal}  {method} {host}{path}")?;
            }
        }
        if !self.unproved.is_empty() {
            let count = self.unproved.len();
            writeln!(f, "nothing can be said: {count}  (their own rules do not repeat them)")?;
            for decision in self.unproved.iter().take(EXAMPLES) {
                writeln!(f, "  {decision}")?;
            }
        }
        if self.masked > 0 {
            writeln!(f, "{} inputs have covered parts, which the new rules may read", self.masked)?;
        }
        write!(f, "{} decisions replayed, {} unchanged", self.replayed, self.unchanged)
    }
}
