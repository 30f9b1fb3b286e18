//! An explanation, as far as it goes: what was answered, what made it so, what nearly allowed it.

use serde::Serialize;

use crate::policy::decision::Reason;
use crate::policy::problem::Place;

/// Why policy answered as it did.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// `allow`, `deny`, `escalate` or `error`, as the rules answer now.
    pub effect: &'static str,
    /// The rules' own reasons.
    pub reasons: Vec<Said>,
    /// Why there was no clear answer, with the place in the rules where one is known.
    pub failure: Option<String>,
    /// The rules that made it so, the one that says the reason first.
    pub because: Vec<Held>,
    /// The rule that allowed it, or came nearest to doing so.
    pub nearest: Option<Near>,
}

/// One reason.
#[derive(Clone, Debug, Serialize)]
pub struct Said {
    /// A stable word for machines.
    pub code: String,
    /// A sentence for people, and for models.
    pub message: String,
}

/// Where a rule stands.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct RulePlace {
    /// Its full path.
    pub rule: String,
    /// The file, as the operator knows it.
    pub file: String,
    /// The line, counted from one.
    pub line: u32,
}

/// A definition that held.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    /// The rule.
    #[serde(flatten)]
    pub place: RulePlace,
    /// Its first line.
    pub text: String,
    /// How far it stands from the rule that was asked.
    pub depth: usize,
}

/// A definition that would allow, and what became of its conditions.
#[derive(Clone, Debug, Serialize)]
pub struct Near {
    /// The rule.
    #[serde(flatten)]
    pub place: RulePlace,
    /// Every condition, in its order.
    pub conditions: Vec<Condition>,
    /// The same for the rule that the decisive condition asks.
    pub through: Option<Box<Near>>,
}

/// One condition of a rule.
#[derive(Clone, Debug, Serialize)]
pub struct Condition {
    /// As it is written, on one line.
    pub text: String,
    /// Its line.
    pub line: u32,
    /// What became of it.
    pub state: State,
    /// What it looked at; only where it did not hold.
    pub seen: Vec<Seen>,
    /// The rules that held and must not have; only for `not`.
    pub against: Vec<RulePlace>,
}

/// What became of a condition.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Trying it ended in an error.
    Erred(String),
    /// It did not hold, and with it the rule.
    Failed,
    /// It held, with those before it.
    Held,
    /// Those before it did not hold already.
    NotReached,
}

/// Something that a condition looked at.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Seen {
    /// The expression.
    pub what: String,
    /// Its values, as JSON; none where it has no value.
    pub values: Vec<String>,
    /// The part of it that has no value, and what stands before that.
    pub missing: Option<String>,
}

/// What an agent may know of its own decision: no values, no constants of the rules, no files.
#[derive(Clone, Debug, Serialize)]
pub struct AgentView {
    /// `allow`, `deny`, `escalate` or `error`.
    pub effect: &'static str,
    /// The rules' own reasons, which are written for agents.
    pub reasons: Vec<Said>,
    /// The fields of the request that the first failing condition of the nearest rule looked at.
    pub decisive_fields: Vec<String>,
}

impl Explanation {
    /// The half that is safe to show to the agent that asked.
    ///
    /// A rule's text may name other agents, and its data may be theirs; so of the nearest rule only
    /// the request's own fields are named.
    pub fn for_agent(&self) -> AgentView {
        let mut fields: Vec<String> = Vec::new();
        let mut near = self.nearest.as_ref();
        while let Some(rule) = near {
            let failed = rule.conditions.iter().filter(|one| one.state == State::Failed);
            let seen = failed.flat_map(|one| &one.seen).map(|seen| &seen.what);
            // An index into the input may hold a constant of the rules.
            let plain = |what: &&String| what.starts_with("input.") && !what.contains('[');
            fields.extend(seen.filter(plain).cloned());
            near = rule.through.as_deref();
        }
        fields.sort();
        fields.dedup();
        AgentView { effect: self.effect, reasons: self.reasons.clone(), decisive_fields: fields }
    }
}

impl From<&Reason> for Said {
    fn from(reason: &Reason) -> Self {
        Self { code: reason.code.clone(), message: reason.message.clone() }
    }
}

impl RulePlace {
    pub(super) fn new(rule: &[&str], place: &Place) -> Self {
        let file = place.file.display().to_string();
        Self { rule: rule.join("."), file, line: place.line }
    }
}
