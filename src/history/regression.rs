//! A kept decision as a test of the rules: what was decided once is to be decided again.

use std::fmt::Write as _;

use serde_json::Value;

use crate::history::error::Error;
use crate::history::record::Record;
use crate::id::{DecisionId, RuleName};
use crate::policy::EntryPoint;

/// A `*_test.rego` in which the rules must decide about the same input as they did.
///
/// It is written from what was kept, so a covered part stands in it covered; whoever commits it
/// decides whether that is the case that is meant.
///
/// # Errors
/// [`Error::NoInput`] where there is no input or was no clear answer to repeat.
pub fn test_of(record: &Record) -> Result<String, Error> {
    let id = record.id().unwrap_or_else(DecisionId::new);
    let (Some(input), Some(result)) = (record.input(), record.result()) else {
        return Err(Error::NoInput(id));
    };
    let input: Value = serde_json::from_str(input).map_err(|_| Error::NoInput(id))?;
    let mut text = format!("# Decided at {} as {id}.\n", record.at());
    for place in record.covered() {
        let _ = writeln!(text, "# Covered when it was kept: {place}");
    }
    let _ = writeln!(text, "package regression.{id}\n");
    let _ = writeln!(text, "asked := {input:#}\n");
    let EntryPoint { rule, guardrails } = record.point();
    let rules: Vec<&str> =
        [Some(&rule), guardrails.as_ref()].into_iter().flatten().map(RuleName::as_str).collect();
    let _ =
        writeln!(text, "answers := said if said := [{}] with input as asked\n", rules.join(", "));
    text.push_str("# A rule may say `true`, or an object with `allowed`.\n");
    text.push_str(
        "allows(answer) if answer == true\n\nallows(answer) if answer.allowed == true\n\n",
    );
    text.push_str("allowed if {\n\tevery answer in answers { allows(answer) }\n}\n\n");
    let is_allowed = result.get("allowed") == Some(&Value::Bool(true));
    let wanted = if is_allowed { "allowed" } else { "not allowed" };
    let _ = writeln!(text, "test_{}_again if {{\n\tanswers\n\t{wanted}", record.effect());
    if result.get("approval").is_some() {
        text.push_str("\tsome needs in answers\n\tneeds.approval\n");
    }
    for code in record.codes() {
        let _ = writeln!(
            text,
            "\t{} in {{reason.code | some answer in answers; some reason in answer.reasons}}",
            quoted(&code)
        );
    }
    text.push_str("}\n");
    Ok(text)
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
