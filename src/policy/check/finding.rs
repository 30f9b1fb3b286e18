//! One finding, and all of them as they are shown.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use crate::policy::check::code::{Code, Severity};
use crate::policy::problem::{Place, Problem};
use crate::policy::syntax::Span;

/// One thing that is wrong with the rules, or unwise.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// What kind of finding it is.
    pub code: Code,
    /// Where.
    pub place: Place,
    /// The line of text there; empty when there is none to show.
    pub excerpt: String,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do; empty when that is plain.
    pub help: String,
    /// The part of the excerpt that is at fault, in bytes.
    marked: Range<usize>,
}

impl Finding {
    /// Something at `span` of `text`, which is what `file` says.
    pub(super) fn new(
        code: Code,
        file: PathBuf,
        (span, text): (Span, &str),
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let (start, excerpt) = line_of(text, span);
        let bytes = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        let from = bytes(span.start).saturating_sub(start).min(excerpt.len());
        let to = bytes(span.end).saturating_sub(start).clamp(from, excerpt.len());
        // The engine counts a reference's column from its last dot.
        let counted = |before: &str| u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX);
        let column = counted(excerpt.get(..from).unwrap_or_default());
        let newlines = text.get(..start).unwrap_or_default().matches('\n').count();
        let line = u32::try_from(newlines + 1).unwrap_or(u32::MAX);
        Self {
            code,
            place: Place { file, line, column },
            excerpt: excerpt.to_owned(),
            message: message.into(),
            help: help.into(),
            marked: from..to,
        }
    }

    /// What loading the rules would refuse.
    pub(super) fn refused(code: Code, problem: &Problem) -> Self {
        let column = usize::try_from(problem.place.column).unwrap_or(1).saturating_sub(1);
        let starts = problem.excerpt.char_indices().nth(column).map(|(at, _)| at);
        let from = starts.unwrap_or(problem.excerpt.len());
        Self {
            code,
            place: problem.place.clone(),
            excerpt: problem.excerpt.clone(),
            message: problem.message.clone(),
            help: problem.fix.clone(),
            marked: from..problem.excerpt.len().min(from + 1),
        }
    }

    fn group<'a>(&'a self, path: &'a str) -> Group<'a> {
        let level = match self.code.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(&self.message).id(self.code.as_str());
        let group = if self.excerpt.is_empty() {
            title.element(Origin::path(path))
        } else {
            title.element(
                Snippet::source(&self.excerpt)
                    .line_start(usize::try_from(self.place.line).unwrap_or(1))
                    .path(path)
                    .annotation(AnnotationKind::Primary.span(self.marked.clone())),
            )
        };
        if self.help.is_empty() { group } else { group.element(Level::HELP.message(&self.help)) }
    }

    fn json(&self) -> Value {
        json!({
            "code": self.code.as_str(),
            "severity": self.code.severity().word(),
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "excerpt": self.excerpt,
            "message": self.message,
            "help": self.help,
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.place.file.display().to_string();
        f.write_str(&Renderer::plain().render(&[self.group(&path)]))
    }
}

/// Everything that was found, in the order of the files.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(mut findings: Vec<Finding>) -> Self {
        let place = |finding: &Finding| {
            let Place { file, line, column } = finding.place.clone();
            (file, line, column, finding.code)
        };
        findings.sort_by_key(place);
        findings.dedup();
        Self { findings }
    }

    /// Each finding.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many of them say that the rules do not do what they say.
    pub fn errors(&self) -> usize {
        let error = |finding: &&Finding| finding.code.severity() == Severity::Error;
        self.findings.iter().filter(error).count()
    }

    /// How many of them do not.
    pub fn warnings(&self) -> usize {
        self.findings.len() - self.errors()
    }

    /// For scripts: `{"findings": […], "errors": 1, "warnings": 0}`.
    pub fn json(&self) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(Finding::json).collect();
        json!({ "findings": findings, "errors": self.errors(), "warnings": self.warnings() })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            write!(f, "{finding}\n\n")?;
        }
        let count = |count: usize, word: &str| {
            let s = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{count} {word}{s}"))
        };
        let counts = [count(self.errors(), "error"), count(self.warnings(), "warning")];
        let counts: Vec<String> = counts.into_iter().flatten().collect();
        write!(f, "{}", counts.join(", "))
    }
}

/// The line that a span begins on, and the byte it starts at.
fn line_of(text: &str, span: Span) -> (usize, &str) {
    let at = usize::try_from(span.start).unwrap_or(0).min(text.len());
    let before = text.get(..at).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    (start, line)
}
