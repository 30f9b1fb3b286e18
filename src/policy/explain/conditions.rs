//! Trying conditions: each with those before it in its rule, in a module beside the rules.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::policy::engine::document::Document;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::engine::source::Source;
use crate::policy::explain::explanation::{Condition, Seen, State};
use crate::policy::explain::reading::{Operand, one_line, operands, operands_of, whole, written};
use crate::policy::gate::{File, Names, dotted, imports};
use crate::policy::syntax::{Expr, Head, Literal, Rule, Span, Statement};

/// The rules, the input, and how much may still be tried.
pub(super) struct Prober<'a> {
    pub(super) files: &'a [File<'a>],
    pub(super) names: &'a Names<'a>,
    pub(super) interpreter: &'a Interpreter,
    pub(super) input: &'a Document,
    /// What rules say, by their number in the names; `None` where evaluating them errs.
    values: RefCell<BTreeMap<usize, Option<Document>>>,
    left: Cell<usize>,
}

/// The most modules that one explanation may try.
const TRIES: usize = 400;

/// What must hold for a definition: its statements, and what its value must be.
#[derive(Clone, Copy)]
pub(super) struct Body<'a> {
    pub(super) file: usize,
    pub(super) statements: &'a [Statement],
    /// An expression that must be true as well.
    pub(super) also: Option<&'a Expr>,
}

impl<'a> Prober<'a> {
    pub(super) fn new(
        files: &'a [File<'a>],
        names: &'a Names<'a>,
        interpreter: &'a Interpreter,
        input: &'a Document,
    ) -> Self {
        let (values, left) = (RefCell::default(), Cell::new(TRIES));
        Self { files, names, interpreter, input, values, left }
    }

    /// What the rule at `node` says; `None` for a function, and where evaluating it errs.
    pub(super) fn value(&self, node: usize) -> Option<Document> {
        if let Some(known) = self.values.borrow().get(&node) {
            return known.clone();
        }
        let path = self.names.nodes().get(node)?.path.join(".");
        let value = self.interpreter.clone().evaluate(&path, self.input).ok();
        self.values.borrow_mut().insert(node, value.clone());
        value
    }

    /// The rules, functions excepted, that `expr` in that file names exactly.
    pub(super) fn rule_named(&self, file: usize, expr: &'a Expr) -> Option<usize> {
        let meanings = self.names.meanings(file, expr);
        // `set[x]` and `object.key` name the rule that the reference begins with.
        let longest = |path: &Vec<&str>| {
            (2..=path.len()).rev().find_map(|length| self.names.exact(path.get(..length)?))
        };
        let node = meanings.iter().find_map(longest)?;
        let is_function = |rule: &Rule| matches!(rule, Rule::Spec { head: Head::Func { .. }, .. });
        let rules = &self.names.nodes().get(node)?.rules;
        rules.iter().all(|(_, rule)| !is_function(rule)).then_some(node)
    }

    /// What became of each condition of `body`.
    pub(super) fn conditions(&self, body: Body<'a>) -> Vec<Condition> {
        let texts = self.texts(body);
        let states = self.states(body, &texts);
        let mut conditions = Vec::new();
        for (index, (text, line)) in texts.iter().enumerate() {
            let state = states.get(index).cloned().unwrap_or(State::NotReached);
            let before: Vec<&str> = texts.iter().take(index).map(|(text, _)| *text).collect();
            let seen = match state {
                State::Failed | State::Erred(_) => self.seen(body, index, &before),
                _ => Vec::new(),
            };
            let (text, line, against) = (one_line(text), *line, Vec::new());
            conditions.push(Condition { text, line, state, seen, against });
        }
        conditions
    }

    /// The conditions as written, with their lines.
    fn texts(&self, body: Body<'a>) -> Vec<(&'a str, u32)> {
        let Some(file) = self.files.get(body.file) else { return Vec::new() };
        let source = file.source.text.as_str();
        let statements = body.statements.iter();
        let mut texts: Vec<_> =
            statements.map(|one| (written(extent(one), source), one.span.line)).collect();
        texts.extend(body.also.map(|expr| (written(whole(expr), source), expr.span().line)));
        texts
    }

    fn states(&self, body: Body<'a>, texts: &[(&str, u32)]) -> Vec<State> {
        let mut rules = String::new();
        for length in 1..=texts.len() {
            let _ = writeln!(rules, "{PROBE}_{length} if {{");
            texts.iter().take(length).for_each(|(text, _)| {
                let _ = writeln!(rules, "{text}");
            });
            rules.push_str("}\n");
        }
        let Some(mut probing) = self.probing(body.file, &rules) else {
            return self.states_one_by_one(body, texts);
        };
        let mut states = Vec::new();
        for (index, statement) in (1..=texts.len()).zip(0..) {
            let declares = body.statements.get(statement).is_some_and(only_declares);
            let state = match declares {
                true => State::Held,
                false => self.state(&mut probing, body.file, index),
            };
            let goes_on = state == State::Held;
            states.push(state);
            if !goes_on {
                break;
            }
        }
        states
    }

    fn state(&self, probing: &mut Interpreter, file: usize, index: usize) -> State {
        match probing.evaluate(&self.path(file, &format!("{PROBE}_{index}")), self.input) {
            Ok(value) if value.is_true() => State::Held,
            Ok(_) => State::Failed,
            Err(failure) => State::Erred(failure.message().to_owned()),
        }
    }

    /// For a rule whose conditions do not stand in the order of their evaluation: a beginning of it
    /// that means nothing by itself is passed over.
    fn states_one_by_one(&self, body: Body<'a>, texts: &[(&str, u32)]) -> Vec<State> {
        let mut states = Vec::new();
        for length in 1..=texts.len() {
            let conditions: Vec<&str> = texts.iter().take(length).map(|(text, _)| *text).collect();
            let rule = format!("{PROBE}_{length} if {{\n{}\n}}\n", conditions.join("\n"));
            let state = match self.probing(body.file, &rule) {
                Some(mut probing) => self.state(&mut probing, body.file, length),
                None => State::Held,
            };
            let goes_on = state == State::Held;
            states.push(state);
            if !goes_on {
                break;
            }
        }
        states
    }

    /// The values that the condition at `index` looked at.
    fn seen(&self, body: Body<'a>, index: usize, before: &[&str]) -> Vec<Seen> {
        let Some(file) = self.files.get(body.file) else { return Vec::new() };
        let source = file.source.text.as_str();
        let operands = match (body.statements.get(index), body.also) {
            (Some(statement), _) => operands(statement, source),
            (None, Some(expr)) => operands_of(expr, source),
            (None, None) => Vec::new(),
        };
        operands.iter().filter_map(|operand| self.look(body.file, operand, before)).collect()
    }

    fn look(&self, file: usize, operand: &Operand, before: &[&str]) -> Option<Seen> {
        let codes = operand.prefixes.iter().chain([&operand.code]);
        let before = before.join("\n");
        let mut rules = String::new();
        for (number, code) in codes.clone().enumerate() {
            let head = format!("{PROBE}_{number} contains {PROBE}_value if {{");
            let _ = writeln!(rules, "{head}\n{before}\n{PROBE}_value := {code}\n}}");
        }
        let mut probing = self.probing(file, &rules)?;
        let mut last: Vec<Document> = Vec::new();
        let what = operand.text.clone();
        for (number, code) in codes.enumerate() {
            let rule = self.path(file, &format!("{PROBE}_{number}"));
            let values = probing.evaluate(&rule, self.input).ok()?.elements();
            if values.is_empty() {
                let null = last.iter().any(|value| value.to_string() == "null");
                let before = operand.prefixes.get(number.wrapping_sub(1)).filter(|_| null);
                let missing = match before {
                    Some(before) => format!("{before} is null"),
                    None if code.starts_with("input") => format!("{} is not there", one_line(code)),
                    None => format!("{} has no value", one_line(code)),
                };
                return Some(Seen { what, values: Vec::new(), missing: Some(missing) });
            }
            last = values;
        }
        let values = last.iter().take(VALUES).map(|value| short(&value.to_string())).collect();
        Some(Seen { what, values, missing: None })
    }

    /// The rules with `rules` added to the package of that file.
    fn probing(&self, file: usize, rules: &str) -> Option<Interpreter> {
        self.left.set(self.left.get().checked_sub(1)?);
        let file = self.files.get(file)?;
        let package = dotted(&file.module.package.refr).join(".");
        let text = format!("package {package}\n{}\n{rules}", imports(file));
        let source = Source { file: PathBuf::from("explain.rego"), text };
        self.interpreter.with(&source).ok()
    }

    fn path(&self, file: usize, rule: &str) -> String {
        let package = self.files.get(file).map(|file| dotted(&file.module.package.refr).join("."));
        format!("data.{}.{rule}", package.unwrap_or_default())
    }
}

/// A statement with what its `with` puts in.
fn extent(statement: &Statement) -> Span {
    let values = statement.with_mods.iter().map(|with| whole(&with.value).end);
    let end = values.fold(statement.span.end, u32::max);
    Span { end, ..statement.span }
}

fn only_declares(statement: &Statement) -> bool {
    matches!(statement.literal, Literal::SomeVars {})
}

fn short(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let head: String = text.chars().take(SHOWN).collect();
    format!("{head}…")
}

/// What probes are called; no rule of an operator's is.
const PROBE: &str = "countersign_explained";

/// The most values of one expression that are shown.
const VALUES: usize = 3;

/// The most characters of a value that are shown.
const SHOWN: usize = 160;
