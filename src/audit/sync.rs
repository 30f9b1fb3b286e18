//! Where workers and the disk meet: the lock around the ledger, and the thread that syncs and signs.
//!
//! Workers append under the lock and leave. The thread gathers what they wrote for at most the
//! configured time, or not at all if someone waits for the disk, then syncs outside the lock, wakes
//! who waits, and signs a checkpoint. While the trail cannot be written it tries once a second, so
//! that readiness comes back without traffic.

use std::fs::File;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;

use crate::audit::batch::Batch;
use crate::audit::entry::Kind;
use crate::audit::error::Unavailable;
use crate::audit::ledger::Ledger;
use crate::audit::notary::{Keep, Notary};

/// The shared end of the trail.
#[derive(Debug)]
pub(super) struct Desk {
    state: Mutex<State>,
    /// Rung for the thread.
    bell: Condvar,
    synced: watch::Sender<Synced>,
    /// The longest that records wait for the disk.
    linger: Duration,
}

#[derive(Debug)]
struct State {
    ledger: Ledger,
    /// How many entries the newest checkpoint covers.
    signed: u64,
    /// Why the newest checkpoint could not be written.
    unsigned: Option<Unavailable>,
    stage: Stage,
    urgency: Urgency,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Open,
    Closing,
    Closed,
}

/// What the thread is doing, and whether it may take its time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Urgency {
    /// It sleeps: there was nothing to do.
    Asleep,
    /// It gathers or syncs.
    Awake,
    /// Someone waits for the disk.
    Pressed,
}

/// How much of the trail is on disk, and how many syncs have failed.
#[derive(Clone, Debug, Default)]
struct Synced {
    size: u64,
    failures: u64,
    cause: Option<Unavailable>,
}

impl Desk {
    pub(super) fn new(ledger: Ledger, linger: Duration) -> Self {
        let state = State {
            ledger,
            signed: 0,
            unsigned: None,
            stage: Stage::Open,
            urgency: Urgency::Awake,
        };
        let synced = watch::Sender::new(Synced::default());
        Self { state: Mutex::new(state), bell: Condvar::new(), synced, linger }
    }

    /// Hands `batch` to the kernel and returns the size of the trail after it.
    pub(super) fn append(&self, batch: &Batch) -> Result<u64, Unavailable> {
        let mut state = self.lock()?;
        if state.stage == Stage::Closed {
            return Err(Unavailable::Closed);
        }
        let size = state.ledger.append(batch);
        if state.urgency == Urgency::Asleep {
            state.urgency = Urgency::Awake;
            self.bell.notify_one();
        }
        size
    }

    /// Resolves once the first `size` entries are on disk. Cancel-safe.
    pub(super) async fn synced(&self, size: u64) -> Result<(), Unavailable> {
        let mut synced = self.synced.subscribe();
        let failures = synced.borrow().failures;
        {
            let mut state = self.lock()?;
            if state.stage == Stage::Closed {
                return if state.signed >= size { Ok(()) } else { Err(Unavailable::Closed) };
            }
            if state.urgency != Urgency::Pressed {
                state.urgency = Urgency::Pressed;
                self.bell.notify_one();
            }
        }
        let done = |synced: &Synced| synced.size >= size || synced.failures > failures;
        let synced = synced.wait_for(done).await.map_err(|_| Unavailable::Closed)?;
        if synced.size >= size {
            return Ok(());
        }
        Err(synced.cause.clone().unwrap_or(Unavailable::Closed))
    }

    pub(super) fn ready(&self) -> Result<(), Unavailable> {
        let state = self.lock()?;
        if state.stage != Stage::Open {
            return Err(Unavailable::Closed);
        }
        state.ledger.ready()?;
        state.unsigned.clone().map_or(Ok(()), Err)
    }

    /// Asks the thread to write the end of the trail and to leave.
    pub(super) fn close(&self) {
        let Ok(mut state) = self.lock() else { return };
        if state.stage == Stage::Open {
            state.stage = Stage::Closing;
            self.bell.notify_one();
        }
    }

    /// Puts everything so far on disk and signs it, before the thread runs.
    pub(super) fn settle(&self, notary: &mut Notary) -> io::Result<()> {
        self.sync(notary, Keep::Always);
        self.ready().map_err(io::Error::other)
    }

    fn lock(&self) -> Result<MutexGuard<'_, State>, Unavailable> {
        self.state.lock().map_err(|_| Unavailable::Poisoned)
    }

    /// Sleeps until there is something to do; `Closed` once that is to leave.
    fn wait(&self) -> Result<Stage, Unavailable> {
        let mut state = self.lock()?;
        if state.ledger.ready().is_ok() && state.unsigned.is_none() {
            let idle = |state: &mut State| {
                let idle = state.stage == Stage::Open && state.ledger.size() == state.signed;
                let idle = idle && state.ledger.ready().is_ok();
                state.urgency = if idle { Urgency::Asleep } else { state.urgency };
                idle
            };
            state = self.bell.wait_while(state, idle).map_err(|_| Unavailable::Poisoned)?;
        }
        let patient =
            |state: &mut State| state.stage == Stage::Open && state.urgency != Urgency::Pressed;
        let failing = state.ledger.ready().is_err() || state.unsigned.is_some();
        let linger = if failing { PROBE } else { self.linger };
        let waited = self.bell.wait_timeout_while(state, linger, patient);
        let (mut state, _) = waited.map_err(|_| Unavailable::Poisoned)?;
        state.urgency = Urgency::Awake;
        state.ledger.probe();
        Ok(state.stage)
    }

    /// Syncs what is written, wakes who waits for it, and signs.
    fn sync(&self, notary: &mut Notary, keep: Keep) {
        let Ok(mut state) = self.lock() else { return };
        let snapshot = match state.ledger.snapshot() {
            Ok(snapshot) => snapshot,
            Err(cause) => return self.disappoint(cause),
        };
        drop(state);
        if let Err(error) = snapshot.sync() {
            let Ok(mut state) = self.lock() else { return };
            let cause = state.ledger.distrust(snapshot, error);
            return self.disappoint(cause);
        }
        self.synced.send_modify(|synced| synced.size = snapshot.size);
        let signed = notary.sign(snapshot.size, snapshot.root, keep);
        let Ok(mut state) = self.lock() else { return };
        state.signed = notary.size();
        state.unsigned = signed.err().map(|error| {
            tracing::error!(%error, "audit checkpoint cannot be written");
            Unavailable::Write(error.into())
        });
    }

    /// Tells who waits for the disk that waiting is in vain.
    fn disappoint(&self, cause: Unavailable) {
        self.synced.send_modify(|synced| {
            synced.failures += 1;
            synced.cause = Some(cause);
        });
    }

    /// Does what a failed sync does.
    #[cfg(test)]
    pub(super) fn fail_sync(&self) {
        let mut state = self.lock().unwrap();
        let snapshot = state.ledger.snapshot().unwrap();
        state.ledger.distrust(snapshot, io::Error::other("told to fail"));
        state.urgency = Urgency::Awake;
        self.bell.notify_one();
    }

    /// Writes that the trail ends here, in good order.
    fn stop(&self) {
        let Ok(mut state) = self.lock() else { return };
        let mut batch = Batch::default();
        batch.note(Kind::Stop, |_| {});
        if let Err(cause) = state.ledger.append(&batch) {
            tracing::error!(%cause, "the end of the audit trail is not on record");
        }
        state.stage = Stage::Closed;
    }
}

/// The thread: until the log is closed. It holds the `lock` of the folder, because it is the last
/// to write there.
pub(super) fn run(desk: &Desk, mut notary: Notary, lock: File) {
    loop {
        match desk.wait() {
            Ok(Stage::Open) => desk.sync(&mut notary, Keep::WhenDue),
            Ok(Stage::Closing | Stage::Closed) => break,
            Err(cause) => {
                tracing::error!(%cause, "audit thread stops");
                return;
            }
        }
    }
    // One checkpoint right before the last entry and one after it: so every entry of a trail that
    // was closed can be vouched for on its own.
    desk.sync(&mut notary, Keep::Always);
    desk.stop();
    desk.sync(&mut notary, Keep::Always);
    drop(lock);
}

/// How often the trail is tried again while it cannot be written.
const PROBE: Duration = Duration::from_secs(1);
