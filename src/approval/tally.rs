//! What people's answers come to together.

use crate::approval::identity::Identity;
use crate::approval::people::{People, Person};
use crate::approval::proof::Answer;
use crate::approval::statement::Verdict;
use crate::proposal::{self, Need, Progress, Terms};

/// Whether `answers`, in the order in which they were given, decide a proposal with these terms: one
/// no is enough, and a yes needs every stage of every need, or one person who may decide alone.
/// `None` while they do not. Of each person the last word counts, and nothing before it.
pub fn tally(terms: &Terms, people: &People, answers: &[Answer]) -> Option<proposal::Verdict> {
    let words = last_words(answers);
    if words.iter().any(|word| matches!(word.verdict(), Verdict::Deny(_))) {
        return Some(proposal::Verdict::Deny);
    }
    let is_met = |need| is_overruled(need, people, &words) || is_met(need, people, &words);
    let is_agreed = !terms.needs.is_empty() && terms.needs.iter().all(is_met);
    is_agreed.then_some(proposal::Verdict::Approve)
}

/// How far each need has come, in their order.
pub fn progress(terms: &Terms, people: &People, answers: &[Answer]) -> Vec<Progress> {
    let words = last_words(answers);
    terms.needs.iter().map(|need| come(need, people, &words)).collect()
}

/// Whether a yes of `person` would count now: whether a need is at a stage that asks them.
pub fn is_due(terms: &Terms, people: &People, answers: &[Answer], person: &Person) -> bool {
    let progress = progress(terms, people, answers);
    let mut next = terms.needs.iter().zip(progress).map(|(need, come)| need.stages.get(come.met));
    next.any(|stage| stage.is_some_and(|stage| people.are_asked(stage, person)))
}

/// Who decided alone, and why, where somebody did.
pub fn broken_glass(answers: &[Answer]) -> Option<(&Identity, &str)> {
    last_words(answers).into_iter().find_map(|word| match word.verdict() {
        Verdict::BreakGlass(reason) => Some((word.approver(), reason.as_str())),
        _ => None,
    })
}

/// The last word of each person, in order; of whoever took theirs back, none.
fn last_words(answers: &[Answer]) -> Vec<&Answer> {
    let is_last = |at: usize, one: &Answer| {
        !answers[at + 1..].iter().any(|later| later.approver() == one.approver())
    };
    let words = answers.iter().enumerate().filter(|(at, one)| is_last(*at, one));
    let words = words.map(|(_, one)| one);
    words.filter(|one| !matches!(one.verdict(), Verdict::Withdraw(_))).collect()
}

fn is_met(need: &Need, people: &People, words: &[&Answer]) -> bool {
    !need.stages.is_empty() && come(need, people, words).met == need.stages.len()
}

fn is_overruled(need: &Need, people: &People, words: &[&Answer]) -> bool {
    words.iter().any(|word| {
        matches!(word.verdict(), Verdict::BreakGlass(_))
            && people.called(word.approver()).is_some_and(|one| people.may_overrule(need, one))
    })
}

/// Each yes counts in the stage that was asked when it was given, or not at all.
fn come(need: &Need, people: &People, words: &[&Answer]) -> Progress {
    let (mut met, mut agreed) = (0, 0);
    for word in words.iter().filter(|word| *word.verdict() == Verdict::Approve) {
        let Some(stage) = need.stages.get(met) else { break };
        let person = people.called(word.approver());
        agreed += usize::from(person.is_some_and(|person| people.are_asked(stage, person)));
        if agreed >= people.quorum(stage) {
            (met, agreed) = (met + 1, 0);
        }
    }
    let wanted = need.stages.get(met).map_or(0, |stage| people.quorum(stage));
    Progress { met, agreed, wanted }
}
