//! The law of the read-set: a decision on what the rules can read is the decision on everything.

use std::path::Path;

use proptest::prelude::{ProptestConfig, proptest};

use crate::clock::Clock;
use crate::policy::decision::{Answer, agree};
use crate::policy::engine::input::Builder;
use crate::policy::engine::reads::{Names, Part, Reads};
use crate::policy::engine::source::Source;
use crate::policy::engine::wanted::Wanted;
use crate::policy::failure::Failure;
use crate::policy::tests::requests::{Sample, sample};
use crate::policy::tests::{judge, load_all, pack};
use crate::policy::{Bundle, Config, gate};

/// Rules that read the input in unusual ways, each file's text without its package.
pub(super) const UNUSUAL: &[&str] = &[
    "decision := true",
    "import input.attributes.request.http as req\ndecision if req.method == \"GET\"",
    "import input.parsed_path\ndecision if \"api\" in parsed_path",
    "import input as i\ndecision if i.parsed_path[0] == \"api\"",
    "decision if input.attributes.request.http.headers[\"x\\u002dtag\"] == \"a\"",
    "decision if input.attributes.request.http.headers[\"X-Tag\"] == \"a\"",
    "decision if input.attributes.request.http.headers[`x-tag`] == \"a\"",
    "decision if input.attributes.request.http.headers[\":path\"] == \"/\"",
    "decision if input.attributes.request.http.headers[\":scheme\"] == \"https\"",
    "decision if input.countersign.request.headers[\"x-tag\"][0] == \"b\"",
    "decision if { some name, v in input.countersign.request.headers\nname == \"x-other\"\nv == [\"b\"] }",
    "decision if { name := \"x-tag\"\ninput.attributes.request.http.headers[name] == \"a\" }",
    "decision if { r := input.attributes.request\nr.http.method == \"GET\" }",
    "decision if f(input.attributes.request.http)\nf(r) if r.method == \"POST\"",
    "decision if { k := \"parsed_path\"\ninput[k][0] == \"api\" }",
    "decision if { input[k] == null }",
    "decision if input[\"attributes\"][\"request\"].http.path == \"/x\"",
    "decision if count(input.attributes) == 3",
    "decision if object.get(input.parsed_query, \"a\", []) == [\"1\", \"2\"]",
    "decision if object.get(input, [\"countersign\", \"route\"], \"\") == \"orders\"",
    "decision if not input.countersign.task",
    "decision if input.countersign.task == null",
    "decision if { input.nope }",
    "decision if not input.nope",
    "decision if json.marshal(input.countersign.principal) == \"{}\"",
    "decision if { x := {\"a\": input}\nx.a.parsed_path[0] == \"api\" }",
    "decision if { x := [input.parsed_query, input.version]\ncount(x[0]) > 0 }",
    "decision := {\"allowed\": ok, \"reasons\": why}\ndefault ok := false\n\
     ok if input.attributes.source.principal == \"spiffe://a.org/x\"\n\
     why contains {\"code\": input.countersign.listener, \"message\": m} if m := input.countersign.request.host",
    "decision if { every s in input.parsed_path { s != \"admin\" } }",
    "decision if input.attributes.source.address.socketAddress.portValue == 4711",
    "decision if input.attributes.request.http.size == \"-1\"",
    "decision if input.parsed_body.model == \"gpt-small\"",
    "decision if contains(input.attributes.request.http.body, \"echo\")",
    "decision if input.countersign.time.hour == 19",
    "decision if count({p | p := input.countersign.principal.path_segments[_]}) == 1",
    "decision if allowed with input as {\"parsed_path\": [\"api\"]}\nallowed if input.parsed_path[0] == \"api\"",
    "decision if { walk(input, [p, v])\nv == \"orders\" }",
    "decision if g(1)\ng(x) := y if { x == 2\ny := true } else := z if { z := input.parsed_path[1] == \"orders\" }",
    "decision if data.t.inner.x\n",
];

/// Bundles to try everything on.
pub(super) fn bundles() -> Vec<(String, Bundle)> {
    let mut all = vec![("the pack".to_owned(), pack::pack_with_a_table())];
    for name in ["git-over-https", "llm-api", "mcp-server", "quickstart"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name).join("rules");
        all.push((name.to_owned(), Bundle::load(&Config::new(path), &Clock::System).unwrap()));
    }
    let inner =
        "package t.inner\nx if input.attributes.request.http.host == \"orders.example.org\"";
    for rules in UNUSUAL {
        let text = format!("package t\n{rules}\n");
        let bundle = load_all(&[("t.rego", &text), ("inner.rego", inner)]);
        all.push(((*rules).to_owned(), bundle.unwrap_or_else(|why| panic!("{rules}\n{why}"))));
    }
    all
}

/// What the bundle says of the whole input.
pub(super) fn whole(bundle: &Bundle, sample: &Sample) -> Result<Answer, Failure> {
    let everything = Wanted::everything();
    let input = Builder::new().document(sample.caller(), &sample.asked(), &everything)?;
    match bundle.machine() {
        Some(mut machine) => bundle.run(&mut machine, 0, input),
        None => bundle.interpret(&mut bundle.interpreter(), 0, &input),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_decision_on_what_is_read_is_the_decision_on_everything(
        samples in proptest::collection::vec(sample(), 24)
    ) {
        for (name, bundle) in bundles() {
            let expected: Vec<_> = samples.iter().map(|sample| whole(&bundle, sample)).collect();
            let (mut judge, _metrics) = judge(bundle);
            for (sample, expected) in samples.iter().zip(expected) {
                let said = judge.said(sample.caller(), &sample.asked());
                assert!(agree(&said, &expected), "{name}\n{said:?}\n{expected:?}\n{sample:?}");
            }
        }
    }
}

fn reads(rules: &str) -> Reads {
    let sources = [Source { file: "t.rego".into(), text: format!("package t\n{rules}\n") }];
    let files = gate::parse(&sources).unwrap();
    gate::reads(&files, &["data.t.decision"])
}

#[test]
fn only_what_the_entry_point_reaches_counts() {
    let found = reads(
        "decision if helper\nhelper if input.countersign.route == \"a\"\n\
         unreached if input.parsed_body.a == 1",
    );
    assert!(found.has(Part::Route) && !found.has(Part::ParsedBody));
    assert!(found.is_lasting());
}

#[test]
fn an_escaped_header_is_read_by_its_real_name() {
    let found =
        reads("decision if input.attributes.request.http.headers[\"x\\u002dtag\"] == \"a\"");
    assert_eq!(found.headers(), &Names::Only(vec!["x-tag".into()]));
}

#[test]
fn what_cannot_be_told_is_everything() {
    for rules in [
        "decision if { k := \"a\"\ninput[k] }",
        "decision if f(input)\nf(x) if x.a",
        "decision if { x := input\nx.a }",
        "decision if input.misspelt",
        "decision if helper with input as {}\nhelper if true",
        "import input as i\ndecision if i[\"a\"][k]",
    ] {
        assert_eq!(reads(rules), Reads::everything(), "{rules}");
    }
}
