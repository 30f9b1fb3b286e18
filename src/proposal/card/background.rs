//! What is known beside a proposal, and helps to judge it: nothing of it is signed.

use crate::clock::Timestamp;
use crate::id::TaskId;
use crate::identity::SpiffeId;
use crate::proposal::proposal::Proposal;
use crate::proposal::terms::Progress;

/// All of that.
#[derive(Clone, Debug, Default)]
pub struct Background {
    /// The task and all that it was handed on from, first to last, with what each is said to be for.
    pub purposes: Vec<Purpose>,
    /// How far each need has come, in the order of the terms.
    pub progress: Vec<Progress>,
    /// What people have said so far, in order.
    pub words: Vec<Word>,
    /// The last one of its kind that people agreed to.
    pub precedent: Option<Box<Proposal>>,
    /// What became of others, where it was looked up.
    pub history: Option<History>,
}

/// What an agent says that its work is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Purpose {
    /// The task.
    pub task: TaskId,
    /// Whose task it is.
    pub owner: SpiffeId,
    /// The words of whoever opened it or handed it on.
    pub words: String,
}

/// What one person said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Word {
    /// Who, by the name that counts.
    pub approver: String,
    /// `approve`, `break-glass`, `deny` or `withdraw`.
    pub verdict: String,
    /// Why, where they say.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What became of others that are still known; [`MOST`](Self::MOST) stands for that or more.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct History {
    /// That the same rule asked about, and that people agreed to.
    pub rule_approved: u64,
    /// Likewise, and somebody said no.
    pub rule_denied: u64,
    /// Of the same agent, that wait for people now.
    pub agent_waiting: u64,
    /// Of the same agent, that somebody said no to.
    pub agent_denied: u64,
    /// Of the same kind, whatever became of them.
    pub alike: u64,
}

impl History {
    /// Counting ends here.
    pub const MOST: u64 = 1_000;
}
