//! What people's answers come to together.

use crate::approval::people::People;
use crate::approval::proof::Answer;
use crate::proposal::{Terms, Verdict};

/// Whether `answers` decide a proposal with these terms: one no is enough, and a yes needs as many
/// people as every need asks for. `None` while they do not.
pub fn tally(terms: &Terms, people: &People, answers: &[Answer]) -> Option<Verdict> {
    if answers.iter().any(|answer| answer.verdict() == Verdict::Deny) {
        return Some(Verdict::Deny);
    }
    let is_met = |need| {
        let mut agree: Vec<_> = answers.iter().map(Answer::approver).collect();
        agree.sort();
        agree.dedup();
        let asked = agree.iter().filter_map(|name| people.called(name));
        asked.filter(|person| people.are_asked(need, person)).count() >= people.quorum(need)
    };
    (!terms.needs.is_empty() && terms.needs.iter().all(is_met)).then_some(Verdict::Approve)
}
