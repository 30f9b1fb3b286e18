//! The TLS sessions that an agent keeps, and how often it tried to go on with one. Whether a server
//! refused to resume a session says nothing unless one was offered.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::NamedGroup;
use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use rustls::pki_types::ServerName;

/// rustls' own memory, with a count.
#[derive(Debug)]
pub struct Sessions {
    kept: ClientSessionMemoryCache,
    offers: AtomicUsize,
}

impl Sessions {
    pub fn new() -> Self {
        Self { kept: ClientSessionMemoryCache::new(64), offers: AtomicUsize::new(0) }
    }

    /// How many handshakes offered a session.
    pub fn offers(&self) -> usize {
        self.offers.load(Ordering::SeqCst)
    }

    fn offered<T>(&self, session: Option<T>) -> Option<T> {
        self.offers.fetch_add(usize::from(session.is_some()), Ordering::SeqCst);
        session
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.kept.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.kept.kx_hint(server)
    }

    fn set_tls12_session(&self, server: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.kept.set_tls12_session(server, session);
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.offered(self.kept.tls12_session(server))
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        self.kept.remove_tls12_session(server);
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.kept.insert_tls13_ticket(server, ticket);
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.offered(self.kept.take_tls13_ticket(server))
    }
}
