//! What all workers share of proposals: where they are kept, and how many calls may be held.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::store::Desk;

/// Where proposals are put forward.
#[derive(Debug)]
pub struct Docket {
    /// Where they are kept.
    pub desk: Desk,
    held: Semaphore,
}

impl Docket {
    /// Of what is kept behind `desk`.
    pub fn new(desk: Desk) -> Self {
        Self { desk, held: Semaphore::new(HELD) }
    }

    /// A place among the calls that are held; without one a call is answered at once.
    pub(super) fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.held.try_acquire().ok()
    }
}

/// The most calls that are held at once: each looks into the store several times a second.
const HELD: usize = 1024;
