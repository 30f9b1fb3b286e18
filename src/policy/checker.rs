//! The second look: live answers of the fast engine, evaluated again on the interpreter.
//!
//! It runs on a thread of its own, off every request's path. One disagreement is an alarm, and ends
//! the fast engine's service for that bundle: the interpreter is the authority.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::metrics::PolicyMetrics;
use crate::policy::bundle::Bundle;
use crate::policy::decision::{Answer, agree};
use crate::policy::engine::document::Document;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::failure::{Cause, Failure};

/// The most answers that wait to be checked; more are dropped, and counted.
const WAITING: usize = 64;

/// Takes answers to be checked. Clones feed the same thread, which ends with the last of them.
#[derive(Clone, Debug)]
pub struct Checker {
    samples: SyncSender<Sample>,
    metrics: PolicyMetrics,
}

/// One answer, and what it answered.
#[derive(Debug)]
struct Sample {
    bundle: Arc<Bundle>,
    entry: usize,
    input: Document,
    said: Result<Answer, Failure>,
}

impl Checker {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(metrics: PolicyMetrics) -> std::io::Result<Self> {
        let (samples, arriving) = sync_channel(WAITING);
        let counted = metrics.clone();
        thread::Builder::new()
            .name("policy-check".to_owned())
            .spawn(move || check_all(&arriving, &counted))?;
        Ok(Self { samples, metrics })
    }

    /// Hands over one answer; never waits.
    pub(super) fn check(
        &self,
        bundle: &Arc<Bundle>,
        entry: usize,
        input: Document,
        said: Result<Answer, Failure>,
    ) {
        let sample = Sample { bundle: Arc::clone(bundle), entry, input, said };
        if self.samples.try_send(sample).is_err() {
            self.metrics.shadow.with_label_values(&["dropped"]).inc();
        }
    }
}

fn check_all(arriving: &Receiver<Sample>, metrics: &PolicyMetrics) {
    let mut current: Option<(Arc<Bundle>, Interpreter)> = None;
    while let Ok(sample) = arriving.recv() {
        let ready = current.take().filter(|(bundle, _)| Arc::ptr_eq(bundle, &sample.bundle));
        let (bundle, mut interpreter) = ready.unwrap_or_else(|| {
            let interpreter = sample.bundle.interpreter();
            (Arc::clone(&sample.bundle), interpreter)
        });
        let again = bundle.interpret(&mut interpreter, sample.entry, &sample.input);
        let result = compare(&sample.said, &again);
        metrics.shadow.with_label_values(&[result]).inc();
        if result == "different" {
            bundle.doubt();
            metrics.interpreted.set(1);
            tracing::error!(
                revision = %bundle.revision(),
                fast = ?sample.said,
                interpreter = ?again,
                "a decision is another one when it is made again: from now on the interpreter decides, \
                 on whole inputs, and nothing is remembered"
            );
        }
        current = Some((bundle, interpreter));
    }
}

/// `same`, `different`, or `dropped` where a limit was met and nothing can be said.
fn compare(said: &Result<Answer, Failure>, again: &Result<Answer, Failure>) -> &'static str {
    let limited = |outcome: &Result<Answer, Failure>| {
        let cause = outcome.as_ref().err().map(Failure::cause);
        matches!(cause, Some(Cause::Instructions | Cause::Time))
    };
    if limited(said) || limited(again) {
        return "dropped";
    }
    if agree(said, again) { "same" } else { "different" }
}
