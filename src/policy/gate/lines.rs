//! The lines of a file that can be evaluated, for files of which nothing was.

use std::collections::BTreeSet;

use crate::policy::gate::File;
use crate::policy::syntax::{Body, Rule};

/// The line of every statement, and of every rule that has none.
pub(in crate::policy) fn lines(file: &File<'_>) -> BTreeSet<u32> {
    file.module.rules.iter().flat_map(lines_of).collect()
}

fn lines_of(rule: &Rule) -> Vec<u32> {
    let Rule::Spec { bodies, span, .. } = rule else { return vec![rule.span().line] };
    let statements = |body: &Body| -> Vec<u32> {
        body.query.stmts.iter().map(|statement| statement.span.line).collect()
    };
    let lines: Vec<u32> = bodies.iter().flat_map(statements).collect();
    if lines.is_empty() { vec![span.line] } else { lines }
}
