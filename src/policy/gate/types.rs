//! Whether builtins and operators are given what they take.
//!
//! The interpreter reports a builtin that refuses its arguments, and the request is denied. The
//! machine takes the rule's body to have failed instead, and under a `not` that is a yes. So a call
//! runs on the machine only where its arguments cannot be refused: they are constants, members of
//! the input whose type Countersign guarantees, or names that a guard like `is_string(x)` stands
//! before.

use std::collections::BTreeMap;

use crate::policy::gate::builtins::{self, Kind, Nature};
use crate::policy::gate::names::dotted;
use crate::policy::gate::syntax::{
    ArithOp, AssignOp, Body, Expr, Head, Literal, Query, Rule, Span, Statement, Step,
};

/// Calls `report` for each call or operator whose operands the machine might swallow an error for.
pub(super) fn check(rule: &Rule, report: impl FnMut(Span, String)) {
    let mut checker = Checker { report };
    let Rule::Spec { head, bodies, .. } = rule else { return };
    let mut unbodied = Scope::default();
    match head {
        Head::Compr { assign, .. } | Head::Func { assign, .. } => {
            let value = assign.as_ref().map(|assign| &assign.value);
            for Body { assign: own, query } in bodies {
                let mut scope = Scope::default();
                checker.query(query, &mut scope);
                let value = own.as_ref().map(|own| &own.value).or(value);
                value.into_iter().for_each(|value| checker.expression(value, &mut scope));
            }
            if bodies.is_empty() {
                value.into_iter().for_each(|value| checker.expression(value, &mut unbodied));
            }
        }
        Head::Set { key, .. } => {
            for Body { query, .. } in bodies {
                let mut scope = Scope::default();
                checker.query(query, &mut scope);
                key.iter().for_each(|key| checker.expression(key, &mut scope));
            }
            if bodies.is_empty() {
                key.iter().for_each(|key| checker.expression(key, &mut unbodied));
            }
        }
    }
}

/// What is known of the names in a body.
#[derive(Clone, Debug, Default)]
struct Scope<'a>(BTreeMap<&'a str, Kind>);

impl<'a> Scope<'a> {
    fn bind(&mut self, name: &'a Expr, kind: Kind) {
        if let Some(name) = name.variable() {
            self.0.insert(name, kind);
        }
    }

    /// The kind of what an expression gives, where it gives anything.
    fn kind(&self, expr: &Expr) -> Kind {
        match expr {
            Expr::String { .. } | Expr::RawString { .. } => Kind::Text,
            Expr::Number { .. } => Kind::Number,
            Expr::Bool { .. } | Expr::BoolExpr { .. } | Expr::Membership { .. } => Kind::Bool,
            Expr::Array { items, .. } if self.all_text(items) => Kind::Texts,
            Expr::Array { .. } => Kind::Array,
            Expr::ArrayCompr { .. } => Kind::Array,
            Expr::Object { .. } | Expr::ObjectCompr { .. } => Kind::Object,
            Expr::Set { .. } | Expr::SetCompr { .. } => Kind::Set,
            Expr::Call { fcn, .. } => {
                let builtin = builtins::find(&dotted(fcn).join("."));
                builtin.map_or(Kind::Any, |builtin| builtin.gives)
            }
            Expr::ArithExpr { lhs, .. } => self.kind(lhs),
            Expr::BinExpr { .. } => Kind::Set,
            Expr::RefBrack { .. } | Expr::RefDot { .. } | Expr::Var { .. } => self.reference(expr),
            Expr::AssignExpr { .. } | Expr::Null { .. } | Expr::UnaryExpr { .. } => Kind::Any,
        }
    }

    fn all_text(&self, items: &[Expr]) -> bool {
        items.iter().all(|item| self.kind(item) == Kind::Text)
    }

    fn reference(&self, expr: &Expr) -> Kind {
        let (root, steps) = expr.reference();
        match (root.variable(), steps.as_slice()) {
            (Some("input"), steps) => input(steps),
            (Some(name), []) => self.0.get(name).copied().unwrap_or(Kind::Any),
            (Some(name), [_]) if self.0.get(name) == Some(&Kind::Texts) => Kind::Text,
            _ => Kind::Any,
        }
    }
}

struct Checker<F> {
    report: F,
}

impl<F: FnMut(Span, String)> Checker<F> {
    /// Goes through the statements in their order, learning as it goes.
    fn query<'a>(&mut self, query: &'a Query, scope: &mut Scope<'a>) {
        for statement in &query.stmts {
            self.statement(statement, scope);
        }
    }

    fn statement<'a>(&mut self, statement: &'a Statement, scope: &mut Scope<'a>) {
        match &statement.literal {
            Literal::Every { domain, query, .. } => {
                self.expression(domain, scope);
                self.query(query, &mut scope.clone());
            }
            Literal::Expr { expr } => {
                self.expression(expr, scope);
                learn(expr, scope);
            }
            Literal::NotExpr { expr } => self.expression(expr, scope),
            Literal::SomeIn { value, collection, .. } => {
                self.expression(collection, scope);
                let element = match scope.kind(collection) {
                    Kind::Texts => Kind::Text,
                    _ => Kind::Any,
                };
                scope.bind(value, element);
            }
            Literal::SomeVars { .. } => {}
        }
    }

    fn expression<'a>(&mut self, expr: &'a Expr, scope: &mut Scope<'a>) {
        match expr {
            Expr::ArithExpr { op, lhs, rhs, span } => {
                self.all([lhs, rhs].map(Box::as_ref), scope);
                self.arithmetic(*op, lhs, rhs, *span, scope);
            }
            Expr::BinExpr { lhs, rhs, span } => {
                self.all([lhs, rhs].map(Box::as_ref), scope);
                if [lhs, rhs].iter().any(|side| scope.kind(side) != Kind::Set) {
                    self.refused(*span, "a set operator", "something that may not be a set");
                }
            }
            Expr::AssignExpr { lhs, rhs, .. } | Expr::BoolExpr { lhs, rhs, .. } => {
                self.all([lhs, rhs].map(Box::as_ref), scope);
            }
            Expr::Array { items, .. } | Expr::Set { items, .. } => self.all(items, scope),
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                let mut inner = scope.clone();
                self.query(query, &mut inner);
                self.expression(term, &mut inner);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                let mut inner = scope.clone();
                self.query(query, &mut inner);
                self.all([key, value].map(Box::as_ref), &mut inner);
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
                for (_, key, value) in fields {
                    self.all([key, value], scope);
                }
            }
            Expr::RefBrack { .. } | Expr::RefDot { .. } => {
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
            Expr::UnaryExpr { expr: operand, span } => {
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

    fn all<'a>(&mut self, list: impl IntoIterator<Item = &'a Expr>, scope: &mut Scope<'a>) {
        for expr in list {
            self.expression(expr, scope);
        }
    }

    fn arithmetic(&mut self, op: ArithOp, lhs: &Expr, rhs: &Expr, span: Span, scope: &Scope<'_>) {
        let kinds = (scope.kind(lhs), scope.kind(rhs));
        let fits = kinds == (Kind::Number, Kind::Number)
            || (op == ArithOp::Sub && kinds == (Kind::Set, Kind::Set));
        let divides = matches!(op, ArithOp::Div | ArithOp::Mod);
        if !fits {
            self.refused(span, "an arithmetic operator", "something that may not be a number");
        } else if divides && !is_nonzero(rhs) {
            self.refused(span, "a division", "a divisor that may be zero");
        }
    }

    fn call(&mut self, name: &str, params: &[Expr], span: Span, scope: &Scope<'_>) {
        // A function of the bundle; its own body is checked where it stands.
        let Some(builtin) = builtins::find(name) else { return };
        let fits = builtin.takes.len() == params.len()
            && builtin
                .takes
                .iter()
                .zip(params)
                .all(|(kind, param)| takes(*kind, scope.kind(param)));
        match builtin.nature {
            Nature::Interpreted => {
                (self.report)(span, format!("`{name}` is not run by the fast engine"))
            }
            Nature::Partial => self.refused(span, name, "values it may refuse"),
            Nature::Total if !fits => {
                self.refused(span, name, "arguments whose types are not certain")
            }
            Nature::Total => {}
        }
    }

    fn refused(&mut self, span: Span, what: &str, given: &str) {
        (self.report)(
            span,
            format!("`{what}` is given {given}, and the fast engine hides the error"),
        );
    }
}

/// What holds after the statement `expr` held.
fn learn<'a>(expr: &'a Expr, scope: &mut Scope<'a>) {
    match expr {
        Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. } => {
            let kind = scope.kind(rhs);
            scope.bind(lhs, kind);
        }
        Expr::Call { fcn, params, .. } => {
            let kind = match dotted(fcn).join(".").as_str() {
                "is_array" => Kind::Array,
                "is_boolean" => Kind::Bool,
                "is_number" => Kind::Number,
                "is_object" => Kind::Object,
                "is_set" => Kind::Set,
                "is_string" => Kind::Text,
                _ => return,
            };
            if let [name] = params.as_slice() {
                scope.bind(name, kind);
            }
        }
        _ => {}
    }
}

fn takes(wanted: Kind, given: Kind) -> bool {
    match wanted {
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

/// The kinds of the members of the input that are always of one kind.
fn input(steps: &[Step<'_>]) -> Kind {
    let path: Vec<&str> = steps
        .iter()
        .map(|step| match step {
            Step::Key(key) => *key,
            Step::Index(_) => "*",
        })
        .collect();
    match path.as_slice() {
        ["attributes", "request", "http", "headers"] => Kind::Object,
        ["attributes", "request", "http", "headers", _] => Kind::Text,
        ["attributes", "request", "http", _] => Kind::Text,
        ["attributes", "request", "time"] => Kind::Text,
        ["attributes", "source", "principal"] => Kind::Text,
        ["attributes", _, "address", "socketAddress", "address"] => Kind::Text,
        ["attributes", _, "address", "socketAddress", "portValue"] => Kind::Number,
        ["countersign", "listener" | "route"] => Kind::Text,
        ["countersign", "principal", "spiffe_id" | "trust_domain"] => Kind::Text,
        ["countersign", "principal", "path_segments"] => Kind::Texts,
        ["countersign", "principal", "path_segments", _] => Kind::Text,
        ["countersign", "principal", "cert", "not_after"] => Kind::Number,
        ["countersign", "principal", "cert", "x5t_s256"] => Kind::Text,
        ["countersign", "request", "headers"] => Kind::Object,
        ["countersign", "request", "headers", _] => Kind::Texts,
        ["countersign", "request", "headers", _, _] => Kind::Text,
        ["countersign", "request", "host" | "raw_path"] => Kind::Text,
        ["countersign", "request", "port"] => Kind::Number,
        ["countersign", "request", "raw_segments" | "segments"] | ["parsed_path"] => Kind::Texts,
        ["countersign", "request", "raw_segments" | "segments", _] => Kind::Text,
        ["countersign", "time", _] => Kind::Number,
        ["parsed_path", _] | ["source_principal"] => Kind::Text,
        ["parsed_query"] => Kind::Object,
        ["parsed_query", _] => Kind::Texts,
        ["parsed_query", _, _] => Kind::Text,
        _ => Kind::Any,
    }
}
