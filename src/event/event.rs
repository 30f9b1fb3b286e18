//! One change, and what it happened to.

use std::fmt;

use serde_json::{Value, json};

use crate::event::kind::Kind;
use crate::id::{EventId, ProposalId, TaskId};
use crate::identity::SpiffeId;
use crate::revocation;

/// One change. Its id says when it happened, and sorts it among the others.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// What it is known by; whoever hears of it twice knows it by this.
    pub id: EventId,
    /// What happened.
    pub kind: Kind,
    /// What it happened to.
    pub subject: Subject,
    /// The agent whose it is.
    pub agent: Option<SpiffeId>,
    /// Who did it, or why, in the words of people and operators; never an agent's.
    pub detail: Option<String>,
}

/// What something happened to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Subject {
    /// A proposal.
    Proposal(ProposalId),
    /// What was revoked or lifted.
    Revocation(revocation::Subject),
    /// A task.
    Task(TaskId),
}

impl Event {
    /// That `kind` has just happened to `subject`.
    pub fn new(kind: Kind, subject: Subject) -> Self {
        Self { id: EventId::new(), kind, subject, agent: None, detail: None }
    }

    /// The same about something that is `agent`'s.
    pub fn of(self, agent: &SpiffeId) -> Self {
        Self { agent: Some(agent.clone()), ..self }
    }

    /// The same with who did it, or why.
    pub fn because(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// As others read it: `{"id":…,"time":…,"type":…,"subject":…,"agent":…,"detail":…}`.
    pub fn document(&self) -> Value {
        json!({
            "id": self.id,
            "time": self.id.made().to_string(),
            "type": self.kind.as_str(),
            "subject": self.subject.to_string(),
            "agent": self.agent.as_ref().map(SpiffeId::as_str),
            "detail": self.detail,
        })
    }
}

impl Subject {
    /// Reads back what [`Display`](fmt::Display) printed; `None`, if `text` is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((kind, name)) = text.split_once(' ') {
            return revocation::Subject::parse(kind, name).map(Self::Revocation);
        }
        let proposal = || ProposalId::parse(text).map(Self::Proposal);
        TaskId::parse(text).map(Self::Task).or_else(proposal)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proposal(id) => write!(f, "{id}"),
            Self::Revocation(subject) => write!(f, "{subject}"),
            Self::Task(id) => write!(f, "{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Subject;
    use crate::id::{ProposalId, TaskId};
    use crate::revocation;

    #[test]
    fn what_is_printed_parses_back_and_nothing_else_does() {
        for subject in [
            Subject::Proposal(ProposalId::new()),
            Subject::Task(TaskId::new()),
            Subject::Revocation(revocation::Subject::Credential("orders".into())),
        ] {
            assert_eq!(Subject::parse(&subject.to_string()), Some(subject));
        }
        for text in ["", "credential", "credential ", "dec_0193a0b0c0d07ef08193a0b0c0d0e0f0"] {
            assert_eq!(Subject::parse(text), None, "{text}");
        }
    }
}
