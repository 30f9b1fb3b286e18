//! Rules that allow what one agent did and nothing else, as a draft for a person.
//!
//! They are the least that repeats what was seen: one agent, exact methods, exact paths except where
//! there is evidence, no query parameter that was not seen. Bodies are not looked at. Nothing here
//! is ever used by itself: somebody reads it, and commits what they mean.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::history::habit::{EVIDENCE, Habits, Pattern, Segment};

/// The rule that a draft decides by.
pub const QUERY: &str = "data.countersign.draft.decision";

/// Rules, and the tests beside them.
#[derive(Clone, Debug)]
pub struct Draft {
    /// `draft.rego`
    pub rules: String,
    /// `draft_test.rego`
    pub tests: String,
}

impl Habits {
    /// Whether nothing that the agent did went ahead.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Rules that allow this and nothing else.
    pub fn draft(&self) -> Draft {
        Draft { rules: self.rules(), tests: self.tests() }
    }

    fn rules(&self) -> String {
        let mut text = String::from(
            "# DRAFT: read it before you use it. It allows what was seen, good or bad.\n",
        );
        let _ = writeln!(
            text,
            "# A segment is general where {EVIDENCE} values or more of one form were seen."
        );
        let _ = writeln!(
            text,
            "# Bodies are not looked at. {} refused requests were left out.",
            self.refused
        );
        if self.beyond > 0 {
            let _ =
                writeln!(text, "# {} more patterns are not here: there are too many.", self.beyond);
        }
        text.push_str(
            "package countersign.draft\n\ndefault decision := {\n\t\"allowed\": false,\n",
        );
        text.push_str("\t\"reasons\": [{\"code\": \"not_seen\", \"message\": \"This agent has not done that before.\"}],\n}\n\n");
        text.push_str("decision := {\"allowed\": true} if seen\n\n");
        let _ = writeln!(
            text,
            "is_agent if input.countersign.principal.spiffe_id == {}\n",
            quoted(&self.principal)
        );
        text.push_str("method := input.attributes.request.http.method\n\n");
        text.push_str("segments := input.countersign.request.segments\n");
        self.patterns.iter().for_each(|pattern| pattern.rule(&mut text));
        text
    }

    fn tests(&self) -> String {
        let mut text =
            String::from("# DRAFT, with the rules beside it.\npackage countersign.draft_test\n\n");
        text.push_str("import data.countersign.draft\n");
        for (number, pattern) in self.patterns.iter().enumerate() {
            let input = pattern.input(&self.principal);
            let other = pattern.input("spiffe://draft.invalid/another-agent");
            let mut deeper = input.clone();
            if let Some(segments) = deeper.pointer_mut("/countersign/request/segments") {
                segments.as_array_mut().into_iter().for_each(|all| all.push(json!("unseen")));
            }
            let mut method = input.clone();
            method["attributes"]["request"]["http"]["method"] = json!("UNSEEN");
            let cases = [
                ("is_allowed", "", input),
                ("is_denied_to_another_agent", "not ", other),
                ("is_denied_by_another_method", "not ", method),
                ("is_denied_below_its_path", "not ", deeper),
            ];
            for (name, negated, input) in cases {
                let _ = writeln!(
                    text,
                    "\ntest_{number}_{name} if {{\n\t{negated}draft.decision.allowed with input as {input}\n}}"
                );
            }
        }
        text
    }
}

impl Pattern {
    fn rule(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "\n# Seen {} times, as in {}.\nseen if {{\n\tis_agent",
            self.count, self.example.0
        );
        let _ = writeln!(text, "\tinput.countersign.route == {}", quoted(&self.route));
        let _ = writeln!(text, "\tmethod == {}", quoted(&self.method));
        let _ = writeln!(text, "\tcount(segments) == {}", self.segments.len());
        for (index, segment) in self.segments.iter().enumerate() {
            let _ = match segment {
                Segment::Literal(literal) => {
                    writeln!(text, "\tsegments[{index}] == {}", quoted(literal))
                }
                Segment::Any(form, values) => writeln!(
                    text,
                    "\tregex.match(`{}`, segments[{index}]) # {values} values were seen",
                    form.expression()
                ),
            };
        }
        let names: Vec<String> = self.parameters.iter().map(|name| quoted(name)).collect();
        let _ = match names.is_empty() {
            true => writeln!(text, "\tcount(input.parsed_query) == 0\n}}"),
            false => writeln!(
                text,
                "\tevery name, _ in input.parsed_query {{\n\t\tname in {{{}}}\n\t}}\n}}",
                names.join(", ")
            ),
        };
    }

    /// The least input that the rules need, with the request that was seen.
    fn input(&self, principal: &str) -> Value {
        json!({
            "attributes": {"request": {"http": {"method": self.method}}},
            "countersign": {
                "principal": {"spiffe_id": principal},
                "request": {"segments": self.example.1},
                "route": self.route,
            },
            "parsed_query": {},
        })
    }
}

/// A text as Rego writes it.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
