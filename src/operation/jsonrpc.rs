//! JSON-RPC 2.0: a message is a call or a notification, a batch is several of them.
//!
//! Every element of a batch is an operation; one that is bad spoils all, so that nothing is
//! executed that was not judged. A method is a write unless the route lists it among its `reads`.

use std::collections::HashSet;

use http::Method;
use serde_json::{Map, Value};

use crate::operation::operation::{Arguments, Operation};
use crate::operation::operations::{MAX_OPERATIONS, Operations};
use crate::operation::plain;
use crate::operation::unreadable::Unreadable;
use crate::route::protocol::Reads;
use crate::route::{Inspected, Target};

/// Every message of a request.
///
/// # Errors
/// [`Unreadable::JsonRpcRequest`], [`JsonRpcResponse`](Unreadable::JsonRpcResponse),
/// [`JsonRpcId`](Unreadable::JsonRpcId) or [`Count`](Unreadable::Count).
pub(super) fn read(
    reads: &Reads,
    target: &Target,
    body: Option<&Inspected>,
) -> Result<Operations, Unreadable> {
    if target.head().method() == Method::OPTIONS && body.is_none() {
        return plain::read(target, body);
    }
    let body = body.filter(|_| target.head().method() == Method::POST);
    let body = body.ok_or(Unreadable::JsonRpcRequest)?;
    let body = serde_json::from_slice(body.bytes()).map_err(|_| Unreadable::JsonRpcRequest)?;
    Operations::several(messages(reads, body)?)
}

/// The operations of one message or of a batch.
fn messages(reads: &Reads, body: Value) -> Result<Vec<Operation>, Unreadable> {
    let mut ids = HashSet::new();
    match body {
        Value::Array(batch) if batch.is_empty() => Err(Unreadable::JsonRpcRequest),
        Value::Array(batch) if batch.len() > MAX_OPERATIONS => Err(Unreadable::Count),
        Value::Array(batch) => {
            batch.into_iter().map(|message| operation(reads, message, &mut ids)).collect()
        }
        message => Ok(vec![operation(reads, message, &mut ids)?]),
    }
}

fn operation(
    reads: &Reads,
    message: Value,
    ids: &mut HashSet<String>,
) -> Result<Operation, Unreadable> {
    let Value::Object(mut message) = message else { return Err(Unreadable::JsonRpcRequest) };
    check_members(&message)?;
    let is_call = match message.get("id") {
        Some(id) => {
            let id = check_id(id)?;
            ids.insert(id).then_some(true).ok_or(Unreadable::JsonRpcId)?
        }
        None => false,
    };
    let Some(Value::String(name)) = message.remove("method").filter(|name| *name != "") else {
        return Err(Unreadable::JsonRpcRequest);
    };
    let arguments = match message.remove("params") {
        None => Arguments::None,
        Some(params @ (Value::Array(_) | Value::Object(_))) => Arguments::Of(params),
        Some(_) => return Err(Unreadable::JsonRpcRequest),
    };
    Ok(Operation {
        protocol: "jsonrpc",
        kind: reads.kind(&name),
        verb: if is_call { "call" } else { "notification" }.into(),
        name: name.into(),
        arguments,
        fields: Vec::new(),
    })
}

/// A server that folds case, or that knows an extension, would read other members otherwise.
fn check_members(message: &Map<String, Value>) -> Result<(), Unreadable> {
    if message.contains_key("result") || message.contains_key("error") {
        return Err(Unreadable::JsonRpcResponse);
    }
    let known = |name: &String| matches!(name.as_str(), "id" | "jsonrpc" | "method" | "params");
    if message.get("jsonrpc").is_none_or(|version| version != "2.0") || !message.keys().all(known) {
        return Err(Unreadable::JsonRpcRequest);
    }
    Ok(())
}

/// The id as text by which it can be compared. A number and the text of it are two ids.
fn check_id(id: &Value) -> Result<String, Unreadable> {
    match id {
        Value::String(_) => Ok(id.to_string()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Ok(id.to_string()),
        _ => Err(Unreadable::JsonRpcId),
    }
}

#[cfg(test)]
mod tests {
    use super::messages;
    use crate::operation::kind::Kind;
    use crate::operation::operation::{Arguments, Operation};
    use crate::operation::unreadable::Unreadable;
    use crate::route::protocol::Reads;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
    use serde_json::{Value, json};

    fn read(body: Value) -> Result<Vec<Operation>, Unreadable> {
        messages(&Reads(["get".into()].into()), body)
    }

    #[test]
    fn a_message_is_one_operation() {
        let call =
            read(json!({"jsonrpc": "2.0", "id": 1, "method": "pay", "params": [7]})).unwrap();
        let operation = &call[0];
        assert_eq!((&*operation.verb, &*operation.name), ("call", "pay"));
        assert_eq!(operation.kind, Kind::Write);
        assert_eq!(operation.arguments, Arguments::Of(json!([7])));
        let note = read(json!({"jsonrpc": "2.0", "method": "get"})).unwrap();
        assert_eq!((&*note[0].verb, note[0].kind), ("notification", Kind::Read));
    }

    #[test]
    fn a_batch_is_all_of_its_messages_or_none() {
        let get = json!({"jsonrpc": "2.0", "id": 1, "method": "get"});
        let pay = json!({"jsonrpc": "2.0", "id": 2, "method": "pay"});
        assert_eq!(read(json!([get, pay])).unwrap().len(), 2);
        assert_eq!(read(json!([get, 7])), Err(Unreadable::JsonRpcRequest));
        assert_eq!(read(json!([get, [pay]])), Err(Unreadable::JsonRpcRequest));
        assert_eq!(read(json!([get, get])), Err(Unreadable::JsonRpcId));
        assert_eq!(read(json!([])), Err(Unreadable::JsonRpcRequest));
        assert_eq!(read(vec![get; 65].into()), Err(Unreadable::Count));
    }

    #[test]
    fn what_some_server_reads_in_another_way_is_refused() {
        for (message, rule) in [
            (json!({"id": 1, "method": "a"}), Unreadable::JsonRpcRequest),
            (json!({"jsonrpc": 2.0, "method": "a"}), Unreadable::JsonRpcRequest),
            (json!({"jsonrpc": "1.0", "method": "a"}), Unreadable::JsonRpcRequest),
            (json!({"jsonrpc": "2.0", "id": 1}), Unreadable::JsonRpcRequest),
            (json!({"jsonrpc": "2.0", "method": ""}), Unreadable::JsonRpcRequest),
            (json!({"jsonrpc": "2.0", "method": ["a"]}), Unreadable::JsonRpcRequest),
            (json!({"jsonrpc": "2.0", "Method": "a"}), Unreadable::JsonRpcRequest),
            (json!({"jsonrpc": "2.0", "method": "a", "x": 1}), Unreadable::JsonRpcRequest),
            (json!({"jsonrpc": "2.0", "method": "a", "params": null}), Unreadable::JsonRpcRequest),
            (json!({"jsonrpc": "2.0", "method": "a", "params": "x"}), Unreadable::JsonRpcRequest),
            (json!({"jsonrpc": "2.0", "method": "a", "id": null}), Unreadable::JsonRpcId),
            (json!({"jsonrpc": "2.0", "method": "a", "id": 1.5}), Unreadable::JsonRpcId),
            (json!({"jsonrpc": "2.0", "method": "a", "id": [1]}), Unreadable::JsonRpcId),
            (json!({"jsonrpc": "2.0", "id": 1, "result": 1}), Unreadable::JsonRpcResponse),
            (json!({"jsonrpc": "2.0", "id": 1, "error": {}}), Unreadable::JsonRpcResponse),
            (json!("x"), Unreadable::JsonRpcRequest),
        ] {
            assert_eq!(read(message.clone()), Err(rule), "{message}");
        }
    }

    proptest! {
        #[test]
        fn every_message_of_a_batch_is_listed_as_itself(names in proptest::collection::vec("[a-z]{1,4}", 1..20)) {
            let message = |(id, name): (usize, &String)| json!({"jsonrpc": "2.0", "id": id, "method": name});
            let batch: Vec<Value> = names.iter().enumerate().map(message).collect();
            let listed = read(batch.into()).unwrap();
            prop_assert!(listed.iter().map(|one| &*one.name).eq(names.iter().map(String::as_str)));
        }

        #[test]
        fn one_bad_message_spoils_the_batch(at in 0usize..10, bad in any::<i64>()) {
            let message = |id: usize| json!({"jsonrpc": "2.0", "id": id, "method": "get"});
            let mut batch: Vec<Value> = (0..10).map(message).collect();
            batch[at] = json!(bad);
            prop_assert_eq!(read(batch.into()), Err(Unreadable::JsonRpcRequest));
        }
    }
}
