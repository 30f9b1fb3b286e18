//! What all workers share of proposals: where they are kept, and how many calls may be held.

use std::sync::Arc;

use crate::callback::Caller;
use crate::identity::SpiffeId;
use crate::proxy::proposals::places::{Place, Places};
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
    held: Places,
    /// What is carried out without its agent.
    pub(in crate::proxy) errands: Places,
    shutdown: Shutdown,
}

impl Docket {
    /// Of what is kept behind `desk`; no call is held any more once `shutdown` is asked for.
    pub fn new(desk: Desk, register: Arc<Register>, shutdown: Shutdown) -> Self {
        let held = Places::new(HELD, HELD_EACH);
        let errands = Places::new(ERRANDS, ERRANDS_EACH);
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

    /// A place for `agent` among the calls that are held; without one a call is answered at once.
    pub(in crate::proxy) fn place(&self, agent: &SpiffeId) -> Option<Place> {
        self.held.take(agent.as_str())
    }
}

/// The most calls that are held at once: each looks into the store several times a second.
const HELD: usize = 1024;

/// The most of one agent.
const HELD_EACH: usize = 256;

/// The most that are carried out at once without their agent.
const ERRANDS: usize = 32;

/// The most of them at one upstream.
const ERRANDS_EACH: usize = 16;
