//! What can be revoked.

use std::fmt;

use crate::id::{CredentialName, TaskId};
use crate::identity::{SpiffeId, TrustDomain};

/// One thing that can be revoked.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Subject {
    /// An agent, whatever certificate it shows.
    Agent(SpiffeId),
    /// A credential, on whatever route.
    Credential(CredentialName),
    /// A task, with all that was handed on of it.
    Task(TaskId),
    /// Everyone whom a trust domain vouches for.
    TrustDomain(TrustDomain),
}

impl Subject {
    /// Reads back what [`kind`](Self::kind) and [`name`](Self::name) say; `None`, if it is nothing
    /// that can be revoked.
    pub fn parse(kind: &str, name: &str) -> Option<Self> {
        match kind {
            AGENT => SpiffeId::parse(name).ok().map(Self::Agent),
            CREDENTIAL if !name.is_empty() => Some(Self::Credential(name.into())),
            TASK => TaskId::parse(name).map(Self::Task),
            TRUST_DOMAIN => TrustDomain::parse(name).ok().map(Self::TrustDomain),
            _ => None,
        }
    }

    /// What it is: `agent`, `credential`, `task` or `trust-domain`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Agent(_) => AGENT,
            Self::Credential(_) => CREDENTIAL,
            Self::Task(_) => TASK,
            Self::TrustDomain(_) => TRUST_DOMAIN,
        }
    }

    /// Which one.
    pub fn name(&self) -> String {
        match self {
            Self::Agent(id) => id.as_str().to_owned(),
            Self::Credential(name) => name.to_string(),
            Self::Task(id) => id.to_string(),
            Self::TrustDomain(domain) => domain.as_str().to_owned(),
        }
    }
}

/// `agent spiffe://example.org/reader`
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.name())
    }
}

const AGENT: &str = "agent";
const CREDENTIAL: &str = "credential";
const TASK: &str = "task";
const TRUST_DOMAIN: &str = "trust-domain";

#[cfg(test)]
mod tests {
    use super::Subject;

    #[test]
    fn what_is_printed_parses_back_and_nothing_else_does() {
        for (kind, name) in [
            ("agent", "spiffe://example.org/reader"),
            ("credential", "orders"),
            ("task", "tsk_0193a0b0c0d07ef08193a0b0c0d0e0f0"),
            ("trust-domain", "example.org"),
        ] {
            let subject = Subject::parse(kind, name).unwrap();
            assert_eq!((subject.kind(), subject.name()), (kind, name.to_owned()));
        }
        for (kind, name) in [
            ("agent", "spiffe://example.org"),
            ("agent", "reader"),
            ("credential", ""),
            ("task", "prp_0193a0b0c0d07ef08193a0b0c0d0e0f0"),
            ("trust-domain", "spiffe://example.org"),
            ("route", "orders"),
        ] {
            assert_eq!(Subject::parse(kind, name), None, "{kind} {name}");
        }
    }
}
