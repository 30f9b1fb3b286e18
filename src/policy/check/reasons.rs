//! Reasons: what the agent is told, and what a report counts.
//!
//! A reason is an object of a `code` and a `message` and nothing else; any other shape makes the
//! whole answer an error. Its code stands in its metadata too, where people and tools look it up.

use crate::policy::check::Findings;
use crate::policy::check::code::Code;
use crate::policy::check::metadata::Metadata;
use crate::policy::check::scope::Context;
use crate::policy::syntax::{Expr, Head, Rule, Span};

/// Reports what is wrong with the reasons of every answer.
pub(super) fn report(context: Context<'_, '_>, query: &str, findings: &mut Findings<'_>) {
    let nodes = context.names.nodes();
    let answers = nodes.iter().filter(|node| {
        node.path.join(".") == query
            || node.rules.iter().any(|(file, rule)| {
                Metadata::above(context.text(*file), rule.span()).is_entry_point
            })
    });
    for (file, rule) in answers.flat_map(|node| &node.rules) {
        for gathered in reasons_of(rule) {
            if let Expr::Set { items, .. } | Expr::Array { items, .. } = gathered {
                items.iter().for_each(|item| shape(item, context, *file, None, findings));
            }
            for index in context.names.targets(*file, gathered) {
                for (file, rule) in nodes.get(index).into_iter().flat_map(|node| &node.rules) {
                    reason(rule, context, *file, findings);
                }
            }
        }
    }
}

/// What an answer that is written out has as its `reasons`.
fn reasons_of(rule: &Rule) -> Vec<&Expr> {
    let Rule::Spec { head: Head::Compr { assign, .. }, bodies, .. } = rule else {
        return Vec::new();
    };
    let own = bodies.iter().filter_map(|body| body.assign.as_ref());
    let values = assign.iter().chain(own).map(|assign| &assign.value);
    let fields = values.filter_map(|value| match value {
        Expr::Object { fields, .. } => Some(fields),
        _ => None,
    });
    let reasons = fields.flatten().filter(|(_, key, _)| is_text(key, "reasons"));
    reasons.map(|(_, _, value)| value).collect()
}

fn reason<'a>(rule: &'a Rule, context: Context<'_, 'a>, file: usize, findings: &mut Findings<'_>) {
    let Rule::Spec { head: Head::Set { key: Some(key), .. }, span, .. } = rule else { return };
    shape(key, context, file, Some(*span), findings);
}

/// Checks one reason; with metadata above its rule, where it has one of its own.
fn shape<'a>(
    expr: &'a Expr,
    context: Context<'_, 'a>,
    file: usize,
    rule: Option<Span>,
    findings: &mut Findings<'_>,
) {
    let help = "write `{\"code\": \"…\", \"message\": \"…\"}`";
    let mut wrong = |span: Span, message: &str| {
        findings.add(Code::Shape, file, span, message, help);
    };
    let fields = match expr {
        Expr::Object { fields, .. } => fields,
        Expr::String { .. } | Expr::RawString { .. } | Expr::Number { .. } | Expr::Array { .. } => {
            return wrong(expr.span(), "a reason is an object, not a bare value");
        }
        _ => return,
    };
    for missing in ["code", "message"] {
        if !fields.iter().any(|(_, key, _)| is_text(key, missing)) {
            wrong(expr.span(), &format!("the reason has no `{missing}`"));
        }
    }
    for (_, key, value) in fields {
        let is_known = is_text(key, "code") || is_text(key, "message");
        if !is_known && key.is_constant() {
            wrong(key.span(), "a reason has no such member");
        }
        if is_known
            && value.is_constant()
            && !matches!(value, Expr::String { .. } | Expr::RawString { .. })
        {
            wrong(value.span(), "a reason's members are text");
        }
    }
    let code = fields.iter().find(|(_, key, _)| is_text(key, "code")).map(|(_, _, code)| code);
    if let (Some(span), Some(Expr::String { value, .. })) = (rule, code) {
        described(value, context, file, span, findings);
    }
}

fn described(
    code: &str,
    context: Context<'_, '_>,
    file: usize,
    span: Span,
    findings: &mut Findings<'_>,
) {
    let metadata = Metadata::above(context.text(file), span);
    let message = match metadata.code {
        Some(said) if said == code => return,
        Some(said) => format!("the metadata says `{said}`, the reason `{code}`"),
        None => format!("reason `{code}` has no metadata with its code"),
    };
    let help = format!(
        "put `# METADATA`, `# title: …`, `# custom:` and `#   code: {code}` right above the rule"
    );
    findings.add(Code::Undescribed, file, span, message, help);
}

fn is_text(expr: &Expr, text: &str) -> bool {
    matches!(expr, Expr::String { value, .. } | Expr::RawString { value, .. } if value == text)
}
