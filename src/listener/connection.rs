//! One connection: its caller, and what its watchdog has to know.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::IntGauge;
use rustls::pki_types::CertificateDer;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::id::ListenerName;
use crate::identity::{Caller, Rejection, Trust};
use crate::listener::census::{Place, PrincipalPlace};
use crate::listener::config::Limits;
use crate::route::Ambiguity;

/// A connection whose handshake is done. One worker has it; nothing of it is shared.
#[derive(Debug)]
pub struct Connection {
    caller: RefCell<Rc<Caller>>,
    chain: Vec<CertificateDer<'static>>,
    server_name: Option<Box<str>>,
    listener: ListenerName,
    limits: Arc<Limits>,
    pulse: Arc<Pulse>,
    closing: Notify,
    /// Held for as long as anything holds the connection, a tunnel through it included.
    _places: Places,
}

/// What a connection takes up, and gives back when it is dropped.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) _listener: Place,
    pub(super) _principal: Option<PrincipalPlace>,
    pub(super) open: IntGauge,
}

impl Drop for Places {
    fn drop(&mut self) {
        self.open.dec();
    }
}

/// What the reading side, the exchanges and the watchdog tell each other.
///
/// One worker has it all, so the lock is never waited for; it is there because hyper hands upgraded
/// streams on as `Send`.
#[derive(Debug)]
pub struct Pulse(Mutex<Beat>);

/// The state behind a [`Pulse`].
#[derive(Debug)]
pub(super) struct Beat {
    /// The rule that the bytes broke, until its exchange has answered for it.
    pub(super) broken: Option<Ambiguity>,
    /// Set once an upgrade was agreed to: what follows is no HTTP.
    pub(super) tunnel: bool,
    /// Since when a head is arriving in pieces.
    pub(super) head_since: Option<Instant>,
    /// Since when the agent does not take what we have to write.
    pub(super) blocked_since: Option<Instant>,
    /// Exchanges that are not finished.
    exchanges: usize,
    /// When the last of them finished.
    quiet_since: Instant,
}

/// Counts one exchange for as long as it lives.
#[derive(Debug)]
pub struct InProgress(Arc<Pulse>);

impl Connection {
    pub(super) fn new(
        caller: Caller,
        chain: Vec<CertificateDer<'static>>,
        server_name: Option<&str>,
        limits: Arc<Limits>,
        pulse: Arc<Pulse>,
        places: Places,
    ) -> Self {
        Self {
            listener: caller.listener.clone(),
            limits,
            caller: RefCell::new(Rc::new(caller)),
            chain,
            server_name: server_name.map(Into::into),
            pulse,
            closing: Notify::new(),
            _places: places,
        }
    }

    /// Who calls, checked against the trust of this moment. Asked before every request.
    ///
    /// # Errors
    /// [`Rejection`], when the certificate no longer holds; the connection then closes.
    pub fn caller(&self, trust: &Trust) -> Result<Rc<Caller>, Rejection> {
        let caller = Rc::clone(&self.caller.borrow());
        match trust.still_holds(&caller.principal, &self.chain) {
            Ok(None) => Ok(caller),
            Ok(Some(principal)) => {
                let renewed = Rc::new(Caller { principal, ..Caller::clone(&caller) });
                *self.caller.borrow_mut() = Rc::clone(&renewed);
                Ok(renewed)
            }
            Err(rejection) => {
                self.close();
                Err(rejection)
            }
        }
    }

    /// The caller as it was last proved; for records, not for decisions.
    pub fn last_caller(&self) -> Rc<Caller> {
        Rc::clone(&self.caller.borrow())
    }

    /// The certificates that the agent showed, its own first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The listener it came in by.
    pub fn listener(&self) -> &ListenerName {
        &self.listener
    }

    /// How much its listener takes.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The server name that the handshake asked for.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// The rule that this connection's bytes broke; the exchange that asks answers for it.
    pub fn take_broken_rule(&self) -> Option<Ambiguity> {
        self.pulse.beat().broken.take()
    }

    /// From here on the agent's bytes are those of the protocol that was agreed on.
    pub fn becomes_tunnel(&self) {
        self.pulse.beat().tunnel = true;
    }

    /// Marks the beginning of an exchange; its end is when the value is dropped.
    pub fn begin(&self) -> InProgress {
        InProgress::of(&self.pulse)
    }

    /// Finishes what is under way and closes: `Connection: close`, or GOAWAY.
    pub fn close(&self) {
        self.closing.notify_one();
    }

    pub(super) async fn closing(&self) {
        self.closing.notified().await;
    }
}

impl Pulse {
    /// Of a connection on which nothing has happened yet.
    pub fn new() -> Self {
        Self(Mutex::new(Beat {
            broken: None,
            tunnel: false,
            head_since: None,
            blocked_since: None,
            exchanges: 0,
            quiet_since: Instant::now(),
        }))
    }

    pub(super) fn beat(&self) -> MutexGuard<'_, Beat> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when the agent has kept us waiting for too long. One timer a connection, not one a
    /// request: it looks at the state when it wakes.
    pub(super) async fn expired(&self, limits: &Limits) {
        loop {
            let patience = self.beat().patience(limits);
            let Some(patience) = patience else { return };
            tokio::time::sleep(patience).await;
        }
    }
}

impl Default for Pulse {
    fn default() -> Self {
        Self::new()
    }
}

impl Beat {
    /// How long until the connection has to be cut, as things stand; `None` if it has to be now.
    fn patience(&self, limits: &Limits) -> Option<Duration> {
        let now = Instant::now();
        let quiet = self.exchanges == 0 && !self.tunnel;
        let idle = quiet.then(|| self.quiet_since + limits.idle);
        let head = self.head_since.map(|since| since + limits.head);
        let blocked = self.blocked_since.map(|since| since + limits.idle);
        let soonest = [idle, head, blocked].into_iter().flatten().min();
        match soonest {
            Some(end) if end <= now => None,
            // Something else may begin to count in the meantime.
            Some(end) => Some((end - now).min(limits.head)),
            None => Some(limits.head),
        }
    }
}

impl InProgress {
    pub(super) fn of(pulse: &Arc<Pulse>) -> Self {
        pulse.beat().exchanges += 1;
        Self(Arc::clone(pulse))
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        let mut beat = self.0.beat();
        beat.exchanges -= 1;
        beat.quiet_since = Instant::now();
    }
}
