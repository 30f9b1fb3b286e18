//! What is wrong with a configuration: everything at once, each with its place and what to do.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::config::code::{Code, Severity};
use crate::config::keypath::KeyPath;
use crate::config::place::Places;

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What kind of problem it is.
    pub code: Code,
    /// What is wrong, in one line.
    pub message: String,
    /// The way to the value in question.
    pub path: KeyPath,
    /// Where it stands; `None` if it stands nowhere, such as a section that is missing.
    pub place: Option<Place>,
    /// What is said beside the excerpt.
    pub label: Box<str>,
    /// What to do.
    pub help: Option<Box<str>>,
    /// Whether the key or the value is shown.
    pub(super) aspect: Aspect,
}

/// A place in the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// Counted from one.
    pub line: u32,
    /// Counted from one, in characters.
    pub column: u32,
    /// The same in bytes from the file's start.
    pub bytes: Range<usize>,
}

/// Which part of `key: value` is at fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Aspect {
    Key,
    LastKey,
    Value,
}

impl Problem {
    /// A problem with the value at `path`.
    pub fn value(code: Code, path: KeyPath, message: impl Into<String>) -> Self {
        Self {
            code,
            message: printable(message.into()).into(),
            path,
            place: None,
            label: Box::default(),
            help: None,
            aspect: Aspect::Value,
        }
    }

    /// A problem with the key at the end of `path`, or with all that stands under it.
    pub fn key(code: Code, path: KeyPath, message: impl Into<String>) -> Self {
        Self { aspect: Aspect::Key, ..Self::value(code, path, message) }
    }

    /// A problem with the last of several keys of one name.
    pub(super) fn last_key(code: Code, path: KeyPath, message: impl Into<String>) -> Self {
        Self { aspect: Aspect::LastKey, ..Self::value(code, path, message) }
    }

    /// With this beside the excerpt.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = printable(label.into());
        self
    }

    /// With this to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(printable(help.into()));
        self
    }
}

/// The text that problems are shown in, with what could be a secret covered.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) shown: String,
    pub(super) places: Places,
}

impl Source {
    pub(super) fn place(&self, problem: &Problem) -> Option<Place> {
        let mut path = problem.path.clone();
        let mut aspect = problem.aspect;
        loop {
            let found = match aspect {
                Aspect::Key => self.places.key(&path).or_else(|| self.places.value(&path)),
                Aspect::LastKey => self.places.last_key(&path),
                Aspect::Value => self.places.value(&path),
            };
            match found.filter(|bytes| !bytes.is_empty()) {
                Some(bytes) => return Some(self.at(bytes)),
                None => path = path.split()?.0,
            }
            aspect = Aspect::Key;
        }
    }

    pub(super) fn at(&self, bytes: Range<usize>) -> Place {
        let (start, _) = line_at(&self.shown, bytes.start);
        Place {
            line: counted(self.shown[..start].matches('\n').count()),
            column: counted(self.shown[start..bytes.start].chars().count()),
            bytes,
        }
    }
}

/// Everything that is wrong with one file, in the order of its text.
#[derive(Clone, Debug)]
pub struct Problems {
    source: Arc<Source>,
    list: Vec<Problem>,
}

impl Problems {
    pub(super) fn new(source: Arc<Source>, mut list: Vec<Problem>) -> Self {
        list.sort_by_key(|problem| {
            (problem.place.as_ref().map_or(usize::MAX, |place| place.bytes.start), problem.code)
        });
        Self { source, list }
    }

    /// The one problem of a file that could not even be read.
    pub fn unreadable(name: &str, message: impl Into<String>) -> Self {
        let places = Places::default();
        let source = Source { name: name.to_owned(), shown: String::new(), places };
        let problem = Problem::value(Code::Unreadable, KeyPath::default(), message);
        Self::new(Arc::new(source), vec![problem])
    }

    /// Adds what was found later, such as a file that is named but not there.
    pub fn add(&mut self, mut problem: Problem) {
        if problem.place.is_none() {
            problem.place = self.source.place(&problem);
        }
        self.list.push(problem);
    }

    /// Each problem, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many of them keep the configuration from being used.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|problem| problem.code.severity() == Severity::Error).count()
    }

    /// How many of them do not.
    pub fn warnings(&self) -> usize {
        self.list.len() - self.errors()
    }

    /// The text of a terminal without colour, or with it.
    pub fn render(&self, renderer: &Renderer) -> String {
        let mut text = String::new();
        for problem in &self.list {
            text.push_str(&renderer.render(&[self.group(problem)]));
            text.push_str("\n\n");
        }
        text.push_str(&self.summary());
        text
    }

    fn group<'a>(&'a self, problem: &'a Problem) -> Group<'a> {
        let level = match problem.code.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(&problem.message).id(problem.code.as_str());
        let group = match &problem.place {
            Some(place) => title.element(self.excerpt(place, &problem.label)),
            None => title.element(Origin::path(&self.source.name)),
        };
        match &problem.help {
            Some(help) => group.element(Level::HELP.message(&**help)),
            None => group,
        }
    }

    fn excerpt<'a>(
        &'a self,
        place: &Place,
        label: &'a str,
    ) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let (start, line) = line_at(&self.source.shown, place.bytes.start);
        let from = (place.bytes.start - start).min(line.len());
        let to = (place.bytes.end - start).clamp(from, line.len());
        let label = (!label.is_empty()).then_some(label);
        Snippet::source(line)
            .line_start(place.line as usize)
            .path(&self.source.name)
            .annotation(AnnotationKind::Primary.span(from..to).label(label))
    }

    /// `4 errors, 1 warning; nothing was changed`.
    fn summary(&self) -> String {
        let (errors, warnings) = (self.errors(), self.warnings());
        let mut counts = Vec::new();
        if errors > 0 {
            counts.push(format!("{errors} error{}", if errors == 1 { "" } else { "s" }));
        }
        if warnings > 0 {
            counts.push(format!("{warnings} warning{}", if warnings == 1 { "" } else { "s" }));
        }
        let outcome = if errors > 0 { "; nothing was changed" } else { "" };
        format!("{}{outcome}", counts.join(", "))
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Renderer::plain()))
    }
}

impl std::error::Error for Problems {}

/// The number, counted from one, of what has so many before it. A file is far too small for more.
fn counted(before: usize) -> u32 {
    u32::try_from(before + 1).unwrap_or(u32::MAX)
}

/// Without control characters: what a file says must not steer the terminal it is shown on.
fn printable(text: String) -> Box<str> {
    text.replace(char::is_control, "\u{fffd}").into()
}

/// The line that holds `byte`, without its end, and where it starts.
pub(super) fn line_at(text: &str, byte: usize) -> (usize, &str) {
    let byte = byte.min(text.len());
    let start = text[..byte].rfind('\n').map_or(0, |at| at + 1);
    let end = text[byte..].find('\n').map_or(text.len(), |at| byte + at);
    (start, text[start..end].trim_end_matches('\r'))
}
