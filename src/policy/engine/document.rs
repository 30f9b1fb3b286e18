//! JSON documents as the engine holds them: inputs, data, and what an evaluation gave.

use std::fmt;

use regorus::Value;

use crate::policy::gate::Bulk;

/// A JSON document: an input, or the data beside the rules.
///
/// Clones share the same memory, and with it the same reference counts; workers each parse their
/// own instead.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::policy) struct Document(pub(super) Value);

impl Document {
    /// An object without members.
    pub(in crate::policy) fn empty() -> Self {
        Self(Value::new_object())
    }

    /// Nothing at all.
    pub(in crate::policy) fn undefined() -> Self {
        Self(Value::Undefined)
    }

    /// Reads JSON text.
    pub(in crate::policy) fn parse(text: &str) -> Result<Self, String> {
        Value::from_json_str(text).map(Self).map_err(|error| error.to_string())
    }

    /// Every element of an array or a set; nothing for anything else.
    pub(in crate::policy) fn elements(&self) -> Vec<Self> {
        match &self.0 {
            Value::Array(items) => items.iter().cloned().map(Self).collect(),
            Value::Set(items) => items.iter_sorted().cloned().map(Self).collect(),
            _ => Vec::new(),
        }
    }

    /// How much there is of it, counted.
    pub(in crate::policy) fn bulk(&self) -> Bulk {
        let mut bulk = Bulk::default();
        weigh(&self.0, &mut bulk);
        bulk
    }

    /// Whether this is `true`.
    pub(in crate::policy) fn is_true(&self) -> bool {
        self.0 == Value::Bool(true)
    }

    /// The member with this name; undefined where there is none, or this is no object.
    pub(in crate::policy) fn member(&self, name: &str) -> Self {
        let member = self.0.as_object().ok().and_then(|object| object.get(&Value::from(name)));
        Self(member.cloned().unwrap_or(Value::Undefined))
    }

    /// Whether this is an object.
    pub(in crate::policy) fn is_object(&self) -> bool {
        self.0.as_object().is_ok()
    }

    /// Whether a rule had no value at all.
    pub(in crate::policy) fn is_undefined(&self) -> bool {
        self.0 == Value::Undefined
    }
}

/// As JSON text, sets as arrays.
impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Adds what `value` counts for: its text as rules can print it, and something for each element.
fn weigh(value: &Value, bulk: &mut Bulk) {
    bulk.elements += 1;
    bulk.bytes += Bulk::ELEMENT;
    match value {
        Value::Array(items) => items.iter().for_each(|item| weigh(item, bulk)),
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            weigh(key, bulk);
            weigh(value, bulk);
        }),
        Value::Set(items) => items.iter().for_each(|item| weigh(item, bulk)),
        // Doubles are printed without an exponent, to three hundred digits.
        Value::Number(number) if number.as_i128().is_some() => bulk.bytes += 5 * Bulk::ELEMENT,
        Value::Number(_) => bulk.bytes += Bulk::NUMBER,
        Value::String(text) => bulk.bytes += escaped(text),
        Value::Bool(_) | Value::Null | Value::Undefined => {}
    }
}

/// The length of the text within a JSON document.
fn escaped(text: &str) -> u64 {
    let of = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 | 0x7f => 6,
        _ => 1,
    };
    text.bytes().map(of).sum()
}
