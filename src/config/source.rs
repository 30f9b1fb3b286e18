//! Where a secret comes from.
//!
//! No secret is ever in the file. A text where a source belongs is refused without being repeated,
//! and the excerpt that shows the place covers it.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Where a secret is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// In a variable of the environment.
    Env(String),
    /// In a file that nobody else can read.
    File(PathBuf),
    /// In systemd's credentials directory, under this name.
    Systemd(String),
}

impl Source {
    /// The file it is in, if it is in one.
    pub(super) fn path_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::File(path) => Some(path),
            Self::Env(_) | Self::Systemd(_) => None,
        }
    }
}

/// What a literal secret is answered with; the text itself is never repeated.
pub(super) const LITERAL: &str = "a secret never stands in the file";

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = Source;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of `file`, `env`, `systemd`")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Source, E> {
        Err(E::custom(LITERAL))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Source, E> {
        Err(E::custom(LITERAL))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Source, E> {
        Err(E::custom(LITERAL))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Source, E> {
        Err(E::custom(LITERAL))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Source, A::Error> {
        let one = || A::Error::custom("a secret has exactly one of `file`, `env`, `systemd`");
        let source = match map.next_key::<Kind>()?.ok_or_else(one)? {
            Kind::Env => Source::Env(name(&map.next_value::<String>()?)?),
            Kind::File => Source::File(map.next_value()?),
            Kind::Systemd => Source::Systemd(name(&map.next_value::<String>()?)?),
        };
        match map.next_key::<Kind>()? {
            None => Ok(source),
            Some(_) => Err(one()),
        }
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Kind {
    Env,
    File,
    Systemd,
}

/// A variable's or a credential's name. It is not repeated: it might be the secret itself.
fn name<E: Error>(text: &str) -> Result<String, E> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    match !text.is_empty() && text.len() <= 255 && text != ".." && text.bytes().all(is_name) {
        true => Ok(text.to_owned()),
        false => Err(E::custom("not a name: letters, digits, `_`, `-` and `.`")),
    }
}

impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let name = "^[A-Za-z0-9_.-]{1,255}$";
        json_schema!({
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
            "properties": {
                "env": {
                    "description": "A variable of Countersign's environment.",
                    "type": "string",
                    "pattern": name,
                },
                "file": {
                    "description": "A file that nobody else can read; picked up when it changes.",
                    "type": "string",
                },
                "systemd": {
                    "description": "A name in systemd's credentials directory.",
                    "type": "string",
                    "pattern": name,
                },
            },
        })
    }
}
