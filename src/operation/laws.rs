//! What holds for every protocol and any body: it is refused, or read in one way.

use bytes::Bytes;
use http::Request;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;

use crate::operation::Operations;
use crate::operation::mcp::Message;
use crate::operation::operations::MAX_OPERATIONS;
use crate::route::pattern::{HostPattern, PathPrefix};
use crate::route::protobuf::{Descriptors, tests::till};
use crate::route::protocol::{GraphQl, Grpc, Protocol, Reads};
use crate::route::terms::{Dialect, Durability, EncodedSlash, Encoding, Inspect, Retry};
use crate::route::{Head, Inspected, Route, Table, Target};

/// The ways in which a body can speak.
#[derive(Clone, Copy, Debug)]
enum Speech {
    Book,
    Form,
    GraphQl,
    JsonRpc,
    Mcp,
    Multipart,
    Pay,
}

impl Speech {
    const ALL: [Self; 7] = [
        Self::Book,
        Self::Form,
        Self::GraphQl,
        Self::JsonRpc,
        Self::Mcp,
        Self::Multipart,
        Self::Pay,
    ];

    /// A request in it, as far as its head goes.
    fn target(self) -> Target {
        let reads = Reads::default;
        let descriptors = Descriptors::read(&till()).ok();
        let grpc = Protocol::Grpc(Grpc { reads: reads(), descriptors });
        let graphql =
            GraphQl { depth: 4, fields: 20, persisted: ["a".into()].into(), reads: reads() };
        let (protocol, encoding, path, kind) = match self {
            Self::Book => (grpc, Encoding::Grpc, "/shop.Till/Book", "application/grpc"),
            Self::Form => {
                (Protocol::Http, Encoding::Form, "/", "application/x-www-form-urlencoded")
            }
            Self::GraphQl => (Protocol::GraphQl(graphql), Encoding::Json, "/", "application/json"),
            Self::JsonRpc => (Protocol::JsonRpc(reads()), Encoding::Json, "/", "application/json"),
            Self::Mcp => (Protocol::Mcp, Encoding::Json, "/", "application/json"),
            Self::Multipart => {
                (Protocol::Http, Encoding::Multipart, "/", "multipart/form-data; boundary=b")
            }
            Self::Pay => (grpc, Encoding::Grpc, "/shop.Till/Pay", "application/grpc"),
        };
        let request = Request::post(path).header("host", "a").header("content-type", kind);
        let head = Head::parse(request.body(()).unwrap().into_parts().0).unwrap();
        Table::new(vec![route(protocol, encoding)]).resolve(head).unwrap()
    }
}

fn route(protocol: Protocol, encoding: Encoding) -> Route {
    Route {
        observe_until: None,
        labels: Vec::new(),
        name: "a".into(),
        hosts: vec![HostPattern::parse("a").unwrap()],
        path: PathPrefix::root(),
        methods: None,
        upstream: "a".into(),
        protocol,
        credential: None,
        policy: None,
        inspect: Some(Inspect { encoding, limit: 64 * 1024 }),
        durability: Durability::Kernel,
        dialect: Dialect::Generic,
        encoded_slash: EncodedSlash::Refuse,
        upgrades: Vec::new(),
        unscannable: None,
        retry: Retry::Never,
    }
}

/// Whether the body could be read; all that must hold of what was read holds.
fn holds(speech: Speech, body: &[u8]) -> bool {
    let target = speech.target();
    let (head, inspect) = (target.head(), target.route().inspect.unwrap());
    let body = Inspected::read(Bytes::copy_from_slice(body), head.headers(), inspect);
    let Ok(body) = body else { return false };
    if target.route().protocol == Protocol::Mcp {
        let read = Message::read(head.method(), head.headers(), Some(body.bytes()));
        let Ok(read) = read else { return false };
        let said = read.body().unwrap();
        let mut headers = head.headers().clone();
        headers.extend(read.headers().iter().cloned());
        let again = Message::read(head.method(), &headers, Some(said)).unwrap();
        assert_eq!((again.body(), again.call()), (Some(said), read.call()));
        return true;
    }
    let Ok(operations) = Operations::read(&target, Some(&body)) else { return false };
    assert!((1..=MAX_OPERATIONS).contains(&operations.list().len()));
    assert_eq!(Operations::read(&target, Some(&body)).as_ref(), Ok(&operations));
    true
}

/// Pieces that bodies are made of, in any order.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"{\"query\":\"{ a }\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\"}}",
        b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}",
        b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n",
        b"--b--\r\n",
        b"\0\0\0\0\x02\x08\x07",
        b"\0\0\0\0\0",
        b"a=1",
        b"&",
        b"[",
        b",",
        b"]",
    ];
    let piece = prop_oneof![
        8 => select(pieces).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..8),
        1 => Just(Vec::new()),
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_body_is_refused_or_read_in_one_way(speech in select(&Speech::ALL[..]), body in body()) {
        holds(speech, &body);
    }
}

#[test]
fn every_protocol_has_a_body_that_is_read_and_one_that_is_not() {
    let message = b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}";
    for (speech, good) in [
        (Speech::Book, &b"\0\0\0\0\x02\x08\x07\0\0\0\0\0"[..]),
        (Speech::Form, b"a=1&b=2"),
        (Speech::GraphQl, b"{\"query\":\"{ a }\"}"),
        (Speech::JsonRpc, message),
        (Speech::Mcp, message),
        (
            Speech::Multipart,
            b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n",
        ),
        (Speech::Pay, b"\0\0\0\0\x02\x08\x07"),
    ] {
        assert!(holds(speech, good), "{speech:?}");
        assert!(!holds(speech, b"\xff%zz{"), "{speech:?}");
    }
}
