//! `countersign.request.operations`: what the request asks for, one by one.

use regorus::Value;
use regorus::value::Array;
use serde_json::Map;

use crate::operation::{Arguments, Field, Kind, Operation};
use crate::policy::engine::input::object;
use crate::policy::engine::keys::Keys;

/// All operations; `body` is the document's `parsed_body`.
pub(super) fn of(list: &[Operation], body: &Value, keys: &Keys) -> Value {
    each(list, |operation| one(operation, body, keys))
}

/// A list with one operation that has everything which an operation can have, for those who have to
/// know what is in the document before there is one. Null stands where anything may stand.
pub(in crate::policy) fn specimen() -> serde_json::Value {
    let field = Field { path: "".into(), arguments: Map::new() };
    let operation = Operation {
        protocol: "http",
        kind: Kind::Write,
        verb: "".into(),
        name: "".into(),
        arguments: Arguments::None,
        fields: vec![field],
    };
    let list = of(&[operation], &Value::Null, &Keys::new()).to_string();
    let mut list = serde_json::from_str(&list).unwrap_or(serde_json::Value::Null);
    if let Some(arguments) = list.pointer_mut("/0/fields/0/arguments") {
        *arguments = serde_json::Value::Null;
    }
    list
}

fn one(operation: &Operation, body: &Value, keys: &Keys) -> Value {
    let arguments = match &operation.arguments {
        Arguments::Body => body.clone(),
        Arguments::None => Value::Null,
        Arguments::Of(value) => Value::from(value.clone()),
    };
    let kind = match operation.kind {
        Kind::Read => &keys.read,
        Kind::Write => &keys.write,
    };
    // Nearly every operation is HTTP's, and its word is at hand.
    let protocol = match operation.protocol {
        "http" => keys.http.clone(),
        other => Value::from(other),
    };
    object([
        (&keys.arguments, arguments),
        (&keys.fields, each(&operation.fields, |field| touched(field, keys))),
        (&keys.kind, kind.clone()),
        (&keys.name, Value::from(&*operation.name)),
        (&keys.protocol, protocol),
        (&keys.verb, Value::from(&*operation.verb)),
    ])
}

fn touched(field: &Field, keys: &Keys) -> Value {
    let arguments = Value::from(serde_json::Value::Object(field.arguments.clone()));
    object([(&keys.arguments, arguments), (&keys.path, Value::from(&*field.path))])
}

fn each<T>(items: &[T], value: impl Fn(&T) -> Value) -> Value {
    let mut array = Array::new();
    items.iter().for_each(|item| array.push(value(item)));
    array.into_value()
}
