//! Files that would end or hang the process: each is refused, or stopped, with a place.

use std::fmt::Write as _;
use std::thread;

use crate::policy::tests::{input, judge, load, refusal};
use crate::policy::{Cause, Effect};

#[test]
fn every_kind_of_recursion_is_refused_before_anything_runs() {
    for rules in [
        "f(x) := f(x + 1)\ndecision if f(1)",
        "f(x) := g(x)\ng(x) := f(x)\ndecision if f(1)",
        "a := b\nb := a\ndecision if a",
        "decision if not decision",
        "decision if data.t.decision",
        "decision if data.t[input.x]",
        "decision if data[input.x]",
        "a contains x if { some x in b }\nb contains x if { some x in a }\ndecision if a",
        "f(x) := [y | some y in x; f(y)]\ndecision if f([])",
        "g(x) := h(x)\nh(x) := x\ndecision if { g(1) with h as g }",
        "g(x) := count(x)\ndecision if { g([]) with count as g }",
    ] {
        let refusal = refusal(rules);
        assert!(refusal.contains("reaches itself"), "{rules}\n{refusal}");
        assert!(refusal.contains("t.rego:"), "{refusal}");
    }
}

#[test]
fn builtins_that_hang_or_reach_out_are_refused() {
    for call in [
        "http.send({})",
        "opa.runtime()",
        "rand.intn(\"a\", 5)",
        "uuid.rfc4122(\"a\")",
        "net.cidr_expand(\"10.0.0.0/8\")",
        "yaml.unmarshal(input.s)",
        "trace(\"x\")",
        "bits.lsh(1, 4000000000)",
        "sprintf(\"%1000000000d\", [1])",
        "sprintf(\"%*d\", [1000000000, 1])",
        "sprintf(input.format, [1])",
        "graph.reachable_paths({}, [])",
        "no.such(1)",
    ] {
        let refusal = refusal(&format!("decision if {call}"));
        assert!(refusal.contains("t.rego:3:"), "{call}\n{refusal}");
    }
}

/// The engine's own builtins would be busy for ever with these texts, or panic.
#[test]
fn a_short_text_for_a_huge_number_is_an_error_at_once() {
    for call in ["to_number", "units.parse", "units.parse_bytes"] {
        let (mut judge, _) = judge(load(&format!("decision if {call}(input.s) >= 0")).unwrap());
        for text in [
            "1e999999999",
            "1E+999999999",
            "1e-999999999",
            "-1e999999999",
            "0.1e999999999",
            "1e309",
            "1E-309",
        ] {
            let failure = judge.answer(input(&format!(r#"{{"s":"{text}"}}"#))).unwrap_err();
            assert_eq!(failure.cause(), Cause::Evaluation, "{call} {text}: {failure}");
        }
    }
}

#[test]
fn a_range_that_would_fill_the_memory_is_an_error() {
    for call in [
        "numbers.range(1, 10001)",
        "numbers.range(-9223372036854775808, 9223372036854775807)",
        "numbers.range(9223372036854775807, -9223372036854775808)",
        "numbers.range_step(0, 100000000, 9)",
        "numbers.range_step(0, 10, 0)",
        "numbers.range(0, 1.5)",
    ] {
        let (mut judge, _) = judge(load(&format!("decision if {call}")).unwrap());
        let failure = judge.answer(input("{}")).unwrap_err();
        assert_eq!(failure.cause(), Cause::Evaluation, "{call}: {failure}");
    }
    let rules = "decision if {\n\tcount(numbers.range(1, 10000)) == 10000\n\t\
                 numbers.range(3, 1) == [3, 2, 1]\n\tnumbers.range_step(0, -5, 2) == [0, -2, -4]\n}";
    let (mut judge, _) = judge(load(rules).unwrap());
    assert_eq!(judge.answer(input("{}")).unwrap().effect, Effect::Allow);
}

#[test]
fn a_token_is_taken_apart_and_never_verified() {
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwIiwiaXNzIjoib3BhIn0.\
                 XmVoLoHI3pxMtMO_WRONMSJzGUDP9pDjy8Jp0_tdRXY";
    let rules = "decision if {\n\t[header, payload, signature] := io.jwt.decode(input.t)\n\t\
                 header.alg == \"HS256\"\n\tpayload.iss == \"opa\"\n\tstartswith(signature, \"5e65682e\")\n\t\
                 crypto.sha256(\"a\") == \"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\"\n}";
    let (mut judge, _) = judge(load(rules).unwrap());
    let asked = |token: &str| input(&format!(r#"{{"t":"{token}"}}"#));
    assert_eq!(judge.answer(asked(token)).unwrap().effect, Effect::Allow);
    // The second has two keys of one name.
    for token in ["a.b", "e30.eyJhIjoxLCJhIjoyfQ.", "e30.W10.", "!.e30.", "eyJlbmMiOiJ4In0.e30."] {
        let said = judge.answer(asked(token));
        assert!(said.is_err_and(|why| why.cause() == Cause::Evaluation), "{token}");
    }
}

#[test]
fn numbers_are_read_from_texts_as_opa_reads_them() {
    let rules = "decision if {\n\tto_number(input.n) == 12\n\tto_number(\"-1.5e3\") == -1500\n\t\
                 to_number(true) == 1\n\tto_number(null) == 0\n\tunits.parse(\"2Ki\") == 2048\n\t\
                 units.parse_bytes(\"1.5kb\") == 1500\n\tstrings.count(\"a-b-c\", \"-\") == 2\n\t\
                 strings.count(\"abc\", \"\") == 4\n}";
    let (mut judge, _) = judge(load(rules).unwrap());
    assert_eq!(judge.answer(input(r#"{"n":"12"}"#)).unwrap().effect, Effect::Allow);
    for text in ["", " 12", "12 ", "0x10", "1_0", "NaN", "[1]", "true", "+1", "012"] {
        let said = judge.answer(input(&format!(r#"{{"n":"{text}"}}"#)));
        assert!(said.is_err_and(|why| why.cause() == Cause::Evaluation), "{text}");
    }
}

#[test]
fn nesting_that_would_overflow_a_parser_is_refused_with_its_place() {
    let many = 300_000;
    let chained = |operator: &str| format!("1\n{}", format!("{operator} 1\n").repeat(90_000));
    for expression in [
        "[".repeat(many),
        "-\n".repeat(many),
        "f(\n".repeat(many / 2),
        "a[\n".repeat(many / 2),
        "{\"a\":\n".repeat(many / 4),
        format!("input{}", "[\n0]".repeat(many / 4)),
        format!("input{}", ".a".repeat(many)),
        chained("+"),
        chained("|"),
        chained("=="),
        chained("in"),
        chained(":="),
    ] {
        let refusal = refusal(&format!("decision := {expression}"));
        assert!(refusal.contains("deep") || refusal.contains("bytes"), "{refusal}");
    }
}

#[test]
fn chains_of_rules_have_a_longest_length() {
    let mut rules = String::from("decision if r0\n");
    for n in 0..4_000 {
        writeln!(rules, "r{n} if r{}", n + 1).unwrap();
    }
    rules.push_str("r4000 if true");
    assert!(refusal(&rules).contains("nests"));
}

/// A chain of functions that nests just below the limit, evaluated where the stack is smallest.
#[test]
fn the_deepest_rules_that_pass_fit_the_stack_of_a_worker() {
    let loops = |n: usize| {
        format!(
            "f{n}(x) := y if {{\ny := count([z | some a in x; some b in [a]; z := [[[f{}([b])]]]])\n\
             }}\n",
            n + 1
        )
    };
    let mut deepest = None;
    for length in 1..60 {
        let chain: String = (0..length).map(loops).collect();
        let rules = format!("{chain}f{length}(x) := x\ndecision if f0([1])");
        match load(&rules) {
            Ok(bundle) => deepest = Some(bundle),
            Err(refused) => {
                assert!(refused.to_string().contains("nests"), "{refused}");
                break;
            }
        }
    }
    let bundle = deepest.unwrap();
    let worker = thread::Builder::new().stack_size(2 << 20);
    let run = worker.spawn(move || judge(bundle).0.answer(input("{}")).is_err()).unwrap();
    run.join().unwrap();
}

#[test]
fn an_endless_evaluation_is_stopped_by_the_instruction_cap() {
    let rules = "xs := {x | some x in split(input.attributes.request.http.path, \"/\")}\n\
                 decision if {\nevery a in xs { every b in xs { every c in xs { a == a } } } }";
    let bundle = load(rules).unwrap();
    assert!(!bundle.is_interpreted(), "{:?}", bundle.differences());
    let (mut judge, _) = judge(bundle);
    let path: Vec<String> = (0..2_000).map(|n| n.to_string()).collect();
    let path =
        format!(r#"{{"attributes":{{"request":{{"http":{{"path":"{}"}}}}}}}}"#, path.join("/"));
    let failure = judge.answer(input(&path)).unwrap_err();
    assert_eq!(failure.cause(), Cause::Instructions);
    let small = judge.answer(input(r#"{"attributes":{"request":{"http":{"path":"a/b"}}}}"#));
    assert_eq!(small.unwrap().effect, Effect::Allow, "the machine is whole again");
}

#[test]
fn an_endless_evaluation_is_stopped_by_the_interpreters_timer() {
    let rules = "xs := {x | some x in input.xs}\ndecision if {\n\
                 every a in xs { every b in xs { every c in xs { a == a } } } }";
    let bundle = load(rules).unwrap();
    assert!(bundle.is_interpreted());
    let (mut judge, _) = judge(bundle);
    let list: Vec<String> = (0..2_000).map(|n| n.to_string()).collect();
    let failure = judge.answer(input(&format!(r#"{{"xs":[{}]}}"#, list.join(",")))).unwrap_err();
    assert_eq!(failure.cause(), Cause::Time);
}

/// What the engine's own limits stop, and at a place: they are not ours, so they are watched here.
#[test]
fn limits_of_the_engine_itself_hold() {
    for (rules, asked) in [
        ("decision if regex.match(\"(a{1000}){1000}\", input.s)", "a"),
        ("decision if regex.match(input.s, \"a\")", "((a{1000}){1000}){1000}"),
        ("decision if json.unmarshal(input.s) != 1", &"[".repeat(200_000)),
        ("decision if json.unmarshal(input.s) != 1", &"7".repeat(200_000)),
        ("decision if base64.decode(input.s) != \"\"", &"=".repeat(200_000)),
        ("decision if glob.match(input.s, [\"/\"], \"a\")", &"{a,".repeat(50_000)),
    ] {
        let (mut judge, _) = judge(load(rules).unwrap());
        let failure = judge.answer(input(&format!(r#"{{"s": "{asked}"}}"#))).unwrap_err();
        assert_eq!(failure.cause(), Cause::Evaluation, "{rules}: {failure}");
        assert!(failure.to_string().contains("t.rego:3:"), "{failure}");
    }
    let wide = format!("decision if input.a == \"{}\"", "x".repeat(1_100));
    assert!(refusal(&wide).contains("t.rego:3"), "{}", refusal(&wide));
    let long = "\n".repeat(20_100) + "decision if true";
    assert!(refusal(&long).contains("t.rego"), "{}", refusal(&long));
    let huge = format!("# {}\ndecision if true", "x\n# ".repeat(300_000));
    assert!(refusal(&huge).contains("bytes"), "{}", refusal(&huge));
}

/// What makes loading long is bounded as well: nothing here may take more than a few seconds.
#[test]
fn large_bundles_are_loaded_or_refused_and_never_hang() {
    let mut rules = String::new();
    for n in 0..19_000 {
        writeln!(rules, "r{n} := {n}").unwrap();
    }
    assert!(load(&format!("{rules}decision if r7 == 7")).is_ok());
    let mut all = String::new();
    for n in 0..19_000 {
        writeln!(all, "why contains {n} if input.a == {n}").unwrap();
    }
    let _ = load(&format!("{all}decision if count(why) == 0"));
    let name = "é".repeat(400);
    assert!(load(&format!("decision if input[\"{name}\"] == \"\u{202e}\"")).is_ok());
    let mut reads = String::new();
    for n in 0..2_000 {
        writeln!(reads, "a{n} := data.t").unwrap();
    }
    assert!(refusal(&format!("{reads}decision if a7")).contains("reaches itself"));
}

/// The engine writes such numbers out; one of them keeps it busy for ever, at parsing already.
#[test]
fn numbers_with_long_exponents_are_refused() {
    for number in ["1e999999999", "1.5E+999999999", "1e-999999999", "[1, 2e99999]"] {
        assert!(refusal(&format!("decision if input.a == {number}")).contains("exponent"));
    }
    assert!(load("decision if input.a == 1e10").is_ok());
    let (mut judge, _) = judge(load("decision if json.unmarshal(input.s) == 1").unwrap());
    assert!(judge.answer(input(r#"{"s": "1e999999999"}"#)).is_err());
}

#[test]
fn every_problem_is_reported_at_once() {
    let refusal = refusal("a := http.send({})\nb := b\ndecision if no.such(1)");
    for part in ["http.send", "no.such", "reaches itself"] {
        assert!(refusal.contains(part), "{refusal}");
    }
    assert!(refusal.contains("  | a := http.send({})"), "{refusal}");
}
