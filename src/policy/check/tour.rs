//! One way through a rule that knows, at each expression, what its body has said so far.

use crate::policy::check::scope::{Context, Scope};
use crate::policy::gate::walk::{self, Visitor};
use crate::policy::syntax::{Body, Expr, Head, Literal, Query, Rule};

/// Whether an expression stands under a `not`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stands {
    Negated,
    Plainly,
}

/// What a check does on the way.
pub(super) trait Sight<'a> {
    /// Sees one expression in its scope.
    fn expression(&mut self, _expr: &'a Expr, _scope: &Scope<'_, 'a>, _stands: Stands) {}

    /// Sees the conditions of one body, before what is in them.
    fn body(&mut self, _query: &'a Query, _scope: &Scope<'_, 'a>) {}
}

/// Shows a whole rule.
pub(super) fn rule<'a>(
    context: Context<'_, 'a>,
    file: usize,
    rule: &'a Rule,
    sight: &mut impl Sight<'a>,
) {
    let Rule::Spec { head, bodies, .. } = rule else { return };
    let mut outer = Scope::new(context, file);
    let value = match head {
        Head::Compr { assign, .. } => assign.as_ref().map(|assign| &assign.value),
        Head::Func { assign, args, .. } => {
            args.iter().filter_map(Expr::variable).for_each(|name| outer.bind(name, None));
            assign.as_ref().map(|assign| &assign.value)
        }
        Head::Set { key, .. } => key.as_ref(),
    };
    if bodies.is_empty() {
        value.into_iter().for_each(|value| expression(value, &outer, Stands::Plainly, sight));
    }
    for Body { assign, query: own } in bodies {
        let mut scope = outer.clone();
        query(own, &mut scope, sight);
        let value = assign.as_ref().map(|own| &own.value).or(value);
        value.into_iter().for_each(|value| expression(value, &scope, Stands::Plainly, sight));
    }
}

fn query<'a>(query_: &'a Query, scope: &mut Scope<'_, 'a>, sight: &mut impl Sight<'a>) {
    scope.learn(query_);
    sight.body(query_, scope);
    for statement in &query_.stmts {
        match &statement.literal {
            Literal::Every { key, value, domain, query: inner } => {
                expression(domain, scope, Stands::Plainly, sight);
                let (mut below, text) = (scope.clone(), scope.context.text(scope.file));
                key.iter().for_each(|key| below.bind(key.text(text), None));
                below.bind(value.text(text), scope.element(domain));
                query(inner, &mut below, sight);
            }
            Literal::Expr { expr } => expression(expr, scope, Stands::Plainly, sight),
            Literal::NotExpr { expr } => expression(expr, scope, Stands::Negated, sight),
            Literal::SomeIn { key, value, collection } => {
                let all = key.iter().chain([value, collection]);
                all.for_each(|expr| expression(expr, scope, Stands::Plainly, sight));
            }
            Literal::SomeVars {} => {}
        }
    }
}

fn expression<'a>(
    expr: &'a Expr,
    scope: &Scope<'_, 'a>,
    stands: Stands,
    sight: &mut impl Sight<'a>,
) {
    walk::expression(expr, &mut Level { scope, stands, sight });
}

/// The expressions of one body; those of comprehensions in it have bodies of their own.
struct Level<'s, 'c, 'a, S> {
    scope: &'s Scope<'c, 'a>,
    stands: Stands,
    sight: &'s mut S,
}

impl<'a, S: Sight<'a>> Visitor<'a> for Level<'_, '_, 'a, S> {
    fn expression(&mut self, expr: &'a Expr) {
        self.sight.expression(expr, self.scope, self.stands);
        let (terms, own): ([Option<&'a Expr>; 2], &'a Query) = match expr {
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                ([Some(term), None], query)
            }
            Expr::ObjectCompr { key, value, query, .. } => ([Some(key), Some(value)], query),
            _ => return,
        };
        let mut below = self.scope.clone();
        query(own, &mut below, self.sight);
        let terms = terms.into_iter().flatten();
        terms.for_each(|term| expression(term, &below, Stands::Plainly, self.sight));
    }

    fn enters_scopes(&self) -> bool {
        false
    }
}
