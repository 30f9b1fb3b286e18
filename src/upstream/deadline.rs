//! Deadlines that cost next to nothing until they pass.
//!
//! Every exchange has several, and nearly all are taken back unused. A timer of the runtime for
//! each would be the dearest part of a small request, so a worker keeps one slow tick instead
//! ([`TICK`]) and counts: setting a deadline writes a number, and the tick wakes whoever is
//! overdue. A deadline may pass up to two ticks late, never early. While no exchange is in flight
//! there is no tick.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::MissedTickBehavior;

/// How finely deadlines are told apart.
pub(super) const TICK: Duration = Duration::from_millis(20);

/// Ticks without an alarm before the ticking stops.
const REST: u32 = 50;

/// What an exchange was waiting for when its deadline passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// A connection.
    Connect,
    /// The head of the response.
    FirstByte,
    /// The next part of a body.
    Idle,
    /// The end of the exchange.
    Whole,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "it took too long to connect (connect)",
            Self::FirstByte => "it took too long to begin its answer (first_byte)",
            Self::Idle => "a body stood still for too long (idle)",
            Self::Whole => "the exchange took too long (whole)",
        })
    }
}

/// The deadlines of one worker.
#[derive(Clone, Default)]
pub(super) struct Deadlines(Rc<Ticking>);

#[derive(Default)]
struct Ticking {
    now: Rc<Cell<u64>>,
    running: Cell<Running>,
    slots: RefCell<Vec<Rc<Slot>>>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Running {
    #[default]
    No,
    Yes,
}

/// The deadline of one exchange: the whole, and within it the phase it is in. Clones are the same.
#[derive(Clone)]
pub(super) struct Alarm(Rc<Slot>);

struct Slot {
    now: Rc<Cell<u64>>,
    due: Cell<u64>,
    end: u64,
    phase: Cell<Phase>,
    stage: Cell<Stage>,
    waker: RefCell<Option<Waker>>,
}

/// Which half of the exchange is under way.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Answered,
    Asked,
}

impl Deadlines {
    /// An alarm that goes off after `whole`, whatever else is set on it.
    pub(super) fn alarm(&self, whole: Duration) -> Alarm {
        let ticking = &self.0;
        let end = ticking.now.get().saturating_add(ticks(whole));
        let slot = Rc::new(Slot {
            now: ticking.now.clone(),
            due: Cell::new(end),
            end,
            phase: Cell::new(Phase::Whole),
            stage: Cell::new(Stage::Asked),
            waker: RefCell::default(),
        });
        ticking.slots.borrow_mut().push(slot.clone());
        if ticking.running.replace(Running::Yes) == Running::No {
            tokio::task::spawn_local(tick(ticking.clone()));
        }
        Alarm(slot)
    }
}

impl Alarm {
    /// Enters `phase`, which may take `limit`.
    pub(super) fn arm(&self, phase: Phase, limit: Duration) {
        let due = self.0.now.get().saturating_add(ticks(limit));
        if due < self.0.end {
            self.0.due.set(due);
            self.0.phase.set(phase);
        } else {
            self.rest();
        }
    }

    /// Leaves the phase: only the whole counts.
    pub(super) fn rest(&self) {
        self.0.due.set(self.0.end);
        self.0.phase.set(Phase::Whole);
    }

    /// The request's body has been handed over: the answer may take `first_byte` to begin, unless
    /// it has begun already.
    pub(super) fn sent(&self, first_byte: Duration) {
        match self.0.stage.get() {
            Stage::Answered => self.rest(),
            Stage::Asked => self.arm(Phase::FirstByte, first_byte),
        }
    }

    /// The head of the answer has arrived.
    pub(super) fn answered(&self) {
        self.0.stage.set(Stage::Answered);
        self.rest();
    }

    /// Resolves to the phase whose deadline has passed.
    pub(super) fn poll_passed(&self, cx: &mut Context<'_>) -> Poll<Phase> {
        if self.0.due.get() <= self.0.now.get() {
            return Poll::Ready(self.0.phase.get());
        }
        let mut waker = self.0.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Waits for `work`, but not past the deadline. Dropping it drops `work`.
    pub(super) async fn within<F: Future>(&self, work: F) -> Result<F::Output, Phase> {
        let mut work = pin!(work);
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => self.poll_passed(cx).map(Err),
        })
        .await
    }
}

impl Ticking {
    /// Wakes who is overdue and forgets alarms that nobody holds any more.
    fn ring(&self) {
        let now = self.now.get();
        self.slots.borrow_mut().retain(|slot| {
            if Rc::strong_count(slot) == 1 {
                return false;
            }
            if slot.due.get() <= now
                && let Some(waker) = slot.waker.borrow_mut().take()
            {
                waker.wake();
            }
            true
        });
    }
}

async fn tick(ticking: Rc<Ticking>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let start = interval.tick().await;
    let base = ticking.now.get();
    let mut quiet = 0;
    while quiet < REST {
        let passed = interval.tick().await - start;
        ticking.now.set(base + (passed.as_millis() / TICK.as_millis()) as u64);
        ticking.ring();
        quiet = if ticking.slots.borrow().is_empty() { quiet + 1 } else { 0 };
    }
    ticking.running.set(Running::No);
}

/// Whole ticks, and one more for the part of a tick that has passed already.
fn ticks(limit: Duration) -> u64 {
    let whole = limit.as_millis().div_ceil(TICK.as_millis()) + 1;
    u64::try_from(whole).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Deadlines, Phase, TICK};
    use std::future::pending;
    use std::time::Duration;
    use tokio::task::LocalSet;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_deadline_passes_late_by_two_ticks_at_most_and_never_early() {
        LocalSet::new()
            .run_until(async {
                let deadlines = Deadlines::default();
                for _ in 0..3 {
                    let limit = Duration::from_millis(310);
                    let before = Instant::now();
                    let alarm = deadlines.alarm(Duration::from_secs(9));
                    alarm.arm(Phase::FirstByte, limit);
                    assert_eq!(alarm.within(pending::<()>()).await, Err(Phase::FirstByte));
                    let took = before.elapsed();
                    assert!(took >= limit && took <= limit + 2 * TICK, "{took:?}");
                    drop(alarm);
                    // Long enough for the ticking to stop and start again.
                    tokio::time::sleep(Duration::from_secs(3)).await;
                }
            })
            .await;
    }

    #[tokio::test(start_paused = true)]
    async fn no_phase_outlasts_the_whole() {
        LocalSet::new()
            .run_until(async {
                let alarm = Deadlines::default().alarm(Duration::from_millis(100));
                alarm.arm(Phase::Idle, Duration::from_secs(9));
                assert_eq!(alarm.within(pending::<()>()).await, Err(Phase::Whole));
            })
            .await;
    }

    #[tokio::test(start_paused = true)]
    async fn alarms_nobody_holds_are_forgotten() {
        LocalSet::new()
            .run_until(async {
                let deadlines = Deadlines::default();
                for _ in 0..100 {
                    drop(deadlines.alarm(Duration::from_secs(3600)));
                }
                tokio::time::sleep(3 * TICK).await;
                assert!(deadlines.0.slots.borrow().is_empty());
            })
            .await;
    }
}
