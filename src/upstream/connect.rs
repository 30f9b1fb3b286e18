//! A new connection: name, address, TCP, TLS.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Version;
use tokio::net::TcpStream;

use crate::upstream::config::{Endpoint, Host, Protocol};
use crate::upstream::error::Cause;
use crate::upstream::resolve::Resolver;
use crate::upstream::snapshot::Upstream;
use crate::upstream::tls;
use crate::upstream::wire::{Seat, Stream, Wire};

/// Addresses of one name that are tried for one connection.
const TRIES: usize = 4;

/// What a connection is needed for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Need {
    /// Any request: the version is whatever the upstream prefers.
    Any,
    /// A request to upgrade, which only HTTP/1.1 can carry.
    Upgrade,
}

/// Connects to `endpoint` of `upstream`.
///
/// # Errors
/// The cause; nothing of any request has been sent.
pub(super) async fn connect(
    upstream: &Upstream,
    endpoint: &Endpoint,
    need: Need,
    resolver: &Resolver,
    seat: Seat,
) -> Result<(Wire, Version), Cause> {
    let addresses = match endpoint.host() {
        Host::Address(address) => vec![SocketAddr::new(*address, endpoint.port())],
        Host::Name(name) => {
            resolver.resolve(name, endpoint.port(), &upstream.config.allow_addresses).await?
        }
    };
    let socket = dial(&addresses).await.map_err(|error| Cause::Connect(Arc::new(error)))?;
    if !endpoint.is_tls() {
        let version = match (upstream.config.protocol, need) {
            (Protocol::Http2, Need::Any) => Version::HTTP_2,
            _ => Version::HTTP_11,
        };
        return Ok((Wire::new(Stream::Plain(socket), seat), version));
    }
    let (stream, version) = secure(upstream, endpoint, need, socket).await?;
    Ok((Wire::new(stream, seat), version))
}

async fn dial(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses.iter().take(TRIES) {
        match TcpStream::connect(address).await {
            Ok(socket) => {
                // Bodies are written as they come; waiting to fill a segment only delays them.
                socket.set_nodelay(true)?;
                return Ok(socket);
            }
            Err(error) => last = io::Error::new(error.kind(), format!("{address}: {error}")),
        }
    }
    Err(last)
}

async fn secure(
    upstream: &Upstream,
    endpoint: &Endpoint,
    need: Need,
    socket: TcpStream,
) -> Result<(Stream, Version), Cause> {
    let failed = |error: io::Error| Cause::Tls(Arc::new(error));
    let Some(tls) = &upstream.tls else {
        return Err(failed(io::Error::other("TLS is not set up")));
    };
    let name = tls.server_name(endpoint);
    let name = name.ok_or_else(|| failed(io::Error::other("its host cannot be verified")))?;
    let connector = match need {
        Need::Any => tls.connector(),
        Need::Upgrade => tls.connector_http1(),
    };
    let stream = connector.connect(name, socket).await.map_err(failed)?;
    let is_http2 = tls::is_http2(stream.get_ref().1.alpn_protocol());
    if !is_http2 && need == Need::Any && upstream.config.protocol == Protocol::Http2 {
        return Err(Cause::rule("it does not speak HTTP/2: set protocol to auto or http1"));
    }
    let version = if is_http2 { Version::HTTP_2 } else { Version::HTTP_11 };
    Ok((Stream::Tls(Box::new(stream)), version))
}
