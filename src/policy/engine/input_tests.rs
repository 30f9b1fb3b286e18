//! The input, member by member, for requests as they arrive.

use http::Request;
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::id::{DecisionId, ListenerName};
use crate::identity::{Certificate, SpiffeId};
use crate::operation::Operations;
use crate::policy::engine::input::Builder;
use crate::policy::engine::reads::{PARTS, Reads};
use crate::policy::engine::wanted::Wanted;
use crate::policy::query::Asked;
use crate::route::pattern::{HostPattern, PathPrefix};
use crate::route::protocol::Protocol;
use crate::route::terms::{Dialect, Durability, EncodedSlash, Retry};
use crate::route::{Head, Route, Table, Target};
use crate::task::Situation;

fn target(uri: &str) -> Target {
    let request = Request::builder()
        .uri(uri)
        .header("host", "orders.example.org")
        .header("x-tag", "a")
        .header("x-tag", "b");
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let route = Route {
        name: "orders".into(),
        hosts: vec![HostPattern::parse("orders.example.org").unwrap()],
        path: PathPrefix::parse("/").unwrap(),
        methods: None,
        upstream: "orders".into(),
        protocol: Protocol::Http,
        credential: None,
        inspect: None,
        durability: Durability::Kernel,
        dialect: Dialect::Generic,
        encoded_slash: EncodedSlash::Keep,
        upgrades: Vec::new(),
        unscannable: None,
        retry: Retry::Never,
        policy: None,
        observe_until: None,
        labels: Vec::new(),
    };
    Table::new(vec![route]).resolve(Head::parse(parts).unwrap()).unwrap()
}

fn document(uri: &str) -> Value {
    cut(uri, &Reads::everything())
}

/// What is built for rules that read this much.
fn cut(uri: &str, reads: &Reads) -> Value {
    let caller = Certificate {
        spiffe_id: SpiffeId::parse("spiffe://example.org/agents/reporter").unwrap(),
        thumbprint: [7; 32],
        not_after: Timestamp::from_secs(1_800_000_000),
    };
    let target = target(uri);
    let operations = Operations::read(&target, None).unwrap();
    let asked = Asked {
        id: DecisionId::parse("dec_01a20ac1a63c73c3881978b6a2a8f9ef").unwrap(),
        target: &target,
        body: None,
        operations: &operations,
        listener: &ListenerName::from("agents"),
        peer: "[::ffff:192.0.2.7]:4711".parse().unwrap(),
        local: "192.0.2.1:8443".parse().unwrap(),
        now: Timestamp::from_secs(1_795_461_720),
        approval: None,
        situation: &Situation::nothing(),
    };
    let document = Builder::new().document(&caller, &asked, &Wanted::new(reads)).unwrap();
    serde_json::from_str(&document.to_string()).unwrap()
}

#[test]
fn the_document_is_that_of_opa_envoy() {
    let input = document("/api/orders/7?a=1&b=x+y&a=2");
    let http = &input["attributes"]["request"]["http"];
    assert_eq!(http["method"], "GET");
    assert_eq!(http["path"], "/api/orders/7?a=1&b=x+y&a=2");
    assert_eq!(http["host"], "orders.example.org");
    assert_eq!(http["size"], "-1");
    assert_eq!(http["headers"]["x-tag"], "a,b");
    assert_eq!(http["headers"][":path"], http["path"]);
    let source = &input["attributes"]["source"];
    assert_eq!(source["principal"], "spiffe://example.org/agents/reporter");
    let socket = json!({"address": "192.0.2.7", "portValue": 4711});
    assert_eq!(source["address"]["socketAddress"], socket);
    assert_eq!(input["attributes"]["request"]["time"], "2026-11-23T19:22:00.000000Z");
    assert_eq!(input["parsed_path"], json!(["api", "orders", "7"]));
    assert_eq!(input["parsed_query"], json!({"a": ["1", "2"], "b": ["x y"]}));
    assert_eq!(input["parsed_body"], Value::Null);
    assert_eq!(input["truncated_body"], false);
    assert_eq!(input["version"], json!({"ext_authz": "v3", "encoding": "protojson"}));
}

#[test]
fn what_envoy_does_not_know_stands_apart() {
    let countersign = &document("/api/a%2Fb/")["countersign"];
    assert_eq!(countersign["listener"], "agents");
    assert_eq!(countersign["route"], "orders");
    assert_eq!(countersign["principal"]["trust_domain"], "example.org");
    assert_eq!(countersign["principal"]["path_segments"], json!(["agents", "reporter"]));
    assert_eq!(countersign["principal"]["cert"]["not_after"], 1_800_000_000);
    let thumbprint = countersign["principal"]["cert"]["x5t_s256"].as_str().unwrap();
    assert_eq!(thumbprint.len(), 43);
    assert_eq!(countersign["request"]["headers"]["x-tag"], json!(["a", "b"]));
    assert_eq!(countersign["request"]["raw_segments"], json!(["api", "a%2Fb", ""]));
    assert_eq!(countersign["request"]["segments"], json!(["api", "a/b", ""]));
    assert_eq!(
        (&countersign["time"]["hour"], &countersign["time"]["weekday"]),
        (&json!(19), &json!(1))
    );
    for later in ["approval", "mcp", "proposal", "task"] {
        assert_eq!(countersign[later], Value::Null);
    }
}

#[test]
fn an_encoded_slash_does_not_split_and_the_root_is_one_empty_segment() {
    assert_eq!(document("/a%2Fb")["parsed_path"], json!(["a/b"]));
    assert_eq!(document("/")["parsed_path"], json!([""]));
    assert_eq!(document("/a/")["parsed_path"], json!(["a", ""]));
}

#[test]
fn each_part_is_built_where_it_is_read_and_only_there() {
    let whole = document("/api?a=1");
    for (part, place, _) in PARTS {
        let mut reads = Reads::nothing();
        reads.add(&place.split('.').collect::<Vec<_>>());
        let built = cut("/api?a=1", &reads);
        let pointer = format!("/{}", place.replace('.', "/"));
        assert_eq!(built.pointer(&pointer), whole.pointer(&pointer), "{part:?}");
        assert_eq!(built.as_object().unwrap().len(), usize::from(*place != BODY), "{part:?}");
    }
    assert_eq!(cut("/", &Reads::nothing()), json!({}));
}

/// The only part that a request may not have.
const BODY: &str = "attributes.request.http.body";

#[test]
fn every_member_belongs_to_a_part() {
    let mut paths = vec![(Vec::new(), document("/api?a=1"))];
    while let Some((path, value)) = paths.pop() {
        let mut reads = Reads::nothing();
        reads.add(&path.iter().map(String::as_str).collect::<Vec<_>>());
        let known = path.is_empty() || reads != Reads::everything();
        assert!(known, "input.{} is in no part: add it to the parts", path.join("."));
        for (name, member) in value.as_object().into_iter().flatten() {
            paths.push((path.iter().chain([name]).cloned().collect(), member.clone()));
        }
    }
}

/// The schema that ships names every member with its type, and no other.
#[test]
fn the_schema_that_ships_describes_the_document() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/schemas/input.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let document = document("/api?a=1");
    described(&document, &schema, "input");
    built(Some(&document), &schema, "input");
    let message = json!({"kind": "request", "method": "tools/call", "tool": "a", "prompt": null,
        "resource": null, "task": null, "arguments": {}, "revision": "2025-11-25", "session": null,
        "listing": false, "definition": {"digest": "sha256:", "changed": false}});
    let mcp = &schema["properties"]["countersign"]["properties"]["mcp"];
    described(&message, mcp, "mcp");
    built(Some(&message), mcp, "mcp");
}

/// Every member of the document is in the schema, and of a type that is named there.
fn described(value: &Value, schema: &Value, at: &str) {
    let types = match &schema["type"] {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    assert!(types.contains(&kind(value)), "{at} is {value}, and said to be {types:?}");
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        described(item, &schema["items"], &format!("{at}[{index}]"));
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let properties = schema["properties"].get(name);
        let schema = properties.or(schema.get("additionalProperties"));
        let schema = schema.filter(|schema| schema.is_object());
        let schema = schema.unwrap_or_else(|| panic!("{at}.{name} is not described"));
        described(member, schema, &format!("{at}.{name}"));
    }
}

/// Every member of the schema is in the document, but for the text of a body that was not sent and
/// the members of what is null in it.
fn built(value: Option<&Value>, schema: &Value, at: &str) {
    if at == "input.attributes.request.http.body" {
        return;
    }
    let Some(value) = value else { panic!("{at} is described, and never built") };
    if value.is_null() {
        return;
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        built(value.get(name), schema, &format!("{at}.{name}"));
    }
    if let (Some(items), Some(first)) = (schema.get("items"), value.get(0)) {
        built(Some(first), items, &format!("{at}[0]"));
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "array",
        Value::Bool(_) => "boolean",
        Value::Null => "null",
        Value::Number(_) => "number",
        Value::Object(_) => "object",
        Value::String(_) => "string",
    }
}

#[test]
fn a_request_of_plain_http_is_one_operation() {
    let operations = &document("/api/orders/7?a=1")["countersign"]["request"]["operations"];
    let expected = json!([{
        "protocol": "http", "kind": "read", "verb": "GET", "name": "/api/orders/7",
        "arguments": null, "fields": [],
    }]);
    assert_eq!(operations, &expected);
}
