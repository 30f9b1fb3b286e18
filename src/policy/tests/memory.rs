//! The law of the memory: a remembered decision is the one that would be made now.

use std::sync::Arc;

use proptest::prelude::{ProptestConfig, proptest};
use proptest::sample::Index;
use proptest::{collection, prelude::any};

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::policy::config::{Memory, Shadow};
use crate::policy::decision::agree;
use crate::policy::judge::Judge;
use crate::policy::tests::reads::{bundles, whole};
use crate::policy::tests::requests::{Sample, sample, simple};
use crate::policy::tests::{config, judge, load, write_all};
use crate::policy::{Bundle, Checker, Config, Effect};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Few requests, asked many times over in any order, so that most are remembered.
    #[test]
    fn a_remembered_decision_is_the_one_made_anew(
        samples in collection::vec(sample(), 12),
        order in collection::vec(any::<Index>(), 60),
    ) {
        let mut hits = 0;
        for (name, bundle) in bundles() {
            let expected: Vec<_> = samples.iter().map(|sample| whole(&bundle, sample)).collect();
            let (mut judge, metrics) = judge(bundle);
            for index in &order {
                let index = index.index(samples.len());
                let (sample, expected) = (&samples[index], &expected[index]);
                let said = judge.said(sample.caller(), &sample.asked());
                assert!(agree(&said, expected), "{name}\n{said:?}\n{expected:?}\n{sample:?}");
            }
            hits += metrics.policy.memory.hits.get();
        }
        assert!(hits > 100, "only {hits}: the comparison does not see what it is for");
    }
}

/// Asks twice the same; how many answers were remembered.
fn hits(rules: &str) -> u64 {
    let bundle = load(rules).unwrap_or_else(|why| panic!("{rules}\n{why}"));
    let (mut judge, metrics) = judge(bundle);
    ask(&mut judge, &simple("spiffe://a.org/x", "GET"));
    ask(&mut judge, &simple("spiffe://a.org/x", "GET"));
    metrics.policy.memory.hits.get()
}

fn ask(judge: &mut Judge, sample: &Sample) -> Option<Effect> {
    judge.said(sample.caller(), &sample.asked()).ok().map(|answer| answer.effect)
}

#[test]
fn rules_about_who_asks_for_what_are_remembered() {
    for rules in [
        "decision := true",
        "decision if input.attributes.request.http.method == \"GET\"",
        "decision if input.countersign.principal.spiffe_id == \"spiffe://a.org/x\"",
        "default decision := false\ndecision if input.parsed_path[0] == \"x\"",
        "decision if sprintf(\"%s\", [input.attributes.request.http.method]) == \"GET\"",
    ] {
        assert_eq!(hits(rules), 1, "{rules}");
    }
}

#[test]
fn rules_about_what_changes_by_itself_are_never_remembered() {
    for read in [
        "input.countersign.time.hour == 19",
        "input.attributes.request.time != \"\"",
        "input.attributes.request.http.id != \"\"",
        "input.attributes.request.http.size == \"-1\"",
        "input.parsed_body == null",
        "input.countersign.request.content_digest == null",
        "input.countersign.task == null",
        "input.countersign.approval == null",
        "input.countersign.mcp == null",
        "count(input.countersign.chain) == 0",
        "count(input) > 0",
        "not input.countersign.request.unheard_of",
        "time.now_ns() > 0",
        "rand.intn(\"x\", 2) >= 0",
    ] {
        let rules = format!("decision if {{ {read} }}");
        if let Ok(bundle) = load(&rules) {
            let (mut judge, metrics) = judge(bundle);
            for _ in 0..2 {
                ask(&mut judge, &simple("spiffe://a.org/x", "GET"));
            }
            let memory = &metrics.policy.memory;
            assert_eq!((memory.hits.get(), memory.misses.get()), (0, 0), "{read}");
        }
    }
}

#[test]
fn an_answer_that_went_wrong_is_not_remembered() {
    assert_eq!(hits("decision if input.attributes.request.http.method == \"never\""), 0);
    assert_eq!(hits("decision := 1"), 0);
}

#[test]
fn a_principal_never_gets_the_answer_of_another() {
    let rules = "default decision := false\n\
                 decision if input.countersign.principal.spiffe_id == \"spiffe://a.org/x\"";
    let (mut judge, metrics) = judge(load(rules).unwrap());
    for _ in 0..2 {
        assert_eq!(ask(&mut judge, &simple("spiffe://a.org/x", "GET")), Some(Effect::Allow));
        assert_eq!(ask(&mut judge, &simple("spiffe://b.org/x", "GET")), Some(Effect::Deny));
    }
    assert_eq!(metrics.policy.memory.hits.get(), 2);
}

#[test]
fn another_bundle_begins_with_nothing() {
    let bundle = |rules| Arc::new(load(rules).unwrap());
    let (mut judge, metrics) = judge(load("decision := true").unwrap());
    let sample = simple("spiffe://a.org/x", "GET");
    assert_eq!(ask(&mut judge, &sample), Some(Effect::Allow));
    let next = bundle("decision := false");
    judge.adopt(&next);
    assert_eq!(ask(&mut judge, &sample), Some(Effect::Deny));
    judge.adopt(&next);
    assert_eq!(ask(&mut judge, &sample), Some(Effect::Deny));
    assert_eq!(metrics.policy.memory.hits.get(), 1, "adopting what is in force forgets nothing");
}

/// A judge over `decision := true`, with `change` made to the configuration.
fn configured(change: impl FnOnce(&mut Config)) -> (Judge, Metrics) {
    let folder = tempfile::tempdir().unwrap();
    write_all(folder.path(), &[("t.rego", "package t\ndecision := true\n")]);
    let mut config = config(folder.path());
    change(&mut config);
    let bundle = Arc::new(Bundle::load(&config, &Clock::System).unwrap());
    let metrics = Metrics::new().unwrap();
    let checker = Checker::start(metrics.policy.clone()).unwrap();
    (Judge::new(bundle, checker, metrics.policy.clone(), Clock::System), metrics)
}

#[test]
fn an_operator_may_turn_it_off() {
    let (mut judge, metrics) = configured(|config| config.memory = Memory::Off);
    for _ in 0..2 {
        ask(&mut judge, &simple("spiffe://a.org/x", "GET"));
    }
    let memory = &metrics.policy.memory;
    assert_eq!((memory.hits.get(), memory.misses.get()), (0, 0));
}

#[test]
fn remembered_decisions_are_checked_like_others() {
    let (mut judge, metrics) = configured(|config| config.shadow = Shadow::one_in(1));
    for _ in 0..10 {
        ask(&mut judge, &simple("spiffe://a.org/x", "GET"));
    }
    assert_eq!(metrics.policy.memory.hits.get(), 9);
    let checked = || metrics.policy.shadow.with_label_values(&["same"]).get();
    // The check runs on a thread of its own; if it never comes, the harness ends this test.
    while checked() < 10 {
        std::thread::yield_now();
    }
}
