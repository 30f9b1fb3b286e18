//! Each construct that the engines are known to treat differently, and what becomes of it here.

use crate::policy::tests::{input, judge, load, load_all};

/// Rules with one construct each, and part of the reason for which they run on the interpreter.
const INTERPRETED: &[(&str, &str)] = &[
    // Rejected by the fast engine's compiler.
    ("decision if allow with input as {}\nallow if true", "`with`"),
    ("decision if { walk(input, [path, value])\nvalue == 1 }", "`walk`"),
    ("decision if print(1)", "`print`"),
    ("h[\"x\"] := 1\ndecision if h.x == 1", "name has a key"),
    (
        "h[x][y] := 1 if { some x in [1]\nsome y in [2] }\ndecision if h[1][2] == 1",
        "name has a key",
    ),
    ("decision if { [a, b] := input.xs\na == b }", "takes a value apart"),
    // Silently different.
    ("default f(_) := 9\nf(x) := x if x == 1\ndecision if f(2) == 9", "default"),
    (
        "f(a, b, c, d, e, g, h, i, j) := j\ndecision if f(1, 2, 3, 4, 5, 6, 7, 8, 9) == 9",
        "more than eight",
    ),
    ("q.w.e := 1\ndecision if q.w.e == 1", "name has a key"),
    ("q[x].y := 1 if some x in [\"a\"]\ndecision if q.a.y == 1", "name has a key"),
    ("c := 1 if input.a\nc := 2 if input.b\ndecision if not c", "may disagree"),
    ("c := x if some x in [1, 2]\ndecision if not c", "several values"),
    ("decision if count({v: k | some k, v in input.o}) == 1", "the same key"),
    ("f(x) := x.y\ndecision if count([f(x) | some x in [1]]) == 0", "may not be there"),
    ("default d := [x | some x in [1]]\ndecision if d == [1]", "default"),
    ("decision if { x := input.missing\nnot x }", "no value"),
    ("decision if { 1 < input.n }", "different types"),
    ("decision if { some x in input.xs\nx == 1 }", "no collection"),
    ("decision if { x = input.n\nx == 1 }", "unifies"),
    (
        "m := {\"a\": 1}\ndecision if { every x in [\"b\"] { m[x] == 1 } }",
        "`every` indexes with its own variable",
    ),
    (
        "decision if { every i, s in [\"a\", \"b\"] { input.xs[i] == s } }",
        "`every` indexes with its own variable",
    ),
    // Errors that the fast engine swallows.
    ("decision if not json.unmarshal(input.s) == 5", "`json.unmarshal`"),
    ("decision if not startswith(input.s, \"a\")", "`startswith`"),
    ("decision if not input.s + 1 == 2", "arithmetic"),
    ("decision if not 1 / input.n == 2", "arithmetic"),
    ("decision if time.now_ns() > 0", "`time.now_ns`"),
];

#[test]
fn constructs_that_the_fast_engine_gets_wrong_run_on_the_interpreter() {
    for (rules, reason) in INTERPRETED {
        let bundle = load(rules).unwrap_or_else(|error| panic!("{rules}\n{error}"));
        assert!(bundle.is_interpreted(), "{rules}");
        let found = bundle.differences().iter().any(|found| found.message.contains(reason));
        assert!(found, "{rules}\n{:?}", bundle.differences());
        assert!(bundle.differences().iter().all(|found| found.place.line > 0), "{rules}");
    }
}

#[test]
fn a_whole_package_read_runs_on_the_interpreter() {
    for import in ["import data.other", "import data.other as o"] {
        let name = import.rsplit(['.', ' ']).next().unwrap();
        let rules = format!("package t\n{import}\ndecision if not {name}.gone\n");
        let other = "package other\ngone if input.gone\nthere := 1\n";
        let bundle = load_all(&[("t.rego", &rules), ("other.rego", other)]).unwrap();
        let (mut judge, _) = judge(bundle);
        assert_eq!(judge.answer(input("{}")).unwrap().effect, crate::policy::Effect::Allow);
    }
    let whole = "package t\ndecision if count(data.other) == 1\n";
    let other = "package other\ngone if input.gone\nthere := 1\n";
    assert!(load_all(&[("t.rego", whole), ("o.rego", other)]).unwrap().is_interpreted());
}

#[test]
fn too_many_literals_run_on_the_interpreter() {
    let lines: Vec<String> = (0..21)
        .map(|line| {
            let numbers: Vec<String> = (0..1000).map(|n| format!("{}", line * 1000 + n)).collect();
            format!("l{line} := [{}]", numbers.join(",\n"))
        })
        .collect();
    let files: Vec<(String, String)> = lines
        .iter()
        .enumerate()
        .map(|(n, line)| (format!("l{n}.rego"), format!("package t\n{line}\n")))
        .collect();
    let mut all: Vec<(&str, &str)> = files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    all.push(("t.rego", "package t\ndecision if l0[0] == 0\n"));
    let bundle = load_all(&all).unwrap();
    assert!(bundle.is_interpreted());
}

#[test]
fn an_error_of_a_rule_is_a_denial_that_says_where() {
    let (mut judge, _) = judge(load("decision if not json.unmarshal(input.s) == 5").unwrap());
    let failure = judge.answer(input(r#"{"s": "five"}"#)).unwrap_err();
    assert_eq!(failure.cause().word(), "evaluation");
    assert!(failure.to_string().contains("t.rego:3"), "{failure}");
}

#[test]
fn what_neither_side_can_get_wrong_is_fast() {
    for rules in [
        "default decision := false\ndecision if input.attributes.request.http.method == \"GET\"",
        "decision := {\"allowed\": ok}\ndefault ok := false\nok if input.countersign.route in {\"a\"}",
        "decision if { m := input.parsed_body.amount\nis_number(m)\nm <= 100 }",
        "decision if startswith(input.attributes.request.http.path, \"/api/\")",
        "decision if \"a\" in input.parsed_path",
        "decision := {\"allowed\": count(why) == 0, \"reasons\": why}\n\
         why contains {\"code\": \"x\", \"message\": \"y\"} if input.a == 1",
    ] {
        let bundle = load(rules).unwrap();
        assert!(!bundle.is_interpreted(), "{rules}\n{:?}", bundle.differences());
    }
}
