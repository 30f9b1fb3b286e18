//! The law of the gate: what it calls fast, both engines answer alike.

use crate::policy::engine::document::Document;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::engine::source::Source;
use crate::policy::engine::vm::Image;
use crate::policy::gate;
use crate::policy::tests::snippets::{INPUTS, SNIPPETS};

const DATA: &str = r#"{"cfg":{"a":1,"list":["str",1,2]}}"#;

/// How one snippet ended: passed by the gate, or not, and the inputs on which the engines differ.
struct Comparison {
    fast: bool,
    differing: Vec<String>,
}

fn compare(snippet: &str) -> Option<Comparison> {
    let text = format!("package t\n{snippet}\n");
    let sources = [Source { file: "t.rego".into(), text }];
    let files = gate::parse(&sources).unwrap();
    assert!(gate::refusals(&files, DATA).is_ok(), "{snippet}");
    let fast = gate::differences(&files, DATA).is_empty();
    let data = Document::parse(DATA).unwrap();
    let mut interpreter = Interpreter::new(&sources, &data).unwrap();
    let image = Image::compile(&sources, &data, "data.t.r").ok()?;
    let mut machine = image.machine(data, 20_000).unwrap();
    let mut differing = Vec::new();
    for text in INPUTS {
        let input = Document::parse(text).unwrap();
        let slow = interpreter.evaluate("data.t.r", &input);
        let quick = machine.evaluate(input);
        let same = match (&slow, &quick) {
            (Ok(slow), Ok(quick)) => slow == quick,
            (Err(_), Ok(quick)) => quick.is_undefined(),
            (slow, _) => slow.is_err(),
        };
        if !same {
            differing.push(format!("{slow:?} and {quick:?} for {text}"));
        }
    }
    Some(Comparison { fast, differing })
}

#[test]
fn what_the_gate_passes_both_engines_answer_alike() {
    let mut fast = 0;
    for snippet in SNIPPETS {
        let Some(comparison) = compare(snippet) else { continue };
        fast += usize::from(comparison.fast);
        assert!(
            !comparison.fast || comparison.differing.is_empty(),
            "{snippet}\n{}",
            comparison.differing.join("\n")
        );
    }
    assert!(fast > 80, "the gate lets only {fast} snippets through");
}

#[test]
fn there_are_snippets_on_which_the_engines_do_differ() {
    let compared = SNIPPETS.iter().filter_map(|snippet| compare(snippet));
    let differing = compared.filter(|comparison| !comparison.differing.is_empty()).count();
    assert!(differing > 20, "only {differing}: the comparison does not see what it is for");
}
