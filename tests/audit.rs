//! The record: intent before the first upstream byte, outcome after, and nothing without it.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use http::Response;
use http_body::Frame;
use http_body_util::BodyExt;
use rustix::process::Signal;

use crate::harness::{
    Agent, Binary, Feed, SECRET, Setup, Upstream, records, reply, request, soon, verify,
};

#[tokio::test]
async fn the_intent_is_on_record_before_the_upstream_hears_anything() {
    let folder: Arc<OnceLock<PathBuf>> = Arc::default();
    let seen = Arc::clone(&folder);
    let upstream = Upstream::answering(move |_| {
        let records = records(seen.get().unwrap());
        let intents = records.iter().filter(|record| record["type"] == "intent").count();
        let outcomes = records.iter().filter(|record| record["type"] == "outcome").count();
        reply(format!("{intents} {outcomes}"))
    });
    let site = Setup::new(&upstream).start();
    folder.set(site.path("audit")).unwrap();
    let mut client = site.agent("reader").h1().await;
    assert_eq!(client.get("/orders/1?a=b").await.text(), "1 0");
    site.recorded("outcome", 1).await;
    assert_eq!(client.get("/orders/2").await.text(), "2 1");
    let intent = &site.records("intent")[0];
    assert_eq!(intent["principal"], "spiffe://example.org/agent/reader");
    assert_eq!((&intent["method"], &intent["path"]), (&"GET".into(), &"/orders/1".into()));
    assert_eq!(intent["credential"], "api");
    let report = site.stop();
    assert_eq!((report.outcomes.answered, report.outcomes.unknown), (2, 0));
}

#[tokio::test]
async fn a_hangup_reloads_and_a_termination_ends_cleanly() {
    let upstream = Upstream::answering(|_| reply("done"));
    let setup = Setup::new(&upstream);
    let folder = setup.folder();
    let mut served = Binary::serve(folder.path());
    let identity = setup.authority.agent("reader");
    let agent = Agent::new(served.address, setup.authority.pem(), Some(identity), SECRET);
    let mut client = agent.h1().await;
    assert_eq!(client.get("/").await.status, 200);

    let none = "package countersign.authz\n\ndecision := false\n";
    for rules in std::fs::read_dir(folder.path().join("rules")).unwrap() {
        std::fs::write(rules.unwrap().path(), none).unwrap();
    }
    served.signal(Signal::HUP);
    let reloaded = async { while client.get("/").await.status != 403 {} };
    soon("the reload", reloaded).await;
    served.signal(Signal::TERM);
    assert!(served.wait().success());
    assert!(verify(&folder.path().join("audit")).problem.is_none());
}

#[tokio::test]
async fn a_countersign_killed_under_load_leaves_a_whole_record() {
    let upstream = Upstream::answering(|_| reply("done"));
    let setup = Setup::new(&upstream);
    let folder = setup.folder();
    let mut served = Binary::serve(folder.path());
    let identity = setup.authority.agent("reader");
    let agent = Agent::new(served.address, setup.authority.pem(), Some(identity), SECRET);
    let mut busy = Vec::new();
    for _ in 0..4 {
        let mut client = agent.h1().await;
        busy.push(tokio::spawn(async move {
            let mut answered = Vec::new();
            while let Ok(answer) = client.try_send(request("GET", "/load")).await {
                answered.push(answer.header("countersign-decision").to_owned());
            }
            answered
        }));
    }
    crate::harness::until("some load", || upstream.requests().len() > 50).await;
    served.signal(Signal::KILL);
    assert_eq!(served.wait().signal(), Some(9));
    let mut answered = Vec::new();
    for one in busy {
        answered.extend(one.await.unwrap());
    }
    let mut served = Binary::serve(folder.path());
    served.signal(Signal::TERM);
    assert!(served.wait().success());
    let audit = folder.path().join("audit");
    let report = verify(&audit);
    assert!(report.problem.is_none(), "{report}");
    let records = records(&audit);
    let of = |kind: &str| {
        let ids = records.iter().filter(|record| record["type"] == kind);
        ids.map(|record| record["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (intents, outcomes) = (of("intent"), of("outcome"));
    assert!(answered.len() > 40 && answered.iter().all(|id| intents.contains(id)));
    assert!(upstream.requests().len() <= intents.len());
    assert!(intents.iter().all(|id| outcomes.contains(id)), "each has an outcome, if `unknown`");
}

#[tokio::test]
async fn a_full_disk_refuses_everything_and_recovers_by_itself() {
    let (rest, feed) = Feed::channel(1);
    let feed = std::sync::Mutex::new(Some(feed));
    let upstream = Upstream::answering(move |received| match received.target.as_str() {
        "/early" => {
            let feed = feed.lock().unwrap().take().unwrap();
            Response::new(feed.map_err(|never| match never {}).boxed())
        }
        _ => reply("done"),
    });
    let setup = Setup::new(&upstream);
    let folder = setup.folder();
    let audit = folder.path().join("audit");
    let mut served = Binary::serve(folder.path());
    let admin = &served.admin;
    let agent = Agent::new(
        served.address,
        setup.authority.pem(),
        Some(setup.authority.agent("reader")),
        SECRET,
    );
    let mut kept = agent.h1().await;
    assert_eq!(kept.get("/before").await.status, 200);
    assert_eq!(admin.get("/readyz").await.status, 200);
    let mut early = agent.h1().await;
    let early = soon("a head", early.open(request("GET", "/early"))).await.unwrap();

    // A few bytes more fit: the record that fills the disk is torn, and has to be cut off again.
    served.limit_files(Some(largest(&audit) + 10));
    for path in ["/full", "/still-full"] {
        let answer = kept.get(path).await;
        assert_eq!(answer.problem(), (503, "audit_unavailable".to_owned()));
    }
    let ready = admin.get("/readyz").await;
    let cause = ready.json()["checks"]["audit"].as_str().unwrap().to_owned();
    assert_eq!((ready.status.as_u16(), &ready.json()["ready"]), (503, &false.into()));
    assert!(cause.contains("File too large"), "{cause}");
    assert_eq!(admin.get("/livez").await.status, 200, "a restart would not help");
    assert_eq!(admin.metric("countersign_audit_writable", &[]).await, 0.0);
    assert!(admin.metric("countersign_audit_write_errors_total", &[]).await >= 1.0);
    // What was granted before goes on to its end, which waits for its place in the record.
    rest.send(Frame::data("whole".into())).await.unwrap();
    drop(rest);
    let early = soon("the early answer", early.into_body().collect()).await.unwrap();
    assert_eq!(early.to_bytes(), "whole");
    assert_eq!(upstream.requests().len(), 2, "nothing went out without its intent");

    served.limit_files(None);
    soon("the recovery", async { while admin.get("/readyz").await.status != 200 {} }).await;
    assert_eq!(admin.metric("countersign_audit_writable", &[]).await, 1.0);
    assert_eq!(kept.get("/after").await.status, 200);
    served.signal(Signal::TERM);
    assert!(served.wait().success());
    let report = verify(&audit);
    assert!(report.problem.is_none(), "{report}");
    assert_eq!((report.outages, report.outcomes.answered, report.outcomes.unknown), (1, 3, 0));
    let paths = records(&audit).into_iter().filter(|record| record["type"] == "intent");
    let paths: Vec<_> = paths.map(|record| record["path"].clone()).collect();
    assert_eq!(paths, ["/before", "/early", "/after"]);
}

/// The length of the largest file in a folder.
fn largest(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).max().unwrap()
}
