//! The record: intent before the first upstream byte, outcome after, and nothing without it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Agent, SECRET, Setup, Upstream, records, reply, request, soon, verify};

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

/// The real binary, listening.
fn serve(folder: &Path) -> (Served, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["serve", "-c"])
        .arg(folder.join("countersign.yaml"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let said: serde_json::Value = serde_json::from_str(&line).ok()?;
        let agents = said["listener"] == "agents" && said["message"] == "listening";
        agents.then(|| said["address"].as_str().unwrap().parse().unwrap())
    });
    // A pipe that nobody empties would stop it.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    (Served(child), address.expect("it listens"))
}

/// The binary's process; a test that fails leaves none behind.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn signal(child: &Served, signal: Signal) {
    let id = i32::try_from(child.0.id()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
}

#[tokio::test]
async fn a_hangup_reloads_and_a_termination_ends_cleanly() {
    let upstream = Upstream::answering(|_| reply("done"));
    let setup = Setup::new(&upstream);
    let folder = setup.folder();
    let (mut child, address) = serve(folder.path());
    let identity = setup.authority.agent("reader");
    let agent = Agent::new(address, setup.authority.pem(), Some(identity), SECRET);
    let mut client = agent.h1().await;
    assert_eq!(client.get("/").await.status, 200);

    let none = "package countersign.authz\n\ndecision := false\n";
    for rules in std::fs::read_dir(folder.path().join("rules")).unwrap() {
        std::fs::write(rules.unwrap().path(), none).unwrap();
    }
    signal(&child, Signal::HUP);
    let reloaded = async { while client.get("/").await.status != 403 {} };
    soon("the reload", reloaded).await;
    signal(&child, Signal::TERM);
    assert!(child.0.wait().unwrap().success());
    assert!(verify(&folder.path().join("audit")).problem.is_none());
}

#[tokio::test]
async fn a_countersign_killed_under_load_leaves_a_whole_record() {
    let upstream = Upstream::answering(|_| reply("done"));
    let setup = Setup::new(&upstream);
    let folder = setup.folder();
    let (mut child, address) = serve(folder.path());
    let identity = setup.authority.agent("reader");
    let agent = Agent::new(address, setup.authority.pem(), Some(identity), SECRET);
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
    child.0.kill().unwrap();
    assert_eq!(child.0.wait().unwrap().signal(), Some(9));
    let mut answered = Vec::new();
    for one in busy {
        answered.extend(one.await.unwrap());
    }
    let (mut child, _) = serve(folder.path());
    signal(&child, Signal::TERM);
    assert!(child.0.wait().unwrap().success());
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
