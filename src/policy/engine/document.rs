//! JSON documents as the engine holds them: inputs, data, and what an evaluation gave.

use std::fmt;

use regorus::Value;

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

    /// Whether this is `true`.
    pub(in crate::policy) fn is_true(&self) -> bool {
        self.0 == Value::Bool(true)
    }

    /// The member with this name; undefined where there is none, or this is no object.
    pub(in crate::policy) fn member(&self, name: &str) -> Self {
        let member = self.0.as_object().ok().and_then(|object| object.get(&Value::from(name)));
        Self(member.cloned().unwrap_or(Value::Undefined))
    }

    /// Whether this says nothing: undefined, `false`, or a collection without elements.
    pub(in crate::policy) fn is_nothing(&self) -> bool {
        match &self.0 {
            Value::Undefined | Value::Bool(false) => true,
            Value::Array(items) => items.is_empty(),
            Value::Set(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        }
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
