//! The kinds of change.

use std::fmt;

use crate::proposal::{Execution, State, Status};
use crate::task;

/// What happened to what. Printed as `NOUN.WORD`, with the words of the states themselves.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// A person answered a proposal.
    ApprovalGiven,
    /// A person took their answer back.
    ApprovalWithdrawn,
    /// Enough people agreed, or none had to.
    ProposalApproved,
    /// Its owner took it back, or its task ended.
    ProposalCancelled,
    /// Somebody said no.
    ProposalDenied,
    /// Nobody decided in time.
    ProposalExpired,
    /// It was not sent, or the upstream refused it.
    ProposalFailed,
    /// It was put forward, and people have to decide.
    ProposalPending,
    /// It was given back unsent, and waits for another try.
    ProposalQueued,
    /// It is being carried out.
    ProposalRunning,
    /// The upstream answered.
    ProposalSucceeded,
    /// Another took its place.
    ProposalSuperseded,
    /// It may have been sent, and nobody knows what came of it.
    ProposalUnknown,
    /// It was given back what it had.
    RevocationLifted,
    /// Something was revoked.
    RevocationMade,
    /// A task goes on.
    TaskActive,
    /// A task is done.
    TaskCompleted,
    /// A task was handed on.
    TaskDelegated,
    /// A task was opened.
    TaskOpen,
    /// A task rests.
    TaskPaused,
    /// A task was revoked.
    TaskRevoked,
}

impl Kind {
    /// What the change of a proposal from `before` (nothing, if it is new) to `after` is; `None`, if
    /// neither of its states has changed.
    pub fn of_proposal(before: Option<&State>, after: &State) -> Option<Self> {
        if before.is_none_or(|before| before.status != after.status) {
            return Some(match after.status {
                Status::Pending => Self::ProposalPending,
                Status::Approved => Self::ProposalApproved,
                Status::Denied => Self::ProposalDenied,
                Status::Expired => Self::ProposalExpired,
                Status::Cancelled => Self::ProposalCancelled,
                Status::Superseded => Self::ProposalSuperseded,
            });
        }
        if before.is_some_and(|before| before.execution == after.execution) {
            return None;
        }
        match after.execution {
            Execution::None => None,
            Execution::Queued => Some(Self::ProposalQueued),
            Execution::Running => Some(Self::ProposalRunning),
            Execution::Succeeded => Some(Self::ProposalSucceeded),
            Execution::Failed => Some(Self::ProposalFailed),
            Execution::Unknown => Some(Self::ProposalUnknown),
        }
    }

    /// What it is that a task was made to stand in `status`; `None`, if nobody makes it so: a task
    /// expires by itself.
    pub fn of_task(status: task::Status) -> Option<Self> {
        Some(match status {
            task::Status::Open => Self::TaskOpen,
            task::Status::Active => Self::TaskActive,
            task::Status::Paused => Self::TaskPaused,
            task::Status::Completed => Self::TaskCompleted,
            task::Status::Revoked => Self::TaskRevoked,
            task::Status::Expired => return None,
        })
    }

    /// Whether a proposal stands for good after it: nothing that happens to it changes what came of it.
    pub fn ends_a_proposal(self) -> bool {
        matches!(
            self,
            Self::ProposalCancelled
                | Self::ProposalDenied
                | Self::ProposalExpired
                | Self::ProposalFailed
                | Self::ProposalSucceeded
                | Self::ProposalSuperseded
                | Self::ProposalUnknown
        )
    }
}

/// Declares the words, which are printed, kept and parsed back.
macro_rules! words {
    ($($variant:ident = $word:literal),+ $(,)?) => {
        impl Kind {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The words for it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The one that `word` stands for.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    };
}

words! {
    ApprovalGiven = "approval.given",
    ApprovalWithdrawn = "approval.withdrawn",
    ProposalApproved = "proposal.approved",
    ProposalCancelled = "proposal.cancelled",
    ProposalDenied = "proposal.denied",
    ProposalExpired = "proposal.expired",
    ProposalFailed = "proposal.failed",
    ProposalPending = "proposal.pending",
    ProposalQueued = "proposal.queued",
    ProposalRunning = "proposal.running",
    ProposalSucceeded = "proposal.succeeded",
    ProposalSuperseded = "proposal.superseded",
    ProposalUnknown = "proposal.unknown",
    RevocationLifted = "revocation.lifted",
    RevocationMade = "revocation.made",
    TaskActive = "task.active",
    TaskCompleted = "task.completed",
    TaskDelegated = "task.delegated",
    TaskOpen = "task.open",
    TaskPaused = "task.paused",
    TaskRevoked = "task.revoked",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;
    use crate::proposal::{Execution, State, Status};

    #[test]
    fn what_is_printed_parses_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
        }
        assert_eq!(Kind::parse("proposal"), None);
    }

    #[test]
    fn a_change_is_told_once_and_no_change_is_none() {
        let state = |status, execution| State { status, execution, ..State::default() };
        let pending = State::default();
        let queued = state(Status::Approved, Execution::Queued);
        let running = state(Status::Approved, Execution::Running);
        let failed = state(Status::Approved, Execution::Failed);
        for (before, after, kind) in [
            (None, &pending, Some(Kind::ProposalPending)),
            (None, &queued, Some(Kind::ProposalApproved)),
            (Some(&pending), &pending, None),
            (Some(&pending), &queued, Some(Kind::ProposalApproved)),
            (Some(&queued), &running, Some(Kind::ProposalRunning)),
            (Some(&running), &queued, Some(Kind::ProposalQueued)),
            (Some(&queued), &failed, Some(Kind::ProposalFailed)),
        ] {
            assert_eq!(Kind::of_proposal(before, after), kind);
        }
    }
}
