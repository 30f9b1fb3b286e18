//! Decisions are kept, covered, explained and replayed; and nothing waits for that.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use countersign::clock::{Clock, Manual, Timestamp};
use countersign::history::{Against, History, replay};
use http::Request;
use serde_json::Value;

use crate::harness::{Setup, Upstream, body, reply, request};

const HISTORY: &str =
    "path: rules, tests: off, history: { path: history, mask: [/parsed_body/card] }";

/// The real binary.
fn countersign(folder: &Path, arguments: &[&str]) -> Output {
    let binary = env!("CARGO_BIN_EXE_countersign");
    Command::new(binary).current_dir(folder).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_denial_is_explained_by_the_id_that_the_agent_was_given() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let site = Setup::new(&upstream).policy(HISTORY).start();
    let answer = site.agent("reader").send(request("DELETE", "/orders/7")).await;
    let id = answer.header("countersign-decision").to_owned();
    site.history("kept", 1).await;
    let said = countersign(&site.path(""), &["explain", &id]);
    let shown = text(&said.stdout);
    assert!(said.status.success(), "{shown}{}", text(&said.stderr));
    assert!(shown.starts_with("DENIED  DELETE api.example.org/orders/7"), "{shown}");
    assert!(shown.contains("who      spiffe://example.org/agent/reader"), "{shown}");
    assert!(shown.contains("rules/authz.rego:3"), "{shown}");
    assert!(shown.contains("was \"DELETE\""), "{shown}");
    let said = countersign(&site.path(""), &["explain", &id, "-o", "json"]);
    let document: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(document["effect"], "deny");
    assert_eq!(document["explanation"]["nearest"]["line"], 8);
    let test = countersign(&site.path(""), &["explain", &id, "--test"]);
    std::fs::write(site.path("rules/kept_test.rego"), test.stdout).unwrap();
    let tested = countersign(&site.path(""), &["policy", "test", "rules"]);
    assert!(tested.status.success(), "{}{}", text(&tested.stdout), text(&tested.stderr));
}

/// A platform team's rule above the route's own.
const GUARDED: &str = "path: rules, tests: off, history: { path: history }, \
                       guardrails: data.platform.decision";

/// What that rule is, where `limit` is how long a note may be.
fn guardrails(limit: u32) -> String {
    format!(
        r#"package platform

default decision := {{"allowed": false, "reasons": [{{"code": "too_long", "message": "Be brief."}}]}}

decision := {{"allowed": true}} if count(input.attributes.request.http.headers["x-note"]) <= {limit}
"#
    )
}

#[tokio::test]
async fn a_denial_of_the_guardrails_is_explained_repeated_and_replayed_by_them() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let orders = "package orders\n\ndecision := {\"allowed\": true}\n";
    let setup = Setup::new(&upstream).policy(GUARDED).route("policy: data.orders.decision");
    let setup = setup.file("rules/platform.rego", &guardrails(10));
    let site = setup.file("rules/orders.rego", orders).start();
    let agent = site.agent("reader");
    let noted =
        |note: &str| Request::get("/orders/7").header("x-note", note).body(body("")).unwrap();
    assert_eq!(agent.send(noted("ten digits")).await.status, 200);
    let denied = agent.send(noted("one more now")).await;
    assert_eq!(denied.status, 403);
    let id = denied.header("countersign-decision").to_owned();
    site.history("kept", 2).await;
    let said = text(&countersign(&site.path(""), &["explain", &id]).stdout);
    assert!(said.contains("rules/platform.rego:3") && said.contains("too_long"), "{said}");
    assert!(said.contains("✗") && said.contains("<= 10"), "{said}");
    let test = countersign(&site.path(""), &["explain", &id, "--test"]);
    std::fs::write(site.path("rules/kept_test.rego"), test.stdout).unwrap();
    let tested = || countersign(&site.path(""), &["policy", "test", "rules"]);
    assert!(tested().status.success(), "{}", text(&tested().stdout));
    let replayed =
        || text(&countersign(&site.path(""), &["policy", "replay", "--against", "rules"]).stdout);
    assert!(replayed().contains("2 decisions replayed, 2 unchanged"), "{}", replayed());
    std::fs::write(site.path("rules/platform.rego"), guardrails(12)).unwrap();
    assert!(!tested().status.success(), "{}", text(&tested().stdout));
    std::fs::remove_file(site.path("rules/kept_test.rego")).unwrap();
    assert!(replayed().starts_with("newly allowed: 1  deny (too_long) -> allow"), "{}", replayed());
}

#[tokio::test]
async fn an_unknown_decision_is_said_to_be_unknown() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let site = Setup::new(&upstream).policy(HISTORY).start();
    let id = "dec_0193a0b0c0d07ef08193a0b0c0d0e0f0";
    let said = countersign(&site.path(""), &["explain", id]);
    assert_eq!(said.status.code(), Some(5));
    assert!(text(&said.stderr).starts_with("unknown: "), "{}", text(&said.stderr));
}

#[tokio::test]
async fn what_is_secret_is_covered_before_it_is_written() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let setup = Setup::new(&upstream).policy(HISTORY).route("inspect: { body: json }");
    let site = setup.start();
    let sent = r#"{"card": "4111-1111", "password": "correct horse", "amount": 5}"#;
    let request = Request::post("/pay?token=battery-staple");
    let request = request.header("content-type", "application/json").body(body(sent)).unwrap();
    let sent = site.agent("reader").send(request).await;
    assert_eq!(sent.status, 200);
    site.history("kept", 1).await;
    let written = everything(&site.path("history"));
    for secret in ["4111-1111", "correct horse", "battery-staple"] {
        assert!(!written.contains(secret), "{secret} in {written}");
    }
    assert!(written.contains(r#""amount":5"#), "{written}");
    site.stop();
}

#[tokio::test]
async fn other_rules_are_asked_about_what_was_decided() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let site = Setup::new(&upstream).policy(HISTORY).start();
    let agent = site.agent("reader");
    agent.get("/orders/1").await;
    let denied = agent.send(request("DELETE", "/orders/2")).await;
    let denied = denied.header("countersign-decision").to_owned();
    site.history("kept", 2).await;
    let rules = site.path("new");
    std::fs::create_dir(&rules).unwrap();
    let wide = "package countersign.authz\n\ndecision := {\"allowed\": true}\n";
    std::fs::write(rules.join("authz.rego"), wide).unwrap();
    let asked =
        countersign(&site.path(""), &["policy", "replay", "--against", "new", "--exit-code"]);
    let shown = text(&asked.stdout);
    assert_eq!(asked.status.code(), Some(10), "{shown}{}", text(&asked.stderr));
    assert!(shown.starts_with("newly allowed: 1  deny (read_only) -> allow"), "{shown}");
    assert!(shown.contains(&denied), "{shown}");
    let served = Against { path: site.path("rules"), rule: None };
    let history = History::at(&site.path("history"));
    let same = replay(&history, Timestamp::default(), served, &Clock::System).unwrap();
    assert_eq!((same.replayed, same.unchanged, same.differs()), (2, 2, false));
}

#[tokio::test]
async fn a_history_that_cannot_be_written_stops_nothing() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let site = Setup::new(&upstream).policy(HISTORY).start();
    std::fs::remove_dir_all(site.path("history")).unwrap();
    assert_eq!(site.agent("reader").get("/orders/1").await.status, 200);
    site.history("failed", 1).await;
}

fn everything(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            all += &std::fs::read_to_string(path).unwrap();
        }
    }
    all
}

#[tokio::test]
async fn a_candidate_is_asked_the_same_and_decides_nothing() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let wide = "package countersign.authz\n\ndecision := {\"allowed\": true}\n";
    let keys = format!("{HISTORY}, candidate: new");
    let site = Setup::new(&upstream).policy(&keys).file("new/authz.rego", wide).start();
    let agent = site.agent("reader");
    assert_eq!(agent.get("/orders/1").await.status, 200);
    assert_eq!(agent.send(request("DELETE", "/orders/2")).await.status, 403);
    site.history("kept", 2).await;
    let counted = "countersign_candidate_decisions_total";
    assert_eq!(site.metric(counted, &[("change", "none")]).await, 1.0);
    assert_eq!(site.metric(counted, &[("change", "newly_allowed")]).await, 1.0);
    assert!(everything(&site.path("history")).contains(r#""change":"newly_allowed""#));
}

#[tokio::test]
async fn a_candidate_that_does_not_load_stops_nothing() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let keys = format!("{HISTORY}, candidate: new");
    let site = Setup::new(&upstream).policy(&keys).file("new/authz.rego", "package").start();
    assert_eq!(site.agent("reader").get("/orders/1").await.status, 200);
    site.history("kept", 1).await;
}

#[tokio::test]
async fn an_observed_route_lets_a_no_pass_until_its_day_and_no_longer() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let hands = Manual::new(Clock::System.now());
    let until = Clock::System.now().plus(Duration::from_secs(3_600));
    let setup = Setup::new(&upstream).policy(HISTORY).clock(Clock::Manual(hands.clone()));
    let site = setup.route(&format!("observe_until: '{until}'")).start();
    let agent = site.agent("reader");
    let answer = agent.send(request("DELETE", "/orders/7")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(site.recorded("intent", 1).await[0]["decision"]["effect"], "would_deny");
    let counted = "countersign_decisions_total";
    assert_eq!(site.metric(counted, &[("decision", "would_deny")]).await, 1.0);
    let routes = agent.get("/.countersign/v1/whoami").await.json()["routes"].clone();
    assert_eq!(routes[0]["observed_until"], until.to_string());
    let gauge = "countersign_route_observed_until_timestamp_seconds";
    assert!(site.metric(gauge, &[("route", "api")]).await > 0.0);
    site.history("kept", 1).await;
    let id = answer.header("countersign-decision");
    let shown = text(&countersign(&site.path(""), &["explain", id]).stdout);
    assert!(shown.contains("let pass all the same"), "{shown}");
    hands.advance(Duration::from_secs(3_601));
    let answer = agent.send(request("DELETE", "/orders/7")).await;
    assert_eq!(answer.problem(), (403, "read_only".to_owned()));
}

#[tokio::test]
async fn an_error_on_an_observed_route_denies() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let until = Clock::System.now().plus(Duration::from_secs(3_600));
    let setup = Setup::new(&upstream).route(&format!("observe_until: '{until}'"));
    let broken = "package countersign.authz\n\ndecision := 1\n";
    let site = setup.rules(broken).start();
    let answer = site.agent("reader").get("/orders/7").await;
    assert_eq!(answer.problem(), (403, "policy_error".to_owned()));
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn nothing_is_observed_for_ever() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let setup = Setup::new(&upstream).route("observe_until: '2999-01-01T00:00:00Z'");
    let why = setup.try_start().err().unwrap().to_string();
    assert!(why.contains("at most 90 days"), "{why}");
}
