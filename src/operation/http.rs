//! Plain HTTP: a request is one operation, and its method says whether it only reads.

use http::Method;

use crate::operation::kind::Kind;
use crate::operation::operation::{Arguments, Operation};
use crate::operation::operations::Operations;
use crate::operation::unreadable::Unreadable;
use crate::route::{Ambiguity, Inspected, Target};

/// The one operation of a request.
///
/// # Errors
/// [`Ambiguity::MethodOverride`].
pub(super) fn read(target: &Target, body: Option<&Inspected>) -> Result<Operations, Unreadable> {
    let head = target.head();
    let mut names = head.query().into_iter().flat_map(|query| query.pairs());
    if names.any(|(name, _)| is_override(&name)) {
        return Err(Unreadable::Ambiguous(Ambiguity::MethodOverride));
    }
    Ok(Operations::one(Operation {
        protocol: target.route().protocol.word(),
        kind: kind(head.method()),
        verb: head.method().as_str().into(),
        name: head.path().as_str().into(),
        arguments: body.map_or(Arguments::None, |_| Arguments::Body),
        fields: Vec::new(),
    }))
}

/// RFC 9110 §9.2.1 has one safe method more, `TRACE`, which no route serves.
fn kind(method: &Method) -> Kind {
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS => Kind::Read,
        _ => Kind::Write,
    }
}

/// The parameter by which several frameworks let a form stand for another method.
pub(super) fn is_override(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case("_method")
}
