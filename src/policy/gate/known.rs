//! What can be known of an expression's value without evaluating it.
//!
//! Two things matter to the fast machine: the *kind* of the value, and whether there is *certainly*
//! a value at all. Countersign vouches for most of the input, constants speak for themselves, and
//! the data beside the rules is there to be looked at.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::policy::engine::operations::specimen;
use crate::policy::gate::builtins::{self, Kind, Nature};
use crate::policy::gate::names::{Names, dotted};
use crate::policy::syntax::{Expr, Head, Rule, Step};

/// What is known of a value.
#[derive(Clone, Debug)]
pub(super) struct Known<'a> {
    pub(super) kind: Kind,
    /// Whether there is a value wherever the body gets this far.
    pub(super) certain: bool,
    /// Where it comes from the data: everything it can be.
    among: Vec<&'a Value>,
}

impl<'a> Known<'a> {
    /// There is a value, and nothing is known of it.
    pub(super) const SOMETHING: Self = Self::certain(Kind::Any);

    const NOTHING: Self = Self { kind: Kind::Any, certain: false, among: Vec::new() };

    pub(super) const fn certain(kind: Kind) -> Self {
        Self { kind, certain: true, among: Vec::new() }
    }

    fn maybe(kind: Kind) -> Self {
        Self { kind, ..Self::NOTHING }
    }

    /// One of these, and surely so if `certain`. Null says nothing of what may stand there.
    fn among(values: Vec<&'a Value>, certain: bool) -> Self {
        if values.iter().any(|value| value.is_null()) {
            return Self { certain, ..Self::NOTHING };
        }
        let mut kinds = values.iter().map(|value| kind_of(value));
        let first = kinds.next().unwrap_or(Kind::Any);
        let kind = if kinds.all(|kind| kind == first) { first } else { Kind::Any };
        Self { kind, certain, among: values }
    }

    /// What its elements are.
    pub(super) fn element(&self) -> Self {
        let elements: Vec<&'a Value> =
            self.among.iter().flat_map(|value| children(value)).collect();
        match self.kind {
            Kind::Never => Self::certain(Kind::Never),
            _ if elements.is_empty() && !self.among.is_empty() => Self::certain(Kind::Never),
            Kind::Texts => Self::certain(Kind::Text),
            _ if elements.is_empty() => Self::SOMETHING,
            _ => Self::among(elements, true),
        }
    }

    fn member(&self, key: &str) -> Self {
        let members: Vec<&'a Value> =
            self.among.iter().filter_map(|value| value.get(key)).collect();
        if self.kind == Kind::Never || (members.is_empty() && !self.among.is_empty()) {
            return Self::maybe(Kind::Never);
        }
        let everywhere = self.certain && !members.is_empty() && members.len() == self.among.len();
        Self::among(members, everywhere)
    }
}

/// What is known of the names in one body.
#[derive(Clone, Debug)]
pub(super) struct Scope<'n, 'a> {
    names: &'n Names<'a>,
    data: &'a Value,
    file: usize,
    locals: BTreeMap<&'a str, Known<'a>>,
}

impl<'n, 'a> Scope<'n, 'a> {
    pub(super) fn new(names: &'n Names<'a>, data: &'a Value, file: usize) -> Self {
        Self { names, data, file, locals: BTreeMap::new() }
    }

    pub(super) fn bind(&mut self, name: &'a str, known: Known<'a>) {
        self.locals.insert(name, known);
    }

    /// What is known of the expression's value.
    pub(super) fn known(&self, expr: &'a Expr) -> Known<'a> {
        match expr {
            Expr::Bool { .. } => Known::certain(Kind::Bool),
            Expr::Null { .. } => Known::SOMETHING,
            Expr::Number { .. } => Known::certain(Kind::Number),
            Expr::RawString { .. } | Expr::String { .. } => Known::certain(Kind::Text),
            Expr::Array { items, .. } => {
                let text = items.iter().all(|item| self.known(item).kind == Kind::Text);
                self.whole(if text { Kind::Texts } else { Kind::Array }, items)
            }
            Expr::Set { items, .. } => self.whole(Kind::Set, items),
            Expr::Object { fields, .. } => {
                self.whole(Kind::Object, fields.iter().flat_map(|(_, key, value)| [key, value]))
            }
            Expr::ArrayCompr { .. } => Known::certain(Kind::Array),
            Expr::ObjectCompr { .. } => Known::certain(Kind::Object),
            Expr::SetCompr { .. } => Known::certain(Kind::Set),
            Expr::Comparison { lhs, rhs, .. } => {
                self.whole(Kind::Bool, [lhs, rhs].map(Box::as_ref))
            }
            Expr::Membership { value, collection, .. } => {
                self.whole(Kind::Bool, [value, collection].map(Box::as_ref))
            }
            Expr::Arith { lhs, rhs, .. } => {
                self.whole(self.known(lhs).kind, [lhs, rhs].map(Box::as_ref))
            }
            Expr::SetOperation { lhs, rhs, .. } => {
                self.whole(Kind::Set, [lhs, rhs].map(Box::as_ref))
            }
            Expr::Call { fcn, params, .. } => self.call(&dotted(fcn).join("."), params),
            Expr::RefBrack { .. } | Expr::RefDot { .. } | Expr::Var { .. } => self.reference(expr),
            Expr::Assignment { .. } | Expr::Minus { .. } => Known::NOTHING,
        }
    }

    /// Something made of parts: there if they all are.
    fn whole(&self, kind: Kind, parts: impl IntoIterator<Item = &'a Expr>) -> Known<'a> {
        let certain = parts.into_iter().all(|part| self.known(part).certain);
        Known { certain, ..Known::maybe(kind) }
    }

    fn call(&self, name: &str, params: &'a [Expr]) -> Known<'a> {
        let Some(builtin) = builtins::find(name) else { return Known::NOTHING };
        if builtin.nature == Nature::Total {
            return self.whole(builtin.gives, params);
        }
        Known::maybe(builtin.gives)
    }

    fn reference(&self, expr: &'a Expr) -> Known<'a> {
        let (root, steps) = expr.reference();
        let Some(name) = root.variable() else { return Known::NOTHING };
        if name == "input" {
            return input(&steps);
        }
        if let Some(local) = self.locals.get(name) {
            return self.below(local.clone(), &steps);
        }
        let meanings = self.names.meanings(self.file, expr);
        for path in &meanings {
            let rule = (1..=path.len()).find_map(|n| self.names.exact(path.get(..n)?));
            let exact = self.names.exact(path).filter(|_| all_keys(&steps));
            match (exact, rule) {
                (Some(node), _) => return self.rule(node),
                (None, Some(_)) => return Known::NOTHING,
                (None, None) => {}
            }
        }
        if let Some(path) = meanings.iter().find(|_| name == "data") {
            let below = steps.get(path.len().saturating_sub(1)..).unwrap_or_default();
            let root = Known::among(vec![self.data], true);
            let keys = path.iter().skip(1);
            return self.below(keys.fold(root, |known, key| known.member(key)), below);
        }
        // A name that nothing declares is bound by a loop that got here.
        if steps.is_empty() { Known::SOMETHING } else { Known::NOTHING }
    }

    fn below(&self, from: Known<'a>, steps: &[Step<'a>]) -> Known<'a> {
        steps.iter().fold(from, |known, step| match step {
            Step::Key(key) => known.member(key),
            Step::Index(index) if self.is_loop(index) => known.element(),
            Step::Index(_) => Known { certain: false, ..known.element() },
        })
    }

    fn is_loop(&self, index: &'a Expr) -> bool {
        index.variable().is_some_and(|name| {
            !self.locals.contains_key(name) && self.names.targets(self.file, index).is_empty()
        })
    }

    /// What a rule gives, from its heads alone.
    fn rule(&self, node: usize) -> Known<'a> {
        let Some(node) = self.names.nodes().get(node) else { return Known::NOTHING };
        let is_set = |rule: &Rule| matches!(rule, Rule::Spec { head: Head::Set { .. }, .. });
        if node.rules.iter().all(|(_, rule)| is_set(rule)) {
            return Known::certain(Kind::Set);
        }
        let default = node.rules.iter().any(|(_, rule)| matches!(rule, Rule::Default { .. }));
        if default { Known::SOMETHING } else { Known::NOTHING }
    }
}

fn all_keys(steps: &[Step<'_>]) -> bool {
    steps.iter().all(|step| matches!(step, Step::Key(_)))
}

fn kind_of(value: &Value) -> Kind {
    match value {
        Value::Array(items) if items.iter().all(Value::is_string) => Kind::Texts,
        Value::Array(_) => Kind::Array,
        Value::Bool(_) => Kind::Bool,
        Value::Null => Kind::Any,
        Value::Number(_) => Kind::Number,
        Value::Object(_) => Kind::Object,
        Value::String(_) => Kind::Text,
    }
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    }
}

/// What Countersign vouches for in the input it builds.
fn input<'a>(steps: &[Step<'_>]) -> Known<'a> {
    let path: Vec<&str> = steps
        .iter()
        .map(|step| match step {
            Step::Key(key) => *key,
            Step::Index(_) => "*",
        })
        .collect();
    match path.as_slice() {
        ["attributes", "request", "http", "headers"] => Known::certain(Kind::Object),
        ["attributes", "request", "http", "headers", _]
        | ["attributes", "request", "http", "body"]
        | ["countersign", "principal", "path_segments", _]
        | ["countersign", "request", "headers", _, _]
        | ["countersign", "request", "raw_segments" | "segments", _]
        | ["parsed_path", _]
        | ["parsed_query", _, _] => Known::maybe(Kind::Text),
        ["attributes", "request", "http", field] if HTTP.contains(field) => {
            Known::certain(Kind::Text)
        }
        ["attributes", "request", "time"]
        | ["attributes", "source", "principal"]
        | ["attributes", "destination" | "source", "address", "socketAddress", "address"]
        | ["countersign", "listener" | "route"]
        | ["countersign", "principal", "spiffe_id" | "trust_domain"]
        | ["countersign", "principal", "cert", "x5t_s256"]
        | ["countersign", "request", "host" | "raw_path"]
        | ["source_principal"] => Known::certain(Kind::Text),
        ["attributes", "destination" | "source", "address", "socketAddress", "portValue"]
        | ["countersign", "principal", "cert", "not_after"]
        | ["countersign", "request", "port"] => Known::certain(Kind::Number),
        ["countersign", "time", field] if TIME.contains(field) => Known::certain(Kind::Number),
        ["countersign", "principal", "path_segments"]
        | ["countersign", "request", "raw_segments" | "segments"]
        | ["parsed_path"] => Known::certain(Kind::Texts),
        ["countersign", "request", "operations"] => Known::among(vec![&OPERATIONS], true),
        ["countersign", "request", "operations", _, field] if OPERATION.contains(field) => {
            Known::maybe(Kind::Text)
        }
        ["countersign", "request", "headers"] | ["parsed_query"] => Known::certain(Kind::Object),
        ["countersign", "request", "headers", _] | ["parsed_query", _] => Known::maybe(Kind::Texts),
        _ => Known::NOTHING,
    }
}

const HTTP: [&str; 7] = ["host", "id", "method", "path", "protocol", "scheme", "size"];

/// What the operations of every request look like.
static OPERATIONS: LazyLock<Value> = LazyLock::new(specimen);

const OPERATION: [&str; 4] = ["kind", "name", "protocol", "verb"];

const TIME: [&str; 7] = ["day", "hour", "minute", "month", "unix", "weekday", "year"];
