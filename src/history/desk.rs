//! Where agents ask why they were refused, and operators why anything was decided.
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
use crate::history::inquiry::{Inquiry, explain, explain_to_agent};
use crate::history::read::History;
use crate::id::DecisionId;
use crate::policy::Observer;
use crate::policy::explain::AgentView;

/// Explains kept decisions: to the agents that they are about, and to operators.
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
        self.asked(id, move |history| explain_to_agent(history, id, &principal)).await
    }

    /// All that is known of `id`, for operators.
    ///
    /// # Errors
    /// [`Unexplained`].
    pub async fn inquire(&self, id: DecisionId) -> Result<Inquiry, Unexplained> {
        self.asked(id, move |history| explain(history, id)).await
    }

    /// The answer, once everything before it is kept.
    async fn asked<T: Send + 'static>(
        &self,
        id: DecisionId,
        ask: impl FnOnce(&History) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Unexplained> {
        let folder = self.folder.clone().ok_or(Unexplained::NotKept)?;
        let turn = Arc::clone(&self.turn).try_acquire_owned().map_err(|_| Unexplained::Busy)?;
        let observer = self.observer.clone();
        let asked = spawn_blocking(move || {
            // It ends with the answer, also where nobody waits any more for what it says.
            let _turn: OwnedSemaphorePermit = turn;
            observer.flush();
            ask(&History::at(&folder))
        });
        match asked.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Error::Unknown(_))) | Err(_) => Err(Unexplained::Unknown),
            Ok(Err(why)) => {
                tracing::warn!(decision = %id, "it cannot be explained: {why}");
                Err(Unexplained::Unknown)
            }
        }
    }
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
