use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::Message;
use crate::operation::mcp::call::{Call, Kind};
use crate::operation::mcp::malformed::Malformed;
use crate::operation::mcp::revision::Revision;

fn read(headers: &[(&'static str, &str)], body: &Value) -> Result<Message, Malformed> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    Message::read(&Method::POST, &map, Some(body.to_string().as_bytes()))
}

fn call(headers: &[(&'static str, &str)], body: &Value) -> Result<Call, Malformed> {
    read(headers, body).map(Message::into_call)
}

/// A modern call of the tool `pay`.
fn modern() -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "pay", "arguments": { "amount": 5 },
        "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28" },
    }})
}

fn legacy(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": "x", "method": method, "params": params })
}

const VERSION: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
const METHOD: (&str, &str) = ("mcp-method", "tools/call");
const NAME: (&str, &str) = ("mcp-name", "pay");
const NOVEMBER: (&str, &str) = ("mcp-protocol-version", "2025-11-25");

#[test]
fn a_modern_call_says_everything_itself() {
    let message = read(&[VERSION, METHOD, ("mcp-name", "=?base64?cGF5?=")], &modern()).unwrap();
    let call = message.call();
    assert_eq!(call.kind, Kind::Request);
    assert_eq!(call.name.as_deref(), Some("pay"));
    assert_eq!(call.arguments, Some(json!({ "amount": 5 })));
    assert_eq!(call.revision, Some(Revision::July2026));
    // The upstream reads what was compared, not how it was spelled.
    assert!(message.headers().iter().any(|(name, value)| name == "mcp-name" && value == "pay"));
}

#[test]
fn a_header_that_is_missing_or_says_otherwise_is_refused() {
    for (headers, wrong) in [
        (&[VERSION, METHOD][..], "Mcp-Name"),
        (&[VERSION, NAME], "Mcp-Method"),
        (&[METHOD, NAME], "MCP-Protocol-Version"),
        (&[NOVEMBER, METHOD, NAME], "MCP-Protocol-Version"),
        (&[VERSION, ("mcp-method", "TOOLS/CALL"), NAME], "Mcp-Method"),
        (&[VERSION, METHOD, ("mcp-name", "look")], "Mcp-Name"),
        (&[VERSION, METHOD, NAME, NAME], "Mcp-Name"),
        (&[VERSION, METHOD, ("mcp-name", "=?base64?!?=")], "Mcp-Name"),
    ] {
        let said = read(headers, &modern()).unwrap_err();
        assert_eq!(said, Malformed::Header(wrong), "{headers:?}");
        assert_eq!((said.status(), said.rpc_code()), (StatusCode::BAD_REQUEST, -32020));
    }
    // Older messages need none, but what is there has to be true.
    let older = legacy("tools/call", json!({ "name": "pay" }));
    assert!(read(&[NOVEMBER], &older).is_ok());
    assert!(read(&[NOVEMBER, METHOD, NAME], &older).is_ok());
    let other = ("mcp-name", "look");
    assert_eq!(read(&[NOVEMBER, other], &older).unwrap_err(), Malformed::Header("Mcp-Name"));
    let unnamed = legacy("tools/list", json!({}));
    assert_eq!(read(&[NOVEMBER, NAME], &unnamed).unwrap_err(), Malformed::Header("Mcp-Name"));
}

#[test]
fn a_revision_is_known_or_refused() {
    let mut body = modern();
    body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2099-01-01");
    let headers = [("mcp-protocol-version", "2099-01-01"), METHOD, NAME];
    let said = read(&headers, &body).unwrap_err();
    assert_eq!(said.rpc_code(), -32022);
    assert_eq!(said.data().unwrap()["requested"], "2099-01-01");
    let ping = legacy("ping", json!({}));
    assert_eq!(call(&[], &ping).unwrap().revision, Some(Revision::March2025));
    assert_eq!(call(&[NOVEMBER], &ping).unwrap().revision, Some(Revision::November2025));
    let old = [("mcp-protocol-version", "2024-11-05")];
    assert_eq!(call(&old, &ping), Err(Malformed::Version("2024-11-05".to_owned())));
    // The header claims what the body does not say.
    assert_eq!(call(&[VERSION], &ping).unwrap_err().rpc_code(), -32602);
    // What a session will speak is still being agreed on.
    let begin = legacy("initialize", json!({ "protocolVersion": "2099-01-01" }));
    assert_eq!(call(&[], &begin).unwrap().revision, None);
}

#[test]
fn a_method_that_nobody_knows_is_refused_as_its_client_expects() {
    let said = read(&[NOVEMBER], &legacy("tools/delete", json!({}))).unwrap_err();
    assert_eq!(said, Malformed::Method(StatusCode::OK));
    let mut body = modern();
    body["method"] = json!("initialize");
    let said = read(&[VERSION, ("mcp-method", "initialize")], &body).unwrap_err();
    assert_eq!((said.status(), said.rpc_code()), (StatusCode::NOT_FOUND, -32601));
}

#[test]
fn only_one_plain_message_of_json_rpc_is_read() {
    let good = || legacy("tools/call", json!({ "name": "pay" }));
    assert!(read(&[], &good()).is_ok());
    assert_eq!(read(&[], &json!([good()])).unwrap_err(), Malformed::Batch);
    for (member, value) in [
        ("jsonrpc", json!("1.0")),
        ("id", json!(null)),
        ("id", json!(1.5)),
        ("id", json!({})),
        ("method", json!(1)),
        ("params", json!([])),
        ("Method", json!("tools/list")),
        ("result", json!({})),
    ] {
        let mut body = good();
        body[member] = value;
        assert_eq!(read(&[], &body).unwrap_err().rpc_code(), -32600, "{body}");
    }
    for params in [
        json!({ "name": "pay", "Arguments": { "amount": 5000 } }),
        json!({ "Name": "pay", "name": "look" }),
    ] {
        assert_eq!(read(&[], &legacy("tools/call", params)).unwrap_err().rpc_code(), -32600);
    }
    for params in [json!({}), json!({ "name": 1 }), json!({ "name": "pay", "arguments": null })] {
        assert_eq!(read(&[], &legacy("tools/call", params)).unwrap_err().rpc_code(), -32602);
    }
}

#[test]
fn a_response_answers_the_server_and_nothing_else() {
    let answer = json!({ "jsonrpc": "2.0", "id": 3, "result": { "action": "accept" } });
    assert_eq!(call(&[NOVEMBER], &answer).unwrap().kind, Kind::Response);
    assert!(call(&[VERSION], &answer).is_err(), "modern servers ask nothing");
    assert!(call(&[], &json!({ "jsonrpc": "2.0", "id": 3 })).is_err());
    assert!(call(&[], &json!({ "jsonrpc": "2.0", "result": {} })).is_err());
}

#[test]
fn a_notification_is_told_from_a_request_by_its_id() {
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(call(&[], &note).unwrap().kind, Kind::Notification);
    let silent_call =
        json!({ "jsonrpc": "2.0", "method": "tools/call", "params": { "name": "x" } });
    assert!(matches!(call(&[], &silent_call), Err(Malformed::Method(_))));
}

#[test]
fn streams_and_the_end_of_a_session_have_no_body() {
    let headers = HeaderMap::new();
    let read = |method, body| Message::read(method, &headers, body).map(Message::into_call);
    assert_eq!(read(&Method::GET, None).unwrap().kind, Kind::Stream);
    assert_eq!(read(&Method::DELETE, None).unwrap().kind, Kind::End);
    assert!(read(&Method::GET, Some(b"{}")).is_err());
    assert_eq!(read(&Method::POST, None), Err(Malformed::Silent));
    assert_eq!(read(&Method::HEAD, None), Err(Malformed::Verb));
    assert_eq!(read(&Method::PUT, Some(b"{}")), Err(Malformed::Verb));
}

#[test]
fn what_is_sent_is_what_was_read() {
    let message = Message::read(
        &Method::POST,
        &HeaderMap::new(),
        Some(br#" {"method":"tools\/call", "id":18446744073709551615,"jsonrpc":"2.0","params":{"name":"p\u0061y"}} "#),
    );
    let message = message.unwrap();
    let sent = str::from_utf8(message.body().unwrap()).unwrap();
    assert_eq!(
        sent,
        r#"{"id":18446744073709551615,"jsonrpc":"2.0","method":"tools/call","params":{"name":"pay"}}"#
    );
}
