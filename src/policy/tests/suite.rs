//! Running a bundle's tests: which, what was covered, and what a failing one says.

use regex::Regex;

use crate::clock::Clock;
use crate::policy::report::{Detail, Outcome, Report};
use crate::policy::suite::{Lines, Selection, run_selected};
use crate::policy::tests::{config, write_all};

const RULES: &str = "package t

decision if {
	input.a == 1
	input.b == 2
}
";

/// The report on `tests`, rules of the package `t_test`, about [`RULES`].
fn report(tests: &str, selection: &Selection) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let unused = "package u\n\nallow if {\n\tinput.a == 1\n}\n\ndefault deny := true\n";
    let tests = format!("package t_test\n\nimport data.t\n\n{tests}\n");
    let files = [("t.rego", RULES), ("t_test.rego", &tests), ("u.rego", unused)];
    write_all(folder.path(), &files);
    run_selected(&config(folder.path()), selection, &Clock::System).unwrap()
}

fn named(names: &str) -> Selection {
    Selection { names: Some(Regex::new(names).unwrap()), lines: Lines::Uncounted }
}

#[test]
fn only_the_tests_that_are_named_run_and_none_is_a_failure() {
    let tests = "test_one if t.decision with input as {\"a\": 1, \"b\": 2}\n\ntest_two if false";
    let one = report(tests, &named("one$"));
    assert!(one.passed(), "{one}");
    assert_eq!(one.cases().len(), 1);
    assert!(!report(tests, &named("three")).passed());
    assert!(!report(tests, &Selection::default()).passed());
}

#[test]
fn a_failing_test_names_its_first_statement_that_is_not_true() {
    let tests = "test_it if {\n\tb := 3\n\tb > 2\n\tt.decision with input as {\"a\": 1, \"b\": b}\n\
                 \tnot t.decision\n}";
    let report = report(tests, &Selection::default());
    let case = &report.cases()[0];
    assert_eq!(case.outcome, Outcome::Failed);
    assert!(case.why.ends_with("t.decision with input as {\"a\": 1, \"b\": b}"), "{}", case.why);
    assert!(case.why.contains("t_test.rego:8:"), "{}", case.why);
    assert!(report.to_string().contains(&case.why));
}

#[test]
fn a_table_of_tests_is_an_error_and_no_silent_pass() {
    let tests = "test_it[name] if {\n\tsome name, a in {\"x\": 1, \"y\": 2}\n\ta == 1\n}";
    let report = report(tests, &Selection::default());
    assert!(matches!(report.cases()[0].outcome, Outcome::Error(_)), "{report}");
}

#[test]
fn only_failures_are_shown_unless_everything_is_asked_for() {
    let tests = "test_one if true\n\ntest_two if false";
    let report = report(tests, &Selection::default());
    let failures = report.shown(Detail::Failures).to_string();
    assert!(!failures.contains("test_one"), "{failures}");
    assert!(failures.contains("test_two: FAIL ("), "{failures}");
    assert!(failures.ends_with("PASS: 1/2\nFAIL: 1/2"), "{failures}");
    assert!(report.shown(Detail::Everything).to_string().contains("test_one: PASS ("));
}

#[test]
fn lines_that_no_test_evaluates_are_named() {
    let selection = Selection { lines: Lines::Counted, ..Selection::default() };
    let tests = "test_no if not t.decision with input as {\"a\": 2}";
    let report = report(tests, &selection);
    let coverage = report.coverage().unwrap();
    assert_eq!(coverage.lines(), (1, 3), "{coverage}");
    let text = coverage.to_string();
    assert!(text.contains("t.rego: 50.00% covered, not lines 5\n"), "{text}");
    assert!(text.contains("u.rego: 0.00% covered, not lines 4, 7\n"), "{text}");
    assert!(text.ends_with("coverage: 25.00%"), "{text}");
    assert!(!text.contains("_test.rego"), "{text}");
}
