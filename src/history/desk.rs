//! Where agents ask why they were refused.
//!
//! Explaining reads files and evaluates rules slowly, so it is done one decision at a time, on a
//! thread that serves no request. Who comes while another is answered is told to come again.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::history::config::Config;
use crate::history::error::Error;
use crate::history::inquiry::explain_to_agent;
use crate::history::read::History;
use crate::id::DecisionId;
use crate::policy::Observer;
use crate::policy::explain::AgentView;

/// Explains kept decisions to the agents that they are about.
#[derive(Debug)]
pub struct Desk {
    /// `None` where no decisions are kept.
    folder: Option<PathBuf>,
    observer: Observer,
    turn: Arc<Semaphore>,
}

/// Why there is no explanation; safe to show to an agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unexplained {
    /// Another one is being made.
    Busy,
    /// Countersign keeps no decisions.
    NotKept,
    /// Nothing is known of such a decision about this agent.
    Unknown,
}

impl Desk {
    /// A desk over what `observer` hands on to be kept as `config` says.
    pub fn new(config: Option<&Config>, observer: Observer) -> Self {
        let folder = config.map(|config| config.path.clone());
        Self { folder, observer, turn: Arc::new(Semaphore::new(1)) }
    }

    /// What the agent `principal` may know of why `id` was decided as it was.
    ///
    /// # Errors
    /// [`Unexplained`].
    pub async fn explain(
        &self,
        id: DecisionId,
        principal: String,
    ) -> Result<AgentView, Unexplained> {
        let folder = self.folder.clone().ok_or(Unexplained::NotKept)?;
        let turn = Arc::clone(&self.turn).try_acquire_owned().map_err(|_| Unexplained::Busy)?;
        let observer = self.observer.clone();
        let asked = spawn_blocking(move || explained(turn, &observer, folder, id, &principal));
        asked.await.unwrap_or(Err(Unexplained::Unknown))
    }
}

/// The answer, once everything before it is kept. The turn ends with it, also where nobody waits any
/// more for what it says.
fn explained(
    _turn: OwnedSemaphorePermit,
    observer: &Observer,
    folder: PathBuf,
    id: DecisionId,
    principal: &str,
) -> Result<AgentView, Unexplained> {
    observer.flush();
    explain_to_agent(&History::at(&folder), id, principal).map_err(|why| {
        if !matches!(why, Error::Unknown(_)) {
            tracing::warn!(decision = %id, "it cannot be explained to its agent: {why}");
        }
        Unexplained::Unknown
    })
}

impl fmt::Display for Unexplained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "Another decision is being explained. Try again in a few seconds.",
            Self::NotKept => "Countersign keeps no decisions here, so none can be explained.",
            Self::Unknown => {
                "Nothing is known of such a decision about you: it has expired, or never was."
            }
        })
    }
}
