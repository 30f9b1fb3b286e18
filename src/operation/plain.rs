//! Plain HTTP: a request is one operation, and its method says whether it only reads.

use http::Method;
use http::header::CONTENT_TYPE;

use crate::operation::kind::Kind;
use crate::operation::operation::{Arguments, Operation};
use crate::operation::operations::Operations;
use crate::operation::unreadable::Unreadable;
use crate::operation::{form, multipart};
use crate::route::terms::Encoding;
use crate::route::{Ambiguity, Head, Inspected, Target};

/// The one operation of a request.
///
/// # Errors
/// What [`form`] and [`multipart`] refuse.
pub(super) fn read(target: &Target, body: Option<&Inspected>) -> Result<Operations, Unreadable> {
    let head = target.head();
    let operations = Operations::one(Operation {
        protocol: target.route().protocol.word(),
        kind: kind(head.method()),
        verb: head.method().as_str().into(),
        name: head.path().as_str().into(),
        arguments: body.map_or(Arguments::None, |_| Arguments::Body),
        fields: Vec::new(),
    });
    let Some(body) = body else { return Ok(operations) };
    Ok(match body.encoding() {
        Encoding::Form => operations.with_body(form::read(body.bytes())?),
        // The configuration has this with `protocol: grpc` alone, which does not come here.
        Encoding::Grpc => return Err(Unreadable::GrpcCall),
        Encoding::Json => operations,
        Encoding::Multipart => {
            let kind = head.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            operations.with_body(multipart::read(kind.unwrap_or_default(), body.bytes())?)
        }
    })
}

/// Refuses a query that names another method, on every route.
///
/// # Errors
/// [`Ambiguity::MethodOverride`].
pub(super) fn check_override(head: &Head) -> Result<(), Unreadable> {
    let mut names = head.query().into_iter().flat_map(|query| query.pairs());
    match names.any(|(name, _)| is_override(&name)) {
        true => Err(Ambiguity::MethodOverride.into()),
        false => Ok(()),
    }
}

/// The parameter by which several frameworks let a form stand for another method.
pub(super) fn is_override(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case("_method")
}

/// RFC 9110 §9.2.1 has one safe method more, `TRACE`, which no route serves.
fn kind(method: &Method) -> Kind {
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS => Kind::Read,
        _ => Kind::Write,
    }
}
