//! Collects problems while a file is read and checked, and finds the place of each.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::code::{Code, Severity};
use crate::config::keypath::KeyPath;
use crate::config::problem::{Place, Problem, Problems, Source};
use crate::config::text::Text;

/// The problems of one file so far.
pub struct Report {
    source: Arc<Source>,
    problems: Vec<Problem>,
    /// Values that were taken out because something is wrong with them.
    refused: BTreeSet<KeyPath>,
}

impl Report {
    pub(super) fn new(source: Source) -> Self {
        Self { source: Arc::new(source), problems: Vec::new(), refused: BTreeSet::new() }
    }

    /// The line of the value at `path`, counted from one.
    pub(super) fn line(&self, path: &KeyPath) -> u32 {
        let value = Problem::value(Code::Value, path.clone(), "");
        self.source.place(&value).map_or(0, |place| place.line)
    }

    /// Adds a problem that stands on its own.
    pub fn add(&mut self, mut problem: Problem) {
        if !self.is_full() {
            if problem.place.is_none() {
                problem.place = self.source.place(&problem);
            }
            self.problems.push(problem);
        }
    }

    /// Adds a problem that a check found, unless it only follows from a value that was refused.
    pub fn check(&mut self, problem: Problem) {
        let follows = |refused: &KeyPath| {
            problem.path.is_under(refused)
                || refused.split().is_some_and(|(parent, _)| parent == problem.path)
        };
        if !self.refused.iter().any(follows) {
            self.add(problem);
        }
    }

    /// Remembers that the value at `path` was taken out.
    pub(super) fn refuse(&mut self, path: KeyPath) {
        self.refused.insert(path);
    }

    /// Whether the value at `path` was taken out.
    pub fn is_refused(&self, path: &KeyPath) -> bool {
        self.refused.contains(path)
    }

    /// Whether there is no room for another problem.
    pub(super) fn is_full(&self) -> bool {
        self.problems.len() >= MAX_PROBLEMS
    }

    /// Whether anything found so far keeps the file from being used.
    pub(super) fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.code.severity() == Severity::Error)
    }

    /// Whether something at, above or below `path` was taken out.
    pub(super) fn is_cut(&self, path: &KeyPath) -> bool {
        self.refused.iter().any(|refused| refused.meets(path))
    }

    /// Refuses a count outside `range`.
    pub fn count(&mut self, path: KeyPath, value: u64, range: RangeInclusive<u64>) {
        if !range.contains(&value) {
            let message = format!("`{path}` must be from {} to {}", range.start(), range.end());
            self.check(Problem::value(Code::Range, path, message));
        }
    }

    /// Refuses a size or duration outside `range`.
    pub fn within<T: Copy + Ord + std::fmt::Display>(
        &mut self,
        path: KeyPath,
        value: &Text<T>,
        range: RangeInclusive<T>,
    ) {
        if !range.contains(&value.0) {
            let message = format!("`{path}` must be from {} to {}", range.start(), range.end());
            self.check(Problem::value(Code::Range, path, message));
        }
    }

    /// Refuses the name of a thing that cannot be used as one.
    pub fn name(&mut self, section: &KeyPath, name: &str) {
        let is_fine = (1..=LONGEST_NAME).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        if !is_fine {
            let message = format!("`{name}` cannot be a name in {section}");
            let help = "names are up to 64 letters, digits, `-`, `_` and `.`, and begin with a \
                        letter or digit";
            self.check(Problem::key(Code::Name, section.key(name), message).help(help));
        }
    }

    /// A place in the text.
    pub(super) fn at(&self, bytes: std::ops::Range<usize>) -> Place {
        self.source.at(bytes)
    }

    /// Ends the report.
    pub(super) fn finish(mut self) -> Problems {
        if self.is_full() {
            let message = format!("more than {MAX_PROBLEMS} problems; only the first are shown");
            self.problems.push(Problem::value(Code::Overflow, KeyPath::default(), message));
        }
        Problems::new(self.source, self.problems)
    }
}

/// `path` as seen from `folder`, where a relative one is written.
pub(super) fn rebase(folder: &Path, path: &mut PathBuf) {
    *path = folder.join(&path);
}

/// `did you mean …?` for a word that resembles one of `known`; empty if none does.
pub fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |known| format!("did you mean `{known}`?"))
}

/// The one of `known` that `word` was meant to be, if it resembles any.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST_NAME {
        return None;
    }
    let distances =
        known.into_iter().map(|known| (strsim::damerau_levenshtein(word, known), known));
    let (distance, known) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= known.len().max(3) / 3).then_some(known)
}

/// `a, b, c`, or `none`.
pub fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().take(MAX_LISTED).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

const MAX_PROBLEMS: usize = 100;
const MAX_LISTED: usize = 30;
const LONGEST_NAME: usize = 64;
