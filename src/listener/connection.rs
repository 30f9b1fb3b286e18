//! One connection: its caller, and what its watchdog has to know.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::id::ListenerName;
use crate::identity::{Caller, Rejection, Trust};
use crate::listener::config::Limits;
use crate::route::Ambiguity;

/// A connection whose handshake is done. One worker has it; nothing of it is shared.
#[derive(Debug)]
pub struct Connection {
    caller: RefCell<Rc<Caller>>,
    chain: Vec<CertificateDer<'static>>,
    server_name: Option<Box<str>>,
    listener: ListenerName,
    limits: Rc<Limits>,
    pulse: Rc<Pulse>,
    closing: Notify,
}

/// What the reading side, the exchanges and the watchdog tell each other.
#[derive(Debug)]
pub struct Pulse {
    /// The rule that the bytes broke, until its exchange has answered for it.
    pub(super) broken: Cell<Option<Ambiguity>>,
    /// Set once an upgrade was agreed to: what follows is no HTTP.
    pub(super) tunnel: Cell<bool>,
    /// Since when a head is arriving in pieces.
    pub(super) head_since: Cell<Option<Instant>>,
    /// Since when the agent does not take what we have to write.
    pub(super) blocked_since: Cell<Option<Instant>>,
    /// Exchanges that are not finished.
    exchanges: Cell<usize>,
    /// When the last of them finished.
    quiet_since: Cell<Instant>,
}

/// Counts one exchange for as long as it lives.
#[derive(Debug)]
pub struct InProgress(Rc<Pulse>);

impl Connection {
    pub(super) fn new(
        caller: Caller,
        chain: Vec<CertificateDer<'static>>,
        server_name: Option<&str>,
        limits: Rc<Limits>,
        pulse: Rc<Pulse>,
    ) -> Self {
        Self {
            listener: caller.listener.clone(),
            limits,
            caller: RefCell::new(Rc::new(caller)),
            chain,
            server_name: server_name.map(Into::into),
            pulse,
            closing: Notify::new(),
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
        self.pulse.broken.take()
    }

    /// From here on the agent's bytes are those of the protocol that was agreed on.
    pub fn becomes_tunnel(&self) {
        self.pulse.tunnel.set(true);
    }

    /// Marks the beginning of an exchange; its end is when the value is dropped.
    pub fn begin(&self) -> InProgress {
        self.pulse.exchanges.set(self.pulse.exchanges.get() + 1);
        InProgress(Rc::clone(&self.pulse))
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
    pub(super) fn new() -> Self {
        Self {
            broken: Cell::new(None),
            tunnel: Cell::new(false),
            head_since: Cell::new(None),
            blocked_since: Cell::new(None),
            exchanges: Cell::new(0),
            quiet_since: Cell::new(Instant::now()),
        }
    }

    /// How long until the connection has to be cut, as things stand; `None` if it has to be now.
    fn patience(&self, limits: &Limits) -> Option<Duration> {
        let now = Instant::now();
        let idle = (self.exchanges.get() == 0 && !self.tunnel.get())
            .then(|| self.quiet_since.get() + limits.idle);
        let head = self.head_since.get().map(|since| since + limits.head);
        let blocked = self.blocked_since.get().map(|since| since + limits.idle);
        let soonest = [idle, head, blocked].into_iter().flatten().min();
        match soonest {
            Some(end) if end <= now => None,
            // Something else may begin to count in the meantime.
            Some(end) => Some((end - now).min(limits.head)),
            None => Some(limits.head),
        }
    }

    /// Resolves when the agent has kept us waiting for too long. One timer a connection, not one a
    /// request: it looks at the cells when it wakes.
    pub(super) async fn expired(&self, limits: &Limits) {
        while let Some(patience) = self.patience(limits) {
            tokio::time::sleep(patience).await;
        }
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.exchanges.set(self.0.exchanges.get() - 1);
        self.0.quiet_since.set(Instant::now());
    }
}
