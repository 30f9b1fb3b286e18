//! The tests of a bundle, and the inputs they put in the place of `input`.

use crate::policy::gate::names::{Names, dotted};
use crate::policy::gate::{File, place_at};
use crate::policy::problem::Place;
use crate::policy::syntax::{Body, Expr, Literal, Query, Rule, Statement, With};

/// One test rule.
#[derive(Debug)]
pub(in crate::policy) struct Test {
    /// Its full path.
    pub(in crate::policy) name: String,
    /// Where it stands first.
    pub(in crate::policy) place: Place,
}

/// One input that a test puts in, as a rule that gives it.
#[derive(Debug)]
pub(in crate::policy) struct TestInput {
    /// Where the test does so.
    pub(in crate::policy) place: Place,
    /// A module for the test's package, whose one rule is the set of such inputs.
    pub(in crate::policy) probe: String,
    /// That rule's full path.
    pub(in crate::policy) rule: String,
}

/// Every rule called `test_…` or `todo_…`, in the order of the files.
pub(in crate::policy) fn tests(files: &[File<'_>]) -> Vec<Test> {
    let names = Names::new(files);
    let mut tests = Vec::new();
    for node in names.nodes() {
        let last = node.path.last().copied().unwrap_or_default();
        if !(last.starts_with("test_") || last.starts_with("todo_")) {
            continue;
        }
        if let Some((file, rule)) = node.rules.first() {
            let place = place_at(files, *file, rule.span());
            tests.push(Test { name: node.path.join("."), place });
        }
    }
    tests
}

/// Every `… with input as VALUE` in a test, where VALUE can be told from the statements before it.
///
/// What else the statement replaces does not matter: both engines are to be asked with this input
/// and the bundle's own data, whatever the test expects with its data.
pub(in crate::policy) fn inputs(files: &[File<'_>]) -> Vec<TestInput> {
    let mut inputs = Vec::new();
    for (number, file) in files.iter().enumerate() {
        for rule in &file.module.rules {
            let is_test = rule.name().variable().is_some_and(|name| name.starts_with("test_"));
            let Rule::Spec { bodies, .. } = rule else { continue };
            for Body { query, .. } in bodies.iter().filter(|_| is_test) {
                for index in 0..query.stmts.len() {
                    inputs.extend(input_of(files, number, query, index));
                }
            }
        }
    }
    inputs
}

fn input_of(files: &[File<'_>], number: usize, query: &Query, index: usize) -> Option<TestInput> {
    let file = files.get(number)?;
    let statement = query.stmts.get(index)?;
    let replaced = |with: &&With| with.refr.variable() == Some("input");
    let With { value, .. } = statement.with_mods.iter().find(replaced)?;
    let text = file.source.text.as_str();
    let mut body: Vec<&str> = Vec::new();
    body.extend(
        query.stmts.iter().take(index).filter(|s| is_binding(s)).map(|s| s.span.text(text)),
    );
    body.push("true");
    let package = dotted(&file.module.package.refr).join(".");
    let probe = format!(
        "package {package}\n{}\n{PROBE} contains __value if {{\n{}\n__value := {}\n}}\n",
        imports(file),
        body.join("\n"),
        value.span().text(text),
    );
    let rule = format!("data.{package}.{PROBE}");
    Some(TestInput { place: place_at(files, number, statement.span), probe, rule })
}

/// The rule that a probe adds to a test's package.
const PROBE: &str = "countersign_replayed_input";

/// `x := …` and `some x in …`, which give names that the value may use.
fn is_binding(statement: &Statement) -> bool {
    statement.with_mods.is_empty()
        && matches!(
            statement.literal,
            Literal::SomeIn { .. } | Literal::Expr { expr: Expr::Assignment { .. } }
        )
}

/// The file's own imports, written out again.
pub(in crate::policy) fn imports(file: &File<'_>) -> String {
    let text = file.source.text.as_str();
    let lines = file.module.imports.iter().map(|import| {
        let alias = import.alias.map(|span| format!(" as {}", span.text(text)));
        format!("import {}{}", dotted(&import.refr).join("."), alias.unwrap_or_default())
    });
    lines.collect::<Vec<_>>().join("\n")
}
