//! Every way in which a rule can go wrong: a denial, of a cause, at a place.

use std::fmt::Write as _;

use crate::policy::Cause;
use crate::policy::tests::{input, judge, load, refusal};

/// What makes the gate choose the interpreter, without any part in the answer.
const SLOW: &str = "\nunused := time.now_ns()";

/// Rules, an input for which they go wrong, how, and in which line. Line 3 is the first of them.
const WRONG: &[(&str, &str, Cause, u32)] = &[
    // Nothing answers.
    ("decision if input.a == 1", "{}", Cause::Undefined, 3),
    ("decision if {\ninput.a == 1\nnot input.b\n}", r#"{"a": 1, "b": 1}"#, Cause::Undefined, 3),
    ("decision := {\"allowed\": true, \"labels\": [input.missing]}", "{}", Cause::Undefined, 3),
    ("decision := other\nother := true if input.a", "{}", Cause::Undefined, 3),
    // The body that the rule is about is not there.
    ("decision if input.parsed_body.amount <= 100", "{}", Cause::Undefined, 3),
    (
        "decision if input.parsed_body.amount <= 100",
        r#"{"parsed_body": null}"#,
        Cause::Undefined,
        3,
    ),
    // Two answers to one question.
    (
        "decision := true if input.a\ndecision := false if input.b",
        r#"{"a": 1, "b": 1}"#,
        Cause::Evaluation,
        4,
    ),
    ("decision := x if some x in input.xs", r#"{"xs": [true, false]}"#, Cause::Evaluation, 3),
    (
        "f(x) := 1 if x > 0\nf(x) := 2 if x > 1\ndecision if f(input.n) == 1",
        r#"{"n": 5}"#,
        Cause::Evaluation,
        5,
    ),
    (
        "decision if count({v: k | some k, v in input.o}) == 1",
        r#"{"o": {"a": 1, "b": 1}}"#,
        Cause::Evaluation,
        3,
    ),
    // Values of other types than the rule takes them for.
    ("\ndecision if not startswith(input.n, \"a\")", r#"{"n": 1}"#, Cause::Evaluation, 4),
    ("decision if input.s + 1 == 2", r#"{"s": "x"}"#, Cause::Evaluation, 3),
    ("decision if not 1 in (input.s | {1})", r#"{"s": "x"}"#, Cause::Evaluation, 3),
    // What a builtin refuses.
    ("decision if not json.unmarshal(input.s) == 5", r#"{"s": "five"}"#, Cause::Evaluation, 3),
    ("decision if {\nnot 1 / input.n == 2\n}", r#"{"n": 0}"#, Cause::Evaluation, 4),
    ("decision if not regex.match(input.s, \"a\")", r#"{"s": "("}"#, Cause::Evaluation, 3),
    ("decision if not base64.decode(input.s) == \"\"", r#"{"s": "%"}"#, Cause::Evaluation, 3),
    ("decision if time.parse_rfc3339_ns(input.s) > 0", r#"{"s": "now"}"#, Cause::Evaluation, 3),
    // Answers of other shapes.
    ("\n\ndecision := null", "{}", Cause::Answer, 5),
    ("decision := 1", "{}", Cause::Answer, 3),
    ("decision := \"true\"", "{}", Cause::Answer, 3),
    ("decision := [true]", "{}", Cause::Answer, 3),
    ("decision contains true", "{}", Cause::Answer, 3),
    ("decision := {}", "{}", Cause::Answer, 3),
    ("decision := {\"allow\": true}", "{}", Cause::Answer, 3),
    ("decision := {\"allowed\": \"true\"}", "{}", Cause::Answer, 3),
    ("decision := {\"allowed\": true, \"Reasons\": []}", "{}", Cause::Answer, 3),
    ("decision := {\"allowed\": true, \"reasons\": {}}", "{}", Cause::Answer, 3),
    ("decision := {\"allowed\": true, \"reasons\": [\"x\"]}", "{}", Cause::Answer, 3),
    ("decision := {\"allowed\": true, \"labels\": \"pii\"}", "{}", Cause::Answer, 3),
    ("decision := {\"allowed\": true, \"headers\": [1]}", "{}", Cause::Answer, 3),
    ("decision := {\"allowed\": false, \"approval\": true}", "{}", Cause::Answer, 3),
    ("decision := {\"allowed\": false, \"approval\": {\"quorum\": -1}}", "{}", Cause::Answer, 3),
    ("decision := {\"allowed\": false, \"http_status\": 200}", "{}", Cause::Answer, 3),
    // What nobody here can carry out.
    (
        "decision := {\"allowed\": true, \"obligations\": [{\"id\": \"1\", \"type\": \"dance\"}]}",
        "{}",
        Cause::Obligation,
        3,
    ),
    (
        "decision := {\"allowed\": true, \"credential\": {\"name\": \"x\", \"scope\": [\"r\"]}}",
        "{}",
        Cause::Obligation,
        3,
    ),
];

fn assert_wrong(rules: &str, asked: &str, cause: Cause, line: u32) {
    let (mut judge, _) = judge(load(rules).unwrap_or_else(|error| panic!("{rules}\n{error}")));
    let failure = match judge.answer(input(asked)) {
        Err(failure) => failure,
        Ok(answer) => panic!("{rules}\nanswered {answer:?}"),
    };
    assert_eq!(failure.cause(), cause, "{rules}\n{failure}");
    let place = failure.place().unwrap_or_else(|| panic!("{rules}\nno place: {failure}"));
    assert!(place.file.ends_with("t.rego"), "{rules}\n{failure}");
    assert_eq!(place.line, line, "{rules}\n{failure}");
    assert!(place.column > 0, "{rules}\n{failure}");
    assert!(failure.to_string().contains(&place.to_string()), "{failure}");
}

#[test]
fn whatever_goes_wrong_in_a_rule_is_a_denial_that_says_how_and_where() {
    for (rules, asked, cause, line) in WRONG {
        assert_wrong(rules, asked, *cause, *line);
        assert_wrong(&format!("{rules}{SLOW}"), asked, *cause, *line);
    }
}

#[test]
fn limits_that_are_met_are_denials_that_say_how_and_where() {
    let path: Vec<String> = (0..1_500).map(|n| n.to_string()).collect();
    let asked =
        format!(r#"{{"attributes":{{"request":{{"http":{{"path":"{}"}}}}}}}}"#, path.join("/"));
    let loops = "xs := {x | some x in split(input.attributes.request.http.path, \"/\")}\n\
                 decision if {\nevery a in xs { every b in xs { every c in xs { a == a } } }\n}";
    assert_wrong(loops, &asked, Cause::Instructions, 4);
    let (mut judge, _) = judge(load(&format!("{loops}{SLOW}")).unwrap());
    let failure = judge.answer(input(&asked)).unwrap_err();
    assert_eq!(failure.cause(), Cause::Time, "{failure}");
    assert!(failure.to_string().contains("t.rego:"), "{failure}");
    let copies = "\ndecision if count(ys) > 0\nys contains y if {\n\
        some x in split(input.attributes.request.http.path, \"/\")\n\
        y := concat(\"\", [x, input.attributes.request.http.path]) }";
    for rules in [copies.to_owned(), format!("{copies}{SLOW}")] {
        let asked = asked.replace("/1/", &"/1".repeat(20_000));
        assert_wrong(&rules, &asked, Cause::Memory, 5);
    }
}

#[test]
fn rules_that_never_end_are_never_in_force() {
    let mut ladder = String::from("decision if f0(1)\n");
    for n in 0..30 {
        writeln!(ladder, "f{n}(x) := f{}(x)", (n + 1) % 30).unwrap();
    }
    for rules in ["decision if not decision", "decision if f(1)\nf(x) := f(x + 1)", &ladder] {
        let refusal = refusal(rules);
        assert!(refusal.contains("reaches itself") && refusal.contains("t.rego:"), "{refusal}");
    }
}
