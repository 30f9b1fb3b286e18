//! The reference and the schema say what the types say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::config::tests::refreshes;
use crate::config::{Code, Severity, parse, schema};

#[test]
fn the_committed_schema_is_the_one_of_the_types() {
    let path = docs("config.schema.json");
    if refreshes() {
        std::fs::write(&path, schema()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == schema(),
        "docs/config.schema.json is not up to date: run \
         `countersign config schema > docs/config.schema.json`, or \
         `UPDATE=1 cargo test --lib config::tests`"
    );
}

#[test]
fn the_schema_is_the_same_each_time() {
    assert_eq!(schema(), schema());
}

#[test]
fn every_key_is_in_the_reference() {
    let text = reference();
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let mut keys = BTreeSet::new();
    collect(&schema, &mut keys);
    assert!(keys.len() > 50, "{keys:?}");
    let missing: Vec<_> = keys.iter().filter(|key| !text.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "not in docs/config.md: {missing:?}");
}

#[test]
fn every_code_is_in_the_reference_with_its_meaning() {
    let text = reference();
    for code in Code::ALL {
        let severity = match code.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let line = format!("| `{code}` | {severity} | {} |", code.meaning());
        assert!(text.contains(&line), "docs/config.md lacks: {line}");
    }
    let listed = text.lines().filter(|line| line.starts_with("| `C")).count();
    assert_eq!(listed, Code::ALL.len());
}

#[test]
fn the_examples_in_the_reference_load_without_a_word() {
    let text = reference();
    let examples: Vec<&str> =
        text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let whole: Vec<_> = examples.iter().filter(|text| text.starts_with("version: 1")).collect();
    assert!(!whole.is_empty());
    for example in whole {
        match parse("countersign.yaml", example) {
            Ok((_, warnings)) => assert!(warnings.is_empty(), "{warnings}"),
            Err(problems) => panic!("{problems}"),
        }
    }
}

/// Every name of a property, at every level.
fn collect(schema: &Value, keys: &mut BTreeSet<String>) {
    match schema {
        Value::Object(entries) => {
            if let Some(Value::Object(properties)) = entries.get("properties") {
                keys.extend(properties.keys().cloned());
            }
            entries.values().for_each(|value| collect(value, keys));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, keys)),
        _ => {}
    }
}

fn reference() -> String {
    std::fs::read_to_string(docs("config.md")).unwrap()
}

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}
