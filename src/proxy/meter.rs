//! The bytes of an answer, taken off the budget of its task as they pass.
//!
//! They are taken in portions, so that not every part of an answer waits for the store: what was taken and
//! did not come is given back at the end. Nothing passes that was not taken before, so that no budget
//! is ever exceeded; what a replica had taken when it died stays used up.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::clock::Clock;
use crate::id::TaskId;
use crate::identity::SpiffeId;
use crate::store::{Desk, Error};

/// Counts the bytes of one answer.
pub(super) struct Meter {
    desk: Desk,
    clock: Clock,
    agent: SpiffeId,
    task: TaskId,
    /// How many were taken and have not passed.
    left: u64,
    asking: Option<Asking>,
}

/// Waits for the store.
type Asking = Pin<Box<dyn Future<Output = Result<u64, Error>>>>;

impl Meter {
    /// Of an answer to a request of the agent that is a part of the task.
    pub(super) fn new(desk: Desk, clock: Clock, (agent, task): (SpiffeId, TaskId)) -> Self {
        Self { desk, clock, agent, task, left: 0, asking: None }
    }

    /// Lets `bytes` more pass.
    ///
    /// # Errors
    /// [`Error`]; they may then not pass.
    pub(super) fn poll_pass(
        &mut self,
        cx: &mut Context<'_>,
        bytes: u64,
    ) -> Poll<Result<(), Error>> {
        while self.left < bytes {
            let needed = bytes - self.left;
            let mut asking = self.asking.take().unwrap_or_else(|| self.ask(needed));
            let Poll::Ready(taken) = asking.as_mut().poll(cx) else {
                self.asking = Some(asking);
                return Poll::Pending;
            };
            self.left += taken?;
        }
        self.left -= bytes;
        Poll::Ready(Ok(()))
    }

    /// As [`poll_pass`](Self::poll_pass).
    ///
    /// # Errors
    /// As [`poll_pass`](Self::poll_pass).
    pub(super) async fn pass(&mut self, bytes: u64) -> Result<(), Error> {
        std::future::poll_fn(|cx| self.poll_pass(cx, bytes)).await
    }

    fn ask(&self, needed: u64) -> Asking {
        let (desk, whose) = (self.desk.clone(), (self.agent.clone(), self.task));
        let bytes = (needed, needed.max(PORTION));
        Box::pin(desk.take_bytes(whose, bytes, self.clock.now()))
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("task", &self.task).field("left", &self.left).finish()
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.left > 0 {
            self.desk.give_bytes_back(self.task, self.left);
        }
    }
}

/// How many are taken at once, where there are as many.
const PORTION: u64 = 64 << 10;
