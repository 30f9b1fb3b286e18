//! Where a proposal stands: what was decided about it, and what came of carrying it out.
//!
//! Two machines. The first ends with a decision, and a decision never changes. The second begins
//! only behind a yes, is entered by one executor, and says `unknown` where a request may have been
//! sent and nobody knows what came of it: such a one is never sent again.

use std::fmt;

use crate::clock::Timestamp;
use crate::proposal::answer::Answer;

/// Both states, and when they were reached.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct State {
    /// What was decided.
    pub status: Status,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// It is not carried out before this time.
    pub due: Timestamp,
    /// What came of carrying it out.
    pub execution: Execution,
    /// Who carries it out, or did last.
    pub claim: Option<Claim>,
    /// When the execution ended.
    pub finished_at: Option<Timestamp>,
    /// What the upstream answered.
    pub answer: Option<Answer>,
    /// The person who took their yes back before it was sent.
    pub withdrawn_by: Option<String>,
}

/// What was decided about a proposal. All but [`Pending`](Self::Pending) are final.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Status {
    /// People have not decided yet.
    #[default]
    Pending,
    /// Enough people said yes.
    Approved,
    /// Someone said no.
    Denied,
    /// Nobody decided in time; that is not a no.
    Expired,
    /// Its owner took it back.
    Cancelled,
    /// Another proposal took its place.
    Superseded,
}

/// What came of carrying a proposal out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Execution {
    /// There is nothing to carry out.
    #[default]
    None,
    /// It waits for an executor.
    Queued,
    /// One executor has it; the request may be on its way.
    Running,
    /// The upstream answered. Final.
    Succeeded,
    /// It was not carried out, or the upstream refused it. Final.
    Failed,
    /// It may have been sent, and no answer is known. Final.
    Unknown,
}

/// One executor's hold on a proposal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    /// The executor: one name for each running process.
    pub executor: String,
    /// Past this time the executor is taken for dead. Later than its own limit for the exchange.
    pub until: Timestamp,
}

/// How an execution ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It was not carried out (no answer), or the upstream refused it.
    Failed(Option<Answer>),
    /// The upstream answered.
    Succeeded(Answer),
    /// Nobody knows.
    Unknown,
}

/// What people say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Yes.
    Approve,
    /// No.
    Deny,
}

/// A transition that does not exist.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Illegal {
    /// It has been decided already.
    Decided(Status),
    /// It is not the time for this yet.
    Early(Timestamp),
    /// Its time was over.
    Expired(Timestamp),
    /// Another executor has it.
    Foreign,
    /// It may have been sent, so nobody can take their yes back any more.
    Late(Execution),
    /// It was not approved.
    NotApproved(Status),
    /// It is not waiting for an executor.
    NotQueued(Execution),
    /// No executor has it.
    NotRunning(Execution),
}

impl State {
    pub(super) fn decide(&mut self, status: Status, now: Timestamp) -> Result<(), Illegal> {
        if self.status != Status::Pending {
            return Err(Illegal::Decided(self.status));
        }
        self.status = status;
        self.decided_at = Some(now);
        if status == Status::Approved {
            self.execution = Execution::Queued;
        }
        Ok(())
    }

    pub(super) fn run(&mut self, claim: Claim) -> Result<(), Illegal> {
        self.queued()?;
        self.execution = Execution::Running;
        self.claim = Some(claim);
        Ok(())
    }

    pub(super) fn release(&mut self, executor: &str, later: Timestamp) -> Result<(), Illegal> {
        self.running(executor)?;
        self.due = self.due.max(later);
        self.execution = Execution::Queued;
        self.claim = None;
        Ok(())
    }

    pub(super) fn finish(
        &mut self,
        executor: &str,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<(), Illegal> {
        self.running(executor)?;
        self.end(outcome, now);
        Ok(())
    }

    pub(super) fn abandon(&mut self, now: Timestamp) -> Result<(), Illegal> {
        self.queued()?;
        self.end(Outcome::Failed(None), now);
        Ok(())
    }

    pub(super) fn withdraw(&mut self, person: &str, now: Timestamp) -> Result<(), Illegal> {
        match (self.status, self.execution) {
            (Status::Approved, Execution::Queued) => {
                self.end(Outcome::Failed(None), now);
                self.withdrawn_by = Some(person.to_owned());
                Ok(())
            }
            (Status::Approved, execution) => Err(Illegal::Late(execution)),
            (status, _) => Err(Illegal::Decided(status)),
        }
    }

    pub(super) fn lose(&mut self, now: Timestamp) -> Result<(), Illegal> {
        if self.execution != Execution::Running {
            return Err(Illegal::NotRunning(self.execution));
        }
        self.end(Outcome::Unknown, now);
        Ok(())
    }

    fn end(&mut self, outcome: Outcome, now: Timestamp) {
        (self.execution, self.answer) = match outcome {
            Outcome::Failed(answer) => (Execution::Failed, answer),
            Outcome::Succeeded(answer) => (Execution::Succeeded, Some(answer)),
            Outcome::Unknown => (Execution::Unknown, None),
        };
        self.finished_at = Some(now);
    }

    fn queued(&self) -> Result<(), Illegal> {
        if self.status != Status::Approved {
            return Err(Illegal::NotApproved(self.status));
        }
        if self.execution != Execution::Queued {
            return Err(Illegal::NotQueued(self.execution));
        }
        Ok(())
    }

    fn running(&self, executor: &str) -> Result<(), Illegal> {
        if self.execution != Execution::Running {
            return Err(Illegal::NotRunning(self.execution));
        }
        if self.claim.as_ref().is_none_or(|claim| claim.executor != executor) {
            return Err(Illegal::Foreign);
        }
        Ok(())
    }
}

/// Declares the words of a state, which are printed, kept and parsed back.
macro_rules! words {
    ($name:ident: $($variant:ident = $word:literal),+) => {
        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The one that `word` stands for.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(Status: Pending = "pending", Approved = "approved", Denied = "denied", Expired = "expired",
    Cancelled = "cancelled", Superseded = "superseded");
words!(Execution: None = "none", Queued = "queued", Running = "running", Succeeded = "succeeded",
    Failed = "failed", Unknown = "unknown");
words!(Verdict: Approve = "approve", Deny = "deny");

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decided(status) => write!(f, "the proposal is {status} already"),
            Self::Early(from) => write!(f, "the proposal may not do this before {from}"),
            Self::Expired(at) => write!(f, "the proposal expired at {at}; put it forward again"),
            Self::Foreign => f.write_str("another executor has the proposal"),
            Self::Late(execution) => write!(
                f,
                "it is too late to take a yes back: the request may be sent (execution {execution})"
            ),
            Self::NotApproved(status) => write!(f, "the proposal is {status}, not approved"),
            Self::NotQueued(execution) => {
                write!(f, "the proposal's execution is {execution}, not queued")
            }
            Self::NotRunning(execution) => {
                write!(f, "the proposal's execution is {execution}, not running")
            }
        }
    }
}

impl std::error::Error for Illegal {}
