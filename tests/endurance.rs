//! Ten thousand proposals over three processes and one PostgreSQL: one process after the other is
//! killed while they are put forward and carried out, and the database crashes once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Request;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::harness::{
    Agent, Binary, SECRET, Setup, Upstream, body, empty, postgres, reply, soon, verify,
};

/// Every order is allowed.
const OPEN: &str = "package countersign.authz\n\ndecision := {\"allowed\": true}\n";

const PROPOSALS: &str = "/.countersign/v1/proposals";

const ORDERS: usize = 10_000;

/// How many agents put forward at once.
const AGENTS: usize = 16;

/// Three processes over one database, of which some may be dead.
struct Fleet {
    setup: Setup,
    folders: [TempDir; 3],
    served: Mutex<[Binary; 3]>,
}

impl Fleet {
    fn new(upstream: &Upstream, url: &str) -> Self {
        let setup = Setup::new(upstream)
            .rules(OPEN)
            .section(&format!("state: {{ url: \"{url}\", stale_after: 10m, pending: 100000 }}"));
        // One authority for all: any of them carries out what was put forward at another.
        let folders = [(); 3].map(|()| setup.folder());
        let served = Mutex::new(folders.each_ref().map(|folder| Binary::serve(folder.path())));
        Self { setup, folders, served }
    }

    /// `writer` at whatever is alive as the process `number`.
    async fn agent(&self, number: usize) -> Agent {
        let address = self.served.lock().await[number % 3].address;
        let writer = Some(self.setup.authority.agent("writer"));
        Agent::new(address, self.setup.authority.pem(), writer, SECRET)
    }

    /// Kills one process in the middle of what it does, and starts it again.
    async fn kill(&self, number: usize) {
        let victim = number % 3;
        let mut served = self.served.lock().await;
        served[victim].signal(Signal::KILL);
        served[victim].wait();
        served[victim] = Binary::serve(self.folders[victim].path());
    }

    /// Puts an order forward, at one process after the other until one takes it.
    async fn put_forward(&self, number: usize) -> String {
        let request = serde_json::json!({
            "method": "POST",
            "url": "https://api.example.org/orders",
            "body": format!("order {number}"),
        });
        let wish = serde_json::json!({ "request": request }).to_string();
        for turn in number.. {
            let call = Request::post(PROPOSALS).header("content-type", "application/json");
            let call = call.header("idempotency-key", format!("order-{number}"));
            let Ok(mut client) = self.agent(turn).await.try_h1().await else { continue };
            let answer = client.try_send(call.body(body(wish.clone())).unwrap()).await;
            match answer {
                Ok(answer) if answer.status == 202 => {
                    return answer.header("countersign-proposal").to_owned();
                }
                Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text()),
                Err(_) => {}
            }
            tokio::task::yield_now().await;
        }
        unreachable!()
    }

    /// What came of a proposal. What a dead process had is known to be unknown after half a minute.
    async fn outcome(&self, agent: &Agent, id: &str) -> String {
        let mut execution = String::new();
        for _ in 0..20 {
            let look = Request::get(format!("{PROPOSALS}/{id}")).header("prefer", "wait=15");
            let told = agent.send(look.body(empty()).unwrap()).await.json();
            execution = told["execution"].as_str().unwrap_or_default().to_owned();
            if !matches!(&*execution, "queued" | "running") {
                break;
            }
        }
        execution
    }
}

#[tokio::test]
async fn replicas_are_killed_and_the_database_crashes_and_nothing_is_lost_or_sent_twice() {
    let (url, database) = postgres();
    let upstream = Upstream::answering(|_| reply("done"));
    let fleet = Arc::new(Fleet::new(&upstream, &url));
    let next = Arc::new(AtomicUsize::new(0));
    let agents = (0..AGENTS).map(|_| {
        let (fleet, next) = (Arc::clone(&fleet), Arc::clone(&next));
        tokio::spawn(async move {
            let mut ids = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= ORDERS {
                    return ids;
                }
                ids.push(soon("an order is taken", fleet.put_forward(number)).await);
            }
        })
    });
    let agents: Vec<_> = agents.collect();
    let mut kills = 0;
    while upstream.requests().len() < ORDERS * 9 / 10 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        fleet.kill(kills).await;
        kills += 1;
        if kills == 3 {
            database.restart();
        }
    }
    let mut ids = Vec::new();
    for agent in agents {
        ids.extend(agent.await.unwrap());
    }
    let (agent, mut unknown) = (fleet.agent(0).await, 0);
    for id in &ids {
        match &*fleet.outcome(&agent, id).await {
            "succeeded" => {}
            "unknown" => unknown += 1,
            other => panic!("{id}: {other}"),
        }
    }
    let received = upstream.requests();
    let mut bodies: Vec<_> = received.iter().map(|one| one.body.clone()).collect();
    bodies.sort();
    bodies.dedup();
    println!("{} sent, {unknown} unknown, {kills} kills", bodies.len());
    assert_eq!(bodies.len(), received.len(), "nothing is sent twice");
    assert!(bodies.len() >= ORDERS - unknown, "{} and {unknown} unknown", bodies.len());
    let (mut answered, mut open) = (0, 0);
    for (served, folder) in fleet.served.lock().await.iter_mut().zip(&fleet.folders) {
        served.signal(Signal::TERM);
        assert!(served.wait().success());
        let report = verify(&folder.path().join("audit"));
        assert!(report.problem.is_none(), "{report}");
        answered += report.outcomes.answered;
        open += report.outcomes.unknown;
    }
    // Whatever reached the upstream has its intent on record, with an outcome or as unknown.
    assert!(answered + open >= received.len() as u64, "{answered} {open} {}", received.len());
    assert!(answered >= (ORDERS - unknown) as u64);
}
