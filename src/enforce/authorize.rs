//! Ask policy, see that its demands can be met, grant or refuse.

use crate::enforce::ask::Ask;
use crate::enforce::grant::Grant;
use crate::enforce::obligation;
use crate::enforce::refusal::Refusal;
use crate::metrics::PolicyMetrics;
use crate::policy::{Decision, Effect, Judge};

/// Asks policy about `ask`, and grants it if the answer is a clear yes whose every obligation can be
/// carried out, or a clear no on a route that an operator has set to be observed for the time being.
///
/// # Errors
/// [`Refusal`]: everything else.
pub fn authorize(
    judge: &mut Judge,
    ask: Ask,
    metrics: &PolicyMetrics,
) -> Result<Grant, Box<Refusal>> {
    let mut decision = judge.decide(&ask.query());
    if ask.target.is_observed(ask.now) {
        decision = decision.only_observed();
    }
    if decision.is_only_observed() {
        let (decision, would) = (ask.id, decision.label());
        tracing::info!(%decision, would, "let pass: the route is only observed");
    }
    let route = ask.target.route().name.as_str();
    metrics.decisions.with_label_values(&[route, decision.label()]).inc();
    settle(ask, decision)
}

/// What policy says to `ask`, as if it were enforced: also on a route that is only observed, so that
/// lists and forecasts show what will hold. Nothing is granted, kept or counted as a decision.
///
/// # Errors
/// [`Refusal`].
pub fn consider(judge: &mut Judge, ask: Ask) -> Result<Decision, Box<Refusal>> {
    let decision = judge.consider(&ask.query());
    settle(ask, decision).map(Grant::into_decision)
}

fn settle(ask: Ask, decision: Decision) -> Result<Grant, Box<Refusal>> {
    if *decision.effect() != Effect::Allow {
        return Err(Box::new(Refusal::denied(ask, decision)));
    }
    let checked = obligation::check(&decision)
        .and_then(|()| obligation::check_labels(&ask, &decision))
        .and_then(|()| obligation::check_task(&ask, &decision));
    match checked {
        Ok(()) => Ok(Grant::issue(ask, decision)),
        Err(unmet) => Err(Box::new(Refusal::unmet(ask, decision, unmet))),
    }
}
