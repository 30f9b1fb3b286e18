//! Each finding where it belongs, and nothing where it does not.

use std::path::{Path, PathBuf};

use crate::policy::check::{Bodies, Code, Finding, Report, check};

const ANSWER: &str = "package countersign.authz\n\n\
                      # METADATA\n# entrypoint: true\n\
                      decision := {\"allowed\": allowed}\n\n\
                      default allowed := false\n\n";

fn checked(rules: &str, bodies: Bodies) -> Report {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("authz.rego"), rules).unwrap();
    check(&[folder.path().to_owned()], "data.countersign.authz.decision", bodies)
}

/// What is wrong with a body of `allowed`, as codes.
fn codes(body: &str) -> Vec<Code> {
    let report = checked(&format!("{ANSWER}allowed if {{\n\t{body}\n}}\n"), Bodies::Somewhere);
    wrong(&report)
}

fn wrong(report: &Report) -> Vec<Code> {
    let codes = report.findings().iter().map(|finding| finding.code);
    codes.filter(|code| *code != Code::Slow).collect()
}

fn only(report: &Report) -> &Finding {
    let [finding] = report.findings() else { panic!("{report}") };
    finding
}

#[test]
fn a_finding_says_what_where_and_what_to_do() {
    let rules = format!("{ANSWER}allowed if input.attributes.request.http.metod == \"GET\"\n");
    let report = checked(&rules, Bodies::Somewhere);
    let finding = only(&report);
    assert_eq!((finding.place.line, finding.place.column), (9, 12));
    let text = report.to_string();
    assert!(
        text.starts_with("error[P004]: `input.attributes.request.http.metod` is not part"),
        "{text}"
    );
    assert!(text.contains("authz.rego:9:12"), "{text}");
    assert!(text.contains("did you mean `method`?"), "{text}");
    assert!(text.ends_with("1 error"), "{text}");
    let json = report.json();
    assert_eq!(json["errors"], 1);
    assert_eq!(json["findings"][0]["code"], "P004");
    assert_eq!(json["findings"][0]["line"], 9);
}

#[test]
fn a_field_is_known_under_any_name_it_is_given() {
    let metod = |before: &str, body: &str| {
        let rules = ANSWER.replacen("\n\n", &format!("\n\n{before}\n"), 1);
        let report = checked(&format!("{rules}allowed if {{ {body} }}\n"), Bodies::Somewhere);
        report.findings().iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(metod("", "x := input.countersign; x.rute == \"a\""), [Code::Field]);
    assert_eq!(metod("import input.countersign", "countersign.rute == \"a\""), [Code::Field]);
    assert_eq!(metod("import input.countersign as c", "c.rute == \"a\""), [Code::Field]);
    assert_eq!(metod("import input.contersign as c", "c.route == \"a\""), [Code::Field; 2]);
    assert_eq!(metod("req := input.countersign", "req.rute == \"a\""), [Code::Field]);
    assert_eq!(metod("req := input.countersign", "req.route == \"a\""), []);
    assert_eq!(metod("req := {\"rute\": 1}", "req.rute == 1"), []);
}

#[test]
fn a_list_has_no_keys_and_a_text_no_parts() {
    assert_eq!(codes("input.parsed_path.orders == 1"), [Code::Field]);
    assert_eq!(codes("input.countersign.route.name == 1"), [Code::Field]);
    assert_eq!(codes("input.parsed_path[0] == \"orders\""), []);
    assert_eq!(codes("input.parsed_query.page[0] == \"1\""), []);
    assert_eq!(codes("input.attributes.request.http.headers[\"x-tag\"] == \"a\""), []);
}

#[test]
fn a_body_field_needs_a_route_that_inspects() {
    let rules = format!("{ANSWER}allowed if input.parsed_body.kind == \"a\"\n");
    assert_eq!(only(&checked(&rules, Bodies::Nowhere)).code, Code::Phase);
    assert!(checked(&rules, Bodies::Somewhere).findings().is_empty());
    let asks = format!("{ANSWER}allowed if input.parsed_body == null\n");
    assert!(checked(&asks, Bodies::Nowhere).findings().is_empty());
    // A pack beside the rules, which this configuration does not ask, may read bodies.
    let beside = format!(
        "{ANSWER}allowed if true\n\n# METADATA\n# entrypoint: true\n\
                          other if input.parsed_body.kind == \"a\"\n"
    );
    assert!(checked(&beside, Bodies::Nowhere).findings().is_empty());
}

#[test]
fn a_comparison_by_size_needs_a_guard() {
    for unguarded in [
        "input.parsed_body.amount <= 100",
        "100 > input.parsed_body.amount",
        "amount := input.parsed_body.amount; amount <= 100",
        "some item in input.parsed_body.items; item.price < 3",
        "every item in input.parsed_body.items { item.price < 3 }",
        "count([x | some x in input.parsed_body.items; x.price < 3]) == 0",
        "not input.parsed_body.amount > 100",
        "input.attributes.request.http.size > 100",
        "input.parsed_query.page[0] < 5",
    ] {
        assert_eq!(codes(unguarded), [Code::Order], "{unguarded}");
    }
    for guarded in [
        "amount := input.parsed_body.amount; is_number(amount); amount <= 100",
        "amount := input.parsed_body.amount; amount <= 100; is_number(amount)",
        "is_number(input.parsed_body.amount); input.parsed_body.amount <= 100",
        "type_name(input.parsed_body.amount) == \"number\"; input.parsed_body.amount <= 100",
        "input.parsed_body.amount in {1, 2, 3}; input.parsed_body.amount < 3",
        "some item in input.parsed_body.items; is_number(item.price); item.price < 3",
        "count(input.parsed_path) < 3",
        "input.countersign.time.hour >= 8",
        "input.countersign.time.hour >= data.opens",
    ] {
        assert_eq!(codes(guarded), [], "{guarded}");
    }
}

#[test]
fn what_can_never_hold_is_found() {
    for never in [
        "false",
        "not true",
        "1 == 2",
        "input.countersign.route == \"a\"; input.countersign.route == \"b\"",
        "input.countersign.route in {\"a\", \"b\"}; input.countersign.route == \"c\"",
        "input.attributes.request.http.method == \"get\"",
        "input.attributes.request.http.method in {\"post\", \"put\"}",
        "input.parsed_query.page == \"5\"",
        "input.countersign.request.port == \"443\"",
    ] {
        assert_eq!(codes(never), [Code::Contradiction], "{never}");
    }
    for possible in [
        "true",
        "input.countersign.route in {\"a\", \"b\"}; input.countersign.route == \"b\"",
        "input.parsed_path[0] == \"a\"; input.parsed_path[1] == \"b\"",
        "input.attributes.request.http.method in {\"GET\", \"HEAD\"}",
        "input.parsed_body.kind == \"a\"; input.parsed_body.sort == \"b\"",
        "input.countersign.request.content_digest == null",
    ] {
        assert_eq!(codes(possible), [], "{possible}");
    }
}

#[test]
fn a_name_that_nothing_defines_is_found() {
    assert_eq!(codes("is_reed"), [Code::Name]);
    assert_eq!(codes("x == 1"), [Code::Name]);
    assert_eq!(codes("data.countersign.authz.alowed"), [Code::Rule]);
    assert_eq!(codes("nosuch.fn(1)"), [Code::Function]);
    for defined in [
        "x := 1; x == 1",
        "some x in [1]; x == 1",
        "some i; input.parsed_path[i] == \"a\"",
        "input.parsed_path[i] == \"a\"; i > 0",
        "[a, b] := [1, 2]; a < b",
        "every k, v in {\"a\": 1} { k == \"a\"; v == 1 }",
        "walk(input.parsed_body, [path, value]); value == 1; count(path) == 1",
        "data.tables.orders == 1",
    ] {
        assert_eq!(codes(defined), [], "{defined}");
    }
}

#[test]
fn a_rule_that_no_entry_point_reaches_is_found() {
    let deny =
        format!("{ANSWER}allowed if true\n\ndeny contains \"x\" if input.countersign.route\n");
    assert_eq!(only(&checked(&deny, Bodies::Somewhere)).code, Code::Unreached);
    let function = format!("{ANSWER}allowed if true\n\nf(x) if x == 1\n");
    assert!(checked(&function, Bodies::Somewhere).findings().is_empty());
    let missing = checked("package a\n\nb if true\n", Bodies::Somewhere);
    let found: Vec<_> = missing.findings().iter().map(|finding| finding.code).collect();
    assert_eq!(found, [Code::EntryPoint, Code::Unreached]);
}

#[test]
fn a_reason_has_a_code_a_message_and_metadata() {
    let reason = |reason: &str, metadata: &str| {
        let answer = ANSWER.replace("allowed}", "allowed, \"reasons\": reasons}");
        let rules =
            format!("{answer}allowed if true\n\n{metadata}reasons contains {reason} if allowed\n");
        let report = checked(&rules, Bodies::Somewhere);
        report.findings().iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    let metadata = "# METADATA\n# title: X\n# custom:\n#   code: x\n";
    assert_eq!(reason("{\"code\": \"x\", \"message\": \"m\"}", metadata), []);
    assert_eq!(reason("{\"code\": \"x\", \"message\": \"m\"}", ""), [Code::Undescribed]);
    assert_eq!(reason("{\"code\": \"y\", \"message\": \"m\"}", metadata), [Code::Undescribed]);
    assert_eq!(reason("{\"code\": \"x\"}", metadata), [Code::Shape]);
    assert_eq!(reason("{\"code\": \"x\", \"message\": 1}", metadata), [Code::Shape]);
    assert_eq!(reason("{\"code\": \"x\", \"message\": \"m\", \"a\": 1}", metadata), [Code::Shape]);
    assert_eq!(reason("\"x\"", metadata), [Code::Shape]);
}

#[test]
fn a_denial_that_an_error_can_skip_is_found() {
    let denies = |body: &str| {
        let answer = ANSWER.replace(
            "\n\ndefault",
            "\n\n# METADATA\n# entrypoint: true\ndeny contains \"x\" if {\n\tBODY\n}\n\ndefault",
        );
        let rules = answer.replace("BODY", body) + "allowed if true\n";
        wrong(&checked(&rules, Bodies::Somewhere))
    };
    assert_eq!(denies("json.unmarshal(input.parsed_body.x) == 1"), [Code::Skipped]);
    assert_eq!(
        denies("json.is_valid(input.parsed_body.x); json.unmarshal(input.parsed_body.x) == 1"),
        []
    );
    assert_eq!(denies("startswith(input.countersign.route, \"a\")"), []);
    assert_eq!(codes("not input.parsed_body.name in {\"a\"}"), [Code::Negation]);
    assert_eq!(codes("not is_string(input.parsed_body.name)"), [Code::Negation]);
    assert_eq!(codes("not input.parsed_body.name != \"a\""), [Code::Negation]);
    assert_eq!(codes("not is_object(input.parsed_body)"), []);
    assert_eq!(codes("name := input.parsed_body.name; not name in {\"a\"}"), []);
    assert_eq!(codes("not input.parsed_path[0] in {\"a\"}"), []);
    assert_eq!(codes("not input.parsed_body.name == \"a\""), []);
    assert_eq!(codes("json.unmarshal(input.parsed_body.x) == 1"), []);
}

#[test]
fn what_does_not_load_is_a_finding_too() {
    let codes = |rules: &str| {
        let report = checked(rules, Bodies::Somewhere);
        report.findings().iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(codes("package"), [Code::Unreadable]);
    assert_eq!(codes(&format!("{ANSWER}allowed if a\na if b\nb if a\n")), [Code::Endless]);
    let nowhere = check(&[PathBuf::from("/nowhere")], "data.a.b", Bodies::Somewhere);
    assert_eq!(only(&nowhere).code, Code::Unreadable);
}

#[test]
fn what_ships_is_clean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples = std::fs::read_dir(root.join("examples")).unwrap();
    let examples = examples.map(|example| example.unwrap().path().join("rules"));
    let folders: Vec<PathBuf> = examples.filter(|rules| rules.exists()).collect();
    assert!(folders.len() >= 4);
    for folder in folders.into_iter().chain([root.join("rules")]) {
        let report = check(&[folder], "data.countersign.authz.decision", Bodies::Somewhere);
        assert!(report.findings().is_empty(), "{report}");
    }
}

#[test]
fn every_code_is_in_the_guide() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    for code in Code::ALL {
        let line = format!("| `{code}` | {} | {} |", code.severity().word(), code.meaning());
        assert!(guide.contains(&line), "docs/policy.md lacks: {line}");
    }
}

#[test]
fn the_rule_about_what_is_masked_is_asked_about_events_and_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let about = |rule: &str| {
        let rules = format!("{ANSWER}allowed if input.countersign.route == \"a\"\n");
        std::fs::write(folder.path().join("authz.rego"), rules).unwrap();
        let rule = format!("package system.log\n\n{rule} contains \"/input/x\" if input.input.x\n");
        std::fs::write(folder.path().join("mask.rego"), rule).unwrap();
        let query = "data.countersign.authz.decision";
        let report = check(&[folder.path().to_owned()], query, Bodies::Somewhere);
        report.findings().iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(about("mask"), []);
    assert_eq!(about("masks"), [Code::Unreached]);
}

#[test]
fn rules_that_may_fill_the_memory_are_found_before_they_are_loaded() {
    let doubling = (1..20).fold(String::from("x0 := input.parsed_path[0]"), |text, n| {
        format!("{text}\nx{n} := concat(\"\", [x{0}, x{0}])", n - 1)
    });
    let rules = format!("{ANSWER}allowed if x19 == \"a\"\n\n{doubling}\n");
    let report = checked(&rules, Bodies::Somewhere);
    assert!(report.findings().iter().any(|finding| finding.code == Code::Memory), "{report}");
    assert!(report.errors() > 0);
}

#[test]
fn what_keeps_all_rules_off_the_fast_engine_is_named_where_nothing_is_wrong() {
    let slow = format!("{ANSWER}allowed if to_number(input.parsed_path[0]) == 1\n");
    let report = checked(&slow, Bodies::Somewhere);
    let finding = only(&report);
    assert_eq!((finding.code, finding.place.line), (Code::Slow, 9), "{report}");
    assert!(finding.message.contains("interpreter") && report.errors() == 0, "{report}");
    let wrong = format!("{ANSWER}allowed if to_number(input.parsed_pth[0]) == 1\n");
    assert_eq!(only(&checked(&wrong, Bodies::Somewhere)).code, Code::Field);
}
