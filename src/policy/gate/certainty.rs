//! Whether the fast machine could hide that something went wrong.
//!
//! The interpreter reports a builtin that refuses its arguments, and the request is denied. The
//! machine takes the rule's body to have failed instead, and under a `not` that is a yes; a name
//! that was given no value does not stop it either. So whatever runs on it must be certain: its
//! operands are constants, members of the input that Countersign vouches for, data that was looked
//! at, or names that a guard like `is_string(x)` stands before.

use serde_json::Value;

use crate::policy::gate::builtins::{self, Kind, Nature};
use crate::policy::gate::known::{Known, Scope};
use crate::policy::gate::names::{Names, dotted};
use crate::policy::syntax::{
    ArithOp, AssignOp, Body, BoolOp, Expr, Head, Literal, Query, Rule, Span, Statement, Step,
};

/// One file's names, for checking its rules.
#[derive(Clone, Copy)]
pub(super) struct Context<'n, 'a> {
    pub(super) names: &'n Names<'a>,
    pub(super) data: &'a Value,
    pub(super) file: usize,
    pub(super) text: &'a str,
}

/// Calls `report` for each place of `rule` where the machine might hide an error.
pub(super) fn check<'a>(
    context: Context<'_, 'a>,
    rule: &'a Rule,
    report: impl FnMut(Span, String),
) {
    let Rule::Spec { head, bodies, .. } = rule else { return };
    let mut checker = Checker { context, report };
    let mut outer = Scope::new(context.names, context.data, context.file);
    let (value, args) = match head {
        Head::Compr { assign, .. } => (assign.as_ref().map(|assign| &assign.value), &[][..]),
        Head::Func { assign, args, .. } => {
            (assign.as_ref().map(|assign| &assign.value), args.as_slice())
        }
        Head::Set { key, .. } => (key.as_ref(), &[][..]),
    };
    // A function is not called with an argument that has no value.
    let parameters = args.iter().filter_map(Expr::variable);
    parameters.for_each(|name| outer.bind(name, Known::SOMETHING));
    let must = matches!(head, Head::Set { .. }) || bodies.len() > 1;
    if bodies.is_empty() {
        value.into_iter().for_each(|value| checker.value(value, &mut outer, must));
    }
    for Body { assign: own, query } in bodies {
        let mut scope = outer.clone();
        checker.query(query, &mut scope);
        let value = own.as_ref().map(|own| &own.value).or(value);
        value.into_iter().for_each(|value| checker.value(value, &mut scope, must));
    }
}

struct Checker<'n, 'a, F> {
    context: Context<'n, 'a>,
    report: F,
}

impl<'a, F: FnMut(Span, String)> Checker<'_, 'a, F> {
    /// Goes through the statements in their order, learning as it goes.
    fn query(&mut self, query: &'a Query, scope: &mut Scope<'_, 'a>) {
        let mut statements = query.stmts.iter().peekable();
        while let Some(statement) = statements.next() {
            self.statement(statement, scope, statements.peek().copied());
        }
    }

    fn statement(
        &mut self,
        statement: &'a Statement,
        scope: &mut Scope<'_, 'a>,
        next: Option<&'a Statement>,
    ) {
        match &statement.literal {
            Literal::Every { key, value, domain, query } => {
                self.expression(domain, scope);
                let mut inner = scope.clone();
                let element = scope.known(domain).element();
                key.iter()
                    .for_each(|key| inner.bind(key.text(self.context.text), Known::SOMETHING));
                inner.bind(value.text(self.context.text), element);
                self.query(query, &mut inner);
            }
            Literal::Expr { expr: Expr::Assignment { op: AssignOp::ColEq, lhs, rhs, span } } => {
                self.expression(rhs, scope);
                self.assign(lhs, rhs, *span, scope, next);
            }
            Literal::Expr { expr } => {
                self.expression(expr, scope);
                if let Some((name, kind)) = guard(expr) {
                    scope.bind(name, Known::certain(kind));
                }
            }
            Literal::NotExpr { expr } => self.expression(expr, scope),
            Literal::SomeIn { key, value, collection } => {
                self.expression(collection, scope);
                self.looped(collection, scope);
                let element = scope.known(collection).element();
                let key = key.as_ref().and_then(Expr::variable);
                key.into_iter().for_each(|key| scope.bind(key, Known::SOMETHING));
                value.variable().into_iter().for_each(|name| scope.bind(name, element.clone()));
            }
            Literal::SomeVars { .. } => {}
        }
    }

    /// The machine goes on where a name was given no value, unless a guard comes next.
    fn assign(
        &mut self,
        lhs: &'a Expr,
        rhs: &'a Expr,
        span: Span,
        scope: &mut Scope<'_, 'a>,
        next: Option<&'a Statement>,
    ) {
        let Some(name) = lhs.variable() else { return };
        let guarded = next.is_some_and(|next| match &next.literal {
            Literal::Expr { expr } => guard(expr).is_some_and(|(guarded, _)| guarded == name),
            _ => false,
        });
        let known = scope.known(rhs);
        if !known.certain && !guarded {
            let message = format!(
                "`{name}` may be given no value, which the fast engine does not notice; \
                 put a guard like `is_string({name})` right behind"
            );
            (self.report)(span, message);
        }
        scope.bind(name, known);
    }

    fn looped(&mut self, collection: &'a Expr, scope: &Scope<'_, 'a>) {
        if !takes(Kind::Collection, scope.known(collection).kind) {
            self.refused(collection.span(), "some … in", "something that may be no collection");
        }
    }

    /// A value of a rule or an element of a set; where it `must` be there, the machine errs without.
    fn value(&mut self, expr: &'a Expr, scope: &mut Scope<'_, 'a>, must: bool) {
        self.expression(expr, scope);
        if must && !scope.known(expr).certain {
            let message = "the value may not be there, which the two engines treat differently";
            (self.report)(expr.span(), message.to_owned());
        }
    }

    fn expression(&mut self, expr: &'a Expr, scope: &mut Scope<'_, 'a>) {
        match expr {
            Expr::Arith { op, lhs, rhs, span } => {
                self.all([lhs, rhs].map(Box::as_ref), scope);
                self.arithmetic(*op, lhs, rhs, *span, scope);
            }
            Expr::SetOperation { lhs, rhs, span } => {
                self.all([lhs, rhs].map(Box::as_ref), scope);
                if [lhs, rhs].iter().any(|side| scope.known(side).kind != Kind::Set) {
                    self.refused(*span, "a set operator", "something that may not be a set");
                }
            }
            Expr::Comparison { op, lhs, rhs, span } => {
                self.all([lhs, rhs].map(Box::as_ref), scope);
                self.comparison(*op, lhs, rhs, *span, scope);
            }
            Expr::Assignment { lhs, rhs, .. } => self.all([lhs, rhs].map(Box::as_ref), scope),
            Expr::Array { items, .. } | Expr::Set { items, .. } => self.all(items, scope),
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                let mut inner = scope.clone();
                self.query(query, &mut inner);
                self.value(term, &mut inner, true);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                let mut inner = scope.clone();
                self.query(query, &mut inner);
                [key, value].iter().for_each(|part| self.value(part, &mut inner, true));
            }
            Expr::Call { fcn, params, span } => {
                self.all(params, scope);
                self.call(&dotted(fcn).join("."), params, *span, scope);
            }
            Expr::Membership { key, value, collection, .. } => {
                self.all(key.as_deref(), scope);
                self.all([value, collection].map(Box::as_ref), scope);
            }
            Expr::Object { fields, .. } => {
                fields.iter().for_each(|(_, key, value)| self.all([key, value], scope));
            }
            Expr::RefBrack { .. } | Expr::RefDot { .. } => self.reference(expr, scope),
            Expr::Minus { expr: operand, span } => {
                if !matches!(operand.as_ref(), Expr::Number { .. }) {
                    self.refused(*span, "a minus sign", "something that is no number literal");
                }
            }
            Expr::Bool { .. }
            | Expr::Null { .. }
            | Expr::Number { .. }
            | Expr::RawString { .. }
            | Expr::String { .. }
            | Expr::Var { .. } => {}
        }
    }

    fn all(&mut self, list: impl IntoIterator<Item = &'a Expr>, scope: &mut Scope<'_, 'a>) {
        for expr in list {
            self.expression(expr, scope);
        }
    }

    fn reference(&mut self, expr: &'a Expr, scope: &mut Scope<'_, 'a>) {
        let (root, steps) = expr.reference();
        if root.variable().is_none() {
            self.expression(root, scope);
        }
        for step in steps {
            if let Step::Index(index) = step {
                self.expression(index, scope);
            }
        }
    }

    /// The interpreter orders any two values; the machine only two of one kind.
    fn comparison(
        &mut self,
        op: BoolOp,
        lhs: &'a Expr,
        rhs: &'a Expr,
        span: Span,
        scope: &Scope<'_, 'a>,
    ) {
        let kinds = (scope.known(lhs).kind, scope.known(rhs).kind);
        let ordered = matches!(kinds, (Kind::Number, Kind::Number) | (Kind::Text, Kind::Text));
        if !matches!(op, BoolOp::Eq | BoolOp::Ne) && !ordered {
            let message = "values that may be of different types are compared by size".to_owned();
            (self.report)(span, message);
        }
    }

    fn arithmetic(
        &mut self,
        op: ArithOp,
        lhs: &'a Expr,
        rhs: &'a Expr,
        span: Span,
        scope: &Scope<'_, 'a>,
    ) {
        let kinds = (scope.known(lhs).kind, scope.known(rhs).kind);
        let fits = kinds == (Kind::Number, Kind::Number)
            || (op == ArithOp::Sub && kinds == (Kind::Set, Kind::Set));
        let divides = matches!(op, ArithOp::Div | ArithOp::Mod);
        if !fits {
            self.refused(span, "an arithmetic operator", "something that may not be a number");
        } else if divides && !is_nonzero(rhs) {
            self.refused(span, "a division", "a divisor that may be zero");
        }
    }

    fn call(&mut self, name: &str, params: &'a [Expr], span: Span, scope: &Scope<'_, 'a>) {
        // A function of the bundle has no entry there; its own body is checked where it stands.
        let Some(builtin) = builtins::find(name) else { return };
        let fits = builtin.takes.len() == params.len()
            && builtin
                .takes
                .iter()
                .zip(params)
                .all(|(kind, param)| takes(*kind, scope.known(param).kind));
        match builtin.nature {
            Nature::Interpreted | Nature::Varying => {
                (self.report)(span, format!("`{name}` is not run by the fast engine"));
            }
            Nature::Partial => self.refused(span, name, "values it may refuse"),
            Nature::Total if !fits => {
                self.refused(span, name, "arguments whose types are not certain");
            }
            Nature::Total => {}
        }
    }

    fn refused(&mut self, span: Span, what: &str, given: &str) {
        let message = format!("`{what}` is given {given}; the fast engine would hide the error");
        (self.report)(span, message);
    }
}

/// `is_string(x)` and its like: the name, and what it then is.
fn guard(expr: &Expr) -> Option<(&str, Kind)> {
    let Expr::Call { fcn, params, .. } = expr else { return None };
    let kind = match dotted(fcn).join(".").as_str() {
        "is_array" => Kind::Array,
        "is_boolean" => Kind::Bool,
        "is_number" => Kind::Number,
        "is_object" => Kind::Object,
        "is_set" => Kind::Set,
        "is_string" => Kind::Text,
        _ => return None,
    };
    let [name] = params.as_slice() else { return None };
    Some((name.variable()?, kind))
}

fn takes(wanted: Kind, given: Kind) -> bool {
    match wanted {
        _ if given == Kind::Never => true,
        Kind::Any => true,
        Kind::Array => matches!(given, Kind::Array | Kind::Texts),
        Kind::Collection => {
            matches!(given, Kind::Array | Kind::Object | Kind::Set | Kind::Texts)
        }
        exact => exact == given,
    }
}

fn is_nonzero(expr: &Expr) -> bool {
    matches!(expr, Expr::Number { value, .. } if value.as_f64().is_some_and(|value| value != 0.0))
}
