//! Rules above every route, and rules of one route: both are asked, and no is no.

use std::sync::Arc;

use proptest::prelude::{ProptestConfig, proptest};

use crate::clock::Clock;
use crate::id::RuleName;
use crate::metrics::Metrics;
use crate::policy::config::Shadow;
use crate::policy::engine::input::Builder;
use crate::policy::engine::wanted::Wanted;
use crate::policy::failure::Failure;
use crate::policy::judge::Judge;
use crate::policy::tests::reads::UNUSUAL;
use crate::policy::tests::requests::{Sample, on_route, sample};
use crate::policy::tests::{config, write_all};
use crate::policy::{Bundle, Checker, Config, Effect, LoadError};

/// The bundle of `data.t` and `data.own`, below the guardrails `data.above.decision`.
fn load(t: &str, own: &str, above: &str) -> Result<Bundle, LoadError> {
    configured(t, own, above, |_| {})
}

fn configured(
    t: &str,
    own: &str,
    above: &str,
    change: impl FnOnce(&mut Config),
) -> Result<Bundle, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    let file =
        |name: &str, rules: &str| (format!("{name}.rego"), format!("package {name}\n{rules}\n"));
    let files = [file("t", t), file("own", own), file("above", above)];
    write_all(folder.path(), &files.each_ref().map(|(name, text)| (name.as_str(), text.as_str())));
    let mut config = config(folder.path());
    config.guardrails = Some("data.above.decision".into());
    config.routes = vec![OWN.into()];
    change(&mut config);
    Bundle::load(&config, &Clock::System)
}

const OWN: &str = "data.own.decision";
const YES: &str = "decision := true";
const NO: &str = "decision := false";

fn judge(bundle: Bundle) -> (Judge, Metrics) {
    let metrics = Metrics::new().unwrap();
    let checker = Checker::start(metrics.policy.clone()).unwrap();
    let judge = Judge::new(Arc::new(bundle), checker, metrics.policy.clone(), Clock::System);
    (judge, metrics)
}

/// What a GET on a route that names `rule` gets, from either engine.
fn ask(bundle: Bundle, rule: Option<&str>) -> Result<Effect, Failure> {
    let sample = on_route("spiffe://a.org/x", "GET", rule);
    let entry = bundle.entries().find(rule.map(RuleName::from).as_ref()).unwrap();
    let input = Builder::new().document(sample.caller(), &sample.asked(), &Wanted::everything());
    let slow = bundle.interpret(&mut bundle.interpreter(), entry, &input.unwrap());
    let (mut judge, _metrics) = judge(bundle);
    let said = judge.said(sample.caller(), &sample.asked());
    assert!(crate::policy::decision::agree(&said, &slow), "{said:?}\n{slow:?}");
    said.map(|answer| answer.effect)
}

#[test]
fn the_route_and_the_guardrails_must_both_agree() {
    for (route, above, expected) in [
        (YES, YES, Effect::Allow),
        (YES, NO, Effect::Deny),
        (NO, YES, Effect::Deny),
        (NO, NO, Effect::Deny),
    ] {
        let bundle = load(route, YES, above).unwrap();
        assert!(!bundle.is_interpreted(), "{:?}", bundle.differences());
        assert_eq!(ask(bundle, None).unwrap(), expected, "{route} below {above}");
    }
}

#[test]
fn a_side_that_does_not_answer_denies() {
    let silent = "decision if input.attributes.request.http.method == \"never\"";
    let errs = "decision if to_number_of(input.countersign.route)\n\
                to_number_of(x) if json.unmarshal(x) == 1";
    for (route, above) in [(silent, YES), (YES, silent), (silent, silent), (errs, YES), (YES, errs)]
    {
        assert!(ask(load(route, YES, above).unwrap(), None).is_err(), "{route} below {above}");
    }
    for wrong in
        ["decision := 1", "decision := {\"allowed\": true, \"alowed\": 1}", "decision := {}"]
    {
        for (route, above) in [(wrong, YES), (YES, wrong)] {
            let failure = ask(load(route, YES, above).unwrap(), None).unwrap_err();
            let whose = if above == wrong { "the guardrails: " } else { "the route's rules: " };
            assert!(failure.message().starts_with(whose), "{failure}");
        }
    }
}

#[test]
fn a_route_is_judged_by_its_own_rule() {
    assert_eq!(ask(load(YES, NO, YES).unwrap(), None).unwrap(), Effect::Allow);
    assert_eq!(ask(load(YES, NO, YES).unwrap(), Some(OWN)).unwrap(), Effect::Deny);
    assert_eq!(ask(load(NO, YES, YES).unwrap(), Some(OWN)).unwrap(), Effect::Allow);
    assert_eq!(ask(load(NO, YES, NO).unwrap(), Some(OWN)).unwrap(), Effect::Deny);
    let alone = configured(YES, NO, YES, |config| config.guardrails = None).unwrap();
    assert_eq!(ask(alone, Some(OWN)).unwrap(), Effect::Deny);
}

#[test]
fn a_route_whose_rule_the_bundle_does_not_know_is_denied() {
    let (mut judge, _metrics) = judge(load(YES, YES, YES).unwrap());
    let sample = on_route("spiffe://a.org/x", "GET", Some("data.other.decision"));
    assert!(judge.said(sample.caller(), &sample.asked()).is_err());
}

#[test]
fn answers_of_different_rules_are_remembered_apart() {
    let (mut judge, metrics) = judge(load(YES, NO, YES).unwrap());
    for _ in 0..2 {
        for (rule, expected) in [(None, Effect::Allow), (Some(OWN), Effect::Deny)] {
            let sample = on_route("spiffe://a.org/x", "GET", rule);
            let said = judge.said(sample.caller(), &sample.asked()).unwrap();
            assert_eq!(said.effect, expected);
        }
    }
    assert_eq!(metrics.policy.memory.hits.get(), 2);
}

#[test]
fn what_the_guardrails_read_is_part_of_what_is_remembered() {
    let above = "default decision := false\n\
                 decision if input.countersign.principal.spiffe_id == \"spiffe://a.org/x\"";
    let (mut judge, metrics) = judge(load(YES, YES, above).unwrap());
    for _ in 0..2 {
        for (agent, expected) in
            [("spiffe://a.org/x", Effect::Allow), ("spiffe://b.org/x", Effect::Deny)]
        {
            let sample = on_route(agent, "GET", None);
            let said = judge.said(sample.caller(), &sample.asked()).unwrap();
            assert_eq!(said.effect, expected);
        }
    }
    assert_eq!(metrics.policy.memory.hits.get(), 2);
    let body = "default decision := false\ndecision if input.parsed_body == null";
    let (mut judge, metrics) = self::judge(load(YES, YES, body).unwrap());
    for _ in 0..2 {
        let sample = on_route("spiffe://a.org/x", "GET", None);
        judge.said(sample.caller(), &sample.asked()).unwrap();
    }
    assert_eq!(metrics.policy.memory.hits.get(), 0);
}

#[test]
fn every_rule_that_is_named_must_exist() {
    for change in [
        (|config| config.guardrails = Some("data.above.decisions".into())) as fn(&mut Config),
        |config| config.routes = vec!["data.own.decisions".into()],
        |config| config.query = "data.t.decisions".into(),
    ] {
        let refused = configured(YES, YES, YES, change).unwrap_err().to_string();
        assert!(refused.contains("no rule defines `data."), "{refused}");
    }
}

#[test]
fn entry_points_are_bounded_and_all_that_may_be_work() {
    let name = |number: usize| format!("data.own.rule_{number}");
    let rules = |count: usize| {
        let lines = (0..count).map(|number| format!("rule_{number} := {}", number % 2 == 0));
        lines.collect::<Vec<_>>().join("\n")
    };
    let load = |count: usize| {
        configured(YES, &rules(count), YES, |config| {
            config.routes = (0..count).map(|number| name(number).as_str().into()).collect();
        })
    };
    // One is for the routes that name no rule.
    let refused = load(200).unwrap_err().to_string();
    assert!(refused.contains("routes name 201 rules; 200 is the most"), "{refused}");
    let bundle = load(199).unwrap();
    assert!(!bundle.is_interpreted(), "{:?}", bundle.differences());
    let (mut judge, _metrics) = judge(bundle);
    for (number, expected) in [(0, Effect::Allow), (1, Effect::Deny), (198, Effect::Allow)] {
        let sample = on_route("spiffe://a.org/x", "GET", Some(&name(number)));
        assert_eq!(judge.said(sample.caller(), &sample.asked()).unwrap().effect, expected);
    }
}

#[test]
fn nobody_else_may_define_what_pairs_the_rules() {
    let text =
        "package entry_points_of_countersign\nentry_0 := {\"route\": true, \"guardrails\": true}\n";
    let folder = tempfile::tempdir().unwrap();
    let t = "package t\ndecision := true\n";
    write_all(folder.path(), &[("t.rego", t), ("other.rego", text)]);
    let mut config = config(folder.path());
    Bundle::load(&config, &Clock::System).unwrap();
    config.guardrails = Some("data.t.decision".into());
    let refused = Bundle::load(&config, &Clock::System).unwrap_err().to_string();
    assert!(refused.contains("is Countersign's own"), "{refused}");
    let folder = tempfile::tempdir().unwrap();
    let data = "{\"entry_points_of_countersign\": {\"entry_0\": {}}}";
    write_all(folder.path(), &[("t.rego", t), ("data.json", data)]);
    config.path = folder.path().to_owned();
    assert!(Bundle::load(&config, &Clock::System).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Guardrails never widen, whatever the rules look like and whichever engine runs them.
    #[test]
    fn a_guarded_answer_is_a_yes_only_where_both_sides_say_yes(
        samples in proptest::collection::vec(sample(), 8)
    ) {
        let method = "default decision := false\n\
                      decision if input.attributes.request.http.method in {\"GET\", \"HEAD\"}";
        for rules in UNUSUAL {
            let above = |config: &mut Config| config.shadow = Shadow::OFF;
            let Ok(guarded) = configured(rules, YES, method, above) else { continue };
            let alone = configured(rules, YES, method, |config| config.guardrails = None).unwrap();
            let (mut guarded, mut alone) = (judge(guarded).0, judge(alone).0);
            for sample in &samples {
                let read = ["GET", "HEAD"].contains(&sample.asked().target.head().method().as_str());
                let expected = allows(&mut alone, sample) && read;
                assert_eq!(allows(&mut guarded, sample), expected, "{rules}\n{sample:?}");
            }
        }
    }
}

fn allows(judge: &mut Judge, sample: &Sample) -> bool {
    let said = judge.said(sample.caller(), &sample.asked());
    said.is_ok_and(|answer| answer.effect == Effect::Allow)
}
