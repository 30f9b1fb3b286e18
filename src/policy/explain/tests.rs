//! The committed scenarios: an input, and word for word what is said about it.
//!
//! `UPDATE=1 cargo test --lib explain::` writes what is said now; the difference is then read.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::policy::explain::{Explainer, Explanation};
use crate::policy::{Bundle, Config, EntryPoint};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/policy/explain/scenarios")
}

fn explained(input: &Value) -> Explanation {
    let bundle = Bundle::load(&Config::new(folder().join("rules")), &Clock::System).unwrap();
    let point = EntryPoint { rule: Config::QUERY.into(), guardrails: None };
    let explainer = Explainer::new(bundle.edition(), &point).unwrap();
    explainer.explain(&input.to_string()).unwrap()
}

/// What `agent` asks for, as rules see it.
fn input(agent: &str, method: &str, path: &str) -> Value {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    json!({
        "attributes": {"request": {"http": {
            "method": method, "host": "payments.example.org", "path": path,
        }}},
        "parsed_path": segments,
        "parsed_query": {},
        "parsed_body": null,
        "countersign": {"principal": {"spiffe_id": format!("spiffe://example.org/{agent}")}},
    })
}

fn with(mut input: Value, key: &str, value: Value) -> Value {
    input[key] = value;
    input
}

/// Compares with the committed text, or writes it.
fn assert_says(name: &str, input: &Value) {
    let explanation = explained(input);
    let root = format!("{}/", folder().display());
    let said = format!("{}\n{explanation}\n", explanation.effect).replace(&root, "");
    let file = folder().join(name).with_extension("txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &said).unwrap();
    }
    assert_eq!(said, std::fs::read_to_string(&file).unwrap(), "{name}");
}

#[test]
fn an_allowed_request_names_the_rule_and_its_conditions() {
    assert_says("allowed", &input("reader", "GET", "/v1/refunds"));
}

#[test]
fn a_denied_request_names_the_rule_that_gave_the_reason() {
    assert_says("denied", &input("reader", "DELETE", "/v1/customers/42"));
}

#[test]
fn a_request_that_no_rule_allows_names_the_condition_that_failed_and_the_value() {
    assert_says("not_allowed", &input("reader", "PUT", "/v1/refunds"));
}

#[test]
fn a_request_that_needs_a_person_names_the_rule_that_says_so() {
    let asked = input("refunds", "POST", "/v1/refunds");
    assert_says("approval", &with(asked, "parsed_body", json!({"amount": 4500})));
}

#[test]
fn a_body_that_was_not_inspected_is_said_to_be_missing() {
    assert_says("missing_body", &input("refunds", "POST", "/v1/refunds"));
}

#[test]
fn a_field_that_is_not_there_is_said_to_be_missing() {
    let asked = input("refunds", "POST", "/v1/refunds");
    assert_says("missing_field", &with(asked, "parsed_body", json!({"charge": "ch_77"})));
}

#[test]
fn an_error_names_its_place() {
    let asked = input("reader", "GET", "/v1/refunds");
    assert_says("error", &with(asked, "parsed_query", json!({"before": ["yesterday"]})));
}

#[test]
fn another_agent_is_the_failing_condition() {
    let asked = input("reader", "POST", "/v1/refunds");
    assert_says("another_agent", &with(asked, "parsed_body", json!({"amount": 5})));
}

#[test]
fn a_negated_rule_that_holds_is_named() {
    assert_says("set_aside", &input("rogue", "GET", "/v1/refunds"));
}

#[test]
fn a_second_branch_that_allows_is_named() {
    let asked = input("desk", "POST", "/v1/refunds");
    assert_says("small_refund", &with(asked, "parsed_body", json!({"amount": 900})));
}

#[test]
fn an_agent_learns_fields_and_no_values() {
    let view = explained(&input("reader", "PUT", "/v1/refunds")).for_agent();
    let text = serde_json::to_string(&view).unwrap();
    assert_eq!(view.effect, "deny");
    assert!(text.contains("not_allowed"), "{text}");
    for secret in ["spiffe://", "payments.example.org", "GET", ".rego", "quarantined"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
