//! What a condition reads: the expressions whose values tell why it holds or not.

use crate::policy::syntax::{Expr, Literal, Span, Statement, Step};

/// An expression worth showing, and, for a reference into the input, every shorter reference on the
/// way there.
#[derive(Debug)]
pub(super) struct Operand {
    /// As written.
    pub(super) code: String,
    /// On one line.
    pub(super) text: String,
    /// `input.a`, `input.a.b`: shortest first, without the whole.
    pub(super) prefixes: Vec<String>,
}

/// The most operands that one condition shows.
const OPERANDS: usize = 4;

/// The operands of a condition.
pub(super) fn operands(statement: &Statement, source: &str) -> Vec<Operand> {
    let mut found = Vec::new();
    match &statement.literal {
        Literal::Every { domain, .. } => found.push(domain),
        Literal::Expr { expr } | Literal::NotExpr { expr } => parts(expr, &mut found),
        Literal::SomeIn { collection, .. } => found.push(collection),
        Literal::SomeVars {} => {}
    }
    of(found, source)
}

/// The operands of an expression that must be true.
pub(super) fn operands_of(expr: &Expr, source: &str) -> Vec<Operand> {
    let mut found = Vec::new();
    parts(expr, &mut found);
    of(found, source)
}

fn of(found: Vec<&Expr>, source: &str) -> Vec<Operand> {
    let mut operands: Vec<Operand> = Vec::new();
    for expr in found.into_iter().filter(|expr| !expr.is_constant()) {
        let code = written(whole(expr), source).to_owned();
        let text = one_line(&code);
        let is_new = operands.iter().all(|operand| operand.text != text);
        if is_new && !text.is_empty() && operands.len() < OPERANDS {
            operands.push(Operand { code, text, prefixes: prefixes(expr, source) });
        }
    }
    operands
}

/// The parts of an expression that are compared, passed or looked up.
fn parts<'a>(expr: &'a Expr, found: &mut Vec<&'a Expr>) {
    match expr {
        Expr::Comparison { lhs, rhs, .. } => {
            for side in [lhs, rhs] {
                found.push(side);
                inner(side, found);
            }
        }
        Expr::Assignment { rhs, .. } => {
            found.push(rhs);
            inner(rhs, found);
        }
        Expr::Membership { key, value, collection, .. } => {
            found.extend(key.as_deref());
            found.push(value);
            found.push(collection);
        }
        Expr::Call { .. } => inner(expr, found),
        other => found.push(other),
    }
}

/// What a call or an operation was made with.
fn inner<'a>(expr: &'a Expr, found: &mut Vec<&'a Expr>) {
    match expr {
        Expr::Call { params, .. } => {
            for param in params {
                found.push(param);
                inner(param, found);
            }
        }
        Expr::Arith { lhs, rhs, .. } | Expr::SetOperation { lhs, rhs, .. } => {
            for side in [lhs, rhs] {
                found.push(side);
                inner(side, found);
            }
        }
        _ => {}
    }
}

/// Every reference in the expressions of a condition, in order.
pub(super) fn references(statement: &Statement) -> Vec<&Expr> {
    let mut found = Vec::new();
    match &statement.literal {
        Literal::Every { domain, .. } => references_in(domain, &mut found),
        Literal::Expr { expr } | Literal::NotExpr { expr } => references_in(expr, &mut found),
        Literal::SomeIn { collection, .. } => references_in(collection, &mut found),
        Literal::SomeVars {} => {}
    }
    found
}

/// Every reference in `expr`, in order.
pub(super) fn references_in<'a>(expr: &'a Expr, found: &mut Vec<&'a Expr>) {
    match expr {
        Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => found.push(expr),
        Expr::Arith { lhs, rhs, .. }
        | Expr::SetOperation { lhs, rhs, .. }
        | Expr::Comparison { lhs, rhs, .. } => {
            references_in(lhs, found);
            references_in(rhs, found);
        }
        Expr::Assignment { rhs, .. } => references_in(rhs, found),
        Expr::Call { params, .. } => params.iter().for_each(|one| references_in(one, found)),
        Expr::Membership { value, collection, .. } => {
            references_in(value, found);
            references_in(collection, found);
        }
        Expr::Array { items, .. } | Expr::Set { items, .. } => {
            items.iter().for_each(|item| references_in(item, found));
        }
        Expr::Object { fields, .. } => {
            fields.iter().for_each(|(_, _, value)| references_in(value, found));
        }
        Expr::ArrayCompr { query, .. }
        | Expr::SetCompr { query, .. }
        | Expr::ObjectCompr { query, .. } => {
            let inside = query.stmts.iter().flat_map(references);
            found.extend(inside);
        }
        _ => {}
    }
}

/// The span of an expression with everything in it. The engine's own starts at a reference's root
/// or at its last dot, and a call's at its bracket.
pub(super) fn whole(expr: &Expr) -> Span {
    let own = expr.span();
    let wider = |span: Span, part: Span| Span {
        start: span.start.min(part.start),
        end: span.end.max(part.end),
        ..span
    };
    match expr {
        Expr::RefDot { refr, field, .. } => wider(wider(own, whole(refr)), field.0),
        Expr::RefBrack { refr, index, .. } => wider(wider(own, whole(refr)), whole(index)),
        Expr::Call { fcn, params, .. } => {
            params.iter().fold(wider(own, whole(fcn)), |span, param| wider(span, whole(param)))
        }
        Expr::Arith { lhs, rhs, .. }
        | Expr::SetOperation { lhs, rhs, .. }
        | Expr::Comparison { lhs, rhs, .. }
        | Expr::Assignment { lhs, rhs, .. } => wider(wider(own, whole(lhs)), whole(rhs)),
        Expr::Membership { value, collection, .. } => {
            wider(wider(own, whole(value)), whole(collection))
        }
        _ => own,
    }
}

/// The text of a span with the quotes of the strings at its ends, which the engine leaves out.
pub(super) fn written(span: Span, source: &str) -> &str {
    let at = |index: u32| {
        usize::try_from(index).ok().and_then(|index| source.as_bytes().get(index).copied())
    };
    let is_quote = |byte: Option<u8>| matches!(byte, Some(b'"' | b'`'));
    let opened = span.start.checked_sub(1).filter(|before| is_quote(at(*before)));
    let start = opened.unwrap_or(span.start);
    let (mut open, mut index) = (None, start);
    while index < span.end {
        let byte = at(index);
        match (open, byte) {
            (None, Some(b'"' | b'`')) => open = byte,
            (None, Some(b'#')) => open = Some(b'\n'),
            (Some(b'"'), Some(b'\\')) => index += 1,
            (Some(_), _) if byte == open => open = None,
            _ => {}
        }
        index += 1;
    }
    let end = if is_quote(open) { span.end + 1 } else { span.end };
    Span { start, end, ..span }.text(source)
}

/// `input.a` of `input.a.b`, as written, shortest first.
fn prefixes(expr: &Expr, source: &str) -> Vec<String> {
    let (root, steps) = expr.reference();
    if root.variable() != Some("input") || steps.iter().any(|step| matches!(step, Step::Index(_))) {
        return Vec::new();
    }
    let mut prefixes = Vec::new();
    let mut at = expr;
    while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = at {
        if refr.variable().is_none() {
            prefixes.push(one_line(written(whole(refr), source)));
        }
        at = refr;
    }
    prefixes.reverse();
    prefixes
}

/// Rego on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
