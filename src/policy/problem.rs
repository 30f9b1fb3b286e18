//! What is wrong with a bundle, and where.
//!
//! All problems are gathered before any is reported: fixing rules one error at a time is slow.

use std::fmt;
use std::path::PathBuf;

/// A place in a file; lines and columns count from one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, or zero when only the file is known.
    pub line: u32,
    /// The column, or zero when only the line is known.
    pub column: u32,
}

impl Place {
    /// The file as a whole.
    pub(super) fn file(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), line: 0, column: 0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        Ok(())
    }
}

/// One thing that is wrong, or legal and unwise.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// The line of text there; empty when there is none to show.
    pub excerpt: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

impl Problem {
    pub(super) fn new(place: Place, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { place, excerpt: String::new(), message: message.into(), fix: fix.into() }
    }

    /// The same problem, showing its line of `text`.
    pub(super) fn shown_in(mut self, text: &str) -> Self {
        let line = usize::try_from(self.place.line).unwrap_or(0);
        let found = line.checked_sub(1).and_then(|index| text.lines().nth(index));
        self.excerpt = found.unwrap_or_default().chars().take(Self::EXCERPT).collect();
        self
    }

    /// The longest excerpt, in characters.
    const EXCERPT: usize = 160;
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        if !self.excerpt.is_empty() {
            let column = usize::try_from(self.place.column).unwrap_or(1).max(1);
            write!(f, "\n  | {}\n  | {:>column$}", self.excerpt, '^')?;
        }
        if !self.fix.is_empty() {
            write!(f, "\n  = {}", self.fix)?;
        }
        Ok(())
    }
}

/// Why a bundle was not activated: every problem that was found.
#[derive(Clone, Debug)]
pub struct LoadError {
    problems: Vec<Problem>,
}

impl LoadError {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// All of them, in the order of the files.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl From<Problem> for LoadError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let gap = if index > 0 { "\n\n" } else { "" };
            write!(f, "{gap}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {}
