//! Conditions that can never hold together.
//!
//! `false`, two constants that differ, one field that must be two things at once, and methods in
//! lower case, which no request has.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::check::Findings;
use crate::policy::check::code::Code;
use crate::policy::check::schema::written;
use crate::policy::check::scope::Scope;
use crate::policy::check::tour::Sight;
use crate::policy::syntax::{BoolOp, Expr, Literal, Query, Span};

/// Reports bodies that are never true.
pub(super) struct Contradictions<'f, 'a> {
    pub(super) findings: &'f mut Findings<'a>,
}

impl<'a> Sight<'a> for Contradictions<'_, 'a> {
    fn body(&mut self, query: &'a Query, scope: &Scope<'_, 'a>) {
        let text = scope.context.text(scope.file);
        let mut wanted: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for statement in query.stmts.iter().filter(|statement| statement.with_mods.is_empty()) {
            if let Some(message) = never(&statement.literal, text) {
                self.add(scope, statement.span, message);
            }
            let Literal::Expr { expr } = &statement.literal else { continue };
            let Some((field, values)) = demanded(expr, scope, text) else { continue };
            if field == METHOD && values.iter().all(|value| is_lower(value)) {
                self.add(scope, statement.span, "methods are upper case: no request has this one");
            }
            let left = match wanted.get(&field) {
                Some(before) => before.intersection(&values).copied().collect(),
                None => values,
            };
            if left.is_empty() {
                let message = format!("`{field}` cannot be this and what was asked for above");
                self.add(scope, statement.span, message);
            }
            wanted.insert(field, left);
        }
    }
}

impl Contradictions<'_, '_> {
    fn add(&mut self, scope: &Scope<'_, '_>, span: Span, message: impl Into<String>) {
        let help = "the rule is never true: correct the condition, or remove the rule";
        self.findings.add(Code::Contradiction, scope.file, span, message, help);
    }
}

fn never(literal: &Literal, text: &str) -> Option<String> {
    let shown = |expr: &Expr| expr.span().text(text).to_owned();
    match literal {
        Literal::Expr { expr: Expr::Bool { span } } if span.text(text) == "false" => {
            Some("`false` never holds".to_owned())
        }
        Literal::NotExpr { expr: Expr::Bool { span } } if span.text(text) == "true" => {
            Some("`not true` never holds".to_owned())
        }
        Literal::Expr { expr: Expr::Comparison { op: BoolOp::Eq, lhs, rhs, .. } }
            if lhs.is_constant() && rhs.is_constant() && shown(lhs) != shown(rhs) =>
        {
            Some(format!("`{}` is not `{}`", shown(lhs), shown(rhs)))
        }
        _ => None,
    }
}

/// The field that a condition is about, and the constants that it may be.
fn demanded<'a>(
    expr: &'a Expr,
    scope: &Scope<'_, 'a>,
    text: &'a str,
) -> Option<(String, BTreeSet<&'a str>)> {
    let texts = |items: &'a [Expr]| {
        let all = items.iter().map(|item| item.is_constant().then(|| item.span().text(text)));
        all.collect::<Option<BTreeSet<&str>>>()
    };
    match expr {
        Expr::Comparison { op: BoolOp::Eq, lhs, rhs, .. } => {
            let (field, value) = if rhs.is_constant() { (lhs, rhs) } else { (rhs, lhs) };
            let values = texts(std::slice::from_ref(value.as_ref()))?;
            Some((written_of(field, scope)?, values))
        }
        Expr::Membership { value, collection, key: None, .. } => {
            let (Expr::Array { items, .. } | Expr::Set { items, .. }) = collection.as_ref() else {
                return None;
            };
            Some((written_of(value, scope)?, texts(items)?))
        }
        _ => None,
    }
}

/// The field, if every step to it is written out: of a list, several elements may be meant.
fn written_of<'a>(expr: &'a Expr, scope: &Scope<'_, 'a>) -> Option<String> {
    let field = written(&scope.origin(expr)?);
    (!field.contains("[_]")).then_some(field)
}

fn is_lower(method: &str) -> bool {
    method.contains(|c: char| c.is_ascii_lowercase())
}

const METHOD: &str = "input.attributes.request.http.method";
