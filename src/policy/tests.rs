//! x
use crate::policy::engine::document::Document;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::engine::source::Source;
use crate::policy::engine::vm::Image;
use crate::policy::gate;

const SNIPPETS: &[&str] = &[
    "r := [x.foo | some x in input.xs]",
    "r := {x.foo | some x in input.xs}",
    "r := {k: x.foo | some k, x in input.xs}",
    "f(x) := x.foo\nr := [f(x) | some x in input.xs]",
    "f(x) := x.foo\nr := [y | some x in input.xs; y := f(x)]",
    "r := [y | some x in input.xs; y := x.foo]",
    "f(x) := x.foo\nr contains f(x) if some x in input.xs",
    "r contains x.foo if some x in input.xs",
    "r := {\"a\": input.missing}",
    "r := [input.missing, 1]",
    "r := {input.missing, 1}",
    "r if not input.missing",
    "r if not input.s",
    "r if not input.f",
    "r if input.f",
    "r if input.n",
    "r if input.nul",
    "r if not input.nul",
    "r if input.missing == input.missing2",
    "r if not input.missing == input.missing2",
    "r if input.missing != 1",
    "r if not input.missing != 1",
    "r if input.n > input.s",
    "r if input.n < input.nul",
    "r if { some x in input.missing\n x == 1 }",
    "r if { some x in input.s\n x == 1 }",
    "r if { every x in input.missing { x == 1 } }",
    "r if { every x in input.s { x == 1 } }",
    "r if { every x in [] { x == 1 } }",
    "r if { every x in input.xs { x.foo } }",
    "r if { every k, x in input.o { k == x } }",
    "r if { every i, s in input.prefix { input.path[i] == s } }",
    "r if 1 in input.missing",
    "r if not 1 in input.missing",
    "r if not 1 in input.s",
    "r if 1 in input.ns",
    "r if \"a\" in input.o",
    "r if not \"zz\" in input.o",
    "default r := false\nr if input.n > 100",
    "default r := false\nr if input.missing",
    "default r := {\"allowed\": false}\nr := {\"allowed\": true, \"x\": input.missing} if input.t",
    "r := 1 if { input.f } else := 2 if { input.t } else := 3",
    "r := 1 if { input.f } else := input.missing if { input.t } else := 3",
    "r := input.missing if { input.t } else := 3",
    "f(x) := 1 if { x == 1 } else := 2\nr := [f(1), f(2)]",
    "f(x) if x == 1\nr if not f(2)",
    "f(x) if x == 1\nr if f(input.missing)",
    "f(x) := true\nr if f(input.missing)",
    "f(x) := true\nr if not f(input.missing)",
    "r if { some i\n input.ns[i] == 2 }",
    "r if input.ns[_] == 2",
    "r if not input.ns[_] == 20",
    "r := input.ns[0]",
    "r := input.ns[-1]",
    "r := input.s[0]",
    "r := input.n[0]",
    "r := input.o.a",
    "r := input.o[\"a\"]",
    "r := input.o[input.k]",
    "r := input[\"a\"][\"b\"]",
    "r := count(input.ns)",
    "r := count(input.n)",
    "r if not count(input.n) == 3",
    "r if not startswith(input.n, \"a\")",
    "r if startswith(input.missing, \"a\")",
    "r if not startswith(input.missing, \"a\")",
    "r if not startswith(input.attributes.request.http.path, \"/a\")",
    "r if { is_string(input.n)\n startswith(input.n, \"a\") }",
    "r if { x := input.n\n is_string(x)\n startswith(x, \"a\") }",
    "r if { x := input.n\n not is_string(x) }",
    "r := x if { x := input.n }",
    "r := input.n + 1",
    "r := input.s + 1",
    "r if not input.s + 1 == 2",
    "r if { is_number(input.n)\n x := input.n\n is_number(x)\n x + 1 == 4 }",
    "a contains x if { some x in input.ns\n x > 1 }\nr := {\"allowed\": count(a) == 0, \"reasons\": a}",
    "a contains x if { some x in input.ns\n x > 10 }\nr := {\"allowed\": count(a) == 0, \"reasons\": a}",
    "a contains {\"code\": \"x\", \"v\": x} if { some x in input.ns\n x > 1 }\nr := [x | some x in a]",
    "a if input.t\nb if { a\n not c }\nc if input.missing\nr := {\"a\": a, \"b\": b}",
    "a if input.t\nr := {\"a\": a, \"c\": c}\nc if input.missing",
    "default c := false\nc if input.missing\nr := {\"c\": c}",
    "r := {x | some x in input.ns}",
    "r := {k: v | some k, v in input.o}",
    "r := {v: k | some k, v in input.o}",
    "r := {x: 1 | some x in input.ns}",
    "r := [x | some x in input.ns; not x in {2, 3}]",
    "r := [x | x := input.ns[_]; x > 1]",
    "r := [[a, b] | some a in input.ns; some b in input.ns; a != b]",
    "r := [ys | some x in input.ns; ys := [y | some y in input.ns; y > x]]",
    "r := x if { x := [y | some y in input.ns][0] }",
    "r := y if { some y in input.ns }",
    "r := y if { some y in input.ns\n y == 2 }",
    "r if { x := input.missing\n not x }",
    "r if { x := input.f\n not x }",
    "r := {1, 1.0, 2}",
    "r if 1 == 1.0",
    "r := input.big",
    "r if input.big == 12345678901234567890",
    "r := sprintf(\"%v %s\", [input.n, input.s])",
    "r := concat(\",\", [input.s, \"x\"])",
    "r := object.get(input.o, \"zz\", \"d\")",
    "r := object.get(input.n, \"zz\", \"d\")",
    "r := lower(input.attributes.request.http.path)",
    "r := split(input.attributes.request.http.path, \"/\")",
    "r := data.cfg.a",
    "r := data.cfg[input.k]",
    "r := data.cfg.missing",
    "r if not data.cfg.missing.more",
    "r if data.cfg.list[_] == input.s",
    "r if input.s in data.cfg.list",
    "r := [x | some x in data.cfg.list]",
    "r := data.cfg",
    "r if { some a in data.cfg.list\n some b in input.ns\n a == b }",
    "r if { not f(input.n) }\nf(x) if x > 100",
    "r if { not f(input.missing) }\nf(x) if x > 100",
    "r if { f(input.n) == 5 }\nf(x) := y if { y := x + 2 }",
    "r := f(input.o)\nf(o) := {\"k\": o.a}",
    "r := f(input.o)\nf(o) := {\"k\": o.zz}",
    "r := {\"x\": f(input.o)}\nf(o) := o.zz",
    "r := x if { x := f(input.o) }\nf(o) := o.zz",
    "r if f(input.o) == f(input.o)\nf(o) := o.zz",
    "r if not f(input.o) == 1\nf(o) := o.zz",
    "r if { x := {\"a\": input.zz}\n x.a }",
    "r if { x := {\"a\": input.zz} }",
    "r if { not {\"a\": input.zz} }",
    "r if { x := [input.zz] }",
    "r if { x := [1]\n not x[3] }",
    "r contains x if { some x in input.ns }\nr contains 100 if input.t",
    "r contains 100 if input.f",
    "r := count(a)\na contains 1 if input.f",
    "r if { a == set() }\na contains 1 if input.f",
    "r := type_name(input.missing)",
    "r := is_string(input.missing)",
    "r if not is_string(input.missing)",
    "r if { x := 1\n y := x\n y == 1 }",
    "r if { y == 1\n y := x\n x := 1 }",
    "r if input.o.a == input.o[k]",
    "r := 5 if { input.t } \nr := 5 if { input.n }",
    "r := \"a\" if { input.f } \nr := \"a\" if { input.n }",
    "r if { input.t }\nr if { input.missing }",
    "r := {\"allowed\": ok, \"reasons\": [{\"code\": c, \"message\": \"m\"} | some c in codes]}\nok if input.f\ndefault ok := false\ncodes contains \"x\" if not ok",
    "p if { some x in input.xs\n not x.foo }\nr if not p",
    "p if { some x in input.xs\n x.foo == 1 }\nr if not p",
    "r if { some k, v in input.o\n k == \"a\"\n v == 1 }",
    "r if { some v in input.o\n v == 1 }",
    "r if { some x in {1, 2}\n x == 2 }",
    "r if { some i, x in [5, 6]\n i == 1\n x == 6 }",
    "r := {\"a\": {\"b\": [1, {\"c\": input.n}]}}",
    "r := input",
    "r := [1, 2][input.i]",
    "r := {\"a\": 1}[input.k]",
    "r if {1, 2}[input.i]",
    "a contains x if some x in input.ns\nr if a[2]",
    "a contains x if some x in input.ns\nr if not a[20]",
    "a contains x if some x in input.ns\nr if 2 in a",
    "r if input.ns == [1, 2, 3]",
    "r if input.missing\nr if not input.missing",
    "r if { not not_ok }\nnot_ok if input.missing.more.even",
    "r if { input.xs[0].foo\n input.xs[1].foo }",
    "r := x if { x := input.o.a + 1 }",
    "r := \"x\" if { x := input.n\n x >= 3\n x <= 3 }",
    "r := abs(input.n)",
    "r if { n := count([x | some x in input.ns; x > 1])\n n == 2 }",
    "r := {\"a\": not_here}\nnot_here if false",
    "r if { every x in input.ns { x > 0 } }",
    "r if { every x in input.ns { x > 1 } }",
    "r if not { every_one }\nevery_one if { every x in input.ns { x > 1 } }",
    "every_one if { every x in input.ns { x > 1 } }\nr if not every_one",
    "r if { every x in input.ns { some y in input.ns; y == x } }",
    "r if { every p in input.xs { not p.bar } }",
    "r if false",
    "r := null",
    "r := false if input.t",
    "a := false\nr if not a",
    "a := null\nr if a",
    "a := null\nr if not a",
    "r := [a, b] if { a := input.n; b := input.s }",
    "f(a, b) := a if b\nr := f(1, input.t)",
    "f(a, b) := a if b\nr := [f(1, input.t) | input.f]",
    "r := x.y.z if { x := {\"y\": {\"z\": input.n}} }",
];

const INPUTS: &[&str] = &[
    r#"{"xs":[{"foo":1},{"bar":2}],"s":"str","f":false,"t":true,"n":3,"nul":null,"ns":[1,2,3],"o":{"a":1,"b":2},"k":"a","i":1,"big":12345678901234567890,"prefix":["a"],"path":["a","b"],"attributes":{"request":{"http":{"path":"/a/b"}}}}"#,
    r#"{}"#,
    r#"{"xs":"nope","s":5,"f":true,"t":"yes","n":"n","nul":false,"ns":{"a":2,"b":2},"o":[1,1],"k":0,"i":0,"prefix":["a","b","c"],"path":["a"],"attributes":{"request":{"http":{"path":7}}}}"#,
    r#"{"xs":[],"s":null,"f":null,"t":1,"n":-4.5,"nul":[],"ns":[],"o":{},"k":"zz","i":-1,"prefix":[],"path":[]}"#,
    r#"{"xs":{"a":{"foo":false},"b":{"foo":null}},"s":"a","f":0,"t":{},"n":[1],"nul":"","ns":["1",2,null],"o":{"a":{"b":1},"c":{"b":1}},"k":["a"],"i":"x","prefix":"a","path":"a"}"#,
];

#[test]
fn explore() {
    let data = Document::parse(r#"{"cfg":{"a":1,"list":["str",1,2]}}"#).unwrap();
    let (mut holes, mut over) = (0, 0);
    for snippet in SNIPPETS {
        let sources = [Source { file: "t.rego".into(), text: format!("package t\n{snippet}\n") }];
        let files = match gate::parse(&sources) {
            Ok(f) => f,
            Err(e) => {
                println!("PARSE {snippet:?} {e:?}");
                continue;
            }
        };
        let differences = gate::differences(&files, r#"{"cfg":{"a":1,"list":["str",1,2]}}"#);
        let mut slow = Interpreter::new(&sources, &data).unwrap();
        let image = Image::compile(&sources, &data, "data.t.r");
        let mut vm = match &image {
            Ok(i) => i.machine(data.clone(), 20000).unwrap(),
            Err(e) => {
                println!(
                    "{} COMPILE {snippet:?}: {e}",
                    if differences.is_empty() { "note" } else { "ok" }
                );
                continue;
            }
        };
        let mut differ = vec![];
        for input in INPUTS {
            let input = Document::parse(input).unwrap();
            let a = slow.evaluate("data.t.r", &input);
            let b = vm.evaluate(input.clone());
            let same = match (&a, &b) {
                (Ok(a), Ok(b)) => a == b,
                (Err(_), Err(_)) => true,
                (Err(_), Ok(b)) => b.is_undefined(),
                _ => false,
            };
            if !same {
                differ.push(format!(
                    "  {} != {}  ({input})",
                    a.map_or_else(|e| e.to_string(), |v| v.to_string()),
                    b.map_or_else(|e| e.to_string(), |v| v.to_string())
                ));
            }
        }
        if !differ.is_empty() && differences.is_empty() {
            holes += 1;
            println!("HOLE {snippet:?}\n{}", differ.join("\n"));
        } else if differ.is_empty() && !differences.is_empty() {
            over += 1;
            println!("over {snippet:?} {}", differences[0].message);
        } else if !differ.is_empty() {
            println!("caught {snippet:?} {}\n{}", differences[0].message, differ[0]);
        }
    }
    println!("holes {holes} over {over} of {}", SNIPPETS.len());
}
