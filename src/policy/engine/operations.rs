//! `countersign.request.operations`: what the request asks for, one by one.

use regorus::Value;
use regorus::value::Array;

use crate::operation::{Arguments, Field, Kind, Operation};
use crate::policy::engine::input::object;
use crate::policy::engine::keys::Keys;

/// All operations; `body` is the document's `parsed_body`.
pub(super) fn of(list: &[Operation], body: &Value, keys: &Keys) -> Value {
    each(list, |operation| one(operation, body, keys))
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
