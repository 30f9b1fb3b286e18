//! What all workers share of proposals: where they are kept, and how many calls may be held.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::callback::Caller;
use crate::proxy::proposals::places::Places;
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
    /// How agents are called back, if they are.
    pub caller: Option<Arc<Caller>>,
    held: Semaphore,
    /// What is carried out without its agent.
    pub(in crate::proxy) errands: Places,
    shutdown: Shutdown,
}

impl Docket {
    /// Of what is kept behind `desk`; no call is held any more once `shutdown` is asked for.
    pub fn new(desk: Desk, register: Arc<Register>, shutdown: Shutdown) -> Self {
        let (held, errands) = (Semaphore::new(HELD), Places::default());
        Self { desk, register, caller: None, held, errands, shutdown }
    }

    /// The same, where agents are called back by `caller`.
    pub fn calling(self, caller: Option<Arc<Caller>>) -> Self {
        Self { caller, ..self }
    }

    /// Resolves once no call is to be held any more.
    pub(in crate::proxy) async fn closing(&self) {
        self.shutdown.clone().wait().await;
    }

    /// A place among the calls that are held; without one a call is answered at once.
    pub(in crate::proxy) fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.held.try_acquire().ok()
    }
}

/// The most calls that are held at once: each looks into the store several times a second.
const HELD: usize = 1024;
