//! What came of a case, held against what was wanted.

use std::fmt;

use crate::config::cases::{Ending, Want};
use crate::enforce::obligation;
use crate::policy::{Decision, Effect};
use crate::proxy::failure::Failure;
use crate::task::Amount;

/// What a request would lead to.
#[derive(Debug)]
pub(super) struct Verdict {
    ending: Ending,
    codes: Vec<String>,
    obligations: Vec<String>,
    labels: Vec<String>,
    amount: String,
    /// What an operator would be told; may be empty.
    detail: String,
}

impl From<Failure> for Verdict {
    fn from(failure: Failure) -> Self {
        Self {
            ending: Ending::Refused,
            codes: vec![failure.code().to_owned()],
            obligations: Vec::new(),
            labels: Vec::new(),
            amount: NOTHING.to_owned(),
            detail: failure.to_string(),
        }
    }
}

impl From<&Decision> for Verdict {
    fn from(decision: &Decision) -> Self {
        let unmet = obligation::check(decision).err().map(|unmet| unmet.to_string());
        let failure = decision.failure().map(ToString::to_string);
        let (ending, usual) = match (&failure, decision.effect(), &unmet) {
            (Some(_), _, _) | (None, Effect::Allow, Some(_)) => (Ending::Error, "policy_error"),
            (None, Effect::Allow, None) => (Ending::Allow, ""),
            (None, Effect::Deny, _) => (Ending::Deny, "denied"),
            (None, Effect::Escalate(_), _) => (Ending::Approval, "approval_required"),
        };
        let reasons = decision.reasons().iter().map(|reason| reason.code.clone());
        let mut codes: Vec<String> = reasons.collect();
        if codes.is_empty() && !usual.is_empty() || ending == Ending::Error {
            codes.push(usual.to_owned());
        }
        let obligations = decision.obligations().iter().map(|one| one.duty.to_string());
        Self {
            ending,
            codes,
            obligations: obligations.collect(),
            labels: decision.labels().to_vec(),
            amount: decision.amount().map_or_else(|| NOTHING.to_owned(), Amount::to_string),
            detail: failure.or(unmet).unwrap_or_default(),
        }
    }
}

impl Verdict {
    /// Everything in which it is not what was wanted, a line each; empty if it is.
    pub(super) fn against(&self, want: &Want) -> String {
        let mut lines = Vec::new();
        if self.ending != want.decision {
            lines.push(format!("wanted {}, got {self}", want.decision.word()));
        }
        if want.code.as_ref().is_some_and(|code| !self.codes.contains(code)) {
            let code = want.code.as_deref().unwrap_or_default();
            lines.push(format!("wanted code {code}, got {}", shown(&self.codes)));
        }
        let lists = [
            ("obligations", &want.obligations, &self.obligations),
            ("labels", &want.labels, &self.labels),
        ];
        for (what, wanted, found) in lists {
            if wanted.as_ref().is_some_and(|wanted| sorted(wanted) != sorted(found)) {
                let wanted = shown(wanted.as_deref().unwrap_or_default());
                lines.push(format!("wanted {what} {wanted}, got {}", shown(found)));
            }
        }
        if let Some(amount) = want.amount.as_ref().filter(|amount| **amount != self.amount) {
            lines.push(format!("wanted amount {amount}, got {}", self.amount));
        }
        lines.join("\n")
    }
}

/// `deny (orders_read_only)`, and why where that is known.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.ending.word())?;
        if !self.codes.is_empty() {
            write!(f, " ({})", self.codes.join(", "))?;
        }
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

/// What a request costs that costs nothing.
const NOTHING: &str = "none";

fn sorted(list: &[String]) -> Vec<&str> {
    let mut sorted: Vec<&str> = list.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted
}

fn shown(list: &[String]) -> String {
    format!("[{}]", list.join(", "))
}
