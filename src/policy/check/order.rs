//! Comparisons that also hold for values of another type.
//!
//! Rego orders any two values, by type first: `null < false < true < numbers < strings < …`. So
//! `input.parsed_body.amount <= 100` holds for `null` and `false`, and `input.parsed_query.n > 5` for
//! every request, because text is greater than any number.

use crate::policy::check::Findings;
use crate::policy::check::code::Code;
use crate::policy::check::schema::Types;
use crate::policy::check::scope::Scope;
use crate::policy::check::tour::{Sight, Stands};
use crate::policy::syntax::{BoolOp, Expr};

/// Reports comparisons of fields whose type nobody looked at.
pub(super) struct Order<'f, 'a> {
    pub(super) findings: &'f mut Findings<'a>,
}

impl<'a> Sight<'a> for Order<'_, 'a> {
    fn expression(&mut self, expr: &'a Expr, scope: &Scope<'_, 'a>, _stands: Stands) {
        let Expr::Comparison { op, lhs, rhs, span } = expr else { return };
        let equality = matches!(op, BoolOp::Eq | BoolOp::Ne);
        let types = |side| if equality { scope.declared(side) } else { scope.types(side) };
        let (Some(left), Some(right)) = (types(lhs), types(rhs)) else { return };
        if [lhs, rhs].iter().all(|side| scope.origin(side).is_none()) {
            return;
        }
        let text = scope.context.text(scope.file);
        let (one, other) = (lhs.span().text(text), rhs.span().text(text));
        if !equality && !(left == right && left.is_one()) {
            let message = format!("`{one}` is {left}, `{other}` is {right}, and Rego orders types");
            let help = match left.is_one() && (!right.is_one() || scope.origin(rhs).is_some()) {
                true => guard(right, other, left),
                false => guard(left, one, right),
            };
            self.findings.add(Code::Order, scope.file, *span, message, help);
        }
        if equality && left.and(right).is_empty() {
            let always = if *op == BoolOp::Eq { "never" } else { "always" };
            let message = format!("this {always} holds: `{one}` is {left}, `{other}` is {right}");
            let help = help(left, one);
            self.findings.add(Code::Contradiction, scope.file, *span, message, help);
        }
    }
}

fn guard(wide: Types, name: &str, narrow: Types) -> String {
    if wide.is_one() {
        return format!("the comparison says nothing: `{name}` is always {wide}");
    }
    let wanted = if narrow.is_one() { narrow } else { Types::NUMBER };
    let helper = match wanted {
        Types::NUMBER => ", or use `data.lib.number.at_most(value, limit)` and its like",
        _ => "",
    };
    let guard = match name.contains(['.', '[']) {
        true => format!("x := {name}; is_{wanted}(x)"),
        false => format!("is_{wanted}({name})"),
    };
    format!("say what it must be: `{guard}`{helper}")
}

fn help(left: Types, name: &str) -> String {
    match left {
        Types::ARRAY => format!("`{name}` is a list: ask for `… in {name}`, or for `{name}[0]`"),
        _ => "compare values of one type".to_owned(),
    }
}
