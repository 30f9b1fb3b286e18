//! What the arguments of a request may be.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::task::amount::Quantity;

/// Where a value stands in a document: a JSON pointer (RFC 6901).
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Field(String);

/// What stands there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Limit {
    /// One of these.
    Among(BTreeSet<Scalar>),
    /// A number from zero to this one.
    AtMost(Quantity),
}

/// A value that has no parts.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// A number from zero on.
    Number(Quantity),
    /// A text.
    Text(String),
}

impl Field {
    /// Reads a JSON pointer, or names with dots between them; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_FIELD {
            return None;
        }
        if text.starts_with('/') {
            let is_escaped = |rest: &str| rest.starts_with(['0', '1']);
            return text.split('~').skip(1).all(is_escaped).then(|| Self(text.to_owned()));
        }
        let names = text.split('.').map(|name| {
            (!name.is_empty()).then(|| format!("/{}", name.replace('~', "~0").replace('/', "~1")))
        });
        names.collect::<Option<String>>().map(Self)
    }

    /// The pointer.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Limit {
    /// Reads a list of values, or `{"most": NUMBER}`; `None` for anything else.
    pub fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Array(list) if list.len() <= MAX_VALUES => {
                list.iter().map(Scalar::of).collect::<Option<_>>().map(Self::Among)
            }
            Value::Object(members) if members.len() == 1 => {
                members.get("most").and_then(Scalar::of)?.quantity().map(Self::AtMost)
            }
            _ => None,
        }
    }

    /// What [`read`](Self::read) reads.
    pub fn document(&self) -> Value {
        match self {
            Self::Among(list) => list.iter().map(Scalar::value).collect(),
            Self::AtMost(most) => serde_json::json!({ "most": most.to_string() }),
        }
    }

    /// Whether `value` keeps to it.
    pub fn admits(&self, value: &Scalar) -> bool {
        match self {
            Self::Among(list) => list.contains(value),
            Self::AtMost(most) => value.quantity().is_some_and(|quantity| quantity <= *most),
        }
    }

    /// Whether whatever keeps to `other` keeps to this, too.
    pub fn contains(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Among(list)) => list.iter().all(|value| self.admits(value)),
            (Self::AtMost(wide), Self::AtMost(narrow)) => narrow <= wide,
            (Self::Among(_), Self::AtMost(_)) => false,
        }
    }
}

impl Scalar {
    /// What `value` is, if it has no parts, is not null and not below zero.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(truth) => Some(Self::Bool(*truth)),
            Value::Number(number) => Quantity::parse(&number.to_string()).map(Self::Number),
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The number that it is, also as a text.
    fn quantity(&self) -> Option<Quantity> {
        match self {
            Self::Bool(_) => None,
            Self::Number(number) => Some(*number),
            Self::Text(text) => Quantity::parse(text),
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Bool(truth) => Value::from(*truth),
            // A plain decimal is JSON.
            Self::Number(number) => serde_json::from_str(&number.to_string()).unwrap_or_default(),
            Self::Text(text) => Value::from(text.as_str()),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The longest name of a field, in bytes.
const MAX_FIELD: usize = 256;

/// The most values of one list.
const MAX_VALUES: usize = 64;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Field, Limit, Scalar};

    #[test]
    fn a_field_is_a_pointer_or_names_with_dots() {
        for (text, pointer) in [
            ("/a/b~1c", "/a/b~1c"),
            ("a.b", "/a/b"),
            ("a/b.c~", "/a~1b/c~0"),
            ("items.0", "/items/0"),
        ] {
            assert_eq!(Field::parse(text).unwrap().as_str(), pointer);
        }
        for text in ["", "a..b", ".a", "/a~", "/a~2b", &"x".repeat(300)] {
            assert_eq!(Field::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_limit_admits_what_it_names_and_nothing_else() {
        let admits = |limit: &Value, value: Value| {
            let limit = Limit::read(limit).unwrap();
            assert_eq!(Limit::read(&limit.document()), Some(limit.clone()));
            Scalar::of(&value).is_some_and(|value| limit.admits(&value))
        };
        let most = json!({ "most": "100.50" });
        for (value, fits) in [
            (json!(100.5), true),
            (json!("100.5"), true),
            (json!(0), true),
            (json!(100.51), false),
            (json!(-1), false),
            (json!(1e30), false),
            (json!("1e1"), false),
            (json!(null), false),
            (json!([1]), false),
            (json!(true), false),
        ] {
            assert_eq!(admits(&most, value.clone()), fits, "{value}");
        }
        let among = json!(["EUR", 1, true]);
        for (value, fits) in [
            (json!("EUR"), true),
            (json!("eur"), false),
            (json!(1.0), true),
            (json!("1"), false),
            (json!(true), true),
            (json!(false), false),
        ] {
            assert_eq!(admits(&among, value.clone()), fits, "{value}");
        }
        for odd in
            [json!("EUR"), json!({}), json!({ "most": -1 }), json!([null]), json!({ "least": 1 })]
        {
            assert_eq!(Limit::read(&odd), None, "{odd}");
        }
    }
}
