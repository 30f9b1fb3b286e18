//! Kept decisions as a whole: found, expired, explained, and asked again under other rules.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::{Clock, Manual, Timestamp};
use crate::history::inquiry::explain_to_agent;
use crate::history::segment::{self, Segment};
use crate::history::shelf::Shelf;
use crate::history::{Against, Change, Error, History, Record, explain, habits, replay, test_of};
use crate::id::DecisionId;
use crate::policy::{Bundle, Config, Decision, Trial, suite};

/// The rule that decides in these tests.
const RULE: &str = Config::QUERY;

/// Reading is allowed up to a limit.
fn rules(limit: u32) -> String {
    format!(
        r#"package countersign.authz

default decision := {{"allowed": false, "reasons": [{{"code": "no", "message": "No rule allows it."}}]}}

decision := {{"allowed": true}} if {{
	input.attributes.request.http.method == "GET"
	input.number < {limit}
}}
"#
    )
}

fn bundle(folder: &Path, rules: &str) -> Arc<Bundle> {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("authz.rego"), rules).unwrap();
    Arc::new(Bundle::load(&Config::new(folder), &Clock::System).unwrap())
}

/// The rules that are replayed against.
fn other(folder: &Path, rules: &str) -> Against {
    bundle(folder, rules);
    Against { path: folder.to_owned(), rule: None }
}

fn input(number: u32) -> Value {
    json!({
        "attributes": {"request": {"http": {"method": "GET", "host": "h", "path": "/n?a=b"}}},
        "countersign": {"principal": {"spiffe_id": "spiffe://example.org/a"}, "route": "r"},
        "number": number,
    })
}

/// The line that is written for such a decision.
fn line(decision: &Decision, input: &Value, at: Timestamp) -> String {
    let record = json!({
        "decision_id": decision.id(),
        "timestamp": at.to_string(),
        "path": "countersign/authz/decision",
        "labels": {},
        "bundles": {"policy": {"revision": decision.revision().to_string()}},
        "input": input,
        "result": decision.document(),
        "metrics": {"timer_rego_query_eval_ns": 5000},
        "custom": {"effect": decision.label()},
    });
    format!("{record}\n")
}

/// A history of decisions by `bundle` about `inputs`.
fn history(folder: &Path, bundle: &Arc<Bundle>, inputs: &[Value]) -> (History, Vec<DecisionId>) {
    let mut shelf = Shelf::new(folder);
    shelf.open().unwrap();
    let now = Clock::System.now();
    shelf.keep(bundle.revision(), bundle.edition(), now).unwrap();
    let mut segment = Segment::create(folder, now).unwrap();
    let mut trial = Trial::new(Arc::clone(bundle));
    let mut ids = Vec::new();
    for input in inputs {
        let decision = trial.decide(DecisionId::new(), &RULE.into(), &input.to_string());
        segment.append(line(&decision, input, now).as_bytes()).unwrap();
        ids.push(decision.id());
    }
    (History::at(folder), ids)
}

#[test]
fn a_decision_is_explained_by_the_rules_that_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let rules_at = folder.path().join("rules");
    let old = bundle(&rules_at, &rules(10));
    let (history, ids) = history(&folder.path().join("h"), &old, &[input(5), input(50)]);
    // What the folder says by now does not matter.
    std::fs::write(rules_at.join("authz.rego"), "package other\n").unwrap();
    let inquiry = explain(&history, ids[1]).unwrap();
    let text = inquiry.to_string();
    assert_eq!(inquiry.effect, "deny");
    assert_eq!(inquiry.asked.path, "/n");
    assert!(text.contains("✗ input.number < 10"), "{text}");
    assert!(text.contains("input.number was 50"), "{text}");
    assert!(text.contains("authz.rego:5"), "{text}");
    assert!(inquiry.notes.is_empty(), "{text}");
}

#[test]
fn a_decision_that_is_not_kept_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let old = bundle(&folder.path().join("rules"), &rules(10));
    let (history, ids) = history(&folder.path().join("h"), &old, &[input(5)]);
    assert!(matches!(explain(&history, DecisionId::new()), Err(Error::Unknown(_))));
    std::fs::remove_dir_all(folder.path().join("h/bundles")).unwrap();
    let inquiry = explain(&history, ids[0]).unwrap();
    assert!(inquiry.explanation.is_none());
    assert!(inquiry.notes[0].starts_with("unknown: the rules of revision"), "{inquiry}");
}

#[test]
fn an_agent_is_told_of_its_own_decisions_only() {
    let folder = tempfile::tempdir().unwrap();
    let old = bundle(&folder.path().join("rules"), &rules(10));
    let (history, ids) = history(&folder.path().join("h"), &old, &[input(50)]);
    let view = explain_to_agent(&history, ids[0], "spiffe://example.org/a").unwrap();
    assert_eq!(view.decisive_fields, ["input.number"]);
    let other = explain_to_agent(&history, ids[0], "spiffe://example.org/b");
    assert!(matches!(other, Err(Error::Unknown(_))));
}

#[test]
fn ten_thousand_decisions_are_replayed_and_the_newly_allowed_are_exact() {
    let folder = tempfile::tempdir().unwrap();
    let old = bundle(&folder.path().join("old"), &rules(3_000));
    let inputs: Vec<Value> = (0..10_000).map(input).collect();
    let (history, ids) = history(&folder.path().join("h"), &old, &inputs);
    let new = other(&folder.path().join("new"), &rules(3_777));
    let clock = Clock::System;
    let started = clock.instant();
    let report = replay(&history, Timestamp::default(), new, &clock).unwrap();
    let took = started.elapsed();
    assert_eq!((report.replayed, report.unchanged, report.unproved.len()), (10_000, 9_223, 0));
    assert_eq!(report.groups.len(), 1);
    assert_eq!(report.groups[0].change, Change::NewlyAllowed);
    assert_eq!(report.groups[0].decisions, ids[3_000..3_777]);
    assert!(took < Duration::from_secs(10), "{took:?}");
    println!("replayed in {took:?}");
}

#[test]
fn what_is_newly_allowed_comes_before_what_is_newly_denied() {
    let folder = tempfile::tempdir().unwrap();
    let old = bundle(&folder.path().join("old"), &rules(10));
    let (history, ids) = history(&folder.path().join("h"), &old, &[input(5), input(50)]);
    let reversed = rules(10).replace("input.number < 10", "input.number >= 10");
    let new = other(&folder.path().join("new"), &reversed);
    let report = replay(&history, Timestamp::default(), new, &Clock::System).unwrap();
    let changes: Vec<_> = report.groups.iter().map(|group| group.change).collect();
    assert_eq!(changes, [Change::NewlyAllowed, Change::NewlyDenied]);
    assert_eq!(report.groups[0].decisions, [ids[1]]);
    assert!(report.differs());
}

#[test]
fn a_decision_that_its_own_rules_do_not_repeat_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let old = bundle(&folder.path().join("old"), &rules(10));
    let (history, _) = history(&folder.path().join("h"), &old, &[input(5)]);
    let file = segment::list(&folder.path().join("h")).unwrap().remove(0).path;
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"number\":5", "\"number\":\"**masked**\"")).unwrap();
    let new = other(&folder.path().join("new"), &rules(20));
    let report = replay(&history, Timestamp::default(), new, &Clock::System).unwrap();
    assert_eq!((report.replayed, report.unproved.len()), (1, 1));
    assert!(report.groups.is_empty());
    assert!(report.differs());
}

#[test]
fn a_decision_becomes_a_test_that_passes_and_fails_once_the_rules_change() {
    let folder = tempfile::tempdir().unwrap();
    let rules_at = folder.path().join("rules");
    let old = bundle(&rules_at, &rules(10));
    let (history, ids) = history(&folder.path().join("h"), &old, &[input(5), input(50)]);
    for (number, id) in ids.iter().enumerate() {
        let test = test_of(&history.find(*id).unwrap()).unwrap();
        std::fs::write(rules_at.join(format!("kept_{number}_test.rego")), test).unwrap();
    }
    let report = suite::run(&Config::new(&rules_at), &Clock::System).unwrap();
    assert!(report.passed() && report.cases().len() == 2, "{report}");
    std::fs::write(rules_at.join("authz.rego"), rules(100)).unwrap();
    let report = suite::run(&Config::new(&rules_at), &Clock::System).unwrap();
    assert!(!report.passed(), "{report}");
}

#[test]
fn a_torn_line_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let old = bundle(&folder.path().join("old"), &rules(10));
    let (history, ids) = history(&folder.path().join("h"), &old, &[input(5), input(6)]);
    let file = segment::list(&folder.path().join("h")).unwrap().remove(0).path;
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, &text[..text.len() - 7]).unwrap();
    assert!(history.find(ids[0]).is_ok());
    assert!(matches!(history.find(ids[1]), Err(Error::Unknown(_))));
}

#[test]
fn what_is_too_old_or_too_much_is_removed_oldest_first() {
    let folder = tempfile::tempdir().unwrap();
    let hands = Manual::new(Timestamp::from_secs(1_000_000));
    let clock = Clock::Manual(hands.clone());
    for _ in 0..5 {
        let mut segment = Segment::create(folder.path(), clock.now()).unwrap();
        segment.append(&[b'x'; 100]).unwrap();
        hands.advance(Duration::from_secs(86_400));
    }
    let left = || segment::list(folder.path()).unwrap().len();
    let oldest = clock.now().minus(Duration::from_secs(4 * 86_400));
    segment::expire(folder.path(), oldest, 1_000, None, |_| ()).unwrap();
    assert_eq!(left(), 4);
    let from = segment::expire(folder.path(), oldest, 250, None, |_| ()).unwrap();
    assert_eq!(left(), 2);
    assert_eq!(from, Some(clock.now().minus(Duration::from_secs(2 * 86_400))));
}

#[test]
fn a_record_is_an_event_of_opas_decision_log() {
    let folder = tempfile::tempdir().unwrap();
    let old = bundle(&folder.path().join("old"), &rules(10));
    let (history, ids) = history(&folder.path().join("h"), &old, &[input(5)]);
    let record: Record = history.find(ids[0]).unwrap();
    let event = serde_json::to_value(&record).unwrap();
    assert_eq!(event["path"], "countersign/authz/decision");
    assert_eq!(event["result"], json!({"allowed": true}));
    assert_eq!(event["input"]["number"], 5);
    assert_eq!(event["bundles"]["policy"]["revision"], old.revision().to_string());
}

/// A request of `agent` as rules see it.
fn request(agent: &str, method: &str, segments: &[&str]) -> Value {
    json!({
        "attributes": {"request": {"http": {"method": method}}},
        "countersign": {
            "principal": {"spiffe_id": format!("spiffe://example.org/{agent}")},
            "request": {"segments": segments},
            "route": "orders",
        },
        "number": 1,
        "parsed_query": {},
    })
}

#[test]
fn a_draft_allows_what_one_agent_did_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let all = "package countersign.authz\n\ndecision := true if input.number\n";
    let old = bundle(&folder.path().join("rules"), all);
    let mut did: Vec<Value> = (0..6)
        .map(|n| request("a", "GET", &["v1", "orders", ["7", "8", "19", "20", "21", "22"][n]]))
        .collect();
    did.extend((0..4).map(|n| request("a", "GET", &["v1", "carts", ["1", "2", "3", "4"][n]])));
    did.push(request("b", "DELETE", &["v1", "orders", "7"]));
    let (history, _) = history(&folder.path().join("h"), &old, &did);
    let habits = habits(&history, Timestamp::default(), "spiffe://example.org/a").unwrap();
    let draft = habits.draft();
    // Six values are evidence, four are not.
    assert_eq!(habits.patterns.len(), 5, "{}", draft.rules);
    assert!(
        draft.rules.contains("regex.match(`^[0-9]+$`, segments[2]) # 6 values"),
        "{}",
        draft.rules
    );
    assert!(draft.rules.starts_with("# DRAFT"));
    assert!(!draft.rules.contains("DELETE") && !draft.rules.contains("example.org/b"));
    let drafted = folder.path().join("draft");
    std::fs::create_dir(&drafted).unwrap();
    std::fs::write(drafted.join("draft.rego"), &draft.rules).unwrap();
    std::fs::write(drafted.join("draft_test.rego"), &draft.tests).unwrap();
    let mut config = Config::new(&drafted);
    config.query = crate::history::draft::QUERY.into();
    let report = suite::run(&config, &Clock::System).unwrap();
    assert!(report.passed() && report.cases().len() == 20, "{report}");
    let bundle = Arc::new(Bundle::load(&config, &Clock::System).unwrap());
    let mut trial = Trial::new(bundle);
    let mut says =
        |input: Value| trial.decide(DecisionId::new(), &config.query, &input.to_string()).label();
    assert_eq!(says(request("a", "GET", &["v1", "orders", "999"])), "allow");
    assert_eq!(says(request("a", "GET", &["v1", "carts", "999"])), "deny");
    assert_eq!(says(request("a", "GET", &["v1", "orders", "7x"])), "deny");
    assert_eq!(says(request("b", "DELETE", &["v1", "orders", "7"])), "deny");
    let mut with_query = request("a", "GET", &["v1", "orders", "7"]);
    with_query["parsed_query"] = json!({"all": ["true"]});
    assert_eq!(says(with_query), "deny");
}
