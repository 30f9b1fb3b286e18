//! From expressions to sizes.

use crate::policy::gate::builtins as allowed;
use crate::policy::gate::growth::builtins;
use crate::policy::gate::growth::scope::Scope;
use crate::policy::gate::growth::size::{ELEMENT, Size};
use crate::policy::gate::growth::sizing::Sizing;
use crate::policy::gate::names::dotted;
use crate::policy::syntax::{ArithOp, Expr, Head, Query, Rule, Span};

/// What an array, a set or an object takes beside what is in it, in bytes.
const CONTAINER: u64 = 32;

impl<'a> Sizing<'_, 'a> {
    /// The size of the expression's value.
    pub(super) fn expression(&mut self, expr: &'a Expr, scope: &mut Scope<'a>) -> Size {
        self.steps += 1;
        if self.is_lost() {
            return Size::NOTHING;
        }
        match expr {
            Expr::Bool { .. } | Expr::Null { .. } => Size::small(),
            Expr::Number { span, .. } => {
                Size::number(u64::from(span.end.saturating_sub(span.start)))
            }
            Expr::RawString { value, .. } | Expr::String { value, .. } => {
                let bytes = u64::try_from(value.len()).unwrap_or(u64::MAX);
                Size { scalar: true, ..Size::fixed(bytes.saturating_add(ELEMENT)) }
            }
            Expr::Array { items, span } | Expr::Set { items, span } => {
                self.container(items, *span, scope)
            }
            Expr::Object { fields, span } => {
                let parts = fields.iter().flat_map(|(_, key, value)| [key, value]);
                self.container(parts, *span, scope)
            }
            Expr::ArrayCompr { term, query, span } | Expr::SetCompr { term, query, span } => {
                self.comprehension([Some(term.as_ref()), None], query, *span, scope)
            }
            Expr::ObjectCompr { key, value, query, span } => {
                self.comprehension([Some(key.as_ref()), Some(value.as_ref())], query, *span, scope)
            }
            Expr::Arith { op, lhs, rhs, span } => self.arithmetic(*op, [lhs, rhs], *span, scope),
            Expr::SetOperation { lhs, rhs, span } => {
                let size = self.expression(lhs, scope).plus(self.expression(rhs, scope));
                self.made(*span, scope.file, size)
            }
            Expr::Assignment { lhs, rhs, .. } | Expr::Comparison { lhs, rhs, .. } => {
                [lhs, rhs].into_iter().for_each(|side| self.looked_at(side, scope));
                Size::small()
            }
            Expr::Membership { key, value, collection, .. } => {
                let parts = key.iter().chain([value, collection]);
                parts.for_each(|part| self.looked_at(part, scope));
                Size::small()
            }
            Expr::Minus { expr, .. } => self.expression(expr, scope),
            Expr::Call { fcn, params, span } => self.call(fcn, params, *span, scope),
            Expr::RefBrack { .. } | Expr::RefDot { .. } | Expr::Var { .. } => {
                self.reference(expr, scope)
            }
        }
    }

    /// A part whose value goes no further.
    pub(super) fn looked_at(&mut self, expr: &'a Expr, scope: &mut Scope<'a>) {
        self.expression(expr, scope);
    }

    fn container(
        &mut self,
        parts: impl IntoIterator<Item = &'a Expr>,
        span: Span,
        scope: &mut Scope<'a>,
    ) -> Size {
        let (mut size, mut scalar) = (Size::fixed(CONTAINER), true);
        for part in parts {
            let part = self.expression(part, scope);
            scalar &= part.scalar;
            size = size.plus(part).plus(Size::fixed(2 * ELEMENT));
        }
        // A list of texts is told from a list of containers: it is what `sprintf` prints as it is.
        self.checked(span, scope.file, Size { scalar, ..size })
    }

    fn comprehension(
        &mut self,
        terms: [Option<&'a Expr>; 2],
        query: &'a Query,
        span: Span,
        scope: &mut Scope<'a>,
    ) -> Size {
        let mut inner = scope.inner();
        self.query(query, &mut inner);
        let mut head = Size::NOTHING;
        for term in terms.into_iter().flatten() {
            head = head.plus(self.expression(term, &mut inner));
        }
        scope.learn(&inner);
        self.made(span, scope.file, inner.turns.collected(head))
    }

    fn arithmetic(
        &mut self,
        op: ArithOp,
        sides: [&'a Expr; 2],
        span: Span,
        scope: &mut Scope<'a>,
    ) -> Size {
        let [one, two] = sides.map(|side| self.expression(side, scope));
        let digits = match op {
            ArithOp::Add | ArithOp::Sub => one.digits.max(two.digits).saturating_add(1),
            ArithOp::Mul | ArithOp::Div => one.digits.saturating_add(two.digits),
            ArithOp::Mod => one.digits.max(two.digits),
        };
        // Sets are subtracted, too; what is left is no larger than what was there.
        let set = op == ArithOp::Sub && !one.scalar && !two.scalar;
        let number = Size::number(digits);
        self.made(span, scope.file, if set { number.or(one) } else { number })
    }

    fn call(
        &mut self,
        function: &'a Expr,
        params: &'a [Expr],
        span: Span,
        scope: &mut Scope<'a>,
    ) -> Size {
        let targets = self.names.targets(scope.file, function);
        let name = dotted(function);
        // What is written behind the arguments takes the result apart.
        let (given, results) = params.split_at(self.arity(&targets, &name).min(params.len()));
        let args: Vec<Size> = given.iter().map(|param| self.expression(param, scope)).collect();
        let largest = args.iter().fold(Size::NOTHING, |largest, arg| largest.or(*arg));
        let mut value = Size::NOTHING;
        for target in &targets {
            let summary = self.node(*target);
            value = value.or(summary.value.given(largest));
            self.called = self.called.or(summary.taken.given(largest).settled());
        }
        if let Some(instead) = self.replaced.names.get(&name) {
            value = value.or(instead.given(largest));
            self.called = self.called.or(self.replaced.called.given(largest).settled());
        }
        let mut taken = value;
        if targets.is_empty() {
            let outcome = builtins::outcome(&name.join("."), params, &args);
            (value, taken) = (value.or(outcome.value), taken.plus(outcome.taken));
            value.scalar = outcome.value.scalar;
        }
        if targets.is_empty() && name == ["walk"] {
            // Each turn may give as much as all of it.
            scope.turns.over(largest, None);
        }
        let result = value.settled();
        results.iter().for_each(|pattern| self.bind_free(pattern, result, scope));
        self.take(span, scope.file, taken);
        self.checked(span, scope.file, value)
    }

    /// How many arguments the function takes.
    fn arity(&self, targets: &[usize], name: &[&str]) -> usize {
        let rules = targets.iter().filter_map(|target| self.names.nodes().get(*target));
        let args = rules.flat_map(|node| &node.rules).map(|(_, rule)| match rule {
            Rule::Default { args, .. } | Rule::Spec { head: Head::Func { args, .. }, .. } => {
                args.len()
            }
            Rule::Spec { .. } => 0,
        });
        let builtin = || allowed::find(&name.join(".")).map(|builtin| builtin.takes.len());
        args.max().or_else(builtin).unwrap_or(usize::MAX)
    }
}
