//! Every protocol that a body can speak: whatever arrives is refused, or read in one way.
//!
//! The first byte says which protocol, the rest is the body. What is read is never empty, never more
//! than a request may hold, and read again the same. What is said again of a message of MCP asks for
//! the same as the original.
#![no_main]

#[path = "../../tests/harness/till.rs"]
mod till;

use std::sync::LazyLock;

use bytes::Bytes;
use countersign::operation::Operations;
use countersign::operation::mcp::Message;
use countersign::operation::operations::MAX_OPERATIONS;
use countersign::route::pattern::{HostPattern, PathPrefix};
use countersign::route::protobuf::Descriptors;
use countersign::route::protocol::{GraphQl, Grpc, Protocol, Reads};
use countersign::route::terms::{Dialect, Durability, EncodedSlash, Encoding, Inspect, Retry};
use countersign::route::{Head, Inspected, Route, Table};
use http::Request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((which, body)) = input.split_first() else { return };
    let (table, path, kind) = &SPEECHES[usize::from(*which) % SPEECHES.len()];
    let request = Request::post(*path)
        .header("host", "a")
        .header("content-type", *kind)
        .body(())
        .expect("a request");
    let Ok(head) = Head::parse(request.into_parts().0) else { panic!("the head is a good one") };
    let target = table.resolve(head).expect("every request is served");
    let inspect = target.route().inspect.expect("every route inspects");
    let headers = target.head().headers();
    let Ok(body) = Inspected::read(Bytes::copy_from_slice(body), headers, inspect) else { return };
    if target.route().protocol == Protocol::Mcp {
        return message(&target, &body);
    }
    let Ok(operations) = Operations::read(&target, Some(&body)) else { return };
    assert!((1..=MAX_OPERATIONS).contains(&operations.list().len()));
    assert_eq!(Operations::read(&target, Some(&body)).as_ref(), Ok(&operations));
});

/// What is sent in place of a message is that message.
fn message(target: &countersign::route::Target, body: &Inspected) {
    let head = target.head();
    let Ok(read) = Message::read(head.method(), head.headers(), Some(body.bytes())) else { return };
    let said = read.body().expect("a POST has a body").clone();
    let mut headers = head.headers().clone();
    for (name, value) in read.headers() {
        headers.insert(name.clone(), value.clone());
    }
    let again = Message::read(head.method(), &headers, Some(&said)).expect("it was said well");
    assert_eq!(again.body(), Some(&said));
    assert_eq!(again.call(), read.call());
}

/// A route for each protocol, with the path and the type of its requests.
static SPEECHES: LazyLock<Vec<(Table, &str, &str)>> = LazyLock::new(|| {
    let reads = Reads::default;
    let graphql =
        GraphQl { depth: 16, fields: 200, persisted: ["a".into()].into(), reads: reads() };
    let descriptors = Descriptors::read(&till::till()).ok();
    let grpc = Protocol::Grpc(Grpc { reads: reads(), descriptors });
    vec![
        (route(Protocol::GraphQl(graphql), Encoding::Json), "/", "application/json"),
        (route(Protocol::JsonRpc(reads()), Encoding::Json), "/", "application/json"),
        (route(Protocol::Mcp, Encoding::Json), "/", "application/json"),
        (route(Protocol::Http, Encoding::Form), "/", "application/x-www-form-urlencoded"),
        (route(Protocol::Http, Encoding::Multipart), "/", "multipart/form-data; boundary=b"),
        (route(grpc.clone(), Encoding::Grpc), "/shop.Till/Pay", "application/grpc"),
        (route(grpc, Encoding::Grpc), "/shop.Till/Book", "application/grpc"),
    ]
});

fn route(protocol: Protocol, encoding: Encoding) -> Table {
    Table::new(vec![Route {
        observe_until: None,
        labels: Vec::new(),
        name: "a".into(),
        hosts: vec![HostPattern::parse("a").expect("a host")],
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
    }])
}
