//! Checks a trail: offline, with nothing but its files and the public key, in one pass.
//!
//! Every entry must follow from the one before, and every signed checkpoint must fit the tree over
//! the entries up to its size. The pass stops at the first entry that is wrong. Nothing is believed
//! because it parses: a line counts only with its exact bytes.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::audit::diagnosis::{Break, FurtherOn, Seen, Signed};
use crate::audit::entry::{Head, Kind};
use crate::audit::note::VerifierKey;
use crate::audit::report::{Damage, Problem, Report};
use crate::audit::segment::Ending;
use crate::audit::tree::{Hash, Tree};
use crate::audit::walk::{Place, Walk};
use crate::audit::witness::Witness;
use crate::id::DecisionId;

/// Verifies the trail in `folder` against `key`, and against `external`, a signed checkpoint that
/// was kept elsewhere, if there is one.
///
/// # Errors
/// Only if the files cannot be read; what is wrong with the trail is in the report.
pub fn verify(
    folder: &Path,
    key: &VerifierKey,
    external: Option<&str>,
) -> Result<Report, VerifyError> {
    let failed = |source| VerifyError { folder: folder.to_owned(), source };
    // Read first: entries that are written while we look are then merely not signed yet.
    let witness = Witness::open(folder, key, external).map_err(failed)?;
    let mut pass = Pass::new(witness, Walk::begin(folder).map_err(failed)?);
    let problem = pass.run().map_err(failed)?;
    let problem = problem.or_else(|| pass.witness.complaint());
    Ok(pass.report(problem))
}

/// One pass over a trail.
struct Pass {
    witness: Witness,
    walk: Walk,
    tree: Tree,
    last: Seen,
    place: Place,
    open: HashSet<DecisionId>,
    stopped: Stopped,
    report: Report,
}

/// Whether the entry before said that Countersign stopped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stopped {
    No,
    Yes,
}

impl Pass {
    fn new(witness: Witness, walk: Walk) -> Self {
        Self {
            witness,
            place: walk.place(),
            walk,
            tree: Tree::default(),
            last: Seen { says: None, leaf: Hash::ZERO },
            open: HashSet::new(),
            stopped: Stopped::No,
            report: Report::default(),
        }
    }

    fn run(&mut self) -> io::Result<Option<Problem>> {
        while let Some(ending) = self.walk.advance()? {
            if let Some(problem) = self.step(ending)? {
                return Ok(Some(problem));
            }
        }
        let size = self.tree.size();
        let cut_off = self.witness.size() > size;
        Ok(cut_off.then_some(Problem { entry: size, place: None, damage: Damage::CutOff }))
    }

    /// Takes in one line, or says what is wrong.
    fn step(&mut self, ending: Ending) -> io::Result<Option<Problem>> {
        let (index, leaf) = (self.tree.size(), self.walk.leaf());
        let before = std::mem::replace(&mut self.place, self.walk.place());
        if ending == Ending::Torn {
            let signed = self.witness.size() > index;
            let damage = if signed { Damage::CutOff } else { Damage::Torn };
            return Ok(Some(self.here(index, damage)));
        }
        let follows = match Head::parse(self.walk.bytes()) {
            Ok(head) if head.index == index && head.prev == self.last.leaf => Some(head),
            _ => None,
        };
        let Some(head) = follows else { return self.broken(before).map(Some) };
        if let Some(damage) = amiss(&head, self.walk.beginning(), self.stopped) {
            return Ok(Some(self.here(index, damage)));
        }
        count(&head, &mut self.report, &mut self.open, &mut self.stopped);
        self.last = Seen { says: Some((head.index, head.prev)), leaf };
        self.tree.push(leaf);
        if self.witness.agrees(&self.tree)? {
            return Ok(None);
        }
        self.disputed().map(Some)
    }

    fn here(&self, entry: u64, damage: Damage) -> Problem {
        Problem { entry, place: Some(self.place.clone()), damage }
    }

    /// The line does not follow from the one before, which stands at `before`.
    fn broken(&mut self, before: Place) -> io::Result<Problem> {
        let expected = self.tree.size();
        let line = Seen::new(self.walk.bytes(), self.walk.leaf());
        let relinked = relink(self.walk.bytes(), &self.last.leaf);
        let mut tree = self.tree.clone();
        tree.push(relinked);
        let signed = if self.witness.signed(&tree) { Signed::Relinked } else { Signed::Nothing };
        let next = self.next()?;
        let further_on = self.search(next, expected)?;
        let last = self.last;
        let found = Break { expected, last, line, relinked, next, signed, further_on };
        let (entry, damage) = found.diagnose();
        let place = if entry == expected { self.place.clone() } else { before };
        Ok(Problem { entry, place: Some(place), damage })
    }

    /// Every link fits, and a checkpoint does not.
    fn disputed(&mut self) -> io::Result<Problem> {
        let last = self.tree.size() - 1;
        let first = self.witness.agreed();
        let next = self.next()?;
        if let Some((index, prev)) = next.and_then(|next| next.says) {
            if index == last + 1 && prev != self.last.leaf {
                return Ok(self.here(last, Damage::Edited));
            }
            if index == last && self.last.says.is_some_and(|(_, before)| before == prev) {
                return Ok(self.here(last, Damage::Inserted));
            }
        }
        if first == last {
            return Ok(self.here(last, Damage::Edited));
        }
        let damage = Damage::Rewritten { through: last };
        Ok(Problem { entry: first, place: None, damage })
    }

    fn next(&mut self) -> io::Result<Option<Seen>> {
        let whole = self.walk.advance()? == Some(Ending::Whole);
        Ok(whole.then(|| Seen::new(self.walk.bytes(), self.walk.leaf())))
    }

    /// Looks for entry `index` from `next` on.
    fn search(&mut self, next: Option<Seen>, index: u64) -> io::Result<FurtherOn> {
        let mut next = next;
        while let Some(seen) = next {
            if seen.index() == Some(index) {
                return Ok(FurtherOn::Found);
            }
            next = self.next()?;
        }
        Ok(FurtherOn::Missing)
    }

    fn report(self, problem: Option<Problem>) -> Report {
        let mut report = self.report;
        report.problem = problem;
        report.entries = self.tree.size();
        report.signed = self.witness.newest();
        report.checkpoints = self.witness.fitting();
        report.outcomes.open = self.open.len() as u64;
        report
    }
}

/// What is wrong with an entry that is linked as it should be.
fn amiss(head: &Head<'_>, beginning: Option<u64>, stopped: Stopped) -> Option<Damage> {
    let Some(kind) = Kind::parse(head.kind) else {
        return Some(Damage::Unknown { kind: head.kind.to_owned() });
    };
    if beginning != (kind == Kind::Segment).then_some(head.index) {
        return Some(Damage::Misplaced);
    }
    let starts = matches!(kind, Kind::Segment | Kind::Open | Kind::Start);
    (stopped == Stopped::Yes && !starts).then_some(Damage::Inserted)
}

fn count(
    head: &Head<'_>,
    report: &mut Report,
    open: &mut HashSet<DecisionId>,
    stopped: &mut Stopped,
) {
    if report.from.is_none() {
        report.from = Some(head.time.to_owned());
    }
    let until = report.until.get_or_insert_default();
    until.clear();
    until.push_str(head.time);
    match (Kind::parse(head.kind), head.id) {
        (Some(Kind::Intent), Some(id)) => {
            open.insert(id);
        }
        (Some(Kind::Outcome), Some(id)) => {
            open.remove(&id);
            match head.outcome {
                Some("aborted") => report.outcomes.aborted += 1,
                Some("answered") => report.outcomes.answered += 1,
                Some("failed") => report.outcomes.failed += 1,
                _ => report.outcomes.unknown += 1,
            }
        }
        (Some(Kind::Refusal), _) => report.refusals += 1,
        (Some(Kind::Repair), _) => report.repairs += 1,
        (Some(Kind::Outage), _) => report.outages += 1,
        (Some(Kind::Start), _) => *stopped = Stopped::No,
        (Some(Kind::Stop), _) => *stopped = Stopped::Yes,
        _ => {}
    }
}

/// The leaf hash that `line` would have if it named `prev` as the entry before.
fn relink(line: &[u8], prev: &Hash) -> Hash {
    const BEFORE: &[u8] = b",\"prev\":\"";
    let mut entry = [&[0], line].concat();
    if let Some(at) = memchr::memmem::find(&entry, BEFORE) {
        let at = at + BEFORE.len();
        if let Some(place) = entry.get_mut(at..at + 44) {
            place.copy_from_slice(&prev.text());
        }
    }
    Hash::leaf(&entry)
}

/// The files of a trail could not be read.
#[derive(Debug)]
pub struct VerifyError {
    folder: PathBuf,
    source: io::Error,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the audit trail {} cannot be read: {}", self.folder.display(), self.source)
    }
}

impl std::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
