//! Decisions are sent elsewhere, once each and covered, and nothing waits for that.

use std::io::Read;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::clock::{Clock, Manual, Timestamp};
use countersign::history::{Against, History, explain, replay};
use countersign::id::DecisionId;
use flate2::read::GzDecoder;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

use crate::harness::{Received, SECRET, Setup, Site, Upstream, body, reply, soon, until};

/// A receiver of decision logs that answers with whatever status it is told to.
struct Receiver {
    status: Arc<AtomicU16>,
    /// What it gave a receipt for.
    taken: Arc<Mutex<Vec<Received>>>,
    upstream: Upstream,
}

impl Receiver {
    fn new() -> Self {
        let status = Arc::new(AtomicU16::new(200));
        let taken = Arc::<Mutex<Vec<Received>>>::default();
        let (says, takes) = (Arc::clone(&status), Arc::clone(&taken));
        let upstream = Upstream::answering(move |asked| {
            let status = StatusCode::from_u16(says.load(Ordering::SeqCst)).unwrap();
            if status.is_success() {
                takes.lock().unwrap().push(asked.clone());
            }
            let body = Full::default().map_err(|never| match never {}).boxed();
            Response::builder().status(status).body(body).unwrap()
        });
        Self { status, taken, upstream }
    }

    fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// The section of the configuration.
    fn policy(&self) -> String {
        format!(
            "path: rules, tests: off, history: {{ path: history, send: {{ url: 'http://{}', \
             resource: /v1/logs, every: 1s, token: {{ file: secrets/api }} }} }}",
            self.upstream.address
        )
    }

    fn asked(&self) -> usize {
        self.upstream.requests().len()
    }

    /// The events of every request so far that got its receipt.
    fn taken(&self) -> Vec<Value> {
        self.taken.lock().unwrap().iter().flat_map(Self::events).collect()
    }

    fn events(request: &Received) -> Vec<Value> {
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/v1/logs"));
        assert_eq!(request.header("content-encoding"), ["gzip"]);
        assert_eq!(request.header("content-type"), ["application/json"]);
        assert_eq!(request.header("authorization"), [format!("Bearer {SECRET}")]);
        let mut plain = Vec::new();
        GzDecoder::new(&request.body[..]).read_to_end(&mut plain).unwrap();
        serde_json::from_slice(&plain).unwrap()
    }
}

fn ids(events: &[Value]) -> Vec<String> {
    let id = |event: &Value| event["decision_id"].as_str().unwrap().to_owned();
    events.iter().map(id).collect()
}

async fn sent(site: &Site, result: &str, count: f64) {
    let seen = async {
        while site.metric("countersign_history_sent_total", &[("result", result)]).await < count {}
    };
    soon(&format!("{count} events {result}"), seen).await;
}

/// Sends a decided request, and returns its decision's id.
async fn decide(site: &Site) -> String {
    site.agent("reader").get("/orders/1").await.header("countersign-decision").to_owned()
}

#[tokio::test]
async fn every_decision_is_sent_once_although_the_receiver_is_away_for_a_while() {
    let (receiver, upstream) = (Receiver::new(), Upstream::answering(|_| reply("reached")));
    let site = Setup::new(&upstream).policy(&receiver.policy()).start();
    let mut made = vec![decide(&site).await];
    sent(&site, "sent", 1.0).await;
    receiver.answer(500);
    made.push(decide(&site).await);
    let before = receiver.asked();
    until("it is tried and refused", || receiver.asked() > before).await;
    made.push(decide(&site).await);
    site.history("kept", 3).await;
    let behind =
        async { while site.metric("countersign_history_unsent_bytes", &[]).await == 0.0 {} };
    soon("it is said how much waits", behind).await;
    assert_eq!(site.metric("countersign_history_sent_total", &[("result", "sent")]).await, 1.0);
    receiver.answer(204);
    sent(&site, "sent", 3.0).await;
    let taken = receiver.taken();
    assert_eq!(ids(&taken), made);
    assert!(taken.iter().all(|event| event["path"] == "countersign/authz/decision"));
    let done = async { while site.metric("countersign_history_unsent_bytes", &[]).await > 0.0 {} };
    soon("nothing waits any more", done).await;
}

#[tokio::test]
async fn a_restart_goes_on_where_it_stopped() {
    let (receiver, upstream) = (Receiver::new(), Upstream::answering(|_| reply("reached")));
    let mut site = Setup::new(&upstream).policy(&receiver.policy()).start();
    let mut made = vec![decide(&site).await];
    sent(&site, "sent", 1.0).await;
    receiver.answer(503);
    made.push(decide(&site).await);
    until("it is tried", || receiver.asked() > 1).await;
    site.restart();
    receiver.answer(200);
    made.push(decide(&site).await);
    sent(&site, "sent", 2.0).await;
    assert_eq!(ids(&receiver.taken()), made);
}

#[tokio::test]
async fn a_batch_that_is_refused_again_and_again_is_passed_over_and_counted() {
    let (receiver, upstream) = (Receiver::new(), Upstream::answering(|_| reply("reached")));
    let site = Setup::new(&upstream).policy(&receiver.policy()).start();
    receiver.answer(422);
    let refused = decide(&site).await;
    sent(&site, "refused", 1.0).await;
    assert_eq!(receiver.asked(), 5);
    receiver.answer(200);
    let next = decide(&site).await;
    sent(&site, "sent", 1.0).await;
    let given_up = receiver.upstream.requests();
    assert!(given_up[..5].iter().all(|batch| ids(&Receiver::events(batch)) == [refused.clone()]));
    assert_eq!(ids(&receiver.taken()), [next]);
}

#[tokio::test]
async fn what_expires_before_it_was_sent_is_counted() {
    let (receiver, upstream) = (Receiver::new(), Upstream::answering(|_| reply("reached")));
    let hands = Manual::new(Clock::System.now());
    let policy = receiver.policy().replace("path: history,", "path: history, keep: 1m,");
    let setup = Setup::new(&upstream).policy(&policy).clock(Clock::Manual(hands.clone()));
    receiver.answer(503);
    let site = setup.start();
    decide(&site).await;
    until("it is tried", || receiver.asked() > 0).await;
    hands.advance(Duration::from_secs(3_700));
    decide(&site).await;
    sent(&site, "expired", 1.0).await;
    assert_eq!(site.metric("countersign_history_sent_total", &[("result", "sent")]).await, 0.0);
}

/// A rule of the bundle's own, beside the rules that decide.
async fn masked_by(rule: &str) -> (Receiver, Upstream, Site) {
    let (receiver, upstream) = (Receiver::new(), Upstream::answering(|_| reply("reached")));
    let setup = Setup::new(&upstream).policy(&receiver.policy()).route("inspect: { body: json }");
    let site = setup.file("rules/mask.rego", &format!("package system.log\n\n{rule}\n")).start();
    let sent_by_agent = r#"{"card": "4111-1111", "note": "hush-hush", "amount": 5}"#;
    let request = Request::post("/pay").header("content-type", "application/json");
    let answer = site.agent("reader").send(request.body(body(sent_by_agent)).unwrap()).await;
    assert_eq!(answer.status, 200);
    sent(&site, "sent", 1.0).await;
    (receiver, upstream, site)
}

/// The one event as it was sent, and what the history's files hold.
fn seen(receiver: &Receiver, site: &Site) -> (Value, String) {
    let event = receiver.taken().remove(0);
    let files = std::fs::read_dir(site.path("history")).unwrap().map(|entry| entry.unwrap().path());
    let lines = files.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    let kept = lines.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    (event, kept)
}

#[tokio::test]
async fn what_the_bundles_own_rule_points_at_is_neither_kept_nor_sent() {
    let rule = r#"mask contains "/input/parsed_body/card" if input.input.parsed_body.amount == 5

mask contains {"op": "upsert", "path": "/input/parsed_body/note", "value": "a note"}

mask contains "/input/parsed_body/amount" if input.result.allowed == false"#;
    let (receiver, _upstream, site) = masked_by(rule).await;
    let (event, kept) = seen(&receiver, &site);
    assert_eq!(event["input"]["parsed_body"], json!({"amount": 5, "note": "a note"}));
    assert_eq!(event["erased"], json!(["/input/parsed_body/card"]));
    let masked = event["masked"].as_array().unwrap();
    assert!(masked.contains(&json!("/input/parsed_body/note")), "{masked:?}");
    assert!(masked.contains(&json!("/input/attributes/request/http/body")), "{masked:?}");
    for (text, what) in [(event.to_string(), "sent"), (kept, "kept")] {
        assert!(text.contains("a note"), "{what}: {text}");
        for secret in ["4111-1111", "hush-hush"] {
            assert!(!text.contains(secret), "{secret} was {what}: {text}");
        }
    }
    assert_eq!(site.metric("countersign_history_mask_failures_total", &[]).await, 0.0);
    assert_eq!(site.metric("countersign_policy_interpreted", &[]).await, 0.0);
}

#[tokio::test]
async fn a_rule_that_fails_or_is_not_understood_covers_everything() {
    let rules = [
        "mask contains json.unmarshal(input.input.parsed_body.card)",
        "mask := \"/input/parsed_body/card\"",
        "mask contains \"/labels\"",
    ];
    for rule in rules {
        let (receiver, _upstream, site) = masked_by(rule).await;
        let (event, kept) = seen(&receiver, &site);
        assert_eq!(
            (&event["input"], &event["result"]),
            (&json!("**masked**"), &json!("**masked**"))
        );
        assert_eq!(event["masked"], json!(["/input", "/result"]));
        assert_eq!(site.metric("countersign_history_mask_failures_total", &[]).await, 1.0);
        for text in [event.to_string(), kept] {
            assert!(!text.contains("4111-1111") && !text.contains("hush-hush"), "{rule}: {text}");
        }
    }
}

#[tokio::test]
async fn a_decision_that_is_covered_whole_can_be_asked_about_and_proves_nothing() {
    let (receiver, _upstream, site) = masked_by("mask := 1").await;
    let id = seen(&receiver, &site).0["decision_id"].as_str().unwrap().to_owned();
    let history = History::at(&site.path("history"));
    let inquiry = explain(&history, DecisionId::parse(&id).unwrap()).unwrap();
    assert_eq!((inquiry.effect.as_str(), inquiry.asked.path.as_str()), ("allow", ""));
    assert_eq!(inquiry.masked, ["/input", "/result"]);
    assert!(inquiry.notes[0].contains("the covered parts of the input may have decided"));
    let served = Against { path: site.path("rules"), rule: None };
    let report = replay(&history, Timestamp::default(), served, &Clock::System).unwrap();
    assert_eq!((report.replayed, report.unchanged, report.unproved.len()), (1, 0, 1));
}

#[test]
fn a_bundle_whose_mask_can_never_be_asked_does_not_load() {
    let upstream = Upstream::answering(|_| reply("reached"));
    for (rule, why) in [
        ("mask(event) := []", "takes arguments"),
        ("mask contains x if some x in mask", "a rule reaches itself"),
        ("mask contains http.send({})", "`http.send` is not allowed"),
    ] {
        let file = format!("package system.log\n\n{rule}\n");
        let setup = Setup::new(&upstream).file("rules/mask.rego", &file);
        let said = setup.try_start().map(drop).unwrap_err().to_string();
        assert!(said.contains(why) && said.contains("mask.rego:3"), "{rule}: {said}");
    }
    let data = r#"{"log": {"mask": ["/input/parsed_body/card"]}}"#;
    let setup = Setup::new(&upstream).file("rules/system/data.json", data);
    let said = setup.try_start().map(drop).unwrap_err().to_string();
    assert!(said.contains("`data.system.log.mask` is data"), "{said}");
}
