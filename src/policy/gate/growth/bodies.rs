//! Bodies, statement by statement: which names they bind, and what `with` puts in.

use crate::policy::gate::growth::scope::Scope;
use crate::policy::gate::growth::size::Size;
use crate::policy::gate::growth::sizing::{STEPS, Sizing, Whose};
use crate::policy::gate::names::dotted;
use crate::policy::syntax::{AssignOp, Expr, Literal, Query, Statement, With};

/// How often a body is gone through whose names are used before they are bound.
const PASSES: usize = 12;

impl<'a> Sizing<'_, 'a> {
    /// Goes through a body until every name has its size.
    pub(super) fn query(&mut self, query: &'a Query, scope: &mut Scope<'a>) {
        let mut backwards = false;
        for _ in 0..PASSES {
            let before = backwards.then(|| scope.locals());
            scope.start();
            query.stmts.iter().for_each(|statement| self.statement(statement, scope));
            backwards |= scope.again();
            if !backwards || before.is_some_and(|before| before == scope.locals()) {
                return;
            }
        }
        self.steps = STEPS + 1;
    }

    fn statement(&mut self, statement: &'a Statement, scope: &mut Scope<'a>) {
        for with in &statement.with_mods {
            let size = self.expression(&with.value, scope).settled();
            self.replace(with, scope.file, size);
        }
        match &statement.literal {
            Literal::Every { key, value, domain, query } => {
                let text = self.files.get(scope.file).map_or("", |file| &file.source.text);
                let domain = self.expression(domain, scope).settled();
                let mut inner = scope.inner();
                for name in key.iter().chain([value]) {
                    inner.bind(name.text(text), domain);
                }
                self.query(query, &mut inner);
                scope.learn(&inner);
            }
            Literal::Expr { expr: Expr::Assignment { op: AssignOp::ColEq, lhs, rhs, .. } } => {
                let given = self.expression(rhs, scope);
                scope.bind_all(lhs, given);
            }
            Literal::Expr { expr: Expr::Assignment { lhs, rhs, .. } } => {
                let one = self.unified(lhs, scope);
                let two = self.unified(rhs, scope);
                self.bind_free(lhs, two, scope);
                self.bind_free(rhs, one, scope);
            }
            Literal::Expr { expr } | Literal::NotExpr { expr } => self.looked_at(expr, scope),
            Literal::SomeIn { key, value, collection } => {
                let size = self.expression(collection, scope);
                let count = self.count(collection, scope);
                let element = scope.turns.over(size, count);
                key.iter().for_each(|key| scope.bind_all(key, element));
                scope.bind_all(value, element);
            }
            Literal::SomeVars {} => {}
        }
    }

    /// One side of `=`; a bare name without a value takes that of the other side.
    fn unified(&mut self, side: &'a Expr, scope: &mut Scope<'a>) -> Size {
        if self.is_free(side, scope) { Size::NOTHING } else { self.expression(side, scope) }
    }

    /// Whether it is a name that has no value yet: no local, no rule.
    pub(super) fn is_free(&self, expr: &'a Expr, scope: &Scope<'a>) -> bool {
        expr.variable().is_some_and(|name| name != "input" && scope.local(name).is_none())
            && self.names.targets(scope.file, expr).is_empty()
    }

    /// Whether a name that has no value yet stands in it.
    pub(super) fn has_free(&self, pattern: &'a Expr, scope: &Scope<'a>) -> bool {
        match pattern {
            Expr::Array { items, .. } => items.iter().any(|item| self.has_free(item, scope)),
            Expr::Object { fields, .. } => {
                fields.iter().any(|(_, _, value)| self.has_free(value, scope))
            }
            other => self.is_free(other, scope),
        }
    }

    /// Binds the names in a pattern that are those of no rule.
    pub(super) fn bind_free(&self, pattern: &'a Expr, size: Size, scope: &mut Scope<'a>) {
        let mut names = Scope::new(scope.file);
        names.bind_all(pattern, size);
        let rule = |name: &str| self.names.is_rule(scope.file, name);
        let free: Vec<&'a str> = names.names().filter(|name| !rule(name)).collect();
        free.into_iter().for_each(|name| scope.bind(name, size));
    }

    /// Notes what `with` puts in.
    fn replace(&mut self, with: &'a With, file: usize, size: Size) {
        let is_test = self.files.get(file).is_some_and(|file| file.source.is_test());
        if is_test && self.whose == Whose::Requests {
            return;
        }
        let path = dotted(&with.refr);
        if path.first() == Some(&"input") {
            return self.seen.inputs.push((file, with.value.span(), size));
        }
        if path.first() == Some(&"data") {
            self.seen.data = self.seen.data.or(size);
        }
        for target in self.names.targets(file, &with.refr) {
            let known = self.seen.rules.entry(target).or_default();
            *known = known.or(size);
        }
        for target in self.names.targets(file, &with.value) {
            let taken = self.node(target).taken;
            self.seen.called = self.seen.called.or(taken);
        }
        let known = self.seen.names.entry(path).or_default();
        *known = known.or(size);
    }
}
