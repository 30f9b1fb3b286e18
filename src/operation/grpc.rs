//! gRPC: the path names the service and the method, and so the one operation of a call.
//!
//! What a method does cannot be told from its name, so it is a write unless the route lists it among
//! its `reads`. Messages are not read: they pass as they arrive.

use http::Method;
use http::header::CONTENT_TYPE;

use crate::operation::kind::Kind;
use crate::operation::operation::{Arguments, Operation};
use crate::operation::operations::Operations;
use crate::operation::unreadable::Unreadable;
use crate::route::protocol::Reads;
use crate::route::{Head, Target};

/// The one operation of a call.
///
/// # Errors
/// [`Unreadable::GrpcCall`].
pub(super) fn read(reads: &Reads, target: &Target) -> Result<Operations, Unreadable> {
    let name = method(target.head()).ok_or(Unreadable::GrpcCall)?;
    Ok(Operations::one(Operation {
        protocol: target.route().protocol.word(),
        kind: reads.kind(name),
        verb: "call".into(),
        name: name.into(),
        arguments: Arguments::None,
        fields: Vec::new(),
    }))
}

impl Reads {
    /// What an operation of this name is.
    pub(super) fn kind(&self, name: &str) -> Kind {
        if self.contains(name) { Kind::Read } else { Kind::Write }
    }
}

/// `package.Service/Method`, of a request that is a call.
fn method(head: &Head) -> Option<&str> {
    let kind = head.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    let rest = kind.strip_prefix("application/grpc")?;
    let is_call = head.method() == Method::POST && head.query().is_none();
    if !is_call || !(rest.is_empty() || rest.starts_with(['+', ';', '-'])) {
        return None;
    }
    let path = head.path().as_str().strip_prefix('/')?;
    let (service, method) = path.split_once('/')?;
    (service.split('.').all(is_name) && is_name(method)).then_some(path)
}

/// An identifier of protocol buffers.
fn is_name(text: &str) -> bool {
    let start = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    start && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
