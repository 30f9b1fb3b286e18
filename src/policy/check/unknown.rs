//! Names that nothing defines.
//!
//! The engine gives such a name no value and goes on, so a rule with a misspelt condition is never
//! true. A name is defined by a rule, an import, a parameter, an assignment, a loop, or by standing
//! in brackets, where Rego tries every key for it.

use std::collections::BTreeSet;

use crate::policy::check::Findings;
use crate::policy::check::code::Code;
use crate::policy::check::scope::Context;
use crate::policy::gate::names::dotted;
use crate::policy::gate::walk::{self, Visitor};
use crate::policy::syntax::{AssignOp, Expr, Head, Literal, Rule, Span, Statement, Step};

/// Reports every use of a name that is defined nowhere in reach of it.
pub(super) fn report<'a>(context: Context<'_, 'a>, findings: &mut Findings<'_>) {
    for (number, file) in context.files.iter().enumerate() {
        let text = context.text(number);
        let imports = file.module.imports.iter().filter_map(|import| {
            let alias = import.alias.map(|span| span.text(text));
            alias.or(dotted(&import.refr).last().copied())
        });
        let imports: BTreeSet<&str> = imports.chain(["data", "input"]).collect();
        for rule in &file.module.rules {
            let mut names = Occurrences { text, ..Occurrences::default() };
            if let Rule::Spec { head: Head::Func { args, .. }, .. } | Rule::Default { args, .. } =
                rule
            {
                args.iter().for_each(|arg| names.define(arg));
            }
            walk::rule(rule, &mut names);
            for (expr, name) in &names.used {
                let known = names.defined.contains(name)
                    || imports.contains(name)
                    || !context.names.targets(number, expr).is_empty();
                if !known {
                    unknown(context, number, (expr.span(), name), findings);
                }
            }
        }
    }
}

fn unknown(
    context: Context<'_, '_>,
    file: usize,
    (span, name): (Span, &str),
    findings: &mut Findings<'_>,
) {
    let known = context.names.nodes().iter().filter_map(|node| node.path.last().copied());
    let likeness = |known: &str| strsim::jaro_winkler(known, name);
    let near = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let help = match near.filter(|near| likeness(near) >= LIKENESS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "define it, import it, or correct its spelling".to_owned(),
    };
    let message = format!("nothing defines `{name}`, so it never has a value");
    findings.add(Code::Name, file, span, message, help);
}

/// How alike two names must be for one to be suggested for the other.
const LIKENESS: f64 = 0.85;

/// The names in one rule.
#[derive(Default)]
struct Occurrences<'a> {
    text: &'a str,
    defined: BTreeSet<&'a str>,
    used: Vec<(&'a Expr, &'a str)>,
    /// The function of the call that was seen last: its name is the gate's affair.
    called: Option<&'a Expr>,
}

impl<'a> Occurrences<'a> {
    /// Takes every name in a pattern for defined.
    fn define(&mut self, pattern: &'a Expr) {
        match pattern {
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                items.iter().for_each(|item| self.define(item));
            }
            Expr::Object { fields, .. } => {
                fields.iter().for_each(|(_, _, value)| self.define(value));
            }
            other => self.defined.extend(other.variable()),
        }
    }
}

impl<'a> Visitor<'a> for Occurrences<'a> {
    fn expression(&mut self, expr: &'a Expr) {
        if self.called.is_some_and(|called| std::ptr::eq(called, expr)) {
            return;
        }
        match expr {
            Expr::Assignment { op, lhs, rhs, .. } => {
                self.define(lhs);
                if *op == AssignOp::Eq {
                    self.define(rhs);
                }
            }
            Expr::Call { fcn, params, .. } => {
                self.called = Some(fcn);
                // `walk(document, [path, value])` gives its last arguments values.
                if dotted(fcn) == ["walk"] {
                    params.iter().skip(1).for_each(|param| self.define(param));
                }
            }
            Expr::RefBrack { .. } | Expr::RefDot { .. } | Expr::Var { .. } => {
                let (root, steps) = expr.reference();
                self.used.extend(root.variable().map(|name| (expr, name)));
                for step in steps {
                    if let Step::Index(index) = step {
                        self.define(index);
                    }
                }
            }
            _ => {}
        }
    }

    fn statement(&mut self, statement: &'a Statement) {
        match &statement.literal {
            Literal::Every { key, value, .. } => {
                self.defined.extend(key.iter().chain([value]).map(|name| name.text(self.text)));
            }
            Literal::SomeIn { key, value, .. } => {
                key.iter().chain([value]).for_each(|name| self.define(name));
            }
            _ => {}
        }
    }
}
