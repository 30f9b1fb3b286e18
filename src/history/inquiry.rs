//! Why a decision was made: its record, and what its rules say when they are asked again.

use std::fmt;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::history::error::Error;
use crate::history::read::History;
use crate::history::record::{Asked, Record};
use crate::id::DecisionId;
use crate::policy::Explainer;
use crate::policy::explain::{AgentView, Explanation};

/// A decision, and why it was made.
#[derive(Clone, Debug, Serialize)]
pub struct Inquiry {
    /// The decision.
    pub decision: DecisionId,
    /// When.
    pub at: String,
    /// `allow`, `deny`, `escalate` or `error`, as it was decided.
    pub effect: String,
    /// Who asked for what.
    pub asked: Asked,
    /// The rules that decided.
    pub revision: String,
    /// How long it took, in microseconds.
    pub micros: f64,
    /// Parts of the input that are covered in the record.
    pub masked: Vec<String>,
    /// What the rules say when they are asked again.
    pub explanation: Option<Explanation>,
    /// What the reader has to know about the explanation, or why there is none.
    pub notes: Vec<String>,
}

/// Asks the rules that decided `id` again.
///
/// # Errors
/// [`Error::Unknown`] where nothing is kept of it, and [`Error::Io`].
pub fn explain(history: &History, id: DecisionId) -> Result<Inquiry, Error> {
    let record = history.find(id)?;
    let mut inquiry = Inquiry::of(&record, id);
    match explanation(history, &record) {
        Ok(explanation) => {
            inquiry.compare(&explanation);
            inquiry.explanation = Some(explanation);
        }
        Err(why) => inquiry.notes.push(why.to_string()),
    }
    Ok(inquiry)
}

/// The half of an explanation that the agent `principal` may see, of its own decisions only.
///
/// # Errors
/// [`Error::Unknown`] where nothing is kept of it, and where it is about another agent: whether
/// there is such a decision is nothing that it may know.
pub fn explain_to_agent(
    history: &History,
    id: DecisionId,
    principal: &str,
) -> Result<AgentView, Error> {
    let record = history.find(id)?;
    if record.asked().principal != principal {
        return Err(Error::Unknown(id));
    }
    explanation(history, &record).map(|explanation| explanation.for_agent())
}

fn explanation(history: &History, record: &Record) -> Result<Explanation, Error> {
    let id = record.id().unwrap_or_else(DecisionId::new);
    let (Some(revision), Some(input)) = (record.revision(), record.input()) else {
        return Err(Error::NoInput(id));
    };
    let explainer = Explainer::new(&history.rules(revision)?, &record.point())?;
    Ok(explainer.explain(input)?)
}

fn let_pass(record: &Record) -> Option<String> {
    let note = "it was let pass all the same: the route was only observed";
    record.is_only_observed().then(|| note.to_owned())
}

impl Inquiry {
    fn of(record: &Record, id: DecisionId) -> Self {
        let revision = record.revision();
        Self {
            decision: id,
            at: record.at().to_string(),
            effect: record.effect().to_owned(),
            asked: record.asked(),
            revision: revision.map(|revision| revision.to_string()).unwrap_or_default(),
            micros: std::time::Duration::from_nanos(record.nanos()).as_secs_f64() * 1e6,
            masked: record.covered(),
            explanation: None,
            notes: let_pass(record)
                .into_iter()
                .chain(record.error().map(|why| format!("recorded error: {why}")))
                .collect(),
        }
    }

    fn compare(&mut self, explanation: &Explanation) {
        if explanation.effect == self.effect {
            return;
        }
        let cause = match self.masked.is_empty() {
            true => "a limit was met then, or the rules read the time or something outside",
            false => "the covered parts of the input may have decided",
        };
        self.notes.push(format!(
            "asked again, the rules say {} and not {}: {cause}",
            explanation.effect, self.effect
        ));
    }

    /// When it was decided.
    pub fn decided(&self) -> Option<Timestamp> {
        Timestamp::parse(&self.at)
    }
}

/// As people read it in a terminal.
impl fmt::Display for Inquiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.effect.as_str() {
            "allow" => "ALLOWED",
            "escalate" => "NEEDS APPROVAL",
            "error" => "DENIED (error)",
            _ => "DENIED",
        };
        let Asked { principal, route, method, host, path } = &self.asked;
        writeln!(f, "{word}  {method} {host}{path}")?;
        writeln!(f, "  decision {}  {}", self.decision, self.at)?;
        writeln!(f, "  who      {principal}")?;
        writeln!(f, "  route    {route}")?;
        write!(f, "  policy   {}  {:.1} µs", self.revision, self.micros)?;
        for place in &self.masked {
            write!(f, "\n  masked   {place}")?;
        }
        for note in &self.notes {
            write!(f, "\n  note     {note}")?;
        }
        match &self.explanation {
            Some(explanation) => write!(f, "\n{explanation}"),
            None => Ok(()),
        }
    }
}
