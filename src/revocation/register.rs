//! What this replica knows to be revoked, and how well it knows it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use crate::clock::Timestamp;
use crate::id::TaskId;
use crate::revocation::subject::Subject;

/// What is revoked. Whoever reads it takes no lock.
#[derive(Debug)]
pub struct Register {
    known: ArcSwap<Known>,
    /// The tasks that are paused, and since when.
    paused: ArcSwap<HashMap<TaskId, Timestamp>>,
    /// Wakes whatever is open.
    changed: watch::Sender<()>,
    /// How old what is known may be.
    stale_after: Duration,
}

#[derive(Debug)]
struct Known {
    revoked: HashSet<Subject>,
    /// When the store was asked.
    as_of: Instant,
}

/// Why something may not go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Withdrawn {
    /// The agent was revoked, or the trust domain that vouches for it.
    Agent,
    /// The credential was revoked.
    Credential,
    /// The task was revoked, has ended, or is paused.
    Task,
    /// Nobody could say for too long what is revoked.
    Unknown,
}

impl Register {
    /// Knows nothing yet, so nothing may go on. What is known counts for `stale_after`.
    pub fn new(stale_after: Duration, now: Instant) -> Self {
        let as_of = now.checked_sub(stale_after).unwrap_or(now);
        let known = Known { revoked: HashSet::new(), as_of };
        let (changed, _) = watch::channel(());
        let (known, paused) = (ArcSwap::from_pointee(known), ArcSwap::default());
        Self { known, paused, changed, stale_after }
    }

    /// Takes in that at `as_of` exactly `revoked` was. Returns what of it is new.
    pub fn hear(&self, revoked: HashSet<Subject>, as_of: Instant) -> Vec<Subject> {
        let before = self.known.load();
        let new: Vec<_> = revoked.difference(&before.revoked).cloned().collect();
        self.known.store(Known { revoked, as_of }.into());
        if !new.is_empty() {
            self.changed.send_replace(());
        }
        new
    }

    /// Takes in that exactly these tasks are paused, each since then.
    pub fn pause(&self, paused: HashMap<TaskId, Timestamp>) {
        let before = self.paused.load();
        if **before == paused {
            return;
        }
        self.paused.store(paused.into());
        self.changed.send_replace(());
    }

    /// Whether `task` was paused after it went on at `awake`. What is known of a pause before that may
    /// be older than what the store said since.
    pub fn is_paused(&self, task: TaskId, awake: Timestamp) -> bool {
        self.paused.load().get(&task).is_some_and(|since| *since > awake)
    }

    /// Takes in that at `now` nobody could say what is revoked.
    pub fn miss(&self, now: Instant) {
        if self.is_stale(now) {
            self.changed.send_replace(());
        }
    }

    /// Whether one of `subjects` is revoked, or nobody knows.
    ///
    /// # Errors
    /// [`Withdrawn`].
    pub fn check(
        &self,
        subjects: impl IntoIterator<Item = Subject>,
        now: Instant,
    ) -> Result<(), Withdrawn> {
        if self.is_stale(now) {
            return Err(Withdrawn::Unknown);
        }
        let known = self.known.load();
        if known.revoked.is_empty() {
            return Ok(());
        }
        match subjects.into_iter().find(|subject| known.revoked.contains(subject)) {
            Some(Subject::Agent(_) | Subject::TrustDomain(_)) => Err(Withdrawn::Agent),
            Some(Subject::Credential(_)) => Err(Withdrawn::Credential),
            Some(Subject::Task(_)) => Err(Withdrawn::Task),
            None => Ok(()),
        }
    }

    /// Hears of every change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn is_stale(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.known.load().as_of) >= self.stale_after
    }
}

impl Withdrawn {
    /// A stable word: the problem's `code` and the record's.
    pub fn code(self) -> &'static str {
        match self {
            Self::Agent => "agent_revoked",
            Self::Credential => "credential_revoked",
            Self::Task => "task_over",
            Self::Unknown => "revocations_unknown",
        }
    }
}

/// What the operator reads.
impl fmt::Display for Withdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agent => "the agent is revoked, or its trust domain; `countersign revoke list`",
            Self::Credential => "the credential is revoked; `countersign revoke list`",
            Self::Task => "the task is revoked, has ended, or is paused",
            Self::Unknown => {
                "the store could not be asked for `state.stale_after` what is revoked, so nothing \
                 goes on"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use super::{Register, Withdrawn};
    use crate::clock::Clock;
    use crate::revocation::Subject;

    fn orders() -> Subject {
        Subject::Credential("orders".into())
    }

    #[test]
    fn nothing_goes_on_before_the_first_answer_nor_long_after_the_last() {
        let start = Clock::System.instant();
        let register = Register::new(Duration::from_secs(10), start);
        assert_eq!(register.check([], start), Err(Withdrawn::Unknown));
        assert_eq!(register.hear(HashSet::new(), start), []);
        let at = |seconds| register.check([orders()], start + Duration::from_secs(seconds));
        assert_eq!((at(0), at(9), at(10)), (Ok(()), Ok(()), Err(Withdrawn::Unknown)));
    }

    #[test]
    fn what_is_revoked_is_told_once_and_may_be_given_back() {
        let now = Clock::System.instant();
        let register = Register::new(Duration::from_secs(10), now);
        let mut changes = register.changes();
        let mut has_changed = || changes.has_changed().unwrap().then(|| changes.mark_unchanged());
        assert_eq!(register.hear(HashSet::from([orders()]), now), [orders()]);
        assert!(has_changed().is_some());
        assert_eq!(register.check([orders()], now), Err(Withdrawn::Credential));
        assert_eq!(register.check([Subject::Credential("other".into())], now), Ok(()));
        assert_eq!(register.hear(HashSet::from([orders()]), now), []);
        assert!(has_changed().is_none());
        assert_eq!(register.hear(HashSet::new(), now), []);
        assert_eq!(register.check([orders()], now), Ok(()));
    }
}
