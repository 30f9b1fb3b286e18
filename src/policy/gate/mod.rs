//! What a bundle must be before any of it runs.
//!
//! The engine underneath has limits that no error handling survives: a rule that calls itself
//! overflows the stack, some builtins fill the memory, and its fast machine gives other answers
//! than its interpreter for some constructs, without a word. All of that is found here on the
//! syntax tree, with a place and a way out. What would end or hang the process is *refused*; what
//! the fast machine might get wrong runs on the *interpreter*; the rest is *fast*. Where the tree
//! does not tell, the careful answer is given.

mod builtins;
mod calls;
mod differences;
mod names;
pub(super) mod scan;
pub(super) mod syntax;
mod types;
mod walk;

pub(in crate::policy) use builtins::names as builtins;

use crate::policy::engine::source::Source;
use crate::policy::gate::names::Names;
use crate::policy::gate::syntax::{Module, Span};
use crate::policy::problem::{Place, Problem};

/// A file and its syntax tree.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub(super) source: &'a Source,
    pub(super) module: Module,
}

/// Parses `sources`, each after its depth was bounded; reports every file that does not parse.
pub(super) fn parse(sources: &[Source]) -> Result<Vec<File<'_>>, Vec<Problem>> {
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

/// What would end or hang the process, or is not allowed; tests included.
pub(super) fn refusals(files: &[File<'_>]) -> Vec<Problem> {
    let names = Names::new(files);
    let mut problems = builtins::check(files, &names);
    problems.extend(calls::check(files, &names));
    problems
}

/// Why these files must run on the interpreter; nothing if they need not.
pub(super) fn differences(files: &[File<'_>]) -> Vec<Problem> {
    differences::find(files, &Names::new(files))
}

/// A problem at a place in one of the files.
fn problem_at(
    files: &[File<'_>],
    file: usize,
    span: Option<Span>,
    message: impl Into<String>,
    fix: &str,
) -> Problem {
    let Some(file) = files.get(file) else {
        return Problem::new(Place::file(""), message, fix);
    };
    let (line, column) = span.map_or((0, 0), |span| (span.line, span.col));
    let place = Place { file: file.source.file.clone(), line, column };
    Problem::new(place, message, fix).shown_in(&file.source.text)
}
