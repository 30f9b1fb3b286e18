//! Rules that build memory up: refused at load where no request is safe, else held against each.

use std::fmt::Write as _;

use crate::policy::tests::{input, judge, load, load_all};
use crate::policy::{Cause, Effect};

/// `r0` reads the request, each `rN` is made of the one before, and the last is looked at.
fn chain(length: usize, step: impl Fn(&str) -> String) -> String {
    let mut rules = String::from("r0 := input.parsed_body.text\n");
    for n in 1..=length {
        writeln!(rules, "r{n} := {}", step(&format!("r{}", n - 1))).unwrap();
    }
    write!(rules, "decision if r{length} != 1").unwrap();
    rules
}

fn refused(rules: &str) {
    match load(rules) {
        Ok(_) => panic!("accepted:\n{rules}"),
        Err(refusal) => {
            let refusal = refusal.to_string();
            assert!(refusal.contains("t.rego:"), "{refusal}");
            assert!(refusal.contains("substring"), "no way out is named: {refusal}");
        }
    }
}

#[test]
fn chains_that_double_are_refused_whatever_they_are_built_with() {
    for step in [
        "concat(\"\", [X, X])",
        "concat(X, [X, X, X])",
        "replace(X, \"a\", X)",
        "replace(X, \"a\", \"aaaaaaaa\")",
        "regex.replace(X, \"a\", \"$0$0$0\")",
        "strings.replace_n({\"a\": \"bbbb\", \"b\": \"cccc\"}, X)",
        "sprintf(\"%v%v\", [X, X])",
        "sprintf(\"%s\", [[X, X]])",
        "array.concat([X], [X])",
        "[X, X]",
        "{X, [X]}",
        "{\"a\": X, \"b\": X}",
        "{[X, X]: 1}",
        "object.union({\"a\": X}, {\"b\": X})",
        "json.marshal([X, X])",
        "json.marshal(json.marshal(X))",
        "base64.encode(X)",
        "hex.encode(X)",
        "urlquery.encode(X)",
        "upper(X)",
        "split(X, \"\")",
        "json.unmarshal(X)",
        "[x | some x in [X, X]]",
        "{k: X | some k in [1, 2, 3]}",
        "[X | some k in {1, 2, 3}]",
        "{[X, k] | some k in {1, 2, 3}}",
        "object.get({}, \"a\", [X, X])",
        "json.patch({\"a\": [X]}, [{\"op\": \"copy\", \"from\": \"/a\", \"path\": \"/b\"}])",
    ] {
        refused(&chain(25, |before| step.replace('X', before)));
    }
}

#[test]
fn chains_over_locals_functions_sets_and_withs_are_refused() {
    let locals: String =
        (1..=40).map(|n| format!("x{n} := concat(\"\", [x{}, x{}])\n", n - 1, n - 1)).collect();
    refused(&format!("decision if {{\nx0 := input.a\n{locals}x40 != \"\"\n}}"));
    let unified = locals.replace(":=", "=");
    refused(&format!("decision if {{\nx0 = input.a\n{unified}x40 != \"\"\n}}"));
    let backwards: Vec<&str> = locals.lines().rev().collect();
    assert!(load(&format!("decision if {{\n{}\nx0 := input.a\n}}", backwards.join("\n"))).is_err());

    let functions: String =
        (0..25).map(|n| format!("f{n}(x) := f{}(concat(\"\", [x, x]))\n", n + 1)).collect();
    refused(&format!("{functions}f25(x) := x\ndecision if f0(input.a) != 1"));
    let outwards: String = (0..25)
        .map(|n| format!("f{n}(x) := concat(\"\", [f{}(x), f{}(x)])\n", n + 1, n + 1))
        .collect();
    refused(&format!("{outwards}f25(x) := x\ndecision if f0(input.a) != 1"));
    let twice = "f(x) := concat(\"\", [x, x])\n";
    let nested = format!("{}input.a{}", "f(".repeat(30), ")".repeat(30));
    refused(&format!("{twice}decision if {nested} != 1"));

    let sets: String = (1..=25)
        .map(|n| format!("s{n} contains concat(\"\", [x, x]) if some x in s{}\n", n - 1))
        .collect();
    refused(&format!("s0 contains input.a\n{sets}decision if count(s25) == 1"));
    let withs: String = (1..=25)
        .map(|n| {
            let doubled = "concat(\"\", [input.a, input.a])";
            format!("w{n} := x if {{ x := w{} with input.a as {doubled} }}\n", n - 1)
        })
        .collect();
    refused(&format!("w0 := concat(\"\", [input.a, input.a])\n{withs}decision if w25 != 1"));
}

#[test]
fn powers_of_the_request_are_refused() {
    for rules in [
        // Texts by texts by texts.
        "x := replace(replace(input.a, \"\", input.b), \"\", input.c)\ndecision if x != \"\"",
        "x := concat(concat(concat(input.d, input.a), input.b), input.c)\ndecision if x != \"\"",
        // One of everything for every pair, and for every pair of pairs.
        "x := [concat(\"\", [input.t, a]) | some a in input.a; some b in input.b]\ndecision if count(x) > 1",
        "x := [y | some a in input.a; y := [concat(\"\", [input.t, b]) | some b in input.b]]\n\
         decision if count(x) > 1",
        "x contains lower(input.t) if { some a in input.a\nsome b in input.b }\ndecision if count(x) > 1",
        "x[a] := {b: lower(input.t) | some b in input.b} if some a in input.a\ndecision if count(x) > 1",
        "x := [lower(input.t) | input.a[_]; input.b[_]]\ndecision if count(x) > 1",
        "x := [y | walk(input.a, [_, v]); walk(input.b, [_, w]); y := concat(\"\", [v, w])]\n\
         decision if count(x) > 1",
        "q contains [a, b] if { some a in input.a\nsome b in input.b }\n\
         x := [lower(concat(\"\", [a, b, input.t])) | q[[a, b]]]\ndecision if count(x) > 1",
        "p := {\"a\": input.a}\nx := json.patch(p, input.patches)\ndecision if x != 1",
        "x := strings.replace_n(input.o, input.a)\ndecision if x != 1",
    ] {
        refused(rules);
    }
}

#[test]
fn numbers_that_square_themselves_are_refused() {
    refused(&chain(25, |before| format!("{before} * {before}")));
    let squares: String = (0..25).map(|n| format!("f{n}(x) := f{}(x * x)\n", n + 1)).collect();
    refused(&format!("{squares}f25(x) := x\ndecision if f0(input.a) > 1"));
    assert!(load(&chain(10, |before| format!("{before} * {before}"))).is_ok());
    assert!(load(&chain(25, |before| format!("{before} + {before}"))).is_ok());
}

#[test]
fn tests_are_bounded_like_the_rules_they_test() {
    let rules = ("t.rego", "package t\ndecision if input.a == 1\n");
    let doubled: String =
        (1..=30).map(|n| format!("x{n} := concat(\"\", [x{}, x{}])\n", n - 1, n - 1)).collect();
    let test = format!("package t_test\nx0 := \"aaaaaaaa\"\n{doubled}test_it if count(x30) > 1\n");
    let refused = load_all(&[rules, ("t_test.rego", &test)]).unwrap_err().to_string();
    assert!(refused.contains("t_test.rego:"), "{refused}");
    let replaced = "package t_test\nbig(x) := concat(\"\", [input.t | some a in input.a; some b in input.b])\n\
        test_it if data.t.decision with count as big with input as {}\n";
    let refused = load_all(&[rules, ("t_test.rego", replaced)]).unwrap_err().to_string();
    assert!(refused.contains("t_test.rego:"), "{refused}");
}

#[test]
fn what_is_refused_is_named_with_its_place() {
    let refusal = load(&chain(25, |before| format!("concat(\"\", [{before}, {before}])")));
    let refusal = refusal.unwrap_err().to_string();
    assert!(refusal.contains("may hold its request"), "{refusal}");
    assert!(refusal.contains("^"), "{refusal}");
    assert!(refusal.contains("t.rego:18:"), "{refusal}");
}

#[test]
fn ordinary_rules_are_not_refused() {
    for rules in [
        // Messages of several parts, made by helpers of helpers.
        "a(x) := sprintf(\"%v of %v\", [x, input.parsed_body.customer])\n\
         b(x) := sprintf(\"%s, %s\", [a(x), a(lower(x))])\n\
         c(x) := concat(\": \", [\"no\", b(x), b(upper(x))])\n\
         d(x) := sprintf(\"%s (%s)\", [c(x), c(x)])\n\
         decision := {\"allowed\": false, \"reasons\": [{\"code\": \"x\", \"message\": d(input.parsed_body.name)}]}",
        // Violations of containers, with the name of what they belong to.
        "why contains {\"code\": \"x\", \"message\": m} if {\nsome c in input.parsed_body.spec.containers\n\
         m := sprintf(\"%v in %v has no limit\", [c.name, input.parsed_body.metadata.name])\n}\n\
         decision := {\"allowed\": count(why) == 0, \"reasons\": why}",
        "why contains {\"code\": \"x\", \"message\": m} if {\nsome c in input.parsed_body.spec.containers\n\
         some p in c.ports\nm := sprintf(\"%v: %v is no port for %v\", [c.name, p, input.parsed_body.kind])\n}\n\
         decision := {\"allowed\": count(why) == 0, \"reasons\": why}",
        "why contains concat(\" \", [a, b]) if { some a in input.parsed_body.a\nsome b in input.parsed_body.b }\n\
         decision if count(why) == 0",
        "decision if replace(replace(input.parsed_body.a, \"-\", \"_\"), \" \", \"\") == \"a_b\"",
        "decision if strings.replace_n({\"<\": \"&lt;\", \">\": \"&gt;\"}, input.parsed_body.a) == \"a\"",
        "decision if { x := split(input.attributes.request.http.path, \"/\")\n\
         y := concat(\"/\", array.slice(x, 0, 3))\ny == \"/a/b\" }",
        "decision if { some i, _ in input.parsed_path\n\
         concat(\"/\", array.slice(input.parsed_path, 0, i)) == \"a/b\" }",
        "decision if json.unmarshal(base64url.decode(split(input.parsed_body.jwt, \".\")[1])).sub == \"x\"",
        "decision if sum([y | some x in input.parsed_body.items; y := x.amount * x.number]) < 100",
        &format!(
            "xs := {{{0}}}\nys := {{{0}}}\nzs := {{concat(\"/\", [x, y]) | some x in xs; some y in ys}}\n\
             decision if input.a in zs",
            (0..60)
                .map(|n| format!("\"spiffe://example.org/agents/number-{n}\""))
                .collect::<Vec<_>>()
                .join(",\n")
        ),
        "xs := numbers\nnumbers := [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]\n\
         decision if count([1 | some x in xs; some y in xs; some z in xs; x != y; y != z]) > 0",
        "decision if { all := object.union(input.parsed_body.a, {\"b\": 1})\nall.b == 1 }",
        "f(xs) := {lower(x) | some x in xs}\ndecision if count(f(input.parsed_body.a) & f({\"a\", \"b\"})) > 0",
        "f(p, n) := concat(\"\", array.concat([p], [n]))\ndecision if f(f(f(input.a, \"b\"), \"c\"), \"d\") == \"\"",
    ] {
        if let Err(refusal) = load(rules) {
            panic!("{rules}\n{refusal}");
        }
    }
}

#[test]
fn many_rules_with_messages_are_not_refused() {
    let mut rules = String::new();
    for n in 0..300 {
        writeln!(
            rules,
            "why contains {{\"code\": \"c{n}\", \"message\": sprintf(\"%v is {n} for %v\", \
             [input.parsed_body.a, input.parsed_body.b])}} if input.parsed_body.c == {n}"
        )
        .unwrap();
    }
    rules.push_str("decision := {\"allowed\": count(why) == 0, \"reasons\": why}");
    let (mut judge, _) = judge(load(&rules).unwrap());
    let body = format!(r#"{{"parsed_body": {{"a": "{}", "c": 1000}}}}"#, "a".repeat(64 << 10));
    assert_eq!(judge.answer(input(&body)).unwrap().effect, Effect::Allow);
}

#[test]
fn large_data_is_measured_and_not_feared() {
    let rules = "package t\n\
        why contains sprintf(\"%v: %v for %v\", [name, rule.text, input.a]) if {\n\
        some name, rule in data.rules\nrule.on == input.b }\ndecision if count(why) == 0\n";
    let entries: Vec<String> =
        (0..5_000).map(|n| format!(r#""r{n}": {{"on": {n}, "text": "rule {n}"}}"#)).collect();
    let data = format!(r#"{{"rules": {{{}}}}}"#, entries.join(","));
    let bundle = load_all(&[("t.rego", rules), ("data.json", &data)]).unwrap();
    let (mut judge, _) = judge(bundle);
    assert_eq!(judge.answer(input(r#"{"a": 1, "b": "x"}"#)).unwrap().effect, Effect::Allow);
}

/// A text for every element of the request: few are served, many are denied, on both engines.
#[test]
fn a_request_that_would_take_too_much_memory_is_denied_before_it_is_judged() {
    let fast = "ys contains y if { some x in split(input.attributes.request.http.path, \"/\")\n\
        y := concat(\"\", [x, input.attributes.request.http.path]) }\n\
        decision if count(ys) > 0";
    let slow = fast.replace("decision if", "decision if time.now_ns() > 0\ndecision if");
    for (rules, interpreted) in [(fast, false), (slow.as_str(), true)] {
        let bundle = load(rules).unwrap();
        assert_eq!(bundle.is_interpreted(), interpreted, "{:?}", bundle.differences());
        let (mut judge, _) = judge(bundle);
        let path = |n: usize| {
            let path = "abc/".repeat(n);
            input(&format!(r#"{{"attributes":{{"request":{{"http":{{"path":"{path}"}}}}}}}}"#))
        };
        assert_eq!(judge.answer(path(100)).unwrap().effect, Effect::Allow);
        let failure = judge.answer(path(20_000)).unwrap_err();
        assert_eq!(failure.cause(), Cause::Memory, "{failure}");
        assert!(failure.to_string().contains("t.rego:"), "{failure}");
        assert_eq!(judge.answer(path(100)).unwrap().effect, Effect::Allow);
    }
}

/// A bundle whose rules are harmless, with a test file of this text.
fn tested(test: &str) -> Result<crate::policy::Bundle, crate::policy::LoadError> {
    let rules = "package t\ndefault decision := false\n\
                 decision if count({x | some a in input.xs; some b in input.ys; x := [a, b]}) > 0";
    load_all(&[("t.rego", rules), ("t_test.rego", &format!("package t_test\n{test}\n"))])
}

/// They run in the process that serves, and nothing but the gate stands between them and its memory.
#[test]
fn tests_that_fill_the_memory_are_refused_before_they_run() {
    let doubled = |times: usize| {
        let mut text = String::from("x0 := \"aaaaaaaa\"\n");
        for n in 1..=times {
            writeln!(text, "x{n} := concat(\"\", [x{0}, x{0}])", n - 1).unwrap();
        }
        text
    };
    let list = format!("xs := [\n{}]\n", format!("{}\n", "1,".repeat(100)).repeat(60));
    let pairs = "count({x | some a in split(data.big, \"\"); some b in split(data.big, \"\"); x := [a, b]})";
    for (test, by_its_budget) in [
        (doubled(40) + "test_a if count(x40) > 0", false),
        // The rules multiply the input that it makes.
        (
            doubled(13)
                + "ys := split(x13, \"\")\n\
                   test_a if data.t.decision with input as {\"xs\": ys, \"ys\": ys}",
            true,
        ),
        (list + "test_a if data.t.decision with input as {\"xs\": xs, \"ys\": xs}", true),
        // It puts something large in the place of data.
        (doubled(13) + &format!("test_a if {pairs} > 0 with data.big as x13"), true),
    ] {
        let said = tested(&test).map(|_| "accepted").map_err(|why| why.to_string()).unwrap_err();
        assert_eq!(said.contains("test may"), by_its_budget, "{said}");
        assert!(said.contains("t_test.rego:") || said.contains("t.rego:"), "{said}");
    }
}

#[test]
fn tests_with_inputs_of_ordinary_sizes_are_run() {
    let list = format!("[\n{}]", format!("{}\n", "1,".repeat(100)).repeat(2));
    let test = format!(
        "xs := {list}\ntest_a if data.t.decision with input as {{\"xs\": xs, \"ys\": xs}}\n\
         test_b if not data.t.decision with input as {{\"text\": concat(\"\", [\"a\", \"b\"])}}\n\
         test_c if data.t.decision with data.t.decision as true"
    );
    if let Err(why) = tested(&test) {
        panic!("{why}");
    }
}
