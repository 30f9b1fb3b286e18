//! What other rules would have decided: kept decisions, asked again, grouped by what changes.
//!
//! A change counts only where it is proved: the old rules, asked with what was kept, must give the
//! recorded answer. Where they do not (an input that was covered, a limit that was met, rules that
//! read the time), the decision is told apart as one that nothing can be said about.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::clock::{Clock, Timestamp};
use crate::history::change::Change;
use crate::history::error::Error;
use crate::history::read::History;
use crate::history::record::{Asked, Record};
use crate::id::DecisionId;
use crate::policy::{Bundle, Decision, Revision, Trial};

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

/// Asks `candidate` what it says about every decision from `since` on.
///
/// # Errors
/// [`Error::Io`].
pub fn replay(
    history: &History,
    since: Timestamp,
    candidate: Arc<Bundle>,
    clock: &Clock,
) -> Result<Report, Error> {
    let mut replay = Replay {
        history,
        clock,
        candidate: Trial::new(candidate),
        olds: BTreeMap::new(),
        groups: BTreeMap::new(),
        report: Report::default(),
    };
    history.each(since, |record| replay.take(&record))?;
    let mut report = replay.report;
    report.groups = replay.groups.into_values().collect();
    Ok(report)
}

/// A replay under way.
struct Replay<'a> {
    history: &'a History,
    clock: &'a Clock,
    candidate: Trial,
    /// The rules that decided, by revision; `None` where they are not kept or not read.
    olds: BTreeMap<String, Option<Trial>>,
    groups: BTreeMap<(Change, String, String), Group>,
    report: Report,
}

impl Replay<'_> {
    fn take(&mut self, record: &Record) {
        let Some(id) = record.id() else { return };
        self.report.replayed += 1;
        self.report.masked += usize::from(!record.masked().is_empty());
        let (Some(input), Some(revision)) = (record.input(), record.revision()) else {
            return self.report.unproved.push(id);
        };
        let again = self.old(revision).map(|old| old.decide(id, input));
        if again.is_none_or(|again| !repeats(record, &again)) {
            return self.report.unproved.push(id);
        }
        let after = self.candidate.decide(id, input);
        match Change::between((record.effect(), record.result()), &after) {
            Some(change) => self.group(change, id, record, &after),
            None => self.report.unchanged += 1,
        }
    }

    fn old(&mut self, revision: Revision) -> Option<&mut Trial> {
        let (history, clock) = (self.history, self.clock);
        let load = || {
            let edition = history.rules(revision).ok()?;
            let bundle = Bundle::restore(&edition, clock).ok()?;
            (bundle.revision() == revision).then(|| Trial::new(Arc::new(bundle)))
        };
        self.olds.entry(revision.to_string()).or_insert_with(load).as_mut()
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
