//! A tool's call as it is put forward: the same at each attempt.
//!
//! A client gives each message an id of its own, asks to be told of its progress by a token of its own, and
//! may say which trace it belongs to. Nothing of that is a part of what is wanted, so it is no part
//! of what people agree to, and is not sent: the id is made from the rest, and whoever comes for the answer
//! finds it under the id of its own message.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::operation::mcp::events::Events;

/// The message, as it is at each attempt; `None` for what is no request.
pub fn settled(message: &[u8]) -> Option<Bytes> {
    let mut message: Map<String, Value> = serde_json::from_slice(message).ok()?;
    message.remove("id")?;
    if let Some(params) = message.get_mut("params").and_then(Value::as_object_mut) {
        let meta = params.get_mut("_meta").and_then(Value::as_object_mut);
        let is_empty = meta.is_some_and(|meta| {
            meta.retain(|name, _| !PER_ATTEMPT.contains(&name.as_str()));
            meta.is_empty()
        });
        if is_empty {
            params.remove("_meta");
        }
    }
    let sum = digest(&SHA256, Value::Object(message.clone()).to_string().as_bytes());
    let sum: String = sum.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    message.insert("id".to_owned(), json!(format!("countersign-{sum}")));
    Some(Bytes::from(Value::Object(message).to_string()))
}

/// Whether the client that sent the message has said in it that it knows tasks.
pub fn knows_tasks(message: &[u8]) -> bool {
    let message: Value = serde_json::from_slice(message).unwrap_or_default();
    let meta = &message["params"]["_meta"];
    meta["io.modelcontextprotocol/clientCapabilities"]["extensions"][TASKS].is_object()
}

/// The id of a message.
pub fn id(message: &[u8]) -> Option<Value> {
    let mut message: Map<String, Value> = serde_json::from_slice(message).ok()?;
    message.remove("id")
}

/// The answer to the message `sent` among what an upstream has said, in a document or, where `is_stream`,
/// in events; `None` if it is not there.
pub fn answer(said: &[u8], is_stream: bool, sent: &Value) -> Option<Map<String, Value>> {
    let is_it = |message: &Map<String, Value>| {
        message.get("id") == Some(sent) && !message.contains_key("method")
    };
    if !is_stream {
        return serde_json::from_slice(said).ok().filter(is_it);
    }
    let mut events = Events::default();
    let mut all = events.push(said).ok()?;
    // The last may end with the stream.
    all.extend(events.push(b"\n\n").ok()?);
    let messages = all.iter().filter_map(|event| serde_json::from_str(&event.data()?).ok());
    messages.into_iter().find(is_it)
}

/// The extension.
pub const TASKS: &str = "io.modelcontextprotocol/tasks";

/// What a client says of one attempt only.
const PER_ATTEMPT: [&str; 4] = ["baggage", "progressToken", "traceparent", "tracestate"];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{answer, id, settled};

    fn call(id: Value, meta: Value, amount: u64) -> Vec<u8> {
        let params = json!({ "name": "pay", "arguments": { "amount": amount }, "_meta": meta });
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        call.to_string().into_bytes()
    }

    #[test]
    fn the_same_call_is_the_same_message_at_each_attempt() {
        let first = settled(&call(json!(1), json!({ "progressToken": 1 }), 5)).unwrap();
        let again = settled(&call(json!("b"), json!({ "traceparent": "00-a" }), 5)).unwrap();
        assert_eq!(first, again);
        assert_eq!(settled(&first).unwrap(), first, "it is settled already");
        let other = settled(&call(json!(1), json!({}), 6)).unwrap();
        assert_ne!(id(&first), id(&other), "two of one session must not be taken for each other");
        let kept = settled(&call(json!(1), json!({ "x": 1, "progressToken": 1 }), 5)).unwrap();
        let kept: Value = serde_json::from_slice(&kept).unwrap();
        assert_eq!(kept["params"]["_meta"], json!({ "x": 1 }));
        assert_eq!(settled(br#"{"jsonrpc": "2.0", "method": "tools/call"}"#), None);
    }

    #[test]
    fn its_answer_is_found_in_a_document_and_in_a_stream() {
        let sent = json!("a");
        let said = r#"{"jsonrpc":"2.0","id":"a","result":{}}"#;
        assert!(answer(said.as_bytes(), false, &sent).is_some());
        assert!(answer(said.as_bytes(), false, &json!("b")).is_none());
        let other = r#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#;
        let stream = format!(": hello\n\ndata: {other}\n\nevent: message\ndata: {said}\n");
        let found = answer(stream.as_bytes(), true, &sent).unwrap();
        assert_eq!(found["result"], json!({}));
        assert!(answer(format!("data: {other}\n\n").as_bytes(), true, &sent).is_none());
        assert!(answer(b"not json", false, &sent).is_none());
    }
}
