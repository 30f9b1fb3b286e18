//! What all workers share of proposals: where they are kept, and how many calls may be held.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::revocation::Register;
use crate::shutdown::Shutdown;
use crate::store::Desk;

/// Where proposals are put forward.
#[derive(Debug)]
pub struct Docket {
    /// Where they are kept.
    pub desk: Desk,
    /// What is revoked.
    pub register: Arc<Register>,
    held: Semaphore,
    errands: Arc<Semaphore>,
    shutdown: Shutdown,
}

impl Docket {
    /// Of what is kept behind `desk`; no call is held any more once `shutdown` is asked for.
    pub fn new(desk: Desk, register: Arc<Register>, shutdown: Shutdown) -> Self {
        Self {
            desk,
            register,
            held: Semaphore::new(HELD),
            errands: Arc::new(Semaphore::new(ERRANDS)),
            shutdown,
        }
    }

    /// Resolves once no call is to be held any more.
    pub(super) async fn closing(&self) {
        self.shutdown.clone().wait().await;
    }

    /// A place among those that are carried out without their agent, if there is one.
    pub(super) fn errand(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.errands).try_acquire_owned().ok()
    }

    /// A place among the calls that are held; without one a call is answered at once.
    pub(super) fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.held.try_acquire().ok()
    }
}

/// How many are carried out at once without their agent.
const ERRANDS: usize = 32;

/// The most calls that are held at once: each looks into the store several times a second.
const HELD: usize = 1024;
