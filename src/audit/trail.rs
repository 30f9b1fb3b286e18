//! The record of one exchange: committed before, closed after, exactly once.
//!
//! A [`Recorded`] is made here and nowhere else, and only once its intent is on record. A trail
//! that is dropped after that closes itself as aborted, so an exchange that panics or is cancelled
//! still leaves its outcome.

use std::fmt;

use crate::audit::entry::Kind;
use crate::audit::error::Unavailable;
use crate::audit::record::{Entry, Outcome, Refusal, write_approval, write_intent, write_refusal};
use crate::audit::recorder::Recorder;
use crate::id::DecisionId;
use crate::route::terms::Durability;

/// Something that is on record, and may now be acted on.
///
/// Only a [`Trail`] makes one:
///
/// ```compile_fail
/// let forged = countersign::audit::Recorded(());
/// ```
///
/// ```compile_fail
/// fn twice<T>(recorded: countersign::audit::Recorded<T>) {
///     let (one, two) = (recorded.clone(), recorded);
/// }
/// ```
#[must_use = "what was recorded is now to be done"]
pub struct Recorded<T>(T);

impl<T> Recorded<T> {
    /// What is on record.
    pub fn entry(&self) -> &T {
        &self.0
    }

    /// Takes what is on record, to act on it.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Recorded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recorded").field(&self.0).finish()
    }
}

/// The record of one exchange.
#[derive(Debug)]
pub struct Trail {
    recorder: Recorder,
    id: DecisionId,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// Nothing is on record.
    Blank,
    /// The outcome, or that the exchange was refused.
    Closed,
    /// The intent, and no outcome yet.
    Committed,
}

impl Trail {
    pub(super) fn new(recorder: Recorder, id: DecisionId) -> Self {
        Self { recorder, id, stage: Stage::Blank }
    }

    /// The exchange this is the record of.
    pub fn id(&self) -> DecisionId {
        self.id
    }

    /// Puts `entry` on record and returns the proof of it.
    ///
    /// # Errors
    /// If it could not be recorded as durably as asked: then it must not be acted on. A second
    /// commit is refused, too.
    pub async fn commit<T: Entry>(
        &mut self,
        entry: T,
        durability: Durability,
    ) -> Result<Recorded<T>, Unavailable> {
        if self.stage != Stage::Blank {
            return Err(Unavailable::Spent);
        }
        let turn = self.recorder.add(|batch| {
            for proof in entry.proofs() {
                batch.about(self.id, Kind::Approval, |object| write_approval(object, proof));
            }
            batch.about(self.id, Kind::Intent, |object| write_intent(object, &entry, durability));
        });
        // Before the wait: if this future is dropped in it, the intent may still be written.
        self.stage = Stage::Committed;
        let size = match turn.written().await {
            Ok(size) => size,
            Err(cause) => {
                self.stage = Stage::Blank;
                return Err(cause);
            }
        };
        if durability == Durability::Disk
            && let Err(cause) = self.recorder.synced(size).await
        {
            self.finish(Outcome::Failed { reason: "audit_unavailable" });
            return Err(cause);
        }
        Ok(Recorded(entry))
    }

    /// Whether an intent is on record and waits for its outcome.
    pub fn is_committed(&self) -> bool {
        self.stage == Stage::Committed
    }

    /// Records how the exchange ended. Without an intent on record there is nothing to end, and
    /// nothing is written.
    pub fn close(mut self, outcome: Outcome) {
        self.finish(outcome);
    }

    /// Records that the request was refused, with the codes of policy's reasons.
    pub fn refuse<'r>(mut self, refusal: &Refusal<'_>, reasons: impl Iterator<Item = &'r str>) {
        self.finish(Outcome::Failed { reason: "refused" });
        self.recorder.add(|batch| {
            batch.about(self.id, Kind::Refusal, |object| write_refusal(object, refusal, reasons));
        });
        self.stage = Stage::Closed;
    }

    fn finish(&mut self, outcome: Outcome) {
        if self.stage != Stage::Committed {
            return;
        }
        self.stage = Stage::Closed;
        self.recorder.add(|batch| {
            batch.about(self.id, Kind::Outcome, |object| outcome.write(object));
        });
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        self.finish(Outcome::Aborted { why: "dropped" });
    }
}
