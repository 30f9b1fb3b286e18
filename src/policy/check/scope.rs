//! Where values come from in one body, and what is known of their types.
//!
//! A value that is read from the input under another name (`http := input.attributes.request.http`,
//! `some item in input.parsed_body.items`, an import) is still a field of the input, and a guard like
//! `is_number(x)` says what it is in the whole body: conditions of one body hold together, in
//! whatever order they stand. What does not come from the input is left alone.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::policy::check::schema::{Missing, Part, Schema, Types, written};
use crate::policy::gate::File;
use crate::policy::gate::builtins::{self, Kind};
use crate::policy::gate::names::{Names, dotted};
use crate::policy::syntax::{AssignOp, BoolOp, Expr, Head, Literal, Query, Rule, Step};

/// A way into the input.
pub(super) type Origin<'a> = Vec<Part<'a>>;

/// The rules that are looked at, and what they may read.
#[derive(Clone, Copy)]
pub(super) struct Context<'c, 'a> {
    pub(super) files: &'a [File<'a>],
    pub(super) names: &'c Names<'a>,
    pub(super) schema: &'c Schema,
    pub(super) data: &'c Value,
}

impl<'a> Context<'_, 'a> {
    /// The text of a file.
    pub(super) fn text(&self, file: usize) -> &'a str {
        self.files.get(file).map_or("", |file| file.source.text.as_str())
    }

    /// Where the input is imported as `name`.
    fn imported(&self, file: usize, name: &str) -> Option<Origin<'a>> {
        let imports = self.files.get(file)?.module.imports.iter();
        let mut origins = imports.filter_map(|import| {
            let (root, steps) = import.refr.reference();
            let alias = import.alias.map(|span| span.text(self.text(file)));
            let alias = alias.or(dotted(&import.refr).last().copied());
            (root.variable() == Some("input") && alias == Some(name)).then(|| parts(&steps))
        });
        origins.next()
    }

    /// What a rule stands for that does nothing but name a field: `http := input.attributes…`.
    fn renamed(&self, file: usize, expr: &'a Expr, depth: usize) -> Option<Origin<'a>> {
        let (_, steps) = expr.reference();
        for path in self.names.meanings(file, expr) {
            let found = (1..=path.len()).rev().find_map(|length| {
                Some((length, self.names.nodes().get(self.names.exact(path.get(..length)?)?)?))
            });
            let Some((length, node)) = found else { continue };
            let [(at, rule)] = node.rules.as_slice() else { return None };
            let Rule::Spec { head: Head::Compr { assign: Some(assign), .. }, bodies, .. } = rule
            else {
                return None;
            };
            if bodies.iter().any(|body| !body.query.stmts.is_empty()) {
                return None;
            }
            let below = path.len() - length;
            let keys = steps.iter().take_while(|step| matches!(step, Step::Key(_))).count();
            let rest = steps.get(keys.checked_sub(below)?..).unwrap_or_default();
            let scope = Scope::new(*self, *at);
            let mut origin = scope.origin_within(&assign.value, depth + 1)?;
            origin.extend(parts(rest));
            return Some(origin);
        }
        None
    }
}

/// How far one name may stand for another.
const RENAMED: usize = 4;

/// What is known in one body.
#[derive(Clone)]
pub(super) struct Scope<'c, 'a> {
    pub(super) context: Context<'c, 'a>,
    pub(super) file: usize,
    locals: BTreeMap<&'a str, Option<Origin<'a>>>,
    guards: BTreeMap<String, Types>,
}

impl<'c, 'a> Scope<'c, 'a> {
    pub(super) fn new(context: Context<'c, 'a>, file: usize) -> Self {
        Self { context, file, locals: BTreeMap::new(), guards: BTreeMap::new() }
    }

    /// A name that stands for a field of the input, or for something else.
    pub(super) fn bind(&mut self, name: &'a str, origin: Option<Origin<'a>>) {
        self.locals.insert(name, origin);
    }

    /// Takes in the names and the guards of all of a body's statements.
    pub(super) fn learn(&mut self, query: &'a Query) {
        for statement in &query.stmts {
            match &statement.literal {
                Literal::Expr { expr: Expr::Assignment { op: AssignOp::ColEq, lhs, rhs, .. } } => {
                    let origin = self.origin(rhs);
                    lhs.variable().into_iter().for_each(|name| self.bind(name, origin.clone()));
                }
                Literal::SomeIn { key, value, collection } => {
                    let element = self.element(collection);
                    let key = key.as_ref().and_then(Expr::variable);
                    key.into_iter().for_each(|key| self.bind(key, None));
                    value.variable().into_iter().for_each(|name| self.bind(name, element.clone()));
                }
                _ => {}
            }
        }
        for statement in &query.stmts {
            if let Literal::Expr { expr } = &statement.literal {
                self.guard(expr);
            }
        }
    }

    /// What a condition that holds says of the types of fields.
    fn guard(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call { fcn, params, .. } => {
                let name = dotted(fcn).join(".");
                if let (Some(types), [param]) = (tested(&name), params.as_slice()) {
                    self.narrow(param, types);
                }
                let Some(builtin) = builtins::find(&name) else { return };
                for (kind, param) in builtin.takes.iter().zip(params) {
                    kind_types(*kind).into_iter().for_each(|types| self.narrow(param, types));
                }
            }
            Expr::Comparison { op: BoolOp::Eq, lhs, rhs, .. } => {
                for (one, other) in [(lhs, rhs), (rhs, lhs)] {
                    let types = named_type(one, other).or_else(|| constant(other));
                    let of = type_name_of(one).unwrap_or(one.as_ref());
                    types.into_iter().for_each(|types| self.narrow(of, types));
                }
            }
            Expr::Membership { value, collection, .. } => {
                let (Expr::Array { items, .. } | Expr::Set { items, .. }) = collection.as_ref()
                else {
                    return;
                };
                let mut types = items.iter().map(constant);
                if let Some(Some(first)) = types.next().filter(|first| types.all(|t| t == *first)) {
                    self.narrow(value, first);
                }
            }
            _ => {}
        }
    }

    fn narrow(&mut self, expr: &'a Expr, types: Types) {
        if let Some(origin) = self.origin(expr) {
            let known = self.guards.entry(written(&origin)).or_insert(Types::ALL);
            *known = known.and(types);
        }
    }

    /// The field of the input that the expression reads, if it is one.
    pub(super) fn origin(&self, expr: &'a Expr) -> Option<Origin<'a>> {
        self.origin_within(expr, 0)
    }

    fn origin_within(&self, expr: &'a Expr, depth: usize) -> Option<Origin<'a>> {
        let (root, steps) = expr.reference();
        let name = root.variable()?;
        let below = |mut origin: Origin<'a>| {
            origin.extend(parts(&steps));
            origin
        };
        if name == "input" {
            return Some(parts(&steps));
        }
        if let Some(local) = self.locals.get(name) {
            return local.clone().map(below);
        }
        if depth >= RENAMED {
            return None;
        }
        let imported = self.context.imported(self.file, name).map(below);
        imported.or_else(|| self.context.renamed(self.file, expr, depth))
    }

    /// The field that a loop over `collection` goes through.
    pub(super) fn element(&self, collection: &'a Expr) -> Option<Origin<'a>> {
        let mut origin = self.origin(collection)?;
        origin.push(Part::Any);
        Some(origin)
    }

    /// The field, as the schema has it.
    pub(super) fn field(&self, origin: &[Part<'a>]) -> Result<Types, Missing<'c>> {
        self.context.schema.find(origin)
    }

    /// The types that the value can have, where that can be told.
    pub(super) fn types(&self, expr: &'a Expr) -> Option<Types> {
        let declared = self.declared(expr)?;
        let Some(origin) = self.origin(expr) else { return Some(declared) };
        let guarded = self.guards.get(&written(&origin)).copied().unwrap_or(Types::ALL);
        Some(declared.and(guarded)).filter(|types| !types.is_empty())
    }

    /// The same without what guards say; `None` for a field that does not exist.
    pub(super) fn declared(&self, expr: &'a Expr) -> Option<Types> {
        if let Some(origin) = self.origin(expr) {
            return self.field(&origin).ok();
        }
        match expr {
            Expr::Arith { .. } | Expr::Minus { .. } => Some(Types::NUMBER),
            Expr::ArrayCompr { .. } => Some(Types::ARRAY),
            Expr::ObjectCompr { .. } => Some(Types::OBJECT),
            Expr::SetCompr { .. } => Some(Types::SET),
            Expr::Call { fcn, .. } => kind_types(builtins::find(&dotted(fcn).join("."))?.gives),
            other => constant(other),
        }
    }
}

fn parts<'a>(steps: &[Step<'a>]) -> Origin<'a> {
    let part = |step: &Step<'a>| match step {
        Step::Key(key) => Part::Key(key),
        Step::Index(_) => Part::Any,
    };
    steps.iter().map(part).collect()
}

/// The type of a value that is written out.
fn constant(expr: &Expr) -> Option<Types> {
    match expr {
        Expr::Array { .. } => Some(Types::ARRAY),
        Expr::Bool { .. } => Some(Types::BOOLEAN),
        Expr::Null { .. } => Some(Types::NULL),
        Expr::Number { .. } => Some(Types::NUMBER),
        Expr::Object { .. } => Some(Types::OBJECT),
        Expr::RawString { .. } | Expr::String { .. } => Some(Types::STRING),
        Expr::Set { .. } => Some(Types::SET),
        _ => None,
    }
}

/// What `is_number` and its like say of their argument.
fn tested(name: &str) -> Option<Types> {
    match name {
        "is_array" => Some(Types::ARRAY),
        "is_boolean" => Some(Types::BOOLEAN),
        "is_null" => Some(Types::NULL),
        "is_number" => Some(Types::NUMBER),
        "is_object" => Some(Types::OBJECT),
        "is_set" => Some(Types::SET),
        "is_string" => Some(Types::STRING),
        _ => None,
    }
}

/// The argument of `type_name(x)`.
fn type_name_of(expr: &Expr) -> Option<&Expr> {
    let Expr::Call { fcn, params, .. } = expr else { return None };
    params.first().filter(|_| dotted(fcn) == ["type_name"])
}

/// What `type_name(x) == "number"` says of `x`.
fn named_type(call: &Expr, name: &Expr) -> Option<Types> {
    type_name_of(call)?;
    let Expr::String { value, .. } = name else { return None };
    tested(&format!("is_{value}"))
}

/// The one type that a builtin takes or gives; `None` for several.
fn kind_types(kind: Kind) -> Option<Types> {
    match kind {
        Kind::Any | Kind::Collection | Kind::Never => None,
        Kind::Array | Kind::Texts => Some(Types::ARRAY),
        Kind::Bool => Some(Types::BOOLEAN),
        Kind::Number => Some(Types::NUMBER),
        Kind::Object => Some(Types::OBJECT),
        Kind::Set => Some(Types::SET),
        Kind::Text => Some(Types::STRING),
    }
}
