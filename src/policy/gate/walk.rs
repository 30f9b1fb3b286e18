//! One way through a syntax tree, for every check.
//!
//! A visitor sees each expression and each statement once, parents before children. A reference is
//! shown once and whole, as `data.a.b[i]`; below it come only what it indexes with and, where its
//! root is no name, the root. Checks differ in what they look for, never in how they get there.

use crate::policy::syntax::{Body, Expr, Head, Literal, Query, Rule, Statement, Step};

/// What a check does with the nodes it is shown.
pub(in crate::policy) trait Visitor<'a> {
    /// Sees one expression, before its parts.
    fn expression(&mut self, expr: &'a Expr);

    /// Sees one statement, before its parts.
    fn statement(&mut self, _statement: &'a Statement) {}

    /// Leaves the expression it saw last and has not left yet.
    fn leave(&mut self) {}

    /// Whether to go into the bodies of comprehensions and of `every`, which are scopes of their
    /// own.
    fn enters_scopes(&self) -> bool {
        true
    }
}

/// Shows a whole rule.
pub(in crate::policy) fn rule<'a>(rule: &'a Rule, visitor: &mut impl Visitor<'a>) {
    match rule {
        Rule::Default { refr, args, value, .. } => {
            name(refr, visitor);
            expressions(args, visitor);
            expression(value, visitor);
        }
        Rule::Spec { head: h, bodies, .. } => {
            head(h, visitor);
            for Body { assign, query: q, .. } in bodies {
                assign.iter().for_each(|assign| expression(&assign.value, visitor));
                query(q, visitor);
            }
        }
    }
}

fn head<'a>(head: &'a Head, visitor: &mut impl Visitor<'a>) {
    match head {
        Head::Compr { refr, assign } => {
            name(refr, visitor);
            assign.iter().for_each(|assign| expression(&assign.value, visitor));
        }
        Head::Func { refr, args, assign } => {
            name(refr, visitor);
            expressions(args, visitor);
            assign.iter().for_each(|assign| expression(&assign.value, visitor));
        }
        Head::Set { refr, key } => {
            name(refr, visitor);
            expressions(key, visitor);
        }
    }
}

/// What a rule is called is no reference to it; what its name is indexed with is shown.
fn name<'a>(name: &'a Expr, visitor: &mut impl Visitor<'a>) {
    for step in name.reference().1 {
        if let Step::Index(index) = step {
            expression(index, visitor);
        }
    }
}

/// Shows the statements of a query.
pub(in crate::policy) fn query<'a>(query: &'a Query, visitor: &mut impl Visitor<'a>) {
    for statement in &query.stmts {
        visitor.statement(statement);
        literal(&statement.literal, visitor);
        for with in &statement.with_mods {
            expression(&with.refr, visitor);
            expression(&with.value, visitor);
        }
    }
}

fn literal<'a>(literal: &'a Literal, visitor: &mut impl Visitor<'a>) {
    match literal {
        Literal::Every { domain, query: q, .. } => {
            expression(domain, visitor);
            if visitor.enters_scopes() {
                query(q, visitor);
            }
        }
        Literal::Expr { expr } | Literal::NotExpr { expr } => expression(expr, visitor),
        Literal::SomeIn { key, value, collection } => {
            expressions(key, visitor);
            expression(value, visitor);
            expression(collection, visitor);
        }
        Literal::SomeVars { .. } => {}
    }
}

fn expressions<'a>(list: impl IntoIterator<Item = &'a Expr>, visitor: &mut impl Visitor<'a>) {
    for expr in list {
        expression(expr, visitor);
    }
}

/// Shows an expression and its parts.
pub(in crate::policy) fn expression<'a>(expr: &'a Expr, visitor: &mut impl Visitor<'a>) {
    visitor.expression(expr);
    match expr {
        Expr::Arith { lhs, rhs, .. }
        | Expr::Assignment { lhs, rhs, .. }
        | Expr::SetOperation { lhs, rhs, .. }
        | Expr::Comparison { lhs, rhs, .. } => {
            expression(lhs, visitor);
            expression(rhs, visitor);
        }
        Expr::Array { items, .. } | Expr::Set { items, .. } => expressions(items, visitor),
        Expr::ArrayCompr { .. } | Expr::ObjectCompr { .. } | Expr::SetCompr { .. }
            if !visitor.enters_scopes() => {}
        Expr::ArrayCompr { term, query: q, .. } | Expr::SetCompr { term, query: q, .. } => {
            expression(term, visitor);
            query(q, visitor);
        }
        Expr::Call { fcn, params, .. } => {
            expression(fcn, visitor);
            expressions(params, visitor);
        }
        Expr::Membership { key, value, collection, .. } => {
            expressions(key.as_deref(), visitor);
            expression(value, visitor);
            expression(collection, visitor);
        }
        Expr::Object { fields, .. } => {
            for (_, key, value) in fields {
                expression(key, visitor);
                expression(value, visitor);
            }
        }
        Expr::ObjectCompr { key, value, query: q, .. } => {
            expression(key, visitor);
            expression(value, visitor);
            query(q, visitor);
        }
        Expr::RefBrack { .. } | Expr::RefDot { .. } => {
            let (root, steps) = expr.reference();
            if root.variable().is_none() {
                expression(root, visitor);
            }
            for step in steps {
                if let Step::Index(index) = step {
                    expression(index, visitor);
                }
            }
        }
        Expr::Minus { expr, .. } => expression(expr, visitor),
        Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Number { .. }
        | Expr::RawString { .. }
        | Expr::String { .. }
        | Expr::Var { .. } => {}
    }
    visitor.leave();
}
