//! How much memory a bundle's own tests may build up.
//!
//! They run in the process that serves, before the bundle does. A test is evaluated by itself, with
//! an input that it makes itself, and may put things in the place of data and rules; so the sizes are
//! found once more with all of that in, and each test is held against a budget of its own.

use crate::policy::engine::bulk::Bulk;
use crate::policy::gate::growth::bill::Bill;
use crate::policy::gate::growth::size::Size;
use crate::policy::gate::growth::sizing::{Sizing, Whose};
use crate::policy::gate::growth::{FIX, is_function, settle};
use crate::policy::gate::names::{Names, Node};
use crate::policy::gate::{File, problem_at};
use crate::policy::problem::Problem;

use serde_json::Value;

/// The most that one test may take: 1 GiB, which is four times what a decision may.
pub(super) const BUDGET: u64 = 1 << 30;

/// What is wrong with the sizes that tests can reach. The rules themselves must have been checked.
pub(super) fn check<'a>(
    files: &'a [File<'a>],
    names: &Names<'a>,
    data: &'a Value,
) -> Option<Problem> {
    if !files.iter().any(|file| file.source.is_test()) {
        return None;
    }
    let mut sizing = Sizing::new(files, names, data, Whose::Tests);
    let settled = settle(&mut sizing, |sizing| total_of(files, names, sizing));
    if let Some(excess) = sizing.excesses.first() {
        let message = "a test may make this too large for its memory";
        return Some(problem_at(files, excess.file, Some(excess.span), message, FIX));
    }
    let bulk = largest(&sizing);
    for (index, node) in names.nodes().iter().enumerate().filter(|(_, node)| is_test(files, node)) {
        let taken = sizing.node(index).taken.settled().plus(settled.unwrap_or(Size::BOUNDLESS));
        let total = Bill::of(taken).total(bulk);
        if total > BUDGET {
            let (file, rule) = node.rules.first()?;
            let message = format!(
                "this test may take {total} bytes of memory with the rules that it runs; {BUDGET} \
                 is the most"
            );
            return Some(problem_at(files, *file, Some(rule.span()), message, FIX));
        }
    }
    None
}

/// What all rules take that are not tests.
fn total_of<'a>(files: &'a [File<'a>], names: &Names<'a>, sizing: &mut Sizing<'_, 'a>) -> Size {
    let mut total = Size::NOTHING;
    for (index, node) in names.nodes().iter().enumerate() {
        let taken = sizing.node(index).taken.settled();
        if !is_function(node) && !is_test(files, node) {
            total = total.plus(taken);
        }
    }
    total
}

/// The largest input that a test makes; a test that makes none has next to none.
fn largest(sizing: &Sizing<'_, '_>) -> Bulk {
    let sizes = sizing.seen.inputs.iter().map(|(.., size)| {
        let size = size.settled();
        if size.boundless { u64::MAX } else { size.fixed.saturating_add(size.whole * EMPTY) }
    });
    let bytes = sizes.max().unwrap_or_default().max(EMPTY);
    Bulk { bytes, elements: bytes / Bulk::ELEMENT }
}

fn is_test(files: &[File<'_>], node: &Node<'_>) -> bool {
    let test = |file: usize| files.get(file).is_some_and(|file| file.source.is_test());
    node.rules.iter().all(|(file, _)| test(*file))
}

/// What an input is made from that puts no other in its place.
const EMPTY: u64 = 64;
