//! The store that a configuration names, for commands that look into it.

use std::future::Future;
use std::io;

use tokio::runtime::Builder;

use crate::approval::People;
use crate::cli::{ConfigPath, policy_check};
use crate::revocation::Subject;
use crate::store::{Error, Store};

/// What the configuration says of proposals.
pub(super) struct Stored {
    url: String,
    /// Who may answer.
    pub(super) people: People,
    /// The names of the credentials.
    credentials: Vec<String>,
    /// The trust domains that agents come from.
    domains: Vec<String>,
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
        let credentials = file.credentials.keys().map(ToString::to_string).collect();
        let domains = file.trust().iter().map(|trust| trust.domain.to_string()).collect();
        Ok(Self { url: state.url, people: file.people(), credentials, domains })
    }

    /// Why `subject` may be nothing that the configuration knows, if that is so.
    pub(super) fn doubts(&self, subject: &Subject) -> Option<String> {
        let among = |what: &str, name: &str, known: &[String]| {
            let is_known = known.iter().any(|one| one == name);
            let known = known.join(", ");
            (!is_known)
                .then(|| format!("the configuration has no {what} `{name}`; it has: {known}"))
        };
        match subject {
            Subject::Agent(agent) => among("trust domain", agent.trust_domain(), &self.domains),
            Subject::Credential(name) => among("credential", name.as_str(), &self.credentials),
            Subject::Task(_) => None,
            Subject::TrustDomain(domain) => among("trust domain", domain.as_str(), &self.domains),
        }
    }

    /// All that `page` finds, each page behind the last of the one before, by its `key`.
    pub(super) fn all<T, K>(
        &self,
        key: impl Fn(&T) -> K,
        page: impl AsyncFn(&Store, Option<K>) -> Result<Vec<T>, Error>,
    ) -> io::Result<Result<Vec<T>, Error>> {
        self.with(async |store| {
            let mut all = Vec::new();
            loop {
                let found = page(&store, all.last().map(&key)).await?;
                if found.is_empty() {
                    return Ok(all);
                }
                all.extend(found);
            }
        })
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
