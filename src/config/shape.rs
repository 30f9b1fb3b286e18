//! The tree into its types, past every mistake.
//!
//! The deserialiser stops at the first thing it cannot use. So that is reported and taken out, and
//! it is asked again, until it is content: then the rest of the file can be checked as well. What
//! only follows from something taken out is not reported.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serde_path_to_error::Segment;

use crate::config::code::Code;
use crate::config::file::File;
use crate::config::keypath::{KeyPath, Step};
use crate::config::problem::Problem;
use crate::config::report::{Report, list, nearest, suggestion};
use crate::config::source::LITERAL;
use crate::config::strict::Strict;

/// Reads the tree; `None` if nothing usable is left of it.
pub(super) fn read(mut tree: Value, report: &mut Report) -> Option<File> {
    let mut gaps = Gaps::default();
    while !report.is_full() {
        let error = match serde_path_to_error::deserialize(Strict(&tree)) {
            Ok(file) => return Some(file),
            Err(error) => error,
        };
        let path = path(error.path());
        let message = error.inner().to_string();
        match missing(&message) {
            Some(key) => {
                if !report.is_refused(&gaps.original(&path).key(key)) {
                    report.add(absent(&gaps.original(&path), key));
                }
                if path.steps().is_empty() {
                    tree.as_object_mut()?.insert(key.to_owned(), stand_in(key));
                    report.refuse(KeyPath::top(key));
                    continue;
                }
            }
            None => report.add(explain(&gaps.original(&path), &message)),
        }
        if rename(&mut tree, &path, &message).is_some() {
            continue;
        }
        report.refuse(gaps.original(&path));
        take_out(&mut tree, &path, &mut gaps)?;
    }
    None
}

pub(super) fn path(path: &serde_path_to_error::Path) -> KeyPath {
    let steps = path.iter().filter_map(|segment| match segment {
        Segment::Enum { .. } | Segment::Unknown => None,
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Seq { index } => Some(Step::Index(*index)),
    });
    steps.fold(KeyPath::default(), |path, step| path.step(step))
}

/// Gives the value of a misspelt key to the key that was meant, unless that is there too, so that
/// the value is checked as well.
fn rename(tree: &mut Value, path: &KeyPath, message: &str) -> Option<()> {
    let known = behind(message, "unknown field `")?;
    let (parent, Step::Key(key)) = path.split()? else { return None };
    let meant = nearest(key, known)?;
    let entries = holder(tree, &parent)?.as_object_mut()?;
    if entries.contains_key(meant) {
        return None;
    }
    let value = entries.remove(key)?;
    entries.insert(meant.to_owned(), value);
    Some(())
}

/// Takes the value at `path` out; `None` if that is the whole file.
fn take_out(tree: &mut Value, path: &KeyPath, gaps: &mut Gaps) -> Option<()> {
    let (parent, last) = path.split()?;
    match (holder(tree, &parent)?, last) {
        (Value::Array(list), Step::Index(index)) if *index < list.len() => {
            list.remove(*index);
            gaps.note(&parent, *index);
        }
        (Value::Object(entries), Step::Key(key)) => {
            entries.remove(key)?;
        }
        _ => return None,
    }
    Some(())
}

fn holder<'a>(tree: &'a mut Value, path: &KeyPath) -> Option<&'a mut Value> {
    path.steps().iter().try_fold(tree, |value, step| match step {
        Step::Index(index) => value.get_mut(*index),
        Step::Key(key) => value.get_mut(key.as_str()),
    })
}

/// The entries taken out of each list: those behind have moved up.
#[derive(Default)]
struct Gaps(BTreeMap<KeyPath, Vec<usize>>);

impl Gaps {
    /// Remembers that the entry that is now at `index` was taken out.
    fn note(&mut self, list: &KeyPath, index: usize) {
        let moved = self.original(&list.index(index));
        let Some(Step::Index(original)) = moved.steps().last().cloned() else { return };
        let gaps = self.0.entry(list.clone()).or_default();
        gaps.push(original);
        gaps.sort_unstable();
    }

    /// The way to a value as it was in the file.
    fn original(&self, path: &KeyPath) -> KeyPath {
        let mut now = KeyPath::default();
        let mut original = KeyPath::default();
        for step in path.steps() {
            let moved = match step {
                Step::Index(index) => {
                    let gaps = self.0.get(&now).map(Vec::as_slice).unwrap_or_default();
                    Step::Index(gaps.iter().fold(*index, |at, gap| at + usize::from(*gap <= at)))
                }
                Step::Key(key) => Step::Key(key.clone()),
            };
            now = now.step(step.clone());
            original = original.step(moved);
        }
        original
    }
}

/// The key that a message says is missing.
pub(super) fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

pub(super) fn absent(path: &KeyPath, key: &str) -> Problem {
    let message = match path.steps().is_empty() {
        true => format!("`{key}` is missing"),
        false => format!("`{key}` is missing in {path}"),
    };
    Problem::key(Code::Missing, path.clone(), message).help(match (path.steps(), key) {
        ([], "version") => "begin the file with `version: 1`".to_owned(),
        _ => format!("add `{key}:`; docs/config.md says what it takes"),
    })
}

/// What the deserialiser's message means to somebody who wrote a file.
pub(super) fn explain(path: &KeyPath, message: &str) -> Problem {
    if let Some(known) = behind(message, "unknown field `") {
        return unknown(path, &known);
    }
    if let Some(known) = behind(message, "unknown variant `") {
        return word(path, message, &known);
    }
    if message == LITERAL {
        let message = format!("`{path}` is a text; {LITERAL}");
        return Problem::value(Code::LiteralSecret, path.clone(), message).label("covered").help(
            "write `{ file: PATH }`, `{ env: NAME }` or `{ systemd: NAME }`; and replace a \
                   secret that was written here",
        );
    }
    if let Some((found, expected)) = kinds(message) {
        let message = format!("`{path}` must be {expected}");
        return Problem::value(Code::Kind, path.clone(), message).label(format!("this is {found}"));
    }
    Problem::value(Code::Value, path.clone(), format!("`{path}`: {message}"))
}

fn unknown(path: &KeyPath, known: &[&str]) -> Problem {
    let (parent, key) = match path.split() {
        Some((parent, Step::Key(key))) => (parent, key.clone()),
        _ => (KeyPath::default(), String::new()),
    };
    Problem::key(Code::Unknown, path.clone(), format!("unknown field `{key}` in {parent}"))
        .label(suggestion(&key, known.iter().copied()))
        .help(format!("fields here: {}", list(known.iter().copied())))
}

fn word(path: &KeyPath, message: &str, known: &[&str]) -> Problem {
    let written = message.split('`').nth(1).unwrap_or_default();
    Problem::value(Code::Word, path.clone(), format!("`{path}` cannot be this word"))
        .label(suggestion(written, known.iter().copied()))
        .help(format!("one of: {}", list(known.iter().copied())))
}

/// The words that a message of this kind says were expected.
fn behind<'a>(message: &'a str, start: &str) -> Option<Vec<&'a str>> {
    message.strip_prefix(start)?;
    let (_, expected) = message.rsplit_once(", expected ")?;
    Some(expected.split('`').skip(1).step_by(2).collect())
}

/// What was found and what was expected, without the value that was found.
fn kinds(message: &str) -> Option<(&str, &str)> {
    let rest = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.rsplit_once(", expected ")?;
    let found = found.split(['`', '"']).next()?.trim_end();
    Some((name(found), name(expected)))
}

/// The operator's word for one of the deserialiser's kinds.
fn name(kind: &str) -> &str {
    match kind {
        "a borrowed string" | "a string" | "path string" | "string" => "text",
        "a boolean" | "boolean" => "true or false",
        "a map" | "map" => "a map of keys and values",
        "a sequence" | "sequence" => "a list",
        "floating point" => "a fraction",
        "integer" => "a number",
        "u16" | "u32" | "u64" => "a whole number in range",
        "one word" => "a word",
        kind if kind.starts_with("struct ") => "a map of keys and values",
        kind => kind,
    }
}

/// A section that is there in name, so that the others can still be checked.
fn stand_in(section: &str) -> Value {
    match section {
        "audit" => json!({
            "path": "audit",
            "checkpoint": { "key": { "file": "audit.key" } },
        }),
        "identity" => json!({ "svid": { "cert": "cert", "key": "key" }, "trust": {} }),
        "listeners" => json!({}),
        _ => json!(1),
    }
}
