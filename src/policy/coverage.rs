//! Which lines of the rules were evaluated by their tests.
//!
//! The tests' own lines do not count: they are run by definition, and would only flatter.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

/// The lines of all rules under test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    files: Vec<Covered>,
}

/// The lines of one file that can be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Covered {
    /// The file.
    pub file: PathBuf,
    /// Those that were, counted from one.
    pub covered: BTreeSet<u32>,
    /// Those that were not.
    pub missed: BTreeSet<u32>,
}

impl Coverage {
    pub(super) fn new(files: Vec<Covered>) -> Self {
        Self { files }
    }

    /// Every file with rules.
    pub fn files(&self) -> &[Covered] {
        &self.files
    }

    /// How many lines were evaluated, and how many were not.
    pub fn lines(&self) -> (usize, usize) {
        let covered = self.files.iter().map(|file| file.covered.len()).sum();
        (covered, self.files.iter().map(|file| file.missed.len()).sum())
    }

    /// The share of lines that were evaluated: 0 to 100.
    pub fn percent(&self) -> f64 {
        percent(self.lines())
    }

    pub(super) fn absorb(&mut self, other: Self) {
        self.files.extend(other.files);
    }
}

impl Covered {
    /// The share of its lines that were evaluated: 0 to 100.
    pub fn percent(&self) -> f64 {
        percent((self.covered.len(), self.missed.len()))
    }
}

/// Where there is nothing to evaluate, nothing was missed.
fn percent((covered, missed): (usize, usize)) -> f64 {
    match covered + missed {
        0 => 100.0,
        // A file has far fewer lines than a float holds whole numbers.
        all => 100.0 * covered as f64 / all as f64,
    }
}

/// A line for each file, and one for all.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            write!(f, "{}: {:.2}% covered", file.file.display(), file.percent())?;
            if !file.missed.is_empty() {
                write!(f, ", not lines {}", spans(&file.missed))?;
            }
            writeln!(f)?;
        }
        write!(f, "coverage: {:.2}%", self.percent())
    }
}

/// `1-3, 7`.
fn spans(lines: &BTreeSet<u32>) -> String {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for line in lines {
        match spans.last_mut() {
            Some((_, end)) if *end + 1 == *line => *end = *line,
            _ => spans.push((*line, *line)),
        }
    }
    let shown = spans.iter().map(|(start, end)| match start == end {
        true => start.to_string(),
        false => format!("{start}-{end}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}
