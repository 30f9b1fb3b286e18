//! A task with all that it was handed on from: every link counts, on every call.

use std::fmt;

use crate::clock::Timestamp;
use crate::id::{RouteName, TaskId};
use crate::identity::SpiffeId;
use crate::task::state::Status;
use crate::task::task::{Bounds, Task};

/// A task behind all that it was handed on from, the first one first; never empty.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lineage(Vec<Task>);

/// Why a call may not be made, and which link of the chain says so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The task that refuses; it need not be the caller's own.
    pub link: TaskId,
    /// Why.
    pub why: Stop,
}

/// Why a call may not be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stop {
    /// The budget is used up.
    Budget,
    /// What was to be handed on is more than there is.
    Wider,
    /// The route or the method is not in the scope.
    Scope,
    /// It is paused or over.
    Status(Status),
}

impl Lineage {
    /// Of tasks that were each handed on from the one before; `None` for anything else.
    pub fn new(tasks: Vec<Task>) -> Option<Self> {
        let parents = std::iter::once(None).chain(tasks.iter().map(|task| Some(task.id)));
        let is_chain = parents.zip(&tasks).all(|(parent, task)| task.parent == parent);
        (is_chain && !tasks.is_empty()).then_some(Self(tasks))
    }

    /// All of them, the first one first.
    pub fn tasks(&self) -> &[Task] {
        &self.0
    }

    /// The task itself.
    pub fn task(&self) -> &Task {
        // It is never empty.
        &self.0[self.0.len() - 1]
    }

    /// The first of all, which labels stick to.
    pub fn root(&self) -> &Task {
        &self.0[0]
    }

    /// On whose behalf its owner works: who handed it on, the first one first.
    pub fn chain(&self) -> impl Iterator<Item = &SpiffeId> {
        self.0[..self.0.len() - 1].iter().map(|task| &task.owner)
    }

    /// Whether one more request with this method may be made on this route.
    ///
    /// # Errors
    /// [`Refusal`] of the first link that does not let it.
    pub fn check(&self, route: &RouteName, method: &str, now: Timestamp) -> Result<(), Refusal> {
        self.alive(now)?;
        let refused = self.0.iter().find_map(|task| {
            let why = match task.left() {
                Some(0) => Some(Stop::Budget),
                _ if !task.bounds.scope.covers(route, method) => Some(Stop::Scope),
                _ => None,
            };
            why.map(|why| Refusal { link: task.id, why })
        });
        refused.map_or(Ok(()), Err)
    }

    /// Takes one request off every link's budget, and makes them active.
    ///
    /// # Errors
    /// As [`check`](Self::check); nothing was taken then.
    pub fn charge(
        &mut self,
        route: &RouteName,
        method: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.check(route, method, now)?;
        for task in &mut self.0 {
            task.used += 1;
            task.status = Status::Active;
        }
        Ok(())
    }

    /// The task that comes of handing this one on.
    ///
    /// # Errors
    /// [`Refusal`], if a link is paused or over, or if it would be more than what is left.
    pub fn hand_on(
        &self,
        to: SpiffeId,
        purpose: String,
        bounds: Bounds,
        now: Timestamp,
    ) -> Result<Task, Refusal> {
        self.alive(now)?;
        let within = |task: &&Task| {
            !Bounds { requests: task.left(), ..task.bounds.clone() }.contains(&bounds)
        };
        if let Some(narrower) = self.0.iter().find(within) {
            return Err(Refusal { link: narrower.id, why: Stop::Wider });
        }
        Ok(Task {
            id: TaskId::new(),
            owner: to,
            purpose,
            bounds,
            parent: Some(self.task().id),
            created: now,
            used: 0,
            status: Status::Open,
        })
    }

    fn alive(&self, now: Timestamp) -> Result<(), Refusal> {
        let stopped = self.0.iter().find_map(|task| match task.status(now) {
            Status::Open | Status::Active => None,
            status => Some(Refusal { link: task.id, why: Stop::Status(status) }),
        });
        stopped.map_or(Ok(()), Err)
    }
}

/// `task tsk_…: its budget is used up`
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}: ", self.link)?;
        match self.why {
            Stop::Budget => f.write_str("its budget is used up"),
            Stop::Wider => f.write_str("what was handed on must be within what it has left"),
            Stop::Scope => f.write_str("its scope does not cover this"),
            Stop::Status(status) => write!(f, "it is {status}"),
        }
    }
}
