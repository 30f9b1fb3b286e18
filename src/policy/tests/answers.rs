//! What rules may say, and that nothing else is a yes.

use std::time::Duration;

use crate::policy::decision::Answer;
use crate::policy::engine::answer::read;
use crate::policy::failure::Failure;
use crate::policy::tests::{input, judge, load};
use crate::policy::{Duty, Effect};
use crate::task::{Change, Prefix};

fn answer(json: &str) -> Result<Answer, Failure> {
    read(&input(json))
}

#[test]
fn a_boolean_is_an_answer() {
    assert_eq!(answer("true").unwrap().effect, Effect::Allow);
    assert_eq!(answer("false").unwrap().effect, Effect::Deny);
}

#[test]
fn reasons_labels_and_a_credential_come_along() {
    let answer = answer(
        r#"{"allowed": true, "reasons": [{"code": "c", "message": "m"}], "labels": ["pii"],
            "credential": {"name": "orders-api"}}"#,
    );
    let terms = answer.unwrap().terms;
    assert_eq!(terms.reasons.len(), 1);
    assert_eq!(terms.labels, ["pii"]);
    assert_eq!(terms.credential.unwrap().as_str(), "orders-api");
}

#[test]
fn approval_counts_only_where_the_answer_is_no() {
    let ask = r#""approval": {"quorum": 2, "approvers": ["payments"], "expires_in": "15m"}"#;
    let Effect::Escalate(need) = answer(&format!(r#"{{"allowed": false, {ask}}}"#)).unwrap().effect
    else {
        panic!("not an escalation");
    };
    let [need] = need.as_slice() else { panic!("not one need") };
    assert_eq!((need.stages[0].quorum, need.expires_in), (2, Some(Duration::from_secs(900))));
    assert_eq!(answer(&format!(r#"{{"allowed": true, {ask}}}"#)).unwrap().effect, Effect::Allow);
}

#[test]
fn stages_are_read_in_their_order() {
    let said = r#"{"allowed": false, "approval": {"risk": "high", "risk_reasons": ["money"],
        "stages": [{"approvers": ["leads"]}, {"quorum": 2, "approvers": ["payments"]}],
        "break_glass": ["oncall"]}}"#;
    let Effect::Escalate(needs) = answer(said).unwrap().effect else { panic!("no escalation") };
    let [need] = needs.as_slice() else { panic!("not one need") };
    let stages: Vec<_> = need.stages.iter().map(|one| (one.quorum, &*one.approvers[0])).collect();
    assert_eq!(stages, [(1, "leads"), (2, "payments")]);
    assert_eq!((&*need.break_glass[0], &*need.risk_reasons[0]), ("oncall", "money"));
    // Without stages there is one, and nobody decides alone.
    let plain = answer(r#"{"allowed": false, "approval": {}}"#).unwrap().effect;
    let Effect::Escalate(needs) = plain else { panic!("no escalation") };
    assert_eq!((needs[0].stages[0].quorum, needs[0].stages.len()), (1, 1));
    assert!(needs[0].stages[0].approvers.is_empty() && needs[0].break_glass.is_empty());
}

#[test]
fn the_keys_of_opa_envoy_become_duties() {
    let yes = answer(
        r#"{"allowed": true, "headers": {"x-a": ["1", "2"]}, "request_headers_to_remove": ["x-b"],
            "response_headers_to_add": [{"x-c": "3"}], "query_parameters_to_set": {"q": "v"},
            "query_parameters_to_remove": ["r"], "dynamic_metadata": {"any": 1}}"#,
    );
    let duties: Vec<_> = yes.unwrap().terms.obligations.into_iter().map(|o| o.duty).collect();
    assert_eq!(duties.len(), 5);
    assert!(
        duties
            .iter()
            .any(|duty| matches!(duty, Duty::RequestHeaderSet { values, .. } if values.len() == 2))
    );
    let no =
        answer(r#"{"allowed": false, "headers": {"x-a": "1"}, "body": "no", "http_status": 404}"#);
    let duties: Vec<_> = no.unwrap().terms.obligations.into_iter().map(|o| o.duty).collect();
    assert!(duties.iter().any(|duty| matches!(duty, Duty::ResponseHeaderSet { .. })));
    assert!(duties.iter().any(|duty| matches!(duty, Duty::AnswerBody(body) if body == "no")));
}

#[test]
fn obligations_that_are_known_are_carried() {
    let said = answer(
        r#"{"allowed": true, "obligations": [
            {"id": "d", "type": "durability", "durability": "disk"},
            {"type": "request_header", "name": "x-a", "value": "1"}]}"#,
    );
    let obligations = said.unwrap().terms.obligations;
    assert_eq!(
        (obligations[0].id.as_deref(), &obligations[0].duty),
        (Some("d"), &Duty::DurableOnDisk)
    );
}

#[test]
fn what_becomes_of_the_task_and_what_a_request_costs_is_read() {
    let said = answer(
        r#"{"allowed": true, "amount": {"unit": "EUR", "value": 12.50}, "obligations": [
            {"type": "task", "do": "pause"}, {"type": "task", "do": "end"},
            {"type": "task", "do": "narrow", "methods": ["GET"], "paths": ["/%61/"]}]}"#,
    );
    let terms = said.unwrap().terms;
    let amount = terms.amount.unwrap();
    assert_eq!((amount.unit.as_str(), &*amount.value.to_string()), ("EUR", "12.5"));
    let duties: Vec<_> = terms.obligations.into_iter().map(|one| one.duty).collect();
    assert_eq!(duties[..2], [Duty::Task(Change::Pause), Duty::Task(Change::End)]);
    let Duty::Task(Change::Narrow(scope)) = &duties[2] else { panic!("{:?}", duties[2]) };
    assert_eq!(scope.methods, Some(["GET".to_owned()].into()));
    assert_eq!(scope.paths, Some([Prefix::new("/a")].into()));
    assert_eq!((&scope.routes, &scope.tools), (&None, &None));
}

#[test]
fn whatever_is_not_understood_is_no_answer() {
    for (said, cause) in [
        ("null", "answer"),
        ("1", "answer"),
        (r#""true""#, "answer"),
        ("[true]", "answer"),
        ("{}", "answer"),
        (r#"{"allow": true}"#, "answer"),
        (r#"{"allowed": "true"}"#, "answer"),
        (r#"{"allowed": 1}"#, "answer"),
        (r#"{"allowed": true, "obligation": []}"#, "answer"),
        (r#"{"allowed": true, "reasons": "x"}"#, "answer"),
        (r#"{"allowed": true, "reasons": [{"code": "x"}]}"#, "answer"),
        (r#"{"allowed": true, "reasons": [{"code": "x", "message": "m", "extra": 1}]}"#, "answer"),
        (r#"{"allowed": true, "labels": [1]}"#, "answer"),
        (r#"{"allowed": true, "headers": {"bad name": "x"}}"#, "answer"),
        (r#"{"allowed": true, "headers": {"x": "a\nb"}}"#, "answer"),
        (r#"{"allowed": true, "headers": {"x": 1}}"#, "answer"),
        (r#"{"allowed": false, "approval": null}"#, "answer"),
        (r#"{"allowed": false, "approval": {"quorum": 0}}"#, "answer"),
        (r#"{"allowed": false, "approval": {"stages": []}}"#, "answer"),
        (r#"{"allowed": false, "approval": {"stages": {"quorum": 1}}}"#, "answer"),
        (r#"{"allowed": false, "approval": {"stages": [{"quorum": 0}]}}"#, "answer"),
        (r#"{"allowed": false, "approval": {"stages": [{"summary": "x"}]}}"#, "answer"),
        (r#"{"allowed": false, "approval": {"stages": [{"quorum": 1}], "quorum": 2}}"#, "answer"),
        (r#"{"allowed": false, "approval": {"break_glass": true}}"#, "answer"),
        (r#"{"allowed": false, "approval": {"risk_reasons": "money"}}"#, "answer"),
        (r#"{"allowed": false, "approval": {"expires_in": "soon"}}"#, "answer"),
        (r#"{"allowed": false, "http_status": 200}"#, "answer"),
        (r#"{"allowed": true, "credential": {"name": "x", "ttl": "5m"}}"#, "obligation"),
        (r#"{"allowed": true, "credential": {"name": "x", "scope": ["r"]}}"#, "obligation"),
        (r#"{"allowed": true, "obligations": [{"type": "redact"}]}"#, "obligation"),
        (
            r#"{"allowed": true, "obligations": [{"type": "durability", "durability": "x"}]}"#,
            "obligation",
        ),
        (r#"{"allowed": true, "obligations": [{"id": "x"}]}"#, "obligation"),
        (r#"{"allowed": true, "obligations": [{"type": "task"}]}"#, "obligation"),
        (r#"{"allowed": true, "obligations": [{"type": "task", "do": "resume"}]}"#, "obligation"),
        (r#"{"allowed": true, "obligations": [{"type": "task", "do": "narrow"}]}"#, "obligation"),
        (
            r#"{"allowed": true, "obligations": [{"type": "task", "do": "end", "routes": []}]}"#,
            "obligation",
        ),
        (
            r#"{"allowed": true, "obligations": [{"type": "task", "do": "narrow", "paths": ["x"]}]}"#,
            "obligation",
        ),
        (
            r#"{"allowed": true, "obligations": [{"type": "task", "do": "pause", "why": "x"}]}"#,
            "answer",
        ),
        (r#"{"allowed": true, "amount": 1}"#, "answer"),
        (r#"{"allowed": true, "amount": {"unit": "EUR"}}"#, "answer"),
        (r#"{"allowed": true, "amount": {"unit": "E U R", "value": 1}}"#, "answer"),
        (r#"{"allowed": true, "amount": {"unit": "EUR", "value": -1}}"#, "answer"),
        (r#"{"allowed": true, "amount": {"unit": "EUR", "value": "1e3"}}"#, "answer"),
        (r#"{"allowed": true, "amount": {"unit": "EUR", "value": null}}"#, "answer"),
        (r#"{"allowed": true, "amount": {"unit": "EUR", "value": 1, "of": 2}}"#, "answer"),
    ] {
        assert_eq!(answer(said).unwrap_err().cause().word(), cause, "{said}");
    }
}

#[test]
fn no_rule_answering_is_a_denial() {
    for rules in ["decision if input.missing", "decision := true if not startswith(input.n, \"a\")"]
    {
        let (mut judge, _) = judge(load(rules).unwrap());
        assert!(judge.answer(input(r#"{"n": 1}"#)).is_err(), "{rules}");
    }
}
