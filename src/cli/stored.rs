//! The store that a configuration names, for commands that look into it.

use std::future::Future;
use std::io;

use tokio::runtime::Builder;

use crate::approval::People;
use crate::cli::{ConfigPath, policy_check};
use crate::store::{Error, Store};

/// What the configuration says of proposals.
pub(super) struct Stored {
    url: String,
    /// Who may answer.
    pub(super) people: People,
}

impl Stored {
    /// Reads the configuration, or says why there is nothing to look into.
    pub(super) fn of(path: &ConfigPath) -> Result<Self, String> {
        let file = policy_check::read(&path.config).map_err(|problems| problems.to_string())?;
        let name = path.config.display();
        let state = file.state().ok_or_else(|| {
            format!(
                "{name} keeps no proposals: add `state: {{ url: sqlite:state/countersign.db }}`"
            )
        })?;
        Ok(Self { url: state.url, people: file.people() })
    }

    /// Opens the store and does `work` with it.
    pub(super) fn with<T, F>(&self, work: impl FnOnce(Store) -> F) -> io::Result<Result<T, Error>>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(async {
            let store = Store::open(&self.url).await?;
            let done = work(store.clone()).await;
            store.close().await;
            done
        }))
    }
}
