//! Two answers to one request: the route's rules', and those of the guardrails above every route.
//!
//! Together they can only be narrower than each alone: one no is a no, the agreement that either
//! asks for is needed, and what must be done for the one must be done for the other too. Where they
//! ask for things that cannot both be done, there is no clear answer, and that is a no as well.

use crate::policy::decision::{Answer, Effect, Terms};
use crate::policy::failure::{Cause, Failure};
use crate::policy::obligation::{Duty, Obligation};
use crate::task::Amount;

/// What `route` and `guardrails` say together.
///
/// # Errors
/// If what they ask for contradicts each other.
pub(super) fn narrowed(route: Answer, guardrails: Answer) -> Result<Answer, Failure> {
    let mut labels = guardrails.terms.labels.clone();
    unite(&mut labels, route.terms.labels.clone());
    let mut answer = match (strictness(&route), strictness(&guardrails)) {
        (Strictness::Deny, Strictness::Deny) => denied(route, guardrails),
        (Strictness::Deny, _) => route,
        (_, Strictness::Deny) => guardrails,
        _ => granted(route, guardrails)?,
    };
    answer.terms.labels = labels;
    Ok(answer)
}

#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Strictness {
    Allow,
    Escalate,
    Deny,
}

fn strictness(answer: &Answer) -> Strictness {
    match answer.effect {
        Effect::Allow => Strictness::Allow,
        Effect::Deny => Strictness::Deny,
        Effect::Escalate(_) => Strictness::Escalate,
    }
}

/// Both say no. Whose words the denial carries matters little; the guardrails' go first.
fn denied(route: Answer, mut guardrails: Answer) -> Answer {
    let terms = &mut guardrails.terms;
    unite(&mut terms.reasons, route.terms.reasons);
    for obligation in route.terms.obligations {
        if contradiction(&terms.obligations, &obligation).is_none() {
            add(&mut terms.obligations, obligation);
        }
    }
    guardrails
}

/// Neither says no: the terms of both hold.
fn granted(route: Answer, guardrails: Answer) -> Result<Answer, Failure> {
    let strictest = strictness(&route).max(strictness(&guardrails));
    let (mut needs, mut terms) = (Vec::new(), Terms::default());
    for answer in [guardrails, route] {
        // Why the laxer of two answers would have allowed it explains nothing.
        if strictness(&answer) == strictest {
            unite(&mut terms.reasons, answer.terms.reasons);
        }
        if let Effect::Escalate(these) = answer.effect {
            needs.extend(these);
        }
        for obligation in answer.terms.obligations {
            if let Some(what) = contradiction(&terms.obligations, &obligation) {
                return Err(disagreement(&what));
            }
            add(&mut terms.obligations, obligation);
        }
        match (&terms.credential, answer.terms.credential) {
            (Some(one), Some(other)) if *one != other => {
                return Err(disagreement("the credential"));
            }
            (None, chosen) => terms.credential = chosen,
            _ => {}
        }
        terms.amount = dearer(terms.amount, answer.terms.amount)?;
    }
    let effect = if needs.is_empty() { Effect::Allow } else { Effect::Escalate(needs) };
    Ok(Answer { effect, terms })
}

/// The larger of two amounts.
fn dearer(one: Option<Amount>, other: Option<Amount>) -> Result<Option<Amount>, Failure> {
    match (one, other) {
        (Some(one), Some(other)) if one.unit != other.unit => {
            Err(disagreement("the unit of the amount"))
        }
        (Some(one), Some(other)) => Ok(Some(if one.value < other.value { other } else { one })),
        (one, other) => Ok(one.or(other)),
    }
}

fn disagreement(what: &str) -> Failure {
    let message = format!("the route's rules and the guardrails disagree on {what}");
    Failure::new(Cause::Answer, message)
}

/// Adds those that are not there yet.
fn unite<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
    for item in more {
        if !all.contains(&item) {
            all.push(item);
        }
    }
}

/// A duty that is there already under the same name, or under none, is not done twice.
fn add(all: &mut Vec<Obligation>, more: Obligation) {
    if !all.contains(&more) {
        all.push(more);
    }
}

/// What another duty among `all` does otherwise.
fn contradiction(all: &[Obligation], one: &Obligation) -> Option<String> {
    let subject = subject(&one.duty)?;
    let mut others = all.iter().filter(|other| other.duty != one.duty);
    others.any(|other| self::subject(&other.duty).as_ref() == Some(&subject)).then_some(subject)
}

/// What a duty settles, where two of them cannot both.
fn subject(duty: &Duty) -> Option<String> {
    match duty {
        Duty::AnswerBody(_) => Some("the denial's body".to_owned()),
        Duty::AnswerStatus(_) => Some("the denial's status".to_owned()),
        Duty::DurableOnDisk | Duty::Task(_) => None,
        Duty::QueryRemove(name) | Duty::QuerySet { name, .. } => {
            Some(format!("the query parameter `{name}`"))
        }
        Duty::RequestHeaderRemove(name) | Duty::RequestHeaderSet { name, .. } => {
            Some(format!("the request header `{name}`"))
        }
        Duty::ResponseHeaderSet { name, .. } => Some(format!("the response header `{name}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::engine::answer::read;
    use crate::policy::engine::document::Document;

    fn answer(json: &str) -> Answer {
        read(&Document::parse(json).unwrap()).unwrap()
    }

    fn both(route: &str, guardrails: &str) -> Result<Answer, Failure> {
        narrowed(answer(route), answer(guardrails))
    }

    const ASK_ONE: &str = r#"{"allowed": false, "approval": {"quorum": 1, "approvers": ["a"]}}"#;
    const ASK_TWO: &str = r#"{"allowed": false, "approval": {"quorum": 2, "approvers": ["b"]}}"#;

    #[test]
    fn only_two_yes_are_a_yes() {
        assert_eq!(both("true", "true").unwrap().effect, Effect::Allow);
        for (route, guardrails) in [
            ("true", "false"),
            ("false", "true"),
            ("false", "false"),
            (ASK_ONE, "false"),
            ("false", ASK_ONE),
        ] {
            assert_eq!(both(route, guardrails).unwrap().effect, Effect::Deny);
        }
    }

    #[test]
    fn the_agreement_that_either_asks_for_is_needed() {
        for (route, guardrails, needs) in [
            (ASK_ONE, "true", 1),
            ("true", ASK_TWO, 1),
            (ASK_ONE, ASK_TWO, 2),
            (ASK_ONE, ASK_ONE, 2),
        ] {
            let Effect::Escalate(found) = both(route, guardrails).unwrap().effect else {
                panic!("{route} and {guardrails} do not ask");
            };
            assert_eq!(found.len(), needs);
        }
    }

    #[test]
    fn a_denial_tells_why_it_is_one_and_not_what_would_have_been_allowed() {
        let yes = r#"{"allowed": true, "reasons": [{"code": "granted", "message": "m"}],
                      "headers": {"x-a": "1"}, "labels": ["a"]}"#;
        let no = r#"{"allowed": false, "reasons": [{"code": "frozen", "message": "m"}],
                     "http_status": 451, "labels": ["b"]}"#;
        let said = both(yes, no).unwrap();
        assert_eq!(said.terms.reasons.len(), 1);
        assert_eq!(said.terms.reasons[0].code, "frozen");
        assert_eq!(said.terms.obligations.len(), 1);
        assert_eq!(said.terms.labels, ["b", "a"]);
    }

    #[test]
    fn labels_reasons_and_obligations_unite() {
        let one = r#"{"allowed": true, "labels": ["a", "b"], "headers": {"x-a": "1", "x-b": "2"},
                      "reasons": [{"code": "one", "message": "m"}], "credential": {"name": "c"}}"#;
        let other = r#"{"allowed": true, "labels": ["b", "c"], "headers": {"x-a": "1"},
                        "reasons": [{"code": "two", "message": "m"}],
                        "obligations": [{"type": "durability", "durability": "disk"}]}"#;
        let terms = both(one, other).unwrap().terms;
        assert_eq!(terms.labels, ["b", "c", "a"]);
        assert_eq!(terms.reasons.len(), 2);
        assert_eq!(terms.obligations.len(), 3);
        assert_eq!(terms.credential.unwrap().as_str(), "c");
    }

    #[test]
    fn of_two_amounts_the_larger_counts() {
        let costs = |value: &str, unit: &str| {
            format!(r#"{{"allowed": true, "amount": {{"unit": "{unit}", "value": "{value}"}}}}"#)
        };
        let said = |one: &str, other: &str| {
            both(one, other).unwrap().terms.amount.map(|amount| amount.value.to_string())
        };
        assert_eq!(said(&costs("2", "EUR"), &costs("10", "EUR")).as_deref(), Some("10"));
        assert_eq!(said(&costs("2", "EUR"), "true").as_deref(), Some("2"));
        assert_eq!(said("true", &costs("2", "EUR")).as_deref(), Some("2"));
        assert!(both(&costs("2", "EUR"), &costs("2", "USD")).is_err());
    }

    #[test]
    fn what_cannot_both_be_done_is_no_answer() {
        for (one, other) in [
            (
                r#"{"allowed": true, "headers": {"x": "1"}}"#,
                r#"{"allowed": true, "headers": {"x": "2"}}"#,
            ),
            (
                r#"{"allowed": true, "headers": {"x": "1"}}"#,
                r#"{"allowed": true, "request_headers_to_remove": ["x"]}"#,
            ),
            (
                r#"{"allowed": true, "query_parameters_to_set": {"q": "1"}}"#,
                r#"{"allowed": true, "query_parameters_to_remove": ["q"]}"#,
            ),
            (
                r#"{"allowed": true, "credential": {"name": "a"}}"#,
                r#"{"allowed": true, "credential": {"name": "b"}}"#,
            ),
        ] {
            for (route, guardrails) in [(one, other), (other, one)] {
                let failure = both(route, guardrails).unwrap_err();
                assert_eq!(failure.cause(), Cause::Answer);
                assert!(failure.message().contains("disagree on"), "{failure}");
            }
        }
        let denied = both(
            r#"{"allowed": false, "http_status": 404}"#,
            r#"{"allowed": false, "http_status": 451}"#,
        );
        assert_eq!(
            denied.unwrap().terms.obligations.len(),
            1,
            "a denial is one whatever its status"
        );
    }
}
