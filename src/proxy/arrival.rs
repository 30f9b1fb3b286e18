//! A request as it arrives, taken apart.

use http::Request;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;

use crate::listener::Connection;
use crate::listener::http1::REFUSED_TARGET;
use crate::proxy::failure::Failure;
use crate::route::{Ambiguity, Body, Head};

/// What an agent sent: its head in the canonical form, its body, and its side of an upgrade.
#[derive(Debug)]
pub struct Arrival {
    /// The head.
    pub head: Head,
    /// The body, not read yet.
    pub body: Body,
    /// The agent's side of a tunnel, should one be agreed on.
    pub upgrade: Option<OnUpgrade>,
}

impl Arrival {
    /// Takes a request apart.
    ///
    /// # Errors
    /// [`Failure::Ambiguous`], or [`Failure::Misdirected`] if the handshake named another host.
    pub fn read(request: Request<Incoming>, connection: &Connection) -> Result<Self, Failure> {
        let (mut parts, incoming) = request.into_parts();
        // Where the bytes broke a rule already, this request is only its stand-in.
        if parts.uri.path() == REFUSED_TARGET
            && let Some(rule) = connection.take_broken_rule()
        {
            return Err(Failure::Ambiguous(rule));
        }
        let limits = connection.limits();
        if parts.headers.len() > limits.header_fields {
            return Err(Failure::Ambiguous(Ambiguity::HeaderCount));
        }
        if parts.uri.path_and_query().is_some_and(|pq| pq.as_str().len() > limits.uri_bytes) {
            return Err(Failure::Ambiguous(Ambiguity::TargetTooLong));
        }
        let upgrade = parts.extensions.remove::<OnUpgrade>();
        let head = Head::parse(parts)?;
        if connection.server_name().is_some_and(|name| name != head.authority().host()) {
            return Err(Failure::Misdirected);
        }
        Ok(Self { head, body: Body::arriving(incoming, limits.body_idle), upgrade })
    }
}
