//! Policy that does not answer clearly: everything but a yes is a no.

use crate::harness::{Setup, Upstream, reply};

/// What a broken rule leads to: a denial that is counted as an error, and nothing else.
async fn assert_denied_as_error(what: &str, decision: &str, cause: &str) {
    let upstream = Upstream::answering(|_| reply("reached"));
    let rules = format!("package countersign.authz\n\n{decision}\n");
    let site = Setup::new(&upstream).rules(&rules).start();
    let answer = site.agent("reader").get("/orders/7").await;
    assert_eq!(answer.problem(), (403, "policy_error".to_owned()), "{what}");
    assert_eq!(answer.header("x-should-retry"), "false");
    assert!(upstream.is_untouched(), "{what}");
    let errors = site.metric("countersign_decisions_total", &[("decision", "error")]).await;
    assert_eq!(errors, 1.0, "{what}");
    let causes = site.metric("countersign_policy_errors_total", &[("reason", cause)]).await;
    assert_eq!(causes, 1.0, "{what}");
    let refusal = &site.recorded("refusal", 1).await[0];
    assert_eq!(refusal["code"], "policy_error", "{what}: {refusal}");
}

#[tokio::test]
async fn a_rule_that_is_undefined_denies() {
    assert_denied_as_error("undefined", "decision := true if input.nothing == 1", "undefined")
        .await;
}

#[tokio::test]
async fn a_rule_that_fails_denies() {
    let rule =
        "decision := true if {\n\ttime.parse_rfc3339_ns(input.attributes.request.http.path) > 0\n}";
    assert_denied_as_error("a builtin's error", rule, "evaluation").await;
}

#[tokio::test]
async fn a_rule_with_two_answers_denies() {
    let rule = "decision := true if input.attributes\ndecision := false if input.attributes";
    assert_denied_as_error("a conflict", rule, "evaluation").await;
}

#[tokio::test]
async fn an_answer_of_another_shape_denies() {
    for decision in [
        "decision := \"yes\"",
        "decision := 1",
        "decision := null",
        "decision := [true]",
        "decision := {}",
        "decision := {\"allow\": true}",
        "decision := {\"allowed\": \"true\"}",
    ] {
        assert_denied_as_error(decision, decision, "answer").await;
    }
}

#[tokio::test]
async fn an_obligation_that_nobody_knows_denies() {
    let rule = r#"decision := {"allowed": true, "obligations": [{"id": "1", "type": "dance"}]}"#;
    assert_denied_as_error("an unknown obligation", rule, "obligation").await;
}

#[tokio::test]
async fn a_rule_that_does_not_end_in_time_denies() {
    let xs = (0..200).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let rule = format!(
        "xs := [{xs}]\n\ndecision := true if {{\n\tcount([1 | some x in xs; some y in xs; some z in xs; x != y; y != z; input.attributes]) > 0\n}}"
    );
    assert_denied_as_error("too many instructions", &rule, "instructions").await;
}
