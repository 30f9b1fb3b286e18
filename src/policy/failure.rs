//! Why policy gave no clear answer, which is a denial.

use std::fmt;

use crate::policy::problem::Place;

/// Why there was no clear answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    cause: Cause,
    message: String,
    place: Option<Place>,
}

impl Failure {
    pub(super) fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into(), place: None }
    }

    /// The same failure, at `place` unless it has one already.
    pub(super) fn or_at(self, place: &Place) -> Self {
        let place = self.place.or_else(|| Some(place.clone()));
        Self { place, ..self }
    }

    /// The kind of failure.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// Where in the rules it happened, or which rule decides where that is all that can be told;
    /// nothing where the request itself could not be read.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// What the operator needs; not for agents.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{}: {place}: {}", self.cause.word(), self.message),
            None => write!(f, "{}: {}", self.cause.word(), self.message),
        }
    }
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cause {
    /// The answer has a shape or a key that is not understood.
    Answer,
    /// A rule erred: a builtin refused its arguments, or two rules gave different values.
    Evaluation,
    /// The request could not be put into the form that rules read.
    Input,
    /// The evaluation took more instructions than one decision may.
    Instructions,
    /// Evaluating might have taken more memory than one decision may.
    Memory,
    /// The answer names an obligation that nobody here can carry out.
    Obligation,
    /// The engine panicked.
    Panic,
    /// The evaluation took too long.
    Time,
    /// No rule answered.
    Undefined,
}

impl Cause {
    /// A stable word, for metrics and the audit record.
    pub fn word(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Evaluation => "evaluation",
            Self::Input => "input",
            Self::Instructions => "instructions",
            Self::Memory => "memory",
            Self::Obligation => "obligation",
            Self::Panic => "panic",
            Self::Time => "time",
            Self::Undefined => "undefined",
        }
    }
}
