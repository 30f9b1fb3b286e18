//! The file as a plain tree, without what may stand nowhere in it.
//!
//! Keys that are not text, or stand twice, are noted while the text is read ([`Tree`]); values that
//! are nothing, or hold `${`, are taken out of the finished tree ([`clean`]).

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::config::code::Code;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::Report;

/// Reads a text into a tree in which every key is text and stands once, noting what was otherwise.
pub(super) struct Tree<'a> {
    path: KeyPath,
    oddities: &'a RefCell<Vec<Problem>>,
}

impl<'a> Tree<'a> {
    /// Reads from the top, and puts what is odd into `oddities`.
    pub(super) fn new(oddities: &'a RefCell<Vec<Problem>>) -> Self {
        Self { path: KeyPath::default(), oddities }
    }

    fn below(&self, path: KeyPath) -> Self {
        Self { path, oddities: self.oddities }
    }

    fn note(&self, problem: Problem) {
        self.oddities.borrow_mut().push(problem);
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    /// A number that JSON does not have becomes text, and so the wrong kind wherever it stands.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(self.below(self.path.index(list.len())))? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Map::new();
        let mut repeated = BTreeSet::new();
        while let Some(key) = map.next_key_seed(self.below(self.path.clone()))? {
            let key = match key {
                Value::String(key) => key,
                key => {
                    self.note(not_text(&self.path, &key));
                    key.to_string()
                }
            };
            let path = self.path.key(&key);
            let value = map.next_value_seed(self.below(path.clone()))?;
            if !entries.contains_key(&key) {
                entries.insert(key, value);
            } else if repeated.insert(key) {
                self.note(twice(path));
            }
        }
        Ok(Value::Object(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(Error::custom("a tag is not allowed"))
    }
}

fn not_text(map: &KeyPath, key: &Value) -> Problem {
    let (path, help) = match key {
        Value::Array(_) | Value::Object(_) => (map.key("?"), "a key is one word".to_owned()),
        key => (map.key(&key.to_string()), format!("put it in quotes: `\"{key}\"`")),
    };
    Problem::key(Code::Key, path, format!("a key in {map} is not text")).help(help)
}

fn twice(path: KeyPath) -> Problem {
    let message = format!("`{path}` is written twice");
    Problem::last_key(Code::Duplicate, path, message)
        .label("the first one is further up")
        .help("keep one of them")
}

/// Takes out what may stand nowhere, and reports it.
pub(super) fn clean(mut tree: Value, report: &mut Report) -> Value {
    if let Value::Object(sections) = &mut tree {
        for (section, value) in sections.iter_mut() {
            visit(value, &KeyPath::top(section), report);
        }
        sections.retain(|section, _| !report.is_refused(&KeyPath::top(section)));
    }
    tree
}

fn visit(value: &mut Value, path: &KeyPath, report: &mut Report) {
    match value {
        Value::Array(list) => {
            for (index, value) in list.iter_mut().enumerate() {
                visit(value, &path.index(index), report);
            }
        }
        Value::Bool(_) | Value::Number(_) => {}
        Value::Null => refuse(nothing(path), path, report),
        Value::Object(entries) => {
            for (key, value) in entries.iter_mut() {
                visit(value, &path.key(key), report);
            }
            entries.retain(|key, _| !report.is_refused(&path.key(key)));
        }
        Value::String(text) if text.contains("${") => refuse(substitution(path), path, report),
        Value::String(_) => {}
    }
}

fn refuse(problem: Problem, path: &KeyPath, report: &mut Report) {
    report.add(problem);
    report.refuse(path.clone());
}

fn nothing(path: &KeyPath) -> Problem {
    Problem::key(Code::Empty, path.clone(), format!("`{path}` has no value"))
        .help("give it one, or remove the key")
}

fn substitution(path: &KeyPath) -> Problem {
    Problem::value(Code::Substitution, path.clone(), format!("`{path}` holds `${{`"))
        .help("nothing is substituted: secrets come from sources, `secret: { env: NAME }`")
}
