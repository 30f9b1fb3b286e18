//! Fields of the input that are not there, or not on these routes.
//!
//! A field that does not exist has no value, and a rule that reads it is silently never true: an
//! allow that nobody gets, or a denial that nobody meets.

use strsim::jaro_winkler;

use crate::policy::check::code::Code;
use crate::policy::check::schema::{Instead, Missing, Part, written};
use crate::policy::check::scope::{Context, Origin, Scope};
use crate::policy::check::tour::{Sight, Stands};
use crate::policy::check::{Bodies, Findings};
use crate::policy::syntax::{Expr, Span};

/// Reports the fields that one rule reads in vain.
pub(super) struct Fields<'f, 'a> {
    pub(super) findings: &'f mut Findings<'a>,
    /// Whether requests that reach this rule have bodies to read.
    pub(super) bodies: Bodies,
}

impl<'a> Sight<'a> for Fields<'_, 'a> {
    fn expression(&mut self, expr: &'a Expr, scope: &Scope<'_, 'a>, _stands: Stands) {
        if !matches!(expr, Expr::RefBrack { .. } | Expr::RefDot { .. }) {
            return;
        }
        let Some(origin) = scope.origin(expr) else { return };
        self.field(&origin, scope, expr.span());
    }
}

impl<'a> Fields<'_, 'a> {
    /// The fields that a file imports under names of its own.
    pub(super) fn imports(&mut self, context: Context<'_, 'a>, file: usize) {
        let scope = Scope::new(context, file);
        for import in context.files.get(file).into_iter().flat_map(|file| &file.module.imports) {
            if let Some(origin) = scope.origin(&import.refr) {
                self.field(&origin, &scope, import.refr.span());
            }
        }
    }

    fn field(&mut self, origin: &Origin<'a>, scope: &Scope<'_, 'a>, span: Span) {
        match scope.field(origin) {
            Err(missing) => {
                let (message, help) = unknown(origin, &missing);
                self.findings.add(Code::Field, scope.file, span, message, help);
            }
            Ok(_) if self.bodies == Bodies::Nowhere && is_of_body(origin) => {
                let message = format!(
                    "`{}` never has a value: no route of this configuration inspects bodies",
                    written(origin)
                );
                let help = "add `inspect: { body: json }` to the routes that this rule is for";
                self.findings.add(Code::Phase, scope.file, span, message, help);
            }
            Ok(_) => {}
        }
    }
}

/// Whether only an inspected body gives the field a value. `parsed_body` itself is null otherwise,
/// which a rule may well ask for.
fn is_of_body(origin: &[Part<'_>]) -> bool {
    let keys: Vec<&str> = origin
        .iter()
        .map(|part| match part {
            Part::Any => "_",
            Part::Key(key) => key,
        })
        .collect();
    matches!(
        keys.as_slice(),
        ["parsed_body", _, ..]
            | ["attributes", "request", "http", "body"]
            | ["countersign", "request", "content_digest"]
    )
}

fn unknown(origin: &[Part<'_>], missing: &Missing<'_>) -> (String, String) {
    let (right, wrong) = origin.split_at(missing.depth);
    let (parent, wrong) = (written(right), wrong.first().copied().unwrap_or(Part::Any));
    match &missing.instead {
        Instead::Keys(keys) => {
            let Part::Key(name) = wrong else { return (String::new(), String::new()) };
            let message = format!("`{parent}.{name}` is not part of the input");
            let near = keys.iter().max_by(|a, b| {
                jaro_winkler(&shape(a), &shape(name))
                    .total_cmp(&jaro_winkler(&shape(b), &shape(name)))
            });
            let near = near.filter(|near| jaro_winkler(&shape(near), &shape(name)) >= LIKENESS);
            let meant = near.map(|near| format!("did you mean `{near}`? "));
            let known = keys.join(", ");
            (message, format!("{}`{parent}` has: {known}", meant.unwrap_or_default()))
        }
        Instead::List => {
            let message = format!("`{parent}` is a list, and has no `{}`", key(wrong));
            (message, format!("take an element, `{parent}[0]`, or loop with `some x in {parent}`"))
        }
        Instead::Scalar => {
            let message = format!("`{parent}` has no parts");
            (message, format!("compare `{parent}` itself"))
        }
    }
}

fn key(part: Part<'_>) -> &str {
    match part {
        Part::Any => "_",
        Part::Key(key) => key,
    }
}

/// Spellings that differ only in case and underscores are alike.
fn shape(name: &str) -> String {
    name.chars().filter(|c| *c != '_' && *c != '-').flat_map(char::to_lowercase).collect()
}

/// How alike two names must be for one to be suggested for the other.
const LIKENESS: f64 = 0.8;
