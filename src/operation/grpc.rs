//! gRPC: the path names the service and the method; a call holds messages, each behind its length.
//!
//! What a method does cannot be told from its name, so it is a write unless the route lists it among
//! its `reads`. Messages are read where the route has descriptors; elsewhere they pass as they
//! arrive. Each message of a stream is an operation of its own.

use bytes::{Buf, Bytes};
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{HeaderName, Method};
use serde_json::Value;

use crate::operation::kind::Kind;
use crate::operation::operation::{Arguments, Operation};
use crate::operation::operations::{MAX_OPERATIONS, Operations};
use crate::operation::unreadable::Unreadable;
use crate::route::protobuf::{Descriptors, Messages, Unfit};
use crate::route::protocol::{Grpc, Reads};
use crate::route::{Head, Inspected, Target};

/// The operations of a call: one, or one for each message of a stream.
///
/// # Errors
/// [`Unreadable::GrpcCall`], and where messages are read every other rule of gRPC.
pub(super) fn read(
    terms: &Grpc,
    target: &Target,
    body: Option<&Inspected>,
) -> Result<Operations, Unreadable> {
    let name = method(target.head()).ok_or(Unreadable::GrpcCall)?;
    let call = |arguments| Operation {
        protocol: target.route().protocol.word(),
        kind: terms.reads.kind(name),
        verb: "call".into(),
        name: name.into(),
        arguments,
        fields: Vec::new(),
    };
    let Some(descriptors) = &terms.descriptors else {
        return Ok(Operations::one(call(Arguments::None)));
    };
    check_coding(target.head().headers())?;
    let bytes = body.map(|body| body.bytes().clone()).unwrap_or_default();
    Ok(match said(descriptors, name, bytes)? {
        Said::Message(message) => Operations::one(call(Arguments::Body)).with_body(message),
        Said::Stream(list) if list.is_empty() => {
            Operations::one(call(Arguments::None)).with_body(Value::Array(list))
        }
        Said::Stream(list) => {
            let each = list.iter().map(|message| call(Arguments::Of(message.clone())));
            Operations::several(each.collect())?.with_body(Value::Array(list))
        }
    })
}

/// What a call's body says.
#[derive(Debug, PartialEq)]
enum Said {
    /// The one message of a method that takes one.
    Message(Value),
    /// Every message of a stream.
    Stream(Vec<Value>),
}

/// Reads every message of a call.
fn said(descriptors: &Descriptors, name: &str, body: Bytes) -> Result<Said, Unreadable> {
    let method = descriptors.method(name).ok_or(Unreadable::GrpcMethod)?;
    let frames = frames(body)?;
    let mut room = MOST_VALUES;
    let mut read = |bytes| method.message(bytes, &mut room).map_err(Unreadable::from);
    match (method.messages, <[Bytes; 1]>::try_from(frames)) {
        (Messages::One, Ok([only])) => Ok(Said::Message(read(only)?)),
        (Messages::One, Err(_)) => Err(Unreadable::GrpcMessage),
        (Messages::Stream, Ok([only])) => Ok(Said::Stream(vec![read(only)?])),
        (Messages::Stream, Err(all)) => {
            Ok(Said::Stream(all.into_iter().map(read).collect::<Result<_, _>>()?))
        }
    }
}

/// Takes a body apart: a byte that says whether the message is compressed, its length in four, the
/// message, and so on to the end.
fn frames(mut body: Bytes) -> Result<Vec<Bytes>, Unreadable> {
    let mut frames = Vec::new();
    while body.has_remaining() {
        let flag = body.try_get_u8().map_err(|_| Unreadable::GrpcMessage)?;
        let length = body.try_get_u32().map_err(|_| Unreadable::GrpcMessage)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        match flag {
            0 => {}
            1 => return Err(Unreadable::GrpcCompressed),
            _ => return Err(Unreadable::GrpcMessage),
        }
        if length > body.remaining() {
            return Err(Unreadable::GrpcMessage);
        }
        if frames.len() == MAX_OPERATIONS {
            return Err(Unreadable::Count);
        }
        frames.push(body.split_to(length));
    }
    Ok(frames)
}

/// Only a message that is not compressed has one reading here and at the upstream.
fn check_coding(headers: &HeaderMap) -> Result<(), Unreadable> {
    match headers.get_all(GRPC_ENCODING).iter().all(|coding| coding == "identity") {
        true => Ok(()),
        false => Err(Unreadable::GrpcCompressed),
    }
}

impl From<Unfit> for Unreadable {
    fn from(why: Unfit) -> Self {
        match why {
            Unfit::Malformed => Self::GrpcMessage,
            Unfit::Size => Self::GrpcSize,
            Unfit::Unknown => Self::GrpcUnknown,
        }
    }
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

/// How many values of one call policy is shown, defaults included.
const MOST_VALUES: usize = 10_000;

const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

#[cfg(test)]
mod tests {
    use super::{Said, check_coding, said};
    use crate::operation::unreadable::Unreadable;
    use crate::route::protobuf::{Descriptors, tests::till};
    use bytes::Bytes;
    use http::header::{HeaderMap, HeaderValue};
    use proptest::prelude::{any, proptest};

    fn call(method: &str, body: &[u8]) -> Result<Said, Unreadable> {
        let descriptors = Descriptors::read(&till()).unwrap();
        said(&descriptors, &format!("shop.Till/{method}"), Bytes::copy_from_slice(body))
    }

    /// Two messages: 7 and 8.
    const TWO: &[u8] = b"\0\0\0\0\x02\x08\x07\0\0\0\0\x02\x08\x08";

    #[test]
    fn every_message_of_a_call_is_read() {
        let Ok(Said::Message(one)) = call("Pay", &TWO[..7]) else { panic!("it is one") };
        assert_eq!(one["amount"], 7);
        let Ok(Said::Stream(two)) = call("Book", TWO) else { panic!("it is a stream") };
        assert_eq!((&two[0]["amount"], &two[1]["amount"]), (&7.into(), &8.into()));
        assert_eq!(call("Book", b""), Ok(Said::Stream(Vec::new())));
    }

    #[test]
    fn a_call_that_is_not_whole_messages_is_unreadable() {
        for (method, body, why) in [
            ("Pay", TWO, Unreadable::GrpcMessage),
            ("Pay", b"", Unreadable::GrpcMessage),
            ("Pay", &TWO[..6], Unreadable::GrpcMessage),
            ("Pay", b"\0\0\0", Unreadable::GrpcMessage),
            ("Pay", b"\0\xff\xff\xff\xff\x08\x07", Unreadable::GrpcMessage),
            ("Pay", b"\x01\0\0\0\x02\x08\x07", Unreadable::GrpcCompressed),
            ("Pay", b"\x02\0\0\0\x02\x08\x07", Unreadable::GrpcMessage),
            ("Pay", b"\0\0\0\0\x02\x78\x07", Unreadable::GrpcUnknown),
            ("Book", &TWO[..13], Unreadable::GrpcMessage),
            ("Book", &TWO[..8], Unreadable::GrpcMessage),
            ("Book", &[0; 5 * 65], Unreadable::Count),
            ("Remove", &TWO[..7], Unreadable::GrpcMethod),
        ] {
            assert_eq!(call(method, body), Err(why), "{method} {body:?}");
        }
        assert!(call("Book", &[0; 5 * 64]).is_ok());
        let much: Vec<u8> =
            b"\0\0\0\x27\x10".iter().copied().chain([0x22, 0].repeat(5000)).collect();
        assert!(call("Pay", &much).is_ok(), "they merge into one");
        let much: Vec<u8> =
            b"\0\0\0\x75\x30".iter().copied().chain([0x32, 1, 97].repeat(10_000)).collect();
        assert_eq!(call("Pay", &much), Err(Unreadable::GrpcSize));
    }

    #[test]
    fn a_coding_is_no_coding() {
        let mut headers = HeaderMap::new();
        assert_eq!(check_coding(&headers), Ok(()));
        headers.append("grpc-encoding", HeaderValue::from_static("identity"));
        assert_eq!(check_coding(&headers), Ok(()));
        headers.append("grpc-encoding", HeaderValue::from_static("gzip"));
        assert_eq!(check_coding(&headers), Err(Unreadable::GrpcCompressed));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body: Vec<u8>, stream in any::<bool>()) {
            let _ = call(if stream { "Book" } else { "Pay" }, &body);
        }

        /// Framing is exact: what is read is as many messages as were framed, and no prefix is.
        #[test]
        fn framed_messages_come_back_and_no_cut_is_taken(
            amounts in proptest::collection::vec(1u8..128, 1..8),
        ) {
            let body: Vec<u8> = amounts.iter().flat_map(|n| [0, 0, 0, 0, 2, 8, *n]).collect();
            let Ok(Said::Stream(read)) = call("Book", &body) else { panic!("it is a stream") };
            let read: Vec<_> = read.iter().map(|one| one["amount"].as_u64()).collect();
            let sent: Vec<_> = amounts.iter().map(|n| Some(u64::from(*n))).collect();
            assert_eq!(read, sent);
            for end in (0..body.len()).filter(|end| end % 7 != 0) {
                assert_eq!(call("Book", &body[..end]), Err(Unreadable::GrpcMessage));
            }
        }
    }
}
