//! Measuring rules: what is measured, never how fast it is.

use std::path::Path;

use crate::clock::Clock;
use crate::policy::tests::{config, write_all};
use crate::policy::{Config, bench};

#[test]
fn every_rule_that_the_decision_reaches_is_measured() {
    let rules = Config::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"));
    let report = bench::run(&rules, None, &Clock::System).unwrap();
    assert_eq!((report.engine, report.remembered), ("fast", true));
    assert!(report.parts_read < 6 && report.decision.evaluations > 0);
    let cost = |path: &str| report.rules.iter().find(|rule| rule.rule == path).unwrap().cost;
    assert!(cost("data.countersign.authz.candidates").unwrap().micros > 0.0);
    assert!(cost("data.lib.spiffe.matches").is_none(), "a function has no cost of its own");
    assert!(!report.rules.iter().any(|rule| rule.rule.contains("test")));
    assert!(cost("data.countersign.authz.decision").is_some());
    let text = report.to_string();
    assert!(text.contains("its answers may be remembered"), "{text}");
    assert!(text.contains("authz.rego:"), "{text}");
}

#[test]
fn rules_of_the_interpreter_are_measured_on_it() {
    let folder = tempfile::tempdir().unwrap();
    write_all(
        folder.path(),
        &[("t.rego", "package t\ndecision if helper with input as {}\nhelper if input.a\n")],
    );
    let report = bench::run(&config(folder.path()), Some("{\"a\": 1}"), &Clock::System).unwrap();
    assert_eq!((report.engine, report.remembered), ("interpreter", false));
    assert_eq!(report.rules.len(), 2);
    assert!(report.rules.iter().all(|rule| rule.cost.is_some()));
}

#[test]
fn rules_that_do_not_load_and_an_input_that_is_no_json_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write_all(folder.path(), &[("t.rego", "package t\ndecision := true\n")]);
    assert!(bench::run(&config(folder.path()), Some("{"), &Clock::System).is_err());
    assert!(bench::run(&Config::new(folder.path()), None, &Clock::System).is_err());
}
