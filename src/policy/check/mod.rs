//! What is wrong with rules that the engine accepts without a word.
//!
//! A misspelt field has no value, a comparison with the wrong type holds, a denial that nothing
//! gathers never denies: all of it is valid Rego, and none of it is what its author meant. These
//! checks read the syntax tree that the gate reads; they evaluate nothing, and they stay silent where
//! they cannot tell, because a check that cries wolf is turned off.

pub mod code;
pub mod finding;
mod schema;
mod metadata;
mod scope;
mod tour;
mod fields;
mod order;
mod contradiction;
mod reach;
mod unknown;
mod reasons;
mod skipped;

#[cfg(test)]
mod tests;

pub use code::{Code, Severity};
pub use finding::{Finding, Report};

use std::path::PathBuf;

use crate::policy::bundle::on_large_stack;
use crate::policy::contents::Contents;
use crate::policy::gate::names::{Names, Node};
use crate::policy::gate::{self, File, builtins, calls};
use crate::policy::masking::PACKAGE;
use crate::policy::problem::{LoadError, Problem};
use crate::policy::syntax::{Rule, Span};
use contradiction::Contradictions;
use fields::Fields;
use order::Order;
use reach::Reach;
use schema::Schema;
use scope::Context;
use skipped::Skipped;

/// Whether requests have bodies that rules can read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bodies {
    /// On no route of the configuration.
    Nowhere,
    /// On one route at least, or nobody knows.
    Somewhere,
}

/// Everything that is wrong with the rules in `paths`, taken together, where `query` is asked.
pub fn check(paths: &[PathBuf], query: &str, bodies: Bodies) -> Report {
    let first = paths.first().cloned().unwrap_or_default();
    let found = on_large_stack(&first, || {
        Ok(Contents::read_all(paths, None).map_or_else(unreadable, |contents| {
            checked(&contents, query, bodies).unwrap_or_else(unreadable)
        }))
    });
    Report::new(found.unwrap_or_else(unreadable))
}

fn unreadable(why: LoadError) -> Vec<Finding> {
    why.problems().iter().map(|problem| Finding::refused(Code::Unreadable, problem)).collect()
}

fn checked(contents: &Contents, query: &str, bodies: Bodies) -> Result<Vec<Finding>, LoadError> {
    let files = gate::parse(&contents.sources).map_err(LoadError::new)?;
    let mut found = refused(&files, &contents.data, query);
    let (served, _tests): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| !file.source.is_test());
    let entry_point = gate::entry_point(&served, query);
    found.extend(entry_point.iter().map(|problem| Finding::refused(Code::EntryPoint, problem)));
    let names = Names::new(&served);
    let (schema, data) = (Schema::shipped(), serde_json::from_str(&contents.data));
    let data = data.unwrap_or_default();
    let context = Context { files: &served, names: &names, schema: &schema, data: &data };
    let mut findings = Findings { files: &served, found };
    let reach = Reach::new(context, query);
    reach.report(context, &mut findings);
    reach::misnamed(context, &mut findings);
    unknown::report(context, &mut findings);
    reasons::report(context, query, &mut findings);
    let about_requests = |(_, node): &(usize, &Node<'_>)| !node.path.starts_with(&PACKAGE);
    for (index, node) in names.nodes().iter().enumerate().filter(about_requests) {
        let here = if reach.serves(index) { bodies } else { Bodies::Somewhere };
        let name = node.path.last().copied().unwrap_or_default();
        for (file, rule) in &node.rules {
            let denies = DENIALS.contains(&name);
            each(context, *file, rule, here, denies, &mut findings);
        }
    }
    for file in (0..served.len()).filter(|file| names.package(*file) != PACKAGE) {
        Fields { findings: &mut findings, bodies: Bodies::Somewhere }.imports(context, file);
    }
    let mut found = findings.found;
    if found.is_empty() {
        found.extend(slow(&served, &contents.data));
    }
    Ok(found)
}

/// Why the rules would run on the interpreter: the first place of all. It is said last, because
/// what is wrong often goes with what is slow.
fn slow(served: &[File<'_>], data: &str) -> Option<Finding> {
    let differences = gate::differences(served, data);
    let first = differences.first()?;
    let message = match differences.len() {
        1 => format!("all rules run on the interpreter for this: {}", first.message),
        all => format!(
            "all rules run on the interpreter for this and {} places more: {}",
            all - 1,
            first.message
        ),
    };
    let help =
        "see \"What keeps rules fast\" in docs/policy.md; nothing is wrong with them as they are";
    Some(Finding::refused(Code::Slow, &Problem { message, fix: help.to_owned(), ..first.clone() }))
}

/// What would not be loaded at all.
fn refused(files: &[File<'_>], data: &str, query: &str) -> Vec<Finding> {
    let names = Names::new(files);
    let functions = builtins::check(files, &names);
    let functions = functions.iter().map(|problem| Finding::refused(Code::Function, problem));
    let endless = calls::check(files, &names);
    let endless = endless.iter().map(|problem| Finding::refused(Code::Endless, problem));
    let found: Vec<Finding> = functions.chain(endless).collect();
    if !found.is_empty() {
        return found;
    }
    let growing = gate::refusals(files, data, &[query]).err().unwrap_or_default();
    growing.iter().map(|problem| Finding::refused(Code::Memory, problem)).collect()
}

/// The checks that look at one rule at a time.
fn each<'a>(
    context: Context<'_, 'a>,
    file: usize,
    rule: &'a Rule,
    bodies: Bodies,
    denies: bool,
    findings: &mut Findings<'a>,
) {
    tour::rule(context, file, rule, &mut Fields { findings, bodies });
    tour::rule(context, file, rule, &mut Order { findings });
    tour::rule(context, file, rule, &mut Contradictions { findings });
    tour::rule(context, file, rule, &mut Skipped { findings, denies });
}

/// What rules are called that say no.
const DENIALS: [&str; 6] = ["denials", "denied", "deny", "forbidden", "violation", "violations"];

/// The findings so far.
struct Findings<'a> {
    files: &'a [File<'a>],
    found: Vec<Finding>,
}

impl Findings<'_> {
    fn add(
        &mut self,
        code: Code,
        file: usize,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let Some(source) = self.files.get(file).map(|file| file.source) else { return };
        let at = (span, source.text.as_str());
        self.found.push(Finding::new(code, source.file.clone(), at, message, help));
    }
}
