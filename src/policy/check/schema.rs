//! The input's fields, from the schema that ships with the rules.
//!
//! It is the same file that stock `opa check --schema` reads, so that both say the same; a test
//! compares it with the documents that are built.

use std::fmt;

use serde_json::Value;

/// The schema, as it ships.
const TEXT: &str = include_str!("../../../rules/schemas/input.json");

/// What there is in the input.
#[derive(Debug)]
pub(super) struct Schema(Value);

/// One step below the input: a written key, or an index that is only known when a rule runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part<'a> {
    Any,
    Key(&'a str),
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("[_]"),
            Self::Key(key) => write!(f, ".{key}"),
        }
    }
}

/// `input.a.b[_]`
pub(super) fn written(parts: &[Part<'_>]) -> String {
    parts.iter().fold("input".to_owned(), |text, part| format!("{text}{part}"))
}

/// Why a path leads nowhere.
#[derive(Debug)]
pub(super) struct Missing<'s> {
    /// How many parts of the path are right.
    pub(super) depth: usize,
    /// What there is in their place.
    pub(super) instead: Instead<'s>,
}

/// What there is where a path goes wrong.
#[derive(Debug)]
pub(super) enum Instead<'s> {
    /// An object with these keys.
    Keys(Vec<&'s str>),
    /// A list, which has no keys.
    List,
    /// A value without parts.
    Scalar,
}

impl Schema {
    /// The one that ships; a broken one describes nothing, and a test sees to it that it is not.
    pub(super) fn shipped() -> Self {
        Self(serde_json::from_str(TEXT).unwrap_or_default())
    }

    /// The types that the value there can have.
    pub(super) fn find<'s>(&'s self, parts: &[Part<'_>]) -> Result<Types, Missing<'s>> {
        let mut at = &self.0;
        for (depth, part) in parts.iter().enumerate() {
            let types = Types::of(at);
            let missing = |instead| Missing { depth, instead };
            let below = match part {
                Part::Key(_) if types == Types::ARRAY => return Err(missing(Instead::List)),
                _ if types.is_scalar() => return Err(missing(Instead::Scalar)),
                Part::Key(key) => at.get("properties").and_then(|members| members.get(key)),
                Part::Any => at.get("items"),
            };
            let below = below.or_else(|| at.get("additionalProperties"));
            match below {
                Some(Value::Bool(false)) if *part != Part::Any => {
                    let members = at.get("properties").and_then(Value::as_object);
                    let keys = members.into_iter().flat_map(|members| members.keys());
                    return Err(missing(Instead::Keys(keys.map(String::as_str).collect())));
                }
                Some(schema) if schema.is_object() => at = schema,
                _ => return Ok(Types::ALL),
            }
        }
        Ok(Types::of(at))
    }
}

/// A set of types, in Rego's order of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Types(u8);

impl Types {
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(1 << 1);
    pub(super) const NUMBER: Self = Self(1 << 2);
    pub(super) const STRING: Self = Self(1 << 3);
    pub(super) const ARRAY: Self = Self(1 << 4);
    pub(super) const OBJECT: Self = Self(1 << 5);
    pub(super) const SET: Self = Self(1 << 6);
    /// What JSON can hold.
    pub(super) const ALL: Self = Self((1 << 6) - 1);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::NULL, "null"),
        (Self::BOOLEAN, "boolean"),
        (Self::NUMBER, "number"),
        (Self::STRING, "string"),
        (Self::ARRAY, "array"),
        (Self::OBJECT, "object"),
        (Self::SET, "set"),
    ];

    fn of(schema: &Value) -> Self {
        let named = |name: &str| {
            let name = if name == "integer" { "number" } else { name };
            let found = Self::NAMES.iter().find(|(_, known)| *known == name);
            found.map_or(Self::ALL, |(types, _)| *types)
        };
        match schema.get("type") {
            Some(Value::String(name)) => named(name),
            Some(Value::Array(names)) => {
                let types = names.iter().filter_map(Value::as_str).map(named);
                types.reduce(|one, other| Self(one.0 | other.0)).unwrap_or(Self::ALL)
            }
            _ => Self::ALL,
        }
    }

    /// The types in both.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether there is no type in it.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether there is exactly one.
    pub(super) fn is_one(self) -> bool {
        self.0.count_ones() == 1
    }

    fn is_scalar(self) -> bool {
        let containers = Self(Self::ARRAY.0 | Self::OBJECT.0 | Self::SET.0);
        self.and(containers).is_empty()
    }
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return f.write_str("of any type");
        }
        let names = Self::NAMES.iter().filter(|(types, _)| !self.and(*types).is_empty());
        let names: Vec<&str> = names.map(|(_, name)| *name).collect();
        f.write_str(&names.join(" or "))
    }
}
