//! What the fast machine gets silently wrong.
//!
//! Each check stands for a way in which the machine was seen to give another answer than the
//! interpreter. Finding one is no error: the bundle then runs on the interpreter.

use std::collections::BTreeSet;

use crate::policy::gate::names::{Names, Node, dotted};
use crate::policy::gate::walk::{self, Visitor};
use crate::policy::gate::{File, certainty, problem_at};
use crate::policy::problem::Problem;
use crate::policy::syntax::{
    AssignOp, Body, Expr, Head, Literal, Query, Rule, Span, Statement, Step,
};

/// The machine keeps arguments in this many registers and drops the rest.
const PARAMETERS: usize = 8;

/// Compiling looks each literal up in all that came before it.
const LITERALS: usize = 20_000;

/// Every reason for which these files must run on the interpreter.
pub(super) fn find<'a>(
    files: &'a [File<'a>],
    names: &Names<'a>,
    data: &'a serde_json::Value,
) -> Vec<Problem> {
    let mut found = Found { files, problems: Vec::new() };
    for node in names.nodes() {
        heads(node, &mut found);
        conflicts(node, names, &mut found);
    }
    let mut literals = 0;
    for (number, file) in files.iter().enumerate() {
        let text = file.source.text.as_str();
        let context = certainty::Context { names, data, file: number, text };
        for rule in &file.module.rules {
            let mut constructs = Constructs { names, file: number, literals: 0, found: &mut found };
            walk::rule(rule, &mut constructs);
            literals += constructs.literals;
            certainty::check(context, rule, |span, message| found.add(number, span, message));
        }
    }
    if literals > LITERALS {
        found.add(0, Span::default(), format!("the rules have more than {LITERALS} literals"));
    }
    found.problems
}

/// The reasons so far.
struct Found<'a> {
    files: &'a [File<'a>],
    problems: Vec<Problem>,
}

impl Found<'_> {
    fn add(&mut self, file: usize, span: Span, message: impl Into<String>) {
        let span = Some(span).filter(|span| span.line > 0);
        self.problems.push(problem_at(self.files, file, span, message, ""));
    }
}

/// Heads that the machine reads as something else.
fn heads(node: &Node<'_>, found: &mut Found<'_>) {
    for (file, rule) in &node.rules {
        let (args, default) = match rule {
            Rule::Default { args, value, .. } => (args.as_slice(), Some(value)),
            Rule::Spec { head: Head::Func { args, .. }, .. } => (args.as_slice(), None),
            Rule::Spec { .. } => (&[][..], None),
        };
        let reason = if default.is_some() && !args.is_empty() {
            "a function has a default"
        } else if default.is_some_and(|value| !value.is_constant()) {
            "a default is not written out as a constant"
        } else if args.len() > PARAMETERS {
            "a function has more than eight parameters"
        } else if args.iter().any(|arg| arg.variable().is_none()) {
            "a function's parameter is a pattern"
        } else if !rule.name().reference().1.is_empty() {
            "a rule's name has a key"
        } else {
            continue;
        };
        found.add(*file, rule.span(), reason);
    }
}

/// Definitions that may disagree: the interpreter reports it, the machine has no value then.
fn conflicts(node: &Node<'_>, names: &Names<'_>, found: &mut Found<'_>) {
    let mut values = BTreeSet::new();
    for (file, rule) in &node.rules {
        let Rule::Spec { head, bodies, span } = rule else { continue };
        let (assign, args) = match head {
            Head::Set { .. } => continue,
            Head::Compr { assign, .. } => (assign, &[][..]),
            Head::Func { assign, args, .. } => (assign, args.as_slice()),
        };
        let text = found.files.get(*file).map_or("", |file| file.source.text.as_str());
        for Body { assign: own, query } in bodies {
            let value = own.as_ref().or(assign.as_ref()).map(|assign| &assign.value);
            if value.is_some_and(|value| !value.is_constant() && loops(value, query, args, names)) {
                found.add(*file, *span, "a loop may give the rule several values");
            }
        }
        values.insert(match (assign, bodies.as_slice()) {
            (None, [] | [_]) => "true".to_owned(),
            (Some(assign), [] | [_]) if assign.value.is_constant() => {
                assign.value.span().text(text).to_owned()
            }
            _ => format!("differs at {}:{}", file, span.start),
        });
    }
    if values.len() > 1 {
        for (file, rule) in node.rules.iter().take(1) {
            found.add(*file, rule.span(), "definitions of the rule may disagree on its value");
        }
    }
}

/// Whether the body, or the value itself, can hold in several ways.
fn loops(value: &Expr, query: &Query, args: &[Expr], names: &Names<'_>) -> bool {
    let mut bound: BTreeSet<&str> = args.iter().filter_map(Expr::variable).collect();
    bound.extend(names.nodes().iter().filter_map(|node| node.path.last().copied()));
    for statement in &query.stmts {
        if let Literal::Expr { expr: Expr::Assignment { op: AssignOp::ColEq, lhs, .. } } =
            &statement.literal
        {
            bound.extend(lhs.variable());
        }
    }
    let mut loops = Loops { bound, found: false };
    walk::query(query, &mut loops);
    walk::expression(value, &mut loops);
    loops.found
}

struct Loops<'a> {
    bound: BTreeSet<&'a str>,
    found: bool,
}

impl<'a> Visitor<'a> for Loops<'_> {
    fn expression(&mut self, expr: &'a Expr) {
        let (_, steps) = expr.reference();
        self.found |= steps.iter().any(|step| match step {
            Step::Index(Expr::Var { value, .. }) => !self.bound.contains(value.as_str()),
            Step::Index(Expr::Array { .. } | Expr::Object { .. } | Expr::Set { .. }) => true,
            _ => false,
        });
    }

    fn statement(&mut self, statement: &'a Statement) {
        let binding =
            matches!(statement.literal, Literal::SomeIn { .. } | Literal::SomeVars { .. });
        self.found |= binding;
    }

    fn enters_scopes(&self) -> bool {
        false
    }
}

/// Constructs inside of bodies.
struct Constructs<'f, 'n, 'a> {
    names: &'n Names<'a>,
    file: usize,
    literals: usize,
    found: &'f mut Found<'a>,
}

impl<'a> Constructs<'_, '_, 'a> {
    fn add(&mut self, span: Span, message: &str) {
        self.found.add(self.file, span, message);
    }

    /// `data.a.b` where only rules below it exist: the machine evaluates every rule of the package
    /// and shows those without a value.
    fn package_read(&mut self, expr: &'a Expr) {
        for path in self.names.meanings(self.file, expr) {
            let rule = (1..=path.len()).any(|length| {
                path.get(..length).is_some_and(|prefix| self.names.exact(prefix).is_some())
            });
            if !rule && !self.names.reached(&path).is_empty() {
                self.add(expr.span(), "a whole package is read");
            }
        }
    }
}

impl<'a> Visitor<'a> for Constructs<'_, '_, 'a> {
    fn expression(&mut self, expr: &'a Expr) {
        let span = expr.span();
        match expr {
            Expr::ArrayCompr { term, .. } | Expr::SetCompr { term, .. } if !is_simple(term) => {
                self.add(span, "a comprehension's term may have no value");
            }
            Expr::Assignment { op: AssignOp::Eq, .. } => {
                self.add(span, "`=` unifies; use `:=` to assign and `==` to compare");
            }
            Expr::Assignment { lhs, .. } if lhs.variable().is_none() => {
                self.add(span, "`:=` takes a value apart");
            }
            Expr::Number { .. } | Expr::RawString { .. } | Expr::String { .. } => {
                self.literals += 1
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                if !is_simple(value) || !is_simple(key) {
                    self.add(span, "a comprehension's term may have no value");
                }
                if !keys_differ(key, query) {
                    self.add(span, "two turns of a comprehension may give the same key");
                }
            }
            Expr::RefBrack { .. } | Expr::RefDot { .. } | Expr::Var { .. } => {
                self.package_read(expr);
                let (root, steps) = expr.reference();
                let numbered = |step: &Step<'_>| matches!(step, Step::Index(i) if i.is_constant());
                if root.variable() == Some("data") && steps.iter().any(numbered) {
                    self.add(span, "`data` is indexed by something other than text");
                }
            }
            _ => {}
        }
    }

    fn statement(&mut self, statement: &'a Statement) {
        if !statement.with_mods.is_empty() {
            self.add(statement.span, "`with` replaces a value");
        }
        if let Literal::Every { key, value, query, .. } = &statement.literal {
            let text = self.found.files.get(self.file).map_or("", |file| file.source.text.as_str());
            let own = key.iter().chain([value]).map(|name| name.text(text)).collect();
            let mut indexed = Indexed { own, places: Vec::new() };
            walk::query(query, &mut indexed);
            indexed.places.iter().for_each(|span| self.add(*span, INDEXED));
        }
        if let Literal::SomeIn { key, value, .. } = &statement.literal {
            let is_name = |expr: &Expr| expr.variable().is_some();
            if !is_name(value) || !key.as_ref().is_none_or(is_name) {
                self.add(statement.span, "`some … in` takes an element apart");
            }
        }
    }
}

/// What stands in brackets inside of an `every`, where it is a variable of the `every` itself: the
/// machine takes it for a new one and tries every key, so that one that fits is enough.
struct Indexed<'a> {
    own: BTreeSet<&'a str>,
    places: Vec<Span>,
}

impl<'a> Visitor<'a> for Indexed<'a> {
    fn expression(&mut self, expr: &'a Expr) {
        for step in expr.reference().1 {
            if let Step::Index(index) = step
                && names_in(index).iter().any(|name| self.own.contains(name))
            {
                self.places.push(expr.span());
            }
        }
    }
}

const INDEXED: &str =
    "`every` indexes with its own variable; give it another name first, `at := i; xs[at]`";

/// The variables that a name in brackets, or a pattern of such, would bind.
fn names_in(expr: &Expr) -> Vec<&str> {
    match expr {
        Expr::Array { items, .. } | Expr::Set { items, .. } => {
            items.iter().flat_map(names_in).collect()
        }
        Expr::Object { fields, .. } => {
            fields.iter().flat_map(|(_, _, value)| names_in(value)).collect()
        }
        other => other.variable().into_iter().collect(),
    }
}

/// A name or a constant, or a container of such: what cannot be undefined once the body holds.
fn is_simple(expr: &Expr) -> bool {
    match expr {
        Expr::Var { .. } => true,
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().all(is_simple),
        Expr::Object { fields, .. } => {
            fields.iter().all(|(_, key, value)| is_simple(key) && is_simple(value))
        }
        other => other.is_constant(),
    }
}

/// Whether each turn gives another key: it is the key of the only loop.
fn keys_differ(key: &Expr, query: &Query) -> bool {
    let mut looping = query.stmts.iter().filter(|statement| {
        matches!(statement.literal, Literal::SomeIn { .. } | Literal::SomeVars { .. })
    });
    let (Some(only), None) = (looping.next(), looping.next()) else { return false };
    let Literal::SomeIn { key: Some(of_loop), .. } = &only.literal else { return false };
    let mut rest = Loops { bound: BTreeSet::new(), found: false };
    for statement in query.stmts.iter().filter(|statement| !std::ptr::eq(*statement, only)) {
        if let Literal::Expr { expr } | Literal::NotExpr { expr } = &statement.literal {
            walk::expression(expr, &mut rest);
        }
    }
    !rest.found
        && of_loop.variable().is_some()
        && dotted(key) == dotted(of_loop)
        && key.variable().is_some()
}
