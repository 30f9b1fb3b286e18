//! A task with all that it was handed on from: every link counts, on every call.

use std::fmt;

use crate::clock::Timestamp;
use crate::id::TaskId;
use crate::identity::SpiffeId;
use crate::task::budget::{Cost, Measure, Spent};
use crate::task::call::Call;
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
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Stop {
    /// The budget of this does not suffice.
    Budget(Measure),
    /// What was to be handed on is more than there is.
    Wider,
    /// What is asked for is not in the scope.
    Scope,
    /// It is paused or over.
    Status(Status),
    /// Bytes are bounded, and nobody knows how many these are.
    Unmeasured,
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

    /// Whether a link bounds bytes.
    pub fn bounds_bytes(&self) -> bool {
        self.0.iter().any(|task| task.bounds.budget.bytes.is_some())
    }

    /// Whether a link bounds arguments.
    pub fn bounds_arguments(&self) -> bool {
        self.0.iter().any(|task| !task.bounds.scope.arguments.is_empty())
    }

    /// Whether `call` may be made, as far as what is left does not matter.
    ///
    /// # Errors
    /// [`Refusal`] of the first link that does not let it.
    pub fn cover(&self, call: &Call, now: Timestamp) -> Result<(), Refusal> {
        self.alive(now)?;
        self.each(|task| (!task.bounds.scope.covers(call)).then_some(Stop::Scope))
    }

    /// Whether `call` may be made, and there is enough left for its `cost`.
    ///
    /// # Errors
    /// [`Refusal`] of the first link that does not let it.
    pub fn check(&self, call: &Call, cost: &Cost, now: Timestamp) -> Result<(), Refusal> {
        self.cover(call, now)?;
        self.afford(cost, now)
    }

    /// Whether there is enough left for one more request that takes `cost`.
    ///
    /// # Errors
    /// [`Refusal`] of the first link that is paused or over, or has not.
    pub fn afford(&self, cost: &Cost, now: Timestamp) -> Result<(), Refusal> {
        self.alive(now)?;
        self.each(|task| match task.left() {
            left if left.bytes.is_some() && cost.bytes.is_none() => Some(Stop::Unmeasured),
            left => left.lacks(cost).map(Stop::Budget),
        })
    }

    /// Takes one request off every link's budget, and makes them active.
    ///
    /// # Errors
    /// As [`check`](Self::check); nothing was taken then.
    pub fn charge(&mut self, call: &Call, cost: &Cost, now: Timestamp) -> Result<(), Refusal> {
        self.check(call, cost, now)?;
        for task in &mut self.0 {
            task.used.add(cost);
        }
        self.go_on(now);
        Ok(())
    }

    /// Every link is active, and lives at `now`.
    pub fn go_on(&mut self, now: Timestamp) {
        for task in &mut self.0 {
            task.status = Status::Active;
            task.beat(now);
        }
    }

    /// Takes at least `needed` bytes off every link's budget, and up to `wanted` if there are as
    /// many. Returns how many.
    ///
    /// # Errors
    /// [`Refusal`] of the first link that is paused or over, or has fewer than are needed; nothing
    /// was taken then.
    pub fn take_bytes(&mut self, needed: u64, wanted: u64, now: Timestamp) -> Result<u64, Refusal> {
        self.alive(now)?;
        let short = |task: &Task| task.left().bytes.is_some_and(|bytes| bytes < needed);
        self.each(|task| short(task).then_some(Stop::Budget(Measure::Bytes)))?;
        let most = self.0.iter().filter_map(|task| task.left().bytes).min();
        let taken = most.map_or(wanted, |most| wanted.min(most)).max(needed);
        for task in &mut self.0 {
            task.used.bytes = task.used.bytes.saturating_add(taken);
        }
        Ok(taken)
    }

    /// How many bytes are left of every link.
    pub fn bytes_left(&self) -> Option<u64> {
        self.0.iter().filter_map(|task| task.left().bytes).min()
    }

    /// Counts what is kept back for `task`, if it is one of these.
    pub fn hold(&mut self, task: TaskId, held: &Spent) {
        if let Some(task) = self.0.iter_mut().find(|one| one.id == task) {
            task.held = task.held.with(held);
        }
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
        self.each(|task| {
            let left = Bounds { budget: task.left(), ..task.bounds.clone() };
            (!left.contains(&bounds)).then_some(Stop::Wider)
        })?;
        Ok(Task { parent: Some(self.task().id), ..Task::new(to, purpose, bounds, now) })
    }

    fn each(&self, stop: impl Fn(&Task) -> Option<Stop>) -> Result<(), Refusal> {
        let refused = |task: &Task| stop(task).map(|why| Refusal { link: task.id, why });
        self.0.iter().find_map(refused).map_or(Ok(()), Err)
    }

    fn alive(&self, now: Timestamp) -> Result<(), Refusal> {
        self.each(|task| match task.status(now) {
            Status::Open | Status::Active => None,
            status => Some(Stop::Status(status)),
        })
    }
}

/// `task tsk_…: its budget of requests is used up`
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}: ", self.link)?;
        match &self.why {
            Stop::Budget(Measure::Requests) => f.write_str("its budget of requests is used up"),
            Stop::Budget(measure) => {
                write!(f, "there is not enough left of its budget of {measure}")
            }
            Stop::Wider => f.write_str("what was handed on must be within what it has left"),
            Stop::Scope => f.write_str("its scope does not cover this"),
            Stop::Status(status) => write!(f, "it is {status}"),
            Stop::Unmeasured => f.write_str(
                "it bounds bytes, and nobody can say how many this has; send `Content-Length`",
            ),
        }
    }
}
