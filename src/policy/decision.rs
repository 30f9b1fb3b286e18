//! What policy answered about one request.
//!
//! A [`Decision`] is a proof value: only this part of Countersign can make one, and nothing goes
//! further without it. Whatever is not a clear yes is a no here: an answer that cannot be read is
//! a denial that carries its [`Failure`], never an absent decision.
//!
//! ```compile_fail
//! // A decision cannot be put together outside of policy.
//! let forged = countersign::policy::Decision { effect: countersign::policy::Effect::Allow };
//! ```

use std::time::Duration;

use crate::id::{CredentialName, DecisionId};
use crate::policy::failure::Failure;
use crate::policy::obligation::Obligation;
use crate::policy::revision::Revision;
use crate::task::Amount;

/// One answer of policy, with its reasons and its terms.
#[derive(Clone, Debug)]
#[must_use = "a decision that nobody looks at decides nothing"]
pub struct Decision {
    id: DecisionId,
    revision: Revision,
    effect: Effect,
    failure: Option<Failure>,
    terms: Terms,
    /// What it would have been, where a no is only observed.
    passed: Option<&'static str>,
}

impl Decision {
    /// A clear answer.
    pub(super) fn answered(id: DecisionId, revision: Revision, answer: Answer) -> Self {
        Self {
            id,
            revision,
            effect: answer.effect,
            failure: None,
            terms: answer.terms,
            passed: None,
        }
    }

    /// No clear answer, which is a denial.
    pub(super) fn failed(id: DecisionId, revision: Revision, failure: Failure) -> Self {
        let terms = Terms::default();
        Self { id, revision, effect: Effect::Deny, failure: Some(failure), terms, passed: None }
    }

    /// This decision on a route that is only observed: a clear no lets pass, and says so.
    ///
    /// Its reasons stay, for the record; what else it demanded was meant for a refusal or for people.
    /// An error is no clear no: it denies as ever.
    pub fn only_observed(self) -> Self {
        let would = match (&self.failure, &self.effect) {
            (None, Effect::Deny) => "would_deny",
            (None, Effect::Escalate(_)) => "would_ask",
            _ => return self,
        };
        let terms = Terms { reasons: self.terms.reasons, ..Terms::default() };
        Self { effect: Effect::Allow, terms, passed: Some(would), ..self }
    }

    /// Whether it lets pass what policy denied.
    pub fn is_only_observed(&self) -> bool {
        self.passed.is_some()
    }

    /// The exchange this is about.
    pub fn id(&self) -> DecisionId {
        self.id
    }

    /// The policy that answered.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Allow, deny, or ask a person.
    pub fn effect(&self) -> &Effect {
        &self.effect
    }

    /// Why there was no clear answer; the effect is then [`Effect::Deny`].
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Why, in the rules' own words; in the order policy gave them.
    pub fn reasons(&self) -> &[Reason] {
        &self.terms.reasons
    }

    /// What must be done for the answer to hold; all of it or the request does not go ahead.
    pub fn obligations(&self) -> &[Obligation] {
        &self.terms.obligations
    }

    /// What the exchange is to be marked with.
    pub fn labels(&self) -> &[String] {
        &self.terms.labels
    }

    /// The credential policy chose, when it is not the route's own.
    pub fn credential(&self) -> Option<&CredentialName> {
        self.terms.credential.as_ref()
    }

    /// What it costs, where policy says so: taken off the budget of the request's task.
    pub fn amount(&self) -> Option<&Amount> {
        self.terms.amount.as_ref()
    }

    /// One of `allow`, `deny`, `escalate`, `error`, `would_deny` and `would_ask`, as metrics and the
    /// audit record spell it.
    pub fn label(&self) -> &'static str {
        if let Some(would) = self.passed {
            return would;
        }
        match (&self.failure, &self.effect) {
            (Some(_), _) => "error",
            (None, Effect::Allow) => "allow",
            (None, Effect::Deny) => "deny",
            (None, Effect::Escalate(_)) => "escalate",
        }
    }
}

/// A clear answer, before it is bound to an exchange.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) effect: Effect,
    pub(super) terms: Terms,
}

impl Answer {
    /// Yes or no, and nothing else: what a rule that is a boolean says.
    pub(super) fn plain(effect: Effect) -> Self {
        Self { effect, terms: Terms::default() }
    }

    /// Roughly what its texts take in memory.
    pub(super) fn text_bytes(&self) -> usize {
        let terms = &self.terms;
        let reasons = terms.reasons.iter().map(|reason| reason.code.len() + reason.message.len());
        let labels = terms.labels.iter().map(String::len);
        let duties = terms.obligations.iter().map(|obligation| obligation.duty.text_bytes());
        let needs = match &self.effect {
            Effect::Escalate(needs) => needs.iter().map(ApprovalNeed::text_bytes).sum(),
            Effect::Allow | Effect::Deny => 0,
        };
        let each =
            (terms.reasons.len() + terms.labels.len() + terms.obligations.len()) * ITEM_BYTES;
        reasons.chain(labels).chain(duties).sum::<usize>() + needs + each
    }
}

/// What one reason, label or obligation takes beside its texts, roughly.
const ITEM_BYTES: usize = 64;

/// Whether two outcomes lead to the same treatment: equal answers, or both none.
pub(super) fn agree(one: &Result<Answer, Failure>, other: &Result<Answer, Failure>) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => one == other,
        (Err(_), Err(_)) => true,
        _ => false,
    }
}

/// What comes with a clear answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Terms {
    pub(super) reasons: Vec<Reason>,
    pub(super) obligations: Vec<Obligation>,
    pub(super) labels: Vec<String>,
    pub(super) credential: Option<CredentialName>,
    pub(super) amount: Option<Amount>,
}

/// What is to happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// It may go ahead, on the decision's terms.
    Allow,
    /// It may not.
    Deny,
    /// It may not unless people agree first. Each of these needs must be met; there is at least one.
    Escalate(Vec<ApprovalNeed>),
}

/// Whose agreement a request needs.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovalNeed {
    /// Who must say yes, in this order; there is at least one stage.
    pub stages: Vec<ApprovalStage>,
    /// The groups of which one person may decide alone, in an emergency; empty means nobody.
    pub break_glass: Vec<String>,
    /// How long the question stands.
    pub expires_in: Option<Duration>,
    /// One sentence for the people who are asked.
    pub summary: Option<String>,
    /// How grave it is, in the rules' own word.
    pub risk: Option<String>,
    /// What makes it that grave, likewise.
    pub risk_reasons: Vec<String>,
}

/// Whose agreement is needed before the next people are asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApprovalStage {
    /// How many people must say yes; at least one.
    pub quorum: u32,
    /// Of which groups; empty means everybody who may answer.
    pub approvers: Vec<String>,
}

impl ApprovalNeed {
    fn text_bytes(&self) -> usize {
        let groups = self.stages.iter().flat_map(|stage| &stage.approvers);
        let words = [&self.summary, &self.risk].into_iter().flatten();
        let all = groups.chain(words).chain(&self.break_glass).chain(&self.risk_reasons);
        all.map(String::len).sum()
    }
}

/// One reason of an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reason {
    /// A stable word for machines.
    pub code: String,
    /// A sentence for people, and for models.
    pub message: String,
}
