//! The rules that ship, and running a folder's tests.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::{Strategy, any, proptest};
use proptest::sample::select;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::policy::engine::answer::read;
use crate::policy::tests::{config, input, load_all, write_all};
use crate::policy::{Bundle, Config, gate, suite};

fn rules() -> Config {
    Config::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"))
}

#[test]
fn the_rules_that_ship_are_fast_and_pass_their_tests_on_both_engines() {
    let bundle = Bundle::load(&rules(), &Clock::System).unwrap();
    assert!(!bundle.is_interpreted(), "{:?}", bundle.differences());
    assert!(bundle.warnings().is_empty());
    let report = suite::run(&rules(), &Clock::System).unwrap();
    assert!(report.passed(), "{report}");
    assert!(report.replayed() > 5, "{}", report.replayed());
}

/// The pack over an access table as an operator would write it.
fn pack_with_a_table() -> Bundle {
    let table = json!({
        "read": {"agents": ["spiffe://a.org/x", "spiffe://a.org/ci/**"], "routes": ["orders"],
                 "methods": ["GET", "HEAD"], "except": ["/api/admin", "/"]},
        "write": {"agents": ["spiffe://a.org/**"], "routes": ["orders", "git"], "methods": ["POST"]},
        "look": {"agents": ["spiffe://a.org/x"], "routes": ["git"], "methods": ["GET", "POST"],
                 "kinds": ["read"]},
        "call": {"agents": ["spiffe://a.org/x"], "routes": ["other"], "methods": ["POST"],
                 "operations": ["pay", "look"], "kinds": ["read", "write"]},
        "none": {"agents": [], "routes": ["orders"], "methods": []},
    });
    let folder = tempfile::tempdir().unwrap();
    for file in [
        "authz/authz.rego",
        "lib/operations/operations.rego",
        "lib/paths/paths.rego",
        "lib/spiffe/spiffe.rego",
    ] {
        let text = std::fs::read_to_string(rules().path.join(file)).unwrap();
        write_all(folder.path(), &[(file, &text)]);
    }
    let data = json!({"countersign": {"access": table}}).to_string();
    write_all(folder.path(), &[("data.json", &data)]);
    Bundle::load(&Config::new(folder.path()), &Clock::System).unwrap()
}

/// A request as the input shows it, with every part drawn from few values, so that they meet.
fn request() -> impl Strategy<Value = Value> {
    let agents =
        select(vec!["spiffe://a.org/x", "spiffe://a.org/ci/1", "spiffe://b.org/x", "", "/**"]);
    let routes = select(vec!["orders", "git", "other", ""]);
    let methods = select(vec!["GET", "POST", "HEAD", "get", ""]);
    let segment = select(vec!["api", "admin", "orders", "", "/"]);
    let segments = proptest::collection::vec(segment, 0..4);
    let kinds = select(vec!["read", "write"]);
    let names = select(vec!["pay", "look", "drop", ""]);
    let operation = (kinds, names).prop_map(|(kind, name)| json!({"kind": kind, "name": name}));
    let operations = proptest::collection::vec(operation, 0..4);
    (agents, routes, methods, segments, any::<u16>(), operations).prop_map(
        |(agent, route, method, path, port, operations)| {
            json!({
                "attributes": {"request": {"http": {"method": method}},
                               "source": {"address": {"socketAddress": {"portValue": port}}}},
                "countersign": {"route": route, "principal": {"spiffe_id": agent},
                                "request": {"segments": path, "operations": operations}},
                "parsed_path": path,
            })
        },
    )
}

proptest! {
    #[test]
    fn both_engines_agree_on_the_rules_that_ship(requests in proptest::collection::vec(request(), 64)) {
        let bundle = Arc::new(pack_with_a_table());
        let mut machine = bundle.machine().unwrap();
        let mut interpreter = bundle.interpreter();
        for request in requests {
            let document = input(&request.to_string());
            let slow = bundle.interpret(&mut interpreter, &document);
            let fast = machine.evaluate(document).and_then(|said| read(&said));
            assert_eq!(slow.unwrap(), fast.unwrap(), "{request}");
        }
    }
}

#[test]
fn a_failing_test_keeps_the_bundle_out() {
    let files = [
        ("t.rego", "package t\ndecision if input.a == 1\n"),
        ("t_test.rego", "package t_test\ntest_two if data.t.decision with input as {\"a\": 2}\n"),
    ];
    let refused = load_all(&files).unwrap_err().to_string();
    assert!(refused.contains("data.t_test.test_two failed"), "{refused}");
    assert!(refused.contains("t_test.rego:2"), "{refused}");
}

#[test]
fn a_report_reads_like_that_of_opa_test() {
    let folder = tempfile::tempdir().unwrap();
    let tests = "package t_test\ntest_yes if data.t.decision with input as {\"a\": 1}\n\
                 test_no if data.t.decision with input as {}\ntodo_later if false\n\
                 test_bad if json.unmarshal(\"x\") == 1\n";
    let rules = "package t\ndecision if input.a == 1\n";
    write_all(folder.path(), &[("t.rego", rules), ("t_test.rego", tests)]);
    let report = suite::run(&config(folder.path()), &Clock::System).unwrap();
    let text = report.to_string();
    assert!(!report.passed());
    assert!(text.contains("data.t_test.test_yes: PASS ("), "{text}");
    assert!(text.contains("data.t_test.test_no: FAIL ("), "{text}");
    assert!(text.contains("data.t_test.todo_later: SKIPPED"), "{text}");
    assert!(text.contains("data.t_test.test_bad: ERROR ("), "{text}");
    assert!(text.ends_with("PASS: 1/4\nFAIL: 1/4\nSKIPPED: 1/4\nERROR: 1/4"), "{text}");
    assert_eq!(report.replayed(), 2);
}

#[test]
fn no_tests_are_a_failure_of_the_suite_and_a_warning_of_the_bundle() {
    let folder = tempfile::tempdir().unwrap();
    write_all(folder.path(), &[("t.rego", "package t\ndecision := true\n")]);
    assert!(!suite::run(&config(folder.path()), &Clock::System).unwrap().passed());
    let bundle = Bundle::load(&config(folder.path()), &Clock::System).unwrap();
    assert_eq!(bundle.warnings().len(), 1);
}

#[test]
fn tests_are_not_part_of_what_is_served() {
    let files = [
        ("t.rego", "package t\ndefault decision := false\n"),
        ("t_test.rego", "package t\ndecision if true\ntest_it if decision\n"),
    ];
    let bundle = load_all(&files).unwrap();
    assert!(!bundle.machine().unwrap().evaluate(input("{}")).unwrap().is_true());
}

#[test]
fn a_missing_entry_point_names_the_nearest_rule() {
    let refused =
        load_all(&[("t.rego", "package t\ndecisions := true\n")]).unwrap_err().to_string();
    assert!(refused.contains("no rule defines `data.t.decision`"), "{refused}");
    assert!(refused.contains("`data.t.decisions`"), "{refused}");
}

#[test]
fn data_lies_where_its_folder_lies() {
    let files = [
        ("t.rego", "package t\ndecision if data.a.b.on == true\n"),
        ("a/b/data.json", "{\"on\": true}"),
    ];
    let bundle = load_all(&files).unwrap();
    assert!(bundle.machine().unwrap().evaluate(input("{}")).unwrap().is_true());
    let twice = load_all(&[files[0], files[1], ("data.json", "{\"a\": {\"b\": {\"on\": 1}}}")]);
    assert!(twice.unwrap_err().to_string().contains("`on`"));
    let double = load_all(&[files[0], ("data.json", "{\"a\": 1, \"a\": 2}")]);
    assert!(double.is_err(), "a duplicate key must be refused");
}

#[test]
fn the_revision_changes_with_any_file_and_with_nothing_else() {
    let files = [("t.rego", "package t\ndecision := true\n"), ("data.json", "{}")];
    let revision = load_all(&files).unwrap().revision();
    assert_eq!(load_all(&files).unwrap().revision(), revision);
    let renamed = [("u.rego", files[0].1), files[1]];
    assert_ne!(load_all(&renamed).unwrap().revision(), revision);
    let changed = [files[0], ("data.json", "{ }")];
    assert_ne!(load_all(&changed).unwrap().revision(), revision);
}

/// `rules/capabilities.json` tells stock `opa check` what is allowed here; this keeps it true.
#[test]
fn the_capabilities_that_ship_are_those_of_the_gate() {
    let path = rules().path.join("capabilities.json");
    let shipped: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let expected = gate::capabilities();
    if let Some(out) = std::env::var_os("COUNTERSIGN_WRITE_CAPABILITIES") {
        std::fs::write(out, serde_json::to_string_pretty(&expected).unwrap() + "\n").unwrap();
    }
    assert_eq!(shipped, expected, "write it anew with COUNTERSIGN_WRITE_CAPABILITIES={path:?}");
}
