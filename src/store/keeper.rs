//! The thread that owns the store.
//!
//! Workers have runtimes of their own, and a database's sockets belong to one: so the store has a
//! thread, and whoever wants something of it hands it a job at the [`Desk`] and waits for the answer.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc as ready;
use std::thread::{self, JoinHandle};

use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{MissedTickBehavior, interval};

use crate::clock::Clock;
use crate::metrics::StateMetrics;
use crate::revocation::Register;
use crate::store::config::Config;
use crate::store::connection::Store;
use crate::store::desk::{Desk, Job, QUEUE};
use crate::store::error::Error;
use crate::store::sweep::{SWEEP, Sweeper};
use crate::store::watch::Watch;

/// The thread that owns the store. Dropping it lets the thread finish what it was asked, and end.
#[derive(Debug)]
pub struct Keeper {
    desk: Desk,
    register: Arc<Register>,
    closing: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Opens the store on a thread of its own. Blocks until it is open, and has said what is revoked.
    ///
    /// # Errors
    /// [`Error`], if it cannot be opened, or the system gives no thread.
    pub fn start(config: &Config, clock: Clock, metrics: StateMetrics) -> Result<Self, Error> {
        let (url, pending) = (config.url.clone(), config.pending);
        let register = Arc::new(Register::new(config.stale_after, clock.instant()));
        let watch = Watch::new(Arc::clone(&register), metrics, clock.clone());
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (closing, closed) = oneshot::channel();
        let (opened, opens) = ready::sync_channel(1);
        let running = thread::Builder::new().name("store".to_owned()).spawn(move || {
            LocalSet::new().block_on(&runtime, async {
                let (store, sweeper) = match open((&url, pending), &clock, &watch).await {
                    Ok(opened) => opened,
                    // Nobody waits any more if this cannot be sent.
                    Err(why) => return drop(opened.send(Err(why))),
                };
                let _ = opened.send(Ok(sweeper.executor.clone()));
                let watching = tokio::task::spawn_local(watch.run(store.clone()));
                keep(store, sweeper, queue, closed).await;
                watching.abort();
            });
        })?;
        let executor = opens.recv().map_err(|_| Error::Gone)??;
        let desk = Desk { jobs, labels_last: config.labels_last, executor: executor.into() };
        Ok(Self { desk, register, closing: Some(closing), thread: Some(running) })
    }

    /// What is revoked, kept up to date for as long as this lives.
    pub fn register(&self) -> Arc<Register> {
        Arc::clone(&self.register)
    }

    /// Where to ask it.
    pub fn desk(&self) -> Desk {
        self.desk.clone()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.closing.take();
        // A thread that panicked has said so already.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Opens the store.
async fn open(
    (url, pending): (&str, usize),
    clock: &Clock,
    watch: &Watch,
) -> Result<(Store, Sweeper), Error> {
    let store = Store::open(url).await?.with_pending(pending);
    watch.look(&store).await?;
    let sweeper = Sweeper::begin(store.clone(), clock.clone(), watch.metrics.clone()).await?;
    Ok((store, sweeper))
}

/// Does what is asked until it is told to close, and then what was asked before.
async fn keep(
    store: Store,
    sweeper: Sweeper,
    mut queue: mpsc::Receiver<Job>,
    mut closed: oneshot::Receiver<()>,
) {
    let (mut running, sweeper) = (JoinSet::new(), Rc::new(sweeper));
    let mut sweeping = interval(SWEEP);
    sweeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = &mut closed, if !queue.is_closed() => queue.close(),
            Some(ended) = running.join_next(), if !running.is_empty() => {
                if let Err(cause) = ended {
                    tracing::error!(%cause, "a job of the store ended badly");
                }
            }
            job = queue.recv(), if running.len() < AT_ONCE => match job {
                Some(Job(work)) => drop(running.spawn_local(work(store.clone()).0)),
                None => break,
            },
            _ = sweeping.tick() => {
                let sweeper = Rc::clone(&sweeper);
                running.spawn_local(async move { sweeper.sweep().await });
            }
        }
    }
    while running.join_next().await.is_some() {}
    store.close().await;
}

/// How many are done at once; more would only wait for one of the database's connections.
const AT_ONCE: usize = 32;

#[cfg(test)]
mod tests {
    use super::{Config, Keeper};
    use crate::clock::Clock;
    use crate::id::ProposalId;
    use crate::metrics::Metrics;
    use crate::store::Error;
    use std::time::Duration;

    fn keeper(folder: &tempfile::TempDir) -> Result<Keeper, Error> {
        let file = folder.path().join("state/countersign.db");
        start(format!("sqlite:{}", file.display()))
    }

    fn start(url: String) -> Result<Keeper, Error> {
        let (stale_after, labels_last) = (Duration::from_secs(10), Duration::from_secs(60));
        let config = Config { url, pending: 10, stale_after, labels_last };
        Keeper::start(&config, Clock::System, Metrics::new().unwrap().state)
    }

    #[tokio::test]
    async fn it_answers_until_it_ends_and_then_every_answer_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = keeper(&folder).unwrap();
        let desk = keeper.desk();
        let id = ProposalId::new();
        assert!(matches!(desk.load(id).await, Err(Error::Unknown(one)) if one == id));
        drop(keeper);
        assert!(matches!(desk.load(id).await, Err(Error::Gone)));
    }

    #[test]
    fn a_store_that_cannot_be_opened_is_said_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("state"), "a file").unwrap();
        assert!(matches!(keeper(&folder), Err(Error::Io(_))));
        let unknown = start("mysql://x".to_owned());
        assert!(matches!(unknown, Err(Error::Url)));
    }

    #[test]
    fn nobody_else_may_read_what_is_kept() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let _keeper = keeper(&folder).unwrap();
        for (name, mode) in [("state", 0o700), ("state/countersign.db", 0o600)] {
            let found = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(found & 0o777, mode, "{name}");
        }
    }
}
