//! A worker's way to the log: gathers the records of one turn and hands them over in one write.
//!
//! Nobody waits for a timer. The first record of a batch wakes the flusher, a task of the same
//! worker, which gets its turn after every task that could already run; those add their records
//! before it. So a busy worker writes large groups and an idle one writes at once.

use std::cell::RefCell;
use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use crate::audit::batch::Batch;
use crate::audit::error::Unavailable;
use crate::audit::log::Log;
use crate::audit::trail::Trail;
use crate::id::DecisionId;

/// Makes the trails of one worker's exchanges. Cheap to clone.
#[derive(Clone)]
pub struct Recorder(Rc<Gathering>);

struct Gathering {
    log: Log,
    pending: RefCell<Pending>,
}

/// What has been gathered in this turn, and who waits for it.
#[derive(Default)]
struct Pending {
    batch: Batch,
    turn: Rc<Turn>,
    flusher: Option<Waker>,
}

/// One write: its result, once there is one, and who waits for it.
#[derive(Default)]
pub(super) struct Turn(RefCell<Wait>);

#[derive(Default)]
struct Wait {
    written: Option<Result<u64, Unavailable>>,
    waiting: Vec<Waker>,
}

impl Recorder {
    /// A recorder for this worker. Must be called within its `LocalSet`.
    pub fn new(log: Log) -> Self {
        let gathering = Rc::new(Gathering { log, pending: RefCell::new(Pending::default()) });
        let weak = Rc::downgrade(&gathering);
        tokio::task::spawn_local(poll_fn(move |context| flush(&weak, context)));
        Self(gathering)
    }

    /// Opens the record of one exchange; nothing is written yet.
    pub fn open(&self, id: DecisionId) -> Trail {
        Trail::new(self.clone(), id)
    }

    /// Adds to the batch of this turn, which the returned value waits for.
    pub(super) fn add(&self, write: impl FnOnce(&mut Batch)) -> Rc<Turn> {
        let mut pending = self.0.pending.borrow_mut();
        let first = pending.batch.is_empty();
        write(&mut pending.batch);
        let turn = Rc::clone(&pending.turn);
        let full = pending.batch.size() >= BATCH;
        if first && let Some(flusher) = &pending.flusher {
            flusher.wake_by_ref();
        }
        drop(pending);
        if full {
            self.0.flush();
        }
        turn
    }

    /// Resolves once the first `size` entries of the trail are on disk.
    pub(super) async fn synced(&self, size: u64) -> Result<(), Unavailable> {
        self.0.log.desk().synced(size).await
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recorder").field(&self.0.log).finish()
    }
}

/// One turn of the flusher; it ends with the last recorder of its worker.
fn flush(gathering: &Weak<Gathering>, context: &Context<'_>) -> Poll<()> {
    let Some(gathering) = gathering.upgrade() else { return Poll::Ready(()) };
    let mut pending = gathering.pending.borrow_mut();
    if !pending.flusher.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
        pending.flusher = Some(context.waker().clone());
    }
    drop(pending);
    gathering.flush();
    Poll::Pending
}

impl Gathering {
    /// Writes what was gathered and wakes who waits for it.
    fn flush(&self) {
        let mut pending = self.pending.borrow_mut();
        if pending.batch.is_empty() {
            return;
        }
        let mut batch = mem::take(&mut pending.batch);
        let turn = mem::take(&mut pending.turn);
        drop(pending);
        // Everyone who waits must hear of a panic, too, and the flusher must outlive it; the lock
        // is poisoned by then, so nothing is recorded any more.
        let append = AssertUnwindSafe(|| self.log.desk().append(&batch));
        turn.done(catch_unwind(append).unwrap_or(Err(Unavailable::Poisoned)));
        batch.clear();
        self.pending.borrow_mut().batch = batch;
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        self.flush();
        if let Some(flusher) = self.pending.get_mut().flusher.take() {
            flusher.wake();
        }
    }
}

impl Turn {
    /// Resolves to the size of the trail after the write, or why it failed. Cancel-safe.
    pub(super) async fn written(&self) -> Result<u64, Unavailable> {
        let mut place = None;
        poll_fn(|context| {
            let mut wait = self.0.borrow_mut();
            if let Some(written) = &wait.written {
                return Poll::Ready(written.clone());
            }
            match place {
                Some(place) => wait.waiting[place] = context.waker().clone(),
                None => {
                    place = Some(wait.waiting.len());
                    wait.waiting.push(context.waker().clone());
                }
            }
            Poll::Pending
        })
        .await
    }

    fn done(&self, written: Result<u64, Unavailable>) {
        let mut wait = self.0.borrow_mut();
        wait.written = Some(written);
        let waiting = mem::take(&mut wait.waiting);
        drop(wait);
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// How many bytes a worker gathers before it writes without waiting for its turn's end.
const BATCH: usize = 1 << 20;
