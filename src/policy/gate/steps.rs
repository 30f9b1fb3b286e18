//! A test's statements one after another, to find the one that is not true.

use crate::policy::gate::cases::{Test, imports};
use crate::policy::gate::names::{Names, dotted};
use crate::policy::gate::{File, place_at};
use crate::policy::problem::Place;
use crate::policy::syntax::Rule;

/// A test up to one of its statements, as a rule of its own.
#[derive(Debug)]
pub(in crate::policy) struct Step {
    /// Where the statement stands.
    pub(in crate::policy) place: Place,
    /// The statement.
    pub(in crate::policy) text: String,
    /// A module for the test's package, whose one rule is true if all statements so far are.
    pub(in crate::policy) probe: String,
    /// That rule's full path.
    pub(in crate::policy) rule: String,
}

/// The steps of `test`; none where it has several bodies, of which any might have been meant.
pub(in crate::policy) fn steps(files: &[File<'_>], test: &Test) -> Vec<Step> {
    let names = Names::new(files);
    let node = names.nodes().iter().find(|node| node.path.join(".") == test.name);
    let Some([(number, Rule::Spec { bodies, .. })]) = node.map(|node| &*node.rules) else {
        return Vec::new();
    };
    let (Some(file), [body]) = (files.get(*number), &bodies[..]) else { return Vec::new() };
    let text = file.source.text.as_str();
    let package = dotted(&file.module.package.refr).join(".");
    let mut statements = Vec::new();
    let mut steps = Vec::new();
    for statement in &body.query.stmts {
        let shown = statement.span.text(text);
        statements.push(shown);
        let probe = format!(
            "package {package}\n{}\n{PROBE} if {{\n{}\n}}\n",
            imports(file),
            statements.join("\n"),
        );
        steps.push(Step {
            place: place_at(files, *number, statement.span),
            text: shown.to_owned(),
            probe,
            rule: format!("data.{package}.{PROBE}"),
        });
    }
    steps
}

/// The rule that a step adds to a test's package.
const PROBE: &str = "countersign_step_of_a_test";
