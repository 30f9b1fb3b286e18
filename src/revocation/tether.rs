//! What one exchange hangs on.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::sleep;

use crate::clock::{Clock, Timestamp};
use crate::id::{CredentialName, TaskId};
use crate::identity::{SpiffeId, TrustDomain};
use crate::revocation::register::{Register, Withdrawn};
use crate::revocation::subject::Subject;

/// One task that an exchange belongs to.
#[derive(Clone, Debug)]
pub struct Link {
    /// The task.
    pub task: TaskId,
    /// Whose it is.
    pub owner: SpiffeId,
    /// Since when it goes on.
    pub awake: Timestamp,
}

/// What one exchange hangs on. Clones are the same tether.
#[derive(Clone, Debug)]
pub struct Tether(Rc<Held>);

#[derive(Debug)]
struct Held {
    /// Without one, nothing can be revoked.
    register: Option<Arc<Register>>,
    clock: Clock,
    agent: SpiffeId,
    credential: OnceCell<CredentialName>,
    tasks: RefCell<Vec<Link>>,
    until: Cell<Option<Timestamp>>,
}

impl Tether {
    /// An exchange of `agent`, as far as `register` knows.
    pub fn new(register: Option<Arc<Register>>, clock: Clock, agent: SpiffeId) -> Self {
        let (credential, tasks, until) = (OnceCell::new(), RefCell::default(), Cell::new(None));
        Self(Rc::new(Held { register, clock, agent, credential, tasks, until }))
    }

    /// Says that the exchange uses `credential`.
    pub fn uses(&self, credential: &CredentialName) {
        // It is the same one each time: a request has one credential.
        let _ = self.0.credential.set(credential.clone());
    }

    /// Says that the exchange belongs to `tasks`, which are over at `until`: who
    /// hands work on hands on no more than what they may do themselves.
    pub fn belongs_to(&self, tasks: impl IntoIterator<Item = Link>, until: Timestamp) {
        *self.0.tasks.borrow_mut() = tasks.into_iter().collect();
        self.0.until.set(Some(until));
    }

    /// Says that what becomes of `task` is nothing to the exchange: it is the last of it.
    pub fn lets_go_of(&self, task: TaskId) {
        self.0.tasks.borrow_mut().retain(|link| link.task != task);
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// [`Withdrawn`], if something that the exchange hangs on is revoked.
    pub fn check(&self) -> Result<(), Withdrawn> {
        if self.0.left().is_some_and(|left| left.is_zero()) {
            return Err(Withdrawn::Task);
        }
        let Some(register) = &self.0.register else { return Ok(()) };
        if self.0.tasks.borrow().iter().any(|link| register.is_paused(link.task, link.awake)) {
            return Err(Withdrawn::Task);
        }
        let now = self.0.clock.instant();
        register.check(self.0.own(), now)?;
        register.check(self.0.above(), now).map_err(|why| match why {
            Withdrawn::Unknown => why,
            _ => Withdrawn::Task,
        })
    }

    /// Resolves once it is cut.
    pub async fn cut(self) -> Withdrawn {
        let Some(register) = &self.0.register else { return std::future::pending().await };
        let mut changes = register.changes();
        loop {
            if let Err(withdrawn) = self.check() {
                return withdrawn;
            }
            let left = self.0.left().unwrap_or(LONGEST).clamp(SHORTEST, LONGEST);
            tokio::select! {
                // The register lives as long as this, and its sender with it.
                _ = changes.changed() => {}
                () = sleep(left) => {}
            }
        }
    }

    /// The same, for whoever polls by hand; nothing, where nothing can be revoked.
    pub fn cutting(&self) -> Option<Cutting> {
        self.0.register.as_ref()?;
        Some(Cutting(Box::pin(self.clone().cut())))
    }
}

/// Waits for a [`Tether`] to be cut.
pub struct Cutting(Pin<Box<dyn Future<Output = Withdrawn>>>);

impl Cutting {
    /// Whether it was cut, and why. Not to be asked again once it was.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Withdrawn> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Cutting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cutting")
    }
}

impl Held {
    /// How long its tasks have left.
    fn left(&self) -> Option<Duration> {
        self.until.get().map(|until| until.since(self.clock.now()))
    }

    /// The agent and its credential.
    fn own(&self) -> Vec<Subject> {
        let credential = self.credential.get().cloned().map(Subject::Credential);
        agent(&self.agent).into_iter().chain(credential).collect()
    }

    /// The tasks, and whose they are.
    fn above(&self) -> Vec<Subject> {
        let tasks = self.tasks.borrow();
        let subjects = tasks
            .iter()
            .flat_map(|link| agent(&link.owner).into_iter().chain([Subject::Task(link.task)]));
        subjects.collect()
    }
}

/// An agent, with who vouches for it.
fn agent(id: &SpiffeId) -> Vec<Subject> {
    let domain = TrustDomain::parse(id.trust_domain()).ok().map(Subject::TrustDomain);
    [Subject::Agent(id.clone())].into_iter().chain(domain).collect()
}

/// The shortest and the longest time between two looks at the clock. A task may come later than the
/// first look.
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::{Link, Tether};
    use crate::clock::{Clock, Timestamp};
    use crate::id::TaskId;
    use crate::identity::SpiffeId;
    use crate::revocation::{Register, Subject, Withdrawn};

    const AWAKE: Timestamp = Timestamp::from_micros(1_000);

    fn tether() -> (Arc<Register>, Tether, TaskId) {
        let now = Clock::System.instant();
        let register = Arc::new(Register::new(Duration::from_secs(60), now));
        register.hear(HashSet::new(), now);
        let agent = SpiffeId::parse("spiffe://example.org/reader").unwrap();
        let tether = Tether::new(Some(Arc::clone(&register)), Clock::System, agent);
        let task = TaskId::new();
        tether.uses(&"orders".into());
        let first = SpiffeId::parse("spiffe://example.net/first").unwrap();
        let until = Clock::System.now().plus(Duration::from_secs(60));
        tether.belongs_to([Link { task, owner: first, awake: AWAKE }], until);
        (register, tether, task)
    }

    #[tokio::test]
    async fn it_is_cut_by_each_thing_that_it_hangs_on_and_by_nothing_else() {
        for (kind, name, why) in [
            ("agent", "spiffe://example.org/reader", Some(Withdrawn::Agent)),
            ("agent", "spiffe://example.org/reader/2", None),
            ("trust-domain", "example.org", Some(Withdrawn::Agent)),
            ("trust-domain", "example.com", None),
            ("credential", "orders", Some(Withdrawn::Credential)),
            ("credential", "payments", None),
            ("agent", "spiffe://example.net/first", Some(Withdrawn::Task)),
            ("trust-domain", "example.net", Some(Withdrawn::Task)),
        ] {
            let (register, tether, _) = tether();
            let cut = tokio::task::LocalSet::new();
            let waiting = cut.spawn_local(timeout(Duration::from_millis(50), tether.clone().cut()));
            let subject = Subject::parse(kind, name).unwrap();
            register.hear(HashSet::from([subject]), Clock::System.instant());
            cut.await;
            assert_eq!(waiting.await.unwrap().ok(), why, "{kind} {name}");
            assert_eq!(tether.check().err(), why, "{kind} {name}");
        }
        let (register, tether, task) = tether();
        register.hear(HashSet::from([Subject::Task(task)]), Clock::System.instant());
        assert_eq!(tether.cut().await, Withdrawn::Task);
    }

    #[tokio::test]
    async fn a_pause_cuts_what_went_on_before_it_and_nothing_that_went_on_after() {
        let (register, tether, task) = tether();
        // Heard of late: by now the task was resumed, and the store has said so.
        register.pause(HashMap::from([(task, Timestamp::from_micros(999))]));
        assert_eq!(tether.check(), Ok(()));
        let cut = tokio::task::LocalSet::new();
        let waiting = cut.spawn_local(tether.clone().cut());
        register.pause(HashMap::from([(task, Timestamp::from_micros(1_001))]));
        cut.await;
        assert_eq!(waiting.await.unwrap(), Withdrawn::Task);
        // The last of a task, which it has let go of, goes on.
        tether.lets_go_of(task);
        assert_eq!(tether.check(), Ok(()));
    }

    #[test]
    fn where_nothing_can_be_revoked_it_holds() {
        let agent = SpiffeId::parse("spiffe://example.org/reader").unwrap();
        assert_eq!(Tether::new(None, Clock::System, agent).check(), Ok(()));
    }
}
