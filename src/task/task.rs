//! One bounded piece of work.

use crate::clock::Timestamp;
use crate::id::TaskId;
use crate::identity::SpiffeId;
use crate::task::scope::Scope;
use crate::task::state::Status;

/// One bounded piece of work of one agent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Task {
    /// What it is known by.
    pub id: TaskId,
    /// Whose it is.
    pub owner: SpiffeId,
    /// What it is for, in the words of who opened it.
    pub purpose: String,
    /// What it is bounded by.
    pub bounds: Bounds,
    /// The task that it was handed on from.
    pub parent: Option<TaskId>,
    /// When it was opened.
    pub created: Timestamp,
    /// How many requests were made for it, and for what was handed on of it.
    pub used: u64,
    /// Where it stands.
    pub status: Status,
}

/// What a task is bounded by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// What it may be used for.
    pub scope: Scope,
    /// How many requests may be made for it; as many as wanted, if it does not say.
    pub requests: Option<u64>,
    /// When it ends by itself.
    pub deadline: Timestamp,
    /// How often it may be handed on, one after the other.
    pub depth: u32,
}

impl Task {
    /// Where it stands at `now`.
    pub fn status(&self, now: Timestamp) -> Status {
        match !self.status.is_final() && self.bounds.deadline <= now {
            true => Status::Expired,
            false => self.status,
        }
    }

    /// How many more requests may be made for it.
    pub fn left(&self) -> Option<u64> {
        self.bounds.requests.map(|requests| requests.saturating_sub(self.used))
    }
}

impl Bounds {
    /// Whether everything within `other` is within this, too. What was handed on cannot be handed on
    /// as often any more.
    pub fn contains(&self, other: &Self) -> bool {
        let within = |wide: Option<u64>, narrow: Option<u64>| match (wide, narrow) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => narrow <= wide,
        };
        self.scope.contains(&other.scope)
            && within(self.requests, other.requests)
            && other.deadline <= self.deadline
            && other.depth < self.depth
    }
}
