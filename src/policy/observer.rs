//! What judges hand on about their decisions, for those who keep them.
//!
//! A decision never waits for it and never fails by it: what finds the queue full is dropped, and
//! counted. The audit trail is another thing, which loses nothing; see [`crate::audit`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::id::DecisionId;
use crate::metrics::HistoryMetrics;
use crate::policy::bundle::Bundle;
use crate::policy::decision::Decision;
use crate::policy::engine::document::Document;
use crate::policy::entry::EntryPoint;
use crate::policy::query::Query;

/// The most decisions that wait to be kept; more are dropped, and counted.
const WAITING: usize = 1024;

/// The most bytes of inspected bodies in what waits.
const WAITING_BYTES: usize = 32 << 20;

/// The longest that a flush waits.
pub const LONGEST_FLUSH: Duration = Duration::from_secs(5);

/// Where a judge's decisions go. Clones lead to the same place.
#[derive(Clone, Debug, Default)]
pub struct Observer(Option<Tap>);

/// The open end of the queue.
#[derive(Clone, Debug)]
struct Tap {
    queue: SyncSender<Handed>,
    /// Bytes of bodies in the queue.
    waiting: Arc<AtomicUsize>,
    metrics: HistoryMetrics,
}

/// What comes out of the queue.
#[derive(Debug)]
pub enum Handed {
    /// A decision to keep.
    Decision(Box<Observed>),
    /// Somebody waits until everything before this is kept, and then for one word here.
    Flush(SyncSender<()>),
}

/// One decision, and the whole of what it was made from.
#[derive(Debug)]
pub struct Observed {
    /// The rules that decided.
    pub bundle: Arc<Bundle>,
    /// Which of them were asked.
    pub point: EntryPoint,
    /// What they answered.
    pub decision: Decision,
    /// When they were asked.
    pub at: Timestamp,
    /// Whether a no was a no: the route was not only observed.
    pub enforced: bool,
    /// How long the answer took, with building the input.
    pub took: Duration,
    input: Option<Document>,
    body: Held,
}

/// Bytes that are counted as waiting until they are dropped.
#[derive(Debug)]
struct Held {
    bytes: usize,
    waiting: Arc<AtomicUsize>,
}

impl Observer {
    /// Nobody keeps anything.
    pub fn nobody() -> Self {
        Self(None)
    }

    /// An observer, and the end of its queue where decisions arrive.
    pub fn pair(metrics: HistoryMetrics) -> (Self, Receiver<Handed>) {
        let (queue, arriving) = sync_channel(WAITING);
        (Self(Some(Tap { queue, waiting: Arc::default(), metrics })), arriving)
    }

    /// Waits until what was handed over is kept, or for [`LONGEST_FLUSH`]; not for workers.
    pub fn flush(&self) {
        let Some(tap) = &self.0 else { return };
        let (done, kept) = sync_channel(1);
        if tap.queue.send(Handed::Flush(done)).is_ok() {
            // Whoever keeps decisions may be gone already, and then nothing is left to wait for.
            let _ = kept.recv_timeout(LONGEST_FLUSH);
        }
    }

    /// Whether decisions are kept: a judge then builds the whole input, whatever the rules read.
    pub(super) fn wants(&self) -> bool {
        self.0.is_some()
    }

    /// Hands over one decision; never waits.
    pub(super) fn observe(
        &self,
        bundle: &Arc<Bundle>,
        query: &Query<'_>,
        input: Option<Document>,
        (decision, took): (&Decision, Duration),
    ) {
        let Some(tap) = &self.0 else { return };
        let Some(point) = bundle.asked_by(query.target.route()) else { return };
        let bytes = query.body.map_or(0, |body| body.bytes().len());
        let observed = Held::of(bytes, &tap.waiting).map(|body| Observed {
            bundle: Arc::clone(bundle),
            point: point.clone(),
            decision: decision.clone(),
            at: query.now,
            enforced: !query.target.is_observed(query.now),
            took,
            input,
            body,
        });
        let handed = observed.map(|observed| Handed::Decision(Box::new(observed)));
        if handed.is_none_or(|handed| tap.queue.try_send(handed).is_err()) {
            tap.metrics.records.with_label_values(&["dropped"]).inc();
        }
    }
}

impl Observed {
    /// The exchange.
    pub fn id(&self) -> DecisionId {
        self.decision.id()
    }

    /// What the rules read as `input`, as JSON text; `None` where it could not be made.
    pub fn input(&self) -> Option<String> {
        self.input.as_ref().map(Document::to_string)
    }

    pub(super) fn document(&self) -> Option<&Document> {
        self.input.as_ref()
    }

    /// The bytes of its body.
    pub fn body_bytes(&self) -> usize {
        self.body.bytes
    }
}

impl Held {
    /// Counts `bytes` in, unless they are too many. Most requests have no inspected body, and touch
    /// no number that workers share.
    fn of(bytes: usize, waiting: &Arc<AtomicUsize>) -> Option<Self> {
        if bytes > 0 {
            let before = waiting.fetch_add(bytes, Ordering::Relaxed);
            let held = Self { bytes, waiting: Arc::clone(waiting) };
            return (before.saturating_add(bytes) <= WAITING_BYTES).then_some(held);
        }
        Some(Self { bytes, waiting: Arc::clone(waiting) })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}
