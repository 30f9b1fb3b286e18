//! What is recorded of an exchange: its intent, its outcome, or that it was refused.
//!
//! These are views that borrow from whatever knows the facts, written straight into a worker's
//! batch. Bodies are recorded by digest and credentials by name: no field here can carry a secret's
//! value. Every text has a limit, and the limits together stay below the size of an entry, so a
//! record is never refused for its length.

use std::time::Duration;

use crate::audit::json::Object;
use crate::audit::tree::Hash;
use crate::id::{CredentialName, ListenerName, RouteName, UpstreamName};
use crate::route::terms::Durability;

/// Something that must be on record before it is acted on.
pub trait Entry {
    /// What is about to be done.
    fn intent(&self) -> Intent<'_>;

    /// The codes of the reasons policy gave.
    fn reasons(&self) -> impl Iterator<Item = &str>;

    /// The ids of the obligations that come with the decision.
    fn obligations(&self) -> impl Iterator<Item = &str>;

    /// What people signed who agreed to it, each statement with its signature.
    fn proofs(&self) -> impl Iterator<Item = &str>;
}

/// What is about to be done, for whom and why. Borrowed from the grant.
#[derive(Clone, Copy, Debug)]
pub struct Intent<'a> {
    /// Who asked: a SPIFFE ID.
    pub principal: &'a str,
    /// The listener it came in on.
    pub listener: &'a ListenerName,
    /// The address it came from.
    pub peer: std::net::SocketAddr,
    /// The route it took.
    pub route: &'a RouteName,
    /// The request's method.
    pub method: &'a str,
    /// `http` or `https`, as the upstream will see it.
    pub scheme: &'a str,
    /// The host, with its port where it is not the scheme's own.
    pub authority: &'a str,
    /// The canonical path.
    pub path: &'a str,
    /// The canonical query without its `?`; `None` if there is none.
    pub query: Option<&'a str>,
    /// The body, where it was inspected.
    pub body: Option<Body>,
    /// The digest of the headers that policy judged.
    pub headers: Option<Hash>,
    /// Where the request will be sent.
    pub upstream: &'a UpstreamName,
    /// The credential that will be put on: its name, never its value.
    pub credential: Option<&'a CredentialName>,
    /// What policy answered, in its own word: `allow`.
    pub effect: &'a str,
    /// The policy revision that answered.
    pub revision: &'a str,
    /// The terms the grant carries beyond the obligations' ids, in one line.
    pub terms: Option<&'a str>,
}

/// A request body, by digest.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    /// The SHA-256 of all of it.
    pub sha256: Hash,
    /// Its length in bytes.
    pub bytes: u64,
}

/// How an exchange that was on record ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The agent or Countersign went away half way.
    Aborted {
        /// One word for who or what.
        why: &'static str,
    },
    /// The upstream answered and the answer was passed on to its end.
    Answered {
        /// The status the upstream gave.
        status: u16,
        /// Bytes of the request's body that were sent.
        request_bytes: u64,
        /// Bytes of the response's body that were passed on.
        response_bytes: u64,
        /// From the intent to the end of the answer.
        duration: Duration,
    },
    /// The upstream could not be reached, or did not answer.
    Failed {
        /// One word for why.
        reason: &'static str,
    },
    /// Nobody knows whether it was carried out.
    Unknown,
}

impl Outcome {
    /// The word that stands for it in an entry.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Aborted { .. } => "aborted",
            Self::Answered { .. } => "answered",
            Self::Failed { .. } => "failed",
            Self::Unknown => "unknown",
        }
    }

    pub(super) fn write(self, object: &mut Object<'_>) {
        object.word("outcome", self.word());
        match self {
            Self::Aborted { why } => object.text("why", why.as_bytes(), NAME),
            Self::Answered { status, request_bytes, response_bytes, duration } => {
                object.number("status", u64::from(status));
                object.number("request_bytes", request_bytes);
                object.number("response_bytes", response_bytes);
                let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
                object.number("duration_us", micros);
            }
            Self::Failed { reason } => object.text("reason", reason.as_bytes(), NAME),
            Self::Unknown => {}
        }
    }
}

/// A request that was not carried out, with what is known of it; the bytes are the agent's own.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// Who asked, if that was proved.
    pub principal: Option<&'a str>,
    /// The listener it came in on.
    pub listener: &'a ListenerName,
    /// The address it came from.
    pub peer: std::net::SocketAddr,
    /// The route, if one was found.
    pub route: Option<&'a RouteName>,
    /// The method as it was sent.
    pub method: Option<&'a [u8]>,
    /// The authority as it was sent.
    pub authority: Option<&'a [u8]>,
    /// The path as it was sent, with its query.
    pub path: Option<&'a [u8]>,
    /// The stable code the agent was answered with.
    pub code: &'a str,
    /// What policy answered, if it was asked: `deny`, `escalate`, `error`.
    pub effect: Option<&'a str>,
    /// The policy revision that answered.
    pub revision: Option<&'a str>,
}

/// Writes all that an approval says after its id.
pub(super) fn write_approval(object: &mut Object<'_>, proof: &str) {
    object.text("proof", proof.as_bytes(), PROOF);
}

/// Writes all that an intent says after its id.
pub(super) fn write_intent(object: &mut Object<'_>, entry: &impl Entry, durability: Durability) {
    let intent = entry.intent();
    object.text("principal", intent.principal.as_bytes(), PRINCIPAL);
    write_origin(object, intent.listener, intent.peer);
    object.text("route", intent.route.as_str().as_bytes(), NAME);
    object.text("method", intent.method.as_bytes(), NAME);
    object.text("scheme", intent.scheme.as_bytes(), NAME);
    object.text("authority", intent.authority.as_bytes(), AUTHORITY);
    object.text("path", intent.path.as_bytes(), TARGET);
    if let Some(query) = intent.query {
        object.text("query", query.as_bytes(), TARGET);
    }
    if let Some(body) = intent.body {
        object.object("body", |object| {
            object.hash("sha256", &body.sha256);
            object.number("bytes", body.bytes);
        });
    }
    if let Some(headers) = intent.headers {
        object.hash("headers_sha256", &headers);
    }
    object.text("upstream", intent.upstream.as_str().as_bytes(), NAME);
    if let Some(credential) = intent.credential {
        object.text("credential", credential.as_str().as_bytes(), NAME);
    }
    object.word("durability", durability.word());
    object.object("decision", |object| {
        object.text("effect", intent.effect.as_bytes(), NAME);
        object.text("revision", intent.revision.as_bytes(), NAME);
        object.list("reasons", entry.reasons(), LIST);
        object.list("obligations", entry.obligations(), LIST);
    });
    if let Some(terms) = intent.terms {
        object.text("terms", terms.as_bytes(), LIST);
    }
}

/// Writes all that a refusal says after its id.
pub(super) fn write_refusal<'r>(
    object: &mut Object<'_>,
    refusal: &Refusal<'_>,
    reasons: impl Iterator<Item = &'r str>,
) {
    if let Some(principal) = refusal.principal {
        object.text("principal", principal.as_bytes(), PRINCIPAL);
    }
    write_origin(object, refusal.listener, refusal.peer);
    if let Some(route) = refusal.route {
        object.text("route", route.as_str().as_bytes(), NAME);
    }
    let sent = [
        ("method", refusal.method, NAME),
        ("authority", refusal.authority, AUTHORITY),
        ("path", refusal.path, TARGET),
    ];
    for (key, text, limit) in sent {
        if let Some(text) = text {
            object.text(key, text, limit);
        }
    }
    object.text("code", refusal.code.as_bytes(), NAME);
    let Some(effect) = refusal.effect else { return };
    object.object("decision", |object| {
        object.text("effect", effect.as_bytes(), NAME);
        if let Some(revision) = refusal.revision {
            object.text("revision", revision.as_bytes(), NAME);
        }
        object.list("reasons", reasons, LIST);
    });
}

fn write_origin(object: &mut Object<'_>, listener: &ListenerName, peer: std::net::SocketAddr) {
    object.text("listener", listener.as_str().as_bytes(), NAME);
    object.shown("peer", peer);
}

/// The longest authority as written, in bytes.
const AUTHORITY: usize = 2048;
/// The longest list of reasons or obligations, and the longest terms, as written, in bytes.
const LIST: usize = 4096;
/// The longest name or word as written, in bytes.
const NAME: usize = 512;
/// The longest statement with its signature as written, in bytes; twice what they may have.
const PROOF: usize = 24 * 1024;
/// The longest SPIFFE ID as written, in bytes; the standard allows 2,048.
const PRINCIPAL: usize = 2048;
/// The longest path and the longest query as written, in bytes.
const TARGET: usize = 16 * 1024;
