//! What no value may be, wherever it stands: nothing, or a text with `${` in it.

use serde_json::Value;

use crate::config::code::Code;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::Report;

/// Takes out what may stand nowhere, and reports it.
pub(super) fn clean(mut tree: Value, report: &mut Report) -> Value {
    if let Value::Object(sections) = &mut tree {
        for (section, value) in sections.iter_mut() {
            if !UNREAD.contains(&section.as_str()) {
                visit(value, &KeyPath::top(section), report);
            }
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

/// Sections of later versions.
const UNREAD: [&str; 2] = ["approvals", "state"];
