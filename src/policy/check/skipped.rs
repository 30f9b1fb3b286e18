//! Builtins that refuse what an agent sends, where that turns a no into a yes.
//!
//! Countersign's interpreter takes such an error as "no decision" and denies; OPA takes it as
//! "undefined": the denial is skipped, and what stands under a `not` is true. Rules should mean the
//! same to both, and a request should be denied for what it does and not for an error.

use crate::policy::check::Findings;
use crate::policy::check::code::Code;
use crate::policy::check::scope::Scope;
use crate::policy::check::tour::{Sight, Stands};
use crate::policy::gate::builtins::{self, Nature};
use crate::policy::gate::names::dotted;
use crate::policy::syntax::{Expr, Literal, Query};

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

/// Those that take whatever Countersign puts into the input.
const HARMLESS: [&str; 5] = ["glob.match", "object.get", "print", "regex.match", "sprintf"];
