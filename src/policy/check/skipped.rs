//! What an agent can make fail, where that turns a no into a yes.
//!
//! Countersign's interpreter takes such an error as "no decision" and denies; OPA takes it as
//! "undefined": the denial is skipped, and what stands under a `not` is true. Rules should mean the
//! same to both, and a request should be denied for what it does and not for an error.

use crate::policy::check::Findings;
use crate::policy::check::code::Code;
use crate::policy::check::schema::Types;
use crate::policy::check::scope::Scope;
use crate::policy::check::tour::{Sight, Stands};
use crate::policy::gate::builtins::{self, Nature};
use crate::policy::gate::names::dotted;
use crate::policy::syntax::{BoolOp, Expr, Literal, Query};

/// Reports calls that an agent can make fail.
pub(super) struct Skipped<'f, 'a> {
    pub(super) findings: &'f mut Findings<'a>,
    /// Whether the rule is a denial.
    pub(super) denies: bool,
}

impl<'a> Sight<'a> for Skipped<'_, 'a> {
    fn body(&mut self, query: &'a Query, _scope: &Scope<'_, 'a>) {
        // A body that asks first whether the text can be read has thought of it.
        let asks = query.stmts.iter().any(|statement| match &statement.literal {
            Literal::Expr { expr: Expr::Call { fcn, .. } } => {
                dotted(fcn).last().is_some_and(|name| *name == "is_valid")
            }
            _ => false,
        });
        self.denies &= !asks;
    }

    fn expression(&mut self, expr: &'a Expr, scope: &Scope<'_, 'a>, stands: Stands) {
        if stands == Stands::Negated {
            self.missing(expr, scope);
        }
        let Expr::Call { fcn, params, span } = expr else { return };
        let name = dotted(fcn).join(".");
        let may_fail = builtins::find(&name).is_some_and(|builtin| {
            builtin.nature != Nature::Total && !HARMLESS.contains(&builtin.name)
        });
        let sent = params.iter().any(|param| scope.origin(param).is_some());
        if !may_fail || !sent {
            return;
        }
        if stands == Stands::Negated {
            let message = format!("where `{name}` refuses what was sent, this `not` is true");
            let help = "ask for what is wanted first, and for its type, in conditions of their own";
            self.findings.add(Code::Negation, scope.file, *span, message, help);
        } else if self.denies {
            let message = format!("where `{name}` refuses what was sent, this denial is skipped");
            let help = "deny what cannot be read, too, or allow only what can be";
            self.findings.add(Code::Skipped, scope.file, *span, message, help);
        }
    }
}

impl<'a> Skipped<'_, 'a> {
    /// OPA evaluates what a function is given outside of the `not`: where a field is missing, the
    /// condition has no value there, and holds here.
    fn missing(&mut self, expr: &'a Expr, scope: &Scope<'_, 'a>) {
        let given: Vec<&'a Expr> = match expr {
            Expr::Call { params, .. } => params.iter().collect(),
            // `==` alone is looked at in its place.
            Expr::Comparison { op: BoolOp::Ne, lhs, rhs, .. } => vec![lhs, rhs],
            Expr::Membership { value, collection, .. } => vec![value, collection],
            _ => return,
        };
        let text = scope.context.text(scope.file);
        for part in given.into_iter().filter(|part| may_be_missing(part, scope)) {
            let name = part.span().text(text);
            let message = format!(
                "where `{name}` is missing, this `not` is true here and has no value in OPA"
            );
            let help = "give the condition a rule of its own, and write `not` before its name";
            self.findings.add(Code::Negation, scope.file, expr.span(), message, help);
        }
    }
}

/// Whether it is a field below something that an agent shapes as it likes.
fn may_be_missing<'a>(expr: &'a Expr, scope: &Scope<'_, 'a>) -> bool {
    let is_path = matches!(expr, Expr::RefBrack { .. } | Expr::RefDot { .. });
    let below = scope.origin(expr).is_some_and(|origin| origin.len() > 1);
    is_path && below && scope.declared(expr) == Some(Types::ALL)
}

/// Those that take whatever Countersign puts into the input.
const HARMLESS: [&str; 5] = ["glob.match", "object.get", "print", "regex.match", "sprintf"];
