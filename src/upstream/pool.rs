//! The connections of one worker to one endpoint.
//!
//! Idle HTTP/1.1 connections are taken last in, first out, so that the surplus of a busy moment
//! grows old and is swept. One HTTP/2 connection is shared until it is full. How many connections
//! there are, and how many requests wait for one, is bounded.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::Version;
use tokio::time::Instant;

use crate::metrics::UpstreamNumbers;
use crate::upstream::config::{Endpoint, Protocol};
use crate::upstream::connect::{Need, connect};
use crate::upstream::deadline::{Alarm, Phase};
use crate::upstream::error::Cause;
use crate::upstream::health::Health;
use crate::upstream::http1;
use crate::upstream::http2;
use crate::upstream::outgoing::Addressing;
use crate::upstream::resolve::Resolver;
use crate::upstream::snapshot::Upstream;
use crate::upstream::wire::{Seat, Seats};

/// How often pools are swept for connections that have been idle too long.
pub(super) const SWEEP: Duration = Duration::from_secs(1);

/// Requests that may wait for a connection to one endpoint.
const WAITING: usize = 1024;

/// One endpoint, its connections and its health.
pub(super) struct Pool {
    pub(super) addressing: Addressing,
    pub(super) name: Arc<str>,
    upstream: Arc<Upstream>,
    endpoint: Endpoint,
    resolver: Resolver,
    seats: Arc<Seats>,
    idle: RefCell<Vec<http1::Connection>>,
    shared: RefCell<Vec<Rc<http2::Connection>>>,
    /// What the newest connection turned out to speak.
    speaks: Cell<Option<Version>>,
    opening: Cell<usize>,
    waiting: Cell<usize>,
    active: Cell<usize>,
    health: Cell<Health>,
    life: Cell<Life>,
}

/// Whether the pool's upstream is still configured as it was.
#[derive(Clone, Copy, PartialEq)]
enum Life {
    InForce,
    Retired,
}

/// A connection, or a stream of one, in use by one exchange.
pub(super) struct Lease {
    pub(super) pool: Rc<Pool>,
    pub(super) line: Line,
    _active: Active,
}

/// What an exchange holds of a connection.
pub(super) enum Line {
    Exclusive(http1::Connection),
    Shared(http2::Stream),
}

impl Pool {
    pub(super) fn new(
        upstream: &Arc<Upstream>,
        endpoint: &Endpoint,
        resolver: &Resolver,
        numbers: &UpstreamNumbers,
    ) -> Rc<Self> {
        Rc::new(Self {
            addressing: Addressing::new(endpoint, upstream.config.host.as_ref()),
            name: endpoint.to_string().into(),
            upstream: upstream.clone(),
            endpoint: endpoint.clone(),
            resolver: resolver.clone(),
            seats: Seats::new(upstream.config.connections, numbers.clone()),
            idle: RefCell::default(),
            shared: RefCell::default(),
            speaks: Cell::new(None),
            opening: Cell::new(0),
            waiting: Cell::new(0),
            active: Cell::new(0),
            health: Cell::default(),
            life: Cell::new(Life::InForce),
        })
    }

    /// A connection for one exchange: an idle one, a shared one, or a new one.
    ///
    /// # Errors
    /// The cause; nothing of any request has been sent.
    pub(super) async fn lease(self: &Rc<Self>, need: Need, alarm: &Alarm) -> Result<Lease, Cause> {
        if let Some(lease) = self.take(need) {
            return Ok(lease);
        }
        let limit = self.upstream.config.timeouts.connect;
        alarm.arm(Phase::Connect, limit);
        let free = alarm.within(self.free(need)).await.map_err(|phase| self.waited(phase))??;
        let seat = match free {
            Free::Lease(lease) => return Ok(*lease),
            Free::Seat(seat) => seat,
        };
        alarm.arm(Phase::Connect, limit);
        alarm.within(self.open(need, seat)).await.map_err(Cause::Timeout)?
    }

    /// Exchanges that use or await it.
    pub(super) fn load(&self) -> usize {
        self.active.get() + self.waiting.get() + self.opening.get()
    }

    /// When it may be asked again, if it was left out.
    pub(super) fn back(&self) -> Option<Instant> {
        self.health.get().back()
    }

    /// Its endpoint answered.
    pub(super) fn succeeded(&self) {
        let mut health = self.health.get();
        health.succeeded();
        self.health.set(health);
    }

    /// Its endpoint failed.
    pub(super) fn failed(&self) {
        let mut health = self.health.get();
        health.failed(Instant::now());
        self.health.set(health);
    }

    /// Closes what has been idle for too long or has been closed by the upstream.
    pub(super) fn sweep(&self) {
        let keep = self.upstream.config.timeouts.keep.as_secs().max(1);
        let keep = u32::try_from(keep / SWEEP.as_secs()).unwrap_or(u32::MAX);
        let mut idle = self.idle.borrow_mut();
        for connection in idle.iter_mut() {
            connection.age += 1;
        }
        for old in idle.extract_if(.., |connection| connection.age > keep) {
            old.let_go();
        }
        idle.retain(http1::Connection::is_reusable);
        self.shared.borrow_mut().retain(|connection| {
            let age = if connection.is_idle() { connection.age.get() + 1 } else { 0 };
            connection.age.set(age);
            connection.is_open() && age <= keep
        });
    }

    /// Forgets every connection; those in use are closed when their exchange ends.
    pub(super) fn retire(&self) {
        self.life.set(Life::Retired);
        self.idle.take().into_iter().for_each(http1::Connection::let_go);
        self.shared.take();
    }

    fn take(self: &Rc<Self>, need: Need) -> Option<Lease> {
        loop {
            let Some(connection) = self.idle.borrow_mut().pop() else { break };
            if connection.is_reusable() {
                return Some(self.lent(Line::Exclusive(connection)));
            }
        }
        if need == Need::Upgrade {
            return None;
        }
        let mut shared = self.shared.borrow_mut();
        let stream = shared.iter().find_map(http2::Connection::stream);
        if stream.is_none() {
            shared.retain(|connection| connection.is_open());
        }
        stream.map(|stream| self.lent(Line::Shared(stream)))
    }

    /// Waits until there is a connection to take, or a place to open one in.
    async fn free(self: &Rc<Self>, need: Need) -> Result<Free, Cause> {
        loop {
            if let Some(lease) = self.take(need) {
                return Ok(Free::Lease(Box::new(lease)));
            }
            let joins = need == Need::Any && self.opening.get() > 0 && self.may_share();
            if !joins && let Some(seat) = self.seats.take() {
                return Ok(Free::Seat(seat));
            }
            if self.waiting.get() >= WAITING {
                return Err(Cause::Overloaded);
            }
            let _waiting = Counted::new(self, |pool| &pool.waiting);
            self.seats.freed().notified().await;
        }
    }

    /// Whether a connection that is being opened may be one that can be shared.
    fn may_share(&self) -> bool {
        match (self.upstream.config.protocol, self.speaks.get()) {
            (Protocol::Http1, _) => false,
            (Protocol::Http2, _) => true,
            (Protocol::Auto, _) if !self.endpoint.is_tls() => false,
            (Protocol::Auto, speaks) => speaks != Some(Version::HTTP_11),
        }
    }

    /// Nobody could be served in time: too busy, unless a connection was being made all along.
    fn waited(&self, phase: Phase) -> Cause {
        match phase {
            Phase::Connect if self.opening.get() == 0 => Cause::Overloaded,
            phase => Cause::Timeout(phase),
        }
    }

    async fn open(self: &Rc<Self>, need: Need, seat: Seat) -> Result<Lease, Cause> {
        let _opening = Opening(Counted::new(self, |pool| &pool.opening));
        let (wire, version) =
            connect(&self.upstream, &self.endpoint, need, &self.resolver, seat).await?;
        if version != Version::HTTP_2 {
            if need == Need::Any {
                self.speaks.set(Some(version));
            }
            let connection = http1::Connection::open(wire).await.map_err(Cause::of)?;
            return Ok(self.lent(Line::Exclusive(connection)));
        }
        self.speaks.set(Some(version));
        let connection = http2::Connection::open(wire).await.map_err(Cause::of)?;
        let stream = connection.stream();
        let stream = stream.ok_or_else(|| Cause::rule("it allows no streams"))?;
        if self.life.get() == Life::InForce {
            self.shared.borrow_mut().push(connection);
        }
        Ok(self.lent(Line::Shared(stream)))
    }

    fn lent(self: &Rc<Self>, line: Line) -> Lease {
        let active = Active(Counted::new(self, |pool| &pool.active));
        Lease { pool: self.clone(), line, _active: active }
    }

    #[cfg(test)]
    pub(super) fn connections(&self) -> usize {
        self.seats.taken()
    }
}

impl Lease {
    /// Whether the exchange left the connection fit for another.
    pub(super) fn is_clean(&self) -> bool {
        match &self.line {
            Line::Exclusive(connection) => connection.is_reusable(),
            Line::Shared(_) => true,
        }
    }

    /// The exchange is over and the connection [clean](Self::is_clean): back into the pool.
    pub(super) fn give_back(self) {
        let Self { pool, line, _active } = self;
        match line {
            Line::Shared(stream) => drop(stream),
            Line::Exclusive(connection) if pool.life.get() == Life::Retired => connection.let_go(),
            Line::Exclusive(mut connection) => {
                connection.age = 0;
                pool.idle.borrow_mut().push(connection);
            }
        }
    }
}

/// What [`Pool::free`] found.
enum Free {
    Lease(Box<Lease>),
    Seat(Seat),
}

/// One more of something, for as long as it lives.
struct Counted {
    pool: Rc<Pool>,
    counter: fn(&Pool) -> &Cell<usize>,
}

impl Counted {
    fn new(pool: &Rc<Pool>, counter: fn(&Pool) -> &Cell<usize>) -> Self {
        let counted = Self { pool: pool.clone(), counter };
        let cell = counter(&counted.pool);
        cell.set(cell.get() + 1);
        counted
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let cell = (self.counter)(&self.pool);
        cell.set(cell.get() - 1);
    }
}

/// An exchange with a lease; when it has ended, one that waits for a connection looks again.
struct Active(Counted);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.pool.seats.freed().notify_one();
    }
}

/// A connection being opened; when that has ended, either way, whoever waited for it looks again.
struct Opening(Counted);

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.pool.seats.freed().notify_waiters();
    }
}
