//! A listener as the operator configured it.

use std::net::SocketAddr;
use std::time::Duration;

use crate::id::ListenerName;

/// One entry of `listeners:` with the door `reverse`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListenerConfig {
    /// Its key in the configuration.
    pub name: ListenerName,
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// How much it takes.
    pub limits: Limits,
}

/// How much a listener takes from agents, and for how long it waits for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Connections open at once.
    pub connections: usize,
    /// Connections open at once of one SPIFFE ID.
    pub connections_per_principal: usize,
    /// Bytes of a request line and its headers together.
    pub header_bytes: usize,
    /// Headers of one request.
    pub header_fields: usize,
    /// Bytes of a request's path and query.
    pub uri_bytes: usize,
    /// HTTP/2 streams open at once on one connection.
    pub streams: u32,
    /// From the connection until its TLS handshake is done.
    pub handshake: Duration,
    /// From the first byte of a head until its last.
    pub head: Duration,
    /// How long a request's body may stand still.
    pub body_idle: Duration,
    /// How long a connection may carry no request, or may not be read from while we have to write.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_principal: 1_000,
            header_bytes: 64 * 1024,
            header_fields: 100,
            uri_bytes: 8 * 1024,
            streams: 100,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            body_idle: Duration::from_secs(30),
            idle: Duration::from_secs(60),
        }
    }
}
