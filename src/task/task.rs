//! One bounded piece of work.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::id::TaskId;
use crate::identity::SpiffeId;
use crate::task::budget::{Budget, Spent};
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
    /// What was used up for it, and for what was handed on of it.
    pub used: Spent,
    /// What is kept back for proposals that may still be carried out.
    pub held: Spent,
    /// Where it stands.
    pub status: Status,
    /// Since when it goes on: since it was opened, or resumed.
    pub awake: Timestamp,
    /// From when on nothing goes on, unless somebody says before that it lives.
    pub quiet: Option<Timestamp>,
}

/// What a task is bounded by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// What it may be used for.
    pub scope: Scope,
    /// How much of what may be used up for it.
    pub budget: Budget,
    /// How long it may be silent until it is paused; for as long as wanted, if it does not say.
    pub heartbeat: Option<Duration>,
    /// When it ends by itself.
    pub deadline: Timestamp,
    /// How often it may be handed on, one after the other.
    pub depth: u32,
}

impl Task {
    /// A new one, which was not handed on from another.
    pub fn new(owner: SpiffeId, purpose: String, bounds: Bounds, now: Timestamp) -> Self {
        let mut task = Self {
            id: TaskId::new(),
            owner,
            purpose,
            bounds,
            parent: None,
            created: now,
            used: Spent::default(),
            held: Spent::default(),
            status: Status::Open,
            awake: now,
            quiet: None,
        };
        task.beat(now);
        task
    }

    /// Where it stands at `now`. Silent for too long, it is paused until somebody resumes it.
    pub fn status(&self, now: Timestamp) -> Status {
        match self.quiet {
            _ if self.status.is_final() => self.status,
            _ if self.bounds.deadline <= now => Status::Expired,
            Some(quiet) if quiet <= now => Status::Paused,
            _ => self.status,
        }
    }

    /// How much more may be used up for it.
    pub fn left(&self) -> Budget {
        self.bounds.budget.without(&self.used.with(&self.held))
    }

    /// It lives at `now`.
    pub fn beat(&mut self, now: Timestamp) {
        self.quiet = self.bounds.heartbeat.map(|heartbeat| now.plus(heartbeat));
    }
}

impl Bounds {
    /// Whether everything within `other` is within this, too. What was handed on cannot be handed on
    /// as often any more. Each has a heartbeat of its own: what is silent stops all behind it.
    pub fn contains(&self, other: &Self) -> bool {
        self.scope.contains(&other.scope)
            && self.budget.contains(&other.budget)
            && other.deadline <= self.deadline
            && other.depth < self.depth
    }
}
