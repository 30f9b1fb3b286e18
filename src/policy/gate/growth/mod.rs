//! How much memory rules may build up.
//!
//! A chain of forty rules that each join a text with itself makes a terabyte of one request, and no
//! limit of the engine stands inside of a builtin. So before anything runs, the largest that every
//! value can get is told from the rules, as a polynomial in the size of the request. What cannot
//! serve even a small request is refused, at its place; the rest is added up to a [`Bill`], which
//! each request is held against before it is judged. Both err on the careful side.

mod size;
mod bill;
mod scope;
mod sizing;
mod bodies;
mod expressions;
mod references;
mod known;
mod builtins;
mod tested;

pub(in crate::policy) use bill::Bill;

use serde_json::Value;

use crate::policy::gate::growth::bill::{BUDGET, REQUEST};
use crate::policy::gate::growth::size::Size;
use crate::policy::gate::growth::sizing::{DIGITS, Excess, Sizing, Whose};
use crate::policy::gate::names::{Names, Node};
use crate::policy::gate::{File, place_at, problem_at};
use crate::policy::problem::Problem;
use crate::policy::syntax::{Head, Rule};

/// How often the rules are gone through, each time with what `with` was seen to put in.
const ROUNDS: usize = 6;

/// What is wrong with the sizes that rules can reach; otherwise, what one decision may cost.
///
/// The rules must not reach themselves: that is for the caller to have made sure of.
pub(super) fn check<'a>(
    files: &'a [File<'a>],
    names: &Names<'a>,
    data: &'a Value,
    reached: &[usize],
) -> Result<Bill, Vec<Problem>> {
    let mut sizing = Sizing::new(files, names, data, Whose::Requests);
    let total = settle(&mut sizing, |sizing| total_of(names, reached, sizing));
    let total = total.unwrap_or(Size::BOUNDLESS);
    let mut problems: Vec<Problem> =
        sizing.excesses.iter().map(|excess| too_large(files, excess)).collect();
    problems.dedup_by(|one, other| one.place == other.place);
    problems.truncate(SHOWN);
    if sizing.is_lost() {
        let fix = "define names before they are used, and split the rules into smaller ones";
        let message = "the rules are too intertwined to tell how large their values get";
        problems.push(problem_at(files, 0, None, message, fix));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let costliest = costliest(names, reached, &mut sizing);
    let place = costliest.map(|(file, rule)| place_at(files, *file, rule.span()));
    let bill = served(files, &sizing, total).mostly(place);
    problems.extend(costliest.and_then(|rule| too_much(files, rule, &bill)));
    if problems.is_empty() {
        problems.extend(tested::check(files, names, data));
    }
    if problems.is_empty() { Ok(bill) } else { Err(problems) }
}

/// Goes through the rules until nothing new is put in by `with`; `None` if that does not end.
fn settle<'n, 'a>(
    sizing: &mut Sizing<'n, 'a>,
    total_of: impl Fn(&mut Sizing<'n, 'a>) -> Size,
) -> Option<Size> {
    for _ in 0..=ROUNDS {
        let total = total_of(sizing);
        if !sizing.again() {
            return Some(total);
        }
    }
    None
}

/// The most places that are shown; one mistake shows in everything that uses it.
const SHOWN: usize = 20;

const FIX: &str = "cut texts with `substring(x, 0, 200)` before they are copied, write what is put \
                   in as a constant, and join once instead of again and again";

fn too_large(files: &[File<'_>], excess: &Excess) -> Problem {
    let Excess { file, span, size } = *excess;
    let bill = Bill::of(size);
    let message = match size.settled().whole {
        _ if size.boundless || bill.total(REQUEST) == u64::MAX => {
            "there is no bound to how large this may get".to_owned()
        }
        _ if size.digits > DIGITS => {
            format!("this number may get {} bytes long; {DIGITS} is the most", size.digits)
        }
        copies => {
            let total = bill.total(REQUEST);
            let mostly = copies.saturating_mul(REQUEST.bytes) > total / 2;
            let copies = if mostly {
                format!("hold its request {copies} times, and ")
            } else {
                String::new()
            };
            format!(
                "this may {copies}take {total} bytes for a request of {}; {BUDGET} is the most",
                REQUEST.bytes
            )
        }
    };
    problem_at(files, file, Some(span), message, FIX)
}

/// What the rules that requests reach take together. Functions are counted where they are called;
/// the others are looked at, too, because tests run them.
fn total_of<'a>(names: &Names<'a>, reached: &[usize], sizing: &mut Sizing<'_, 'a>) -> Size {
    let mut total = Size::NOTHING;
    for (index, node) in names.nodes().iter().enumerate() {
        let taken = sizing.node(index).taken.settled();
        if !is_function(node) && reached.contains(&index) {
            total = total.plus(taken);
        }
    }
    total
}

/// The bill for requests, and for whatever the rules themselves put in the place of one.
fn served(files: &[File<'_>], sizing: &Sizing<'_, '_>, total: Size) -> Bill {
    let is_served = |file: usize| files.get(file).is_some_and(|file| !file.source.is_test());
    let served = instead(sizing, is_served);
    let again = served.map_or(Size::NOTHING, |input| total.given(input));
    Bill::of(total.plus(again))
}

/// The largest input that `with` can make in those files: each may build on that of another.
fn instead(sizing: &Sizing<'_, '_>, counts: impl Fn(usize) -> bool) -> Option<Size> {
    let inputs = || sizing.seen.inputs.iter().filter(|(file, ..)| counts(*file));
    let largest = inputs().map(|(.., size)| *size).reduce(Size::or)?;
    if largest.is_fixed() {
        return Some(largest);
    }
    let levels = inputs().skip(1).take(LEVELS);
    Some(levels.fold(largest, |input, _| largest.given(input)))
}

/// More levels of `with` inside of each other than evaluations may nest.
const LEVELS: usize = 160;

/// The rule that takes the most; what functions take counts where they are called.
fn costliest<'n, 'a>(
    names: &'n Names<'a>,
    reached: &[usize],
    sizing: &mut Sizing<'_, 'a>,
) -> Option<&'n (usize, &'a Rule)> {
    let nodes = names.nodes().iter().enumerate();
    let served = nodes.filter(|(index, node)| !is_function(node) && reached.contains(index));
    let (_, node) =
        served.max_by_key(|(index, _)| Bill::of(sizing.node(*index).taken).total(REQUEST))?;
    node.rules.first()
}

fn too_much(files: &[File<'_>], costliest: &(usize, &Rule), bill: &Bill) -> Option<Problem> {
    let total = bill.total(REQUEST);
    let (file, rule) = costliest;
    let message = format!(
        "all rules together may take {total} bytes for a request of {}, this one the most of it; \
         {BUDGET} is the most",
        REQUEST.bytes
    );
    (total > BUDGET).then(|| problem_at(files, *file, Some(rule.span()), message, FIX))
}

fn is_function(node: &Node<'_>) -> bool {
    let function = |rule: &Rule| match rule {
        Rule::Default { args, .. } => !args.is_empty(),
        Rule::Spec { head, .. } => matches!(head, Head::Func { .. }),
    };
    node.rules.iter().all(|(_, rule)| function(rule))
}
