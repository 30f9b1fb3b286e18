//! What a bundle must be before any of it runs.
//!
//! The engine underneath has limits that no error handling survives: a rule that calls itself
//! overflows the stack, some builtins fill the memory, and its fast machine gives other answers
//! than its interpreter for some constructs, without a word. All of that is found here on the
//! syntax tree, with a place and a way out. What would end or hang the process is *refused*; what
//! the fast machine might get wrong runs on the *interpreter*; the rest is *fast*. Where the tree
//! does not tell, the careful answer is given.

pub(in crate::policy) mod builtins;
pub(in crate::policy) mod calls;
#[cfg(test)]
mod capabilities;
mod cases;
mod differences;
mod growth;
mod known;
pub(in crate::policy) mod names;
mod reads;
mod scan;
mod certainty;
pub(in crate::policy) mod walk;
mod steps;
mod lines;

#[cfg(test)]
pub(in crate::policy) use capabilities::capabilities;
pub(in crate::policy) use cases::{Test, TestInput, imports, inputs, tests};
pub(in crate::policy) use growth::Bill;
pub(in crate::policy) use lines::lines;
pub(in crate::policy) use names::{Names, dotted};
pub(in crate::policy) use steps::{Step, steps};

use crate::policy::engine::reads::Reads;
use crate::policy::engine::source::Source;
use crate::policy::manifest::{Manifest, stray};
use crate::policy::problem::{Place, Problem};
use crate::policy::syntax::{Module, Span};

/// A file and its syntax tree.
#[derive(Debug)]
pub(in crate::policy) struct File<'a> {
    pub(in crate::policy) source: &'a Source,
    pub(in crate::policy) module: Module,
}

impl File<'_> {
    /// Whether it belongs to `data.<name>`, or to a package below.
    pub(super) fn in_package(&self, name: &str) -> bool {
        dotted(&self.module.package.refr).first() == Some(&name)
    }
}

/// Parses `sources`, each after its depth was bounded; reports every file that does not parse.
pub(in crate::policy) fn parse(sources: &[Source]) -> Result<Vec<File<'_>>, Vec<Problem>> {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for source in sources {
        let parsed = scan::check(&source.file, &source.text).and_then(|()| source.parse());
        match parsed {
            Ok(module) => files.push(File { source, module }),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

/// What would end or hang the process, or is not allowed, tests included; otherwise, what one
/// decision may cost in memory.
/// `roots` are the full paths of the rules that requests are judged by.
pub(super) fn refusals(
    files: &[File<'_>],
    data: &str,
    roots: &[&str],
) -> Result<Bill, Vec<Problem>> {
    let names = Names::new(files);
    let mut problems = builtins::check(files, &names);
    problems.extend(calls::check(files, &names));
    if !problems.is_empty() {
        return Err(problems);
    }
    let reached = reads::find(files, &names, roots).rules;
    growth::check(files, &names, &serde_json::from_str(data).unwrap_or_default(), &reached)
}

/// The rules in packages outside of the manifest's roots.
pub(super) fn strays(files: &[File<'_>], manifest: &Manifest) -> Vec<Problem> {
    let names = Names::new(files);
    let outside = |number: &usize| {
        let path = names.package(*number);
        !manifest.covers(path.get(1..).unwrap_or_default())
    };
    let stray = |number: usize| {
        let what = format!("the package `{}`", names.package(number).join("."));
        files.get(number).map(|file| stray(&file.source.file, &what))
    };
    (0..files.len()).filter(outside).filter_map(stray).collect()
}

/// Why these files must run on the interpreter; nothing if they need not.
pub(super) fn differences(files: &[File<'_>], data: &str) -> Vec<Problem> {
    let data = serde_json::from_str(data).unwrap_or_default();
    differences::find(files, &Names::new(files), &data)
}

/// Which parts of the input `rules` can read together.
pub(super) fn reads(files: &[File<'_>], rules: &[&str]) -> Reads {
    reads::find(files, &Names::new(files), rules).reads
}

/// A rule that another may reach.
#[derive(Debug)]
pub(super) struct Reached {
    /// Its full path.
    pub(super) path: String,
    /// Where it stands first.
    pub(super) place: Place,
    /// Whether it takes arguments.
    pub(super) is_function: bool,
}

/// Every rule that `rule` may reach, itself included, in the order of their paths.
pub(super) fn reached(files: &[File<'_>], rule: &str) -> Vec<Reached> {
    let names = Names::new(files);
    let found = reads::find(files, &names, &[rule]).rules.into_iter();
    let nodes = found.filter_map(|index| names.nodes().get(index));
    let mut rules: Vec<Reached> = nodes
        .filter_map(|node| {
            let (file, rule) = node.rules.first()?;
            let is_function = node.rules.iter().any(|(_, rule)| rule.is_function());
            let place = place_at(files, *file, rule.span());
            Some(Reached { path: node.path.join("."), place, is_function })
        })
        .collect();
    rules.sort_by(|one, other| one.path.cmp(&other.path));
    rules
}

/// What is wrong with the entry point `query`, if anything is.
pub(super) fn entry_point(files: &[File<'_>], query: &str) -> Option<Problem> {
    let names = Names::new(files);
    let path: Vec<&str> = query.split('.').collect();
    if names.exact(&path).is_some() {
        return None;
    }
    let known = names.nodes().iter().map(|node| node.path.join("."));
    let near = known
        .max_by(|a, b| strsim::jaro_winkler(a, query).total_cmp(&strsim::jaro_winkler(b, query)));
    let file = files.first().map(|file| file.source.file.clone()).unwrap_or_default();
    let folder = file.parent().map(std::path::Path::to_owned).unwrap_or_default();
    let fix = match near {
        Some(near) => format!("define it, or set `policy.query`; there is `{near}`"),
        None => "define it, or set `policy.query`".to_owned(),
    };
    Some(Problem::new(Place::file(folder), format!("no rule defines `{query}`"), fix))
}

/// Where the rule of that full path stands first.
pub(super) fn place_of(files: &[File<'_>], path: &str) -> Option<Place> {
    let names = Names::new(files);
    let path: Vec<&str> = path.split('.').collect();
    let (file, rule) = names.nodes().get(names.exact(&path)?)?.rules.first()?;
    Some(place_at(files, *file, rule.span()))
}

/// A problem at a place in one of the files.
fn problem_at(
    files: &[File<'_>],
    file: usize,
    span: Option<Span>,
    message: impl Into<String>,
    fix: &str,
) -> Problem {
    let text = files.get(file).map_or("", |file| file.source.text.as_str());
    Problem::new(place_at(files, file, span.unwrap_or_default()), message, fix).shown_in(text)
}

pub(in crate::policy) fn place_at(files: &[File<'_>], file: usize, span: Span) -> Place {
    let file = files.get(file).map(|file| file.source.file.clone()).unwrap_or_default();
    Place { file, line: span.line, column: span.col }
}
