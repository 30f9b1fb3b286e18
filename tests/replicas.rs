//! Several replicas over one PostgreSQL: what is asked at each is carried out once.

use countersign::id::ProposalId;
use http::Request;
use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{
    Agent, Binary, Human, Outgoing, SECRET, Setup, Site, Upstream, body, countersign, empty,
    postgres, reply, soon, until, verify,
};

/// Writing takes a person.
const ASKING: &str = r#"package countersign.authz

default decision := {"allowed": false}

decision := {"allowed": false, "approval": {"quorum": 1}} if input.countersign.approval == null

decision := {"allowed": true} if input.countersign.approval != null
"#;

fn replica(upstream: &Upstream, url: &str, maria: &Human) -> Site {
    Setup::new(upstream)
        .rules(ASKING)
        .section(&format!("state: {{ url: \"{url}\" }}"))
        .section(&format!("approvals: {{ hold: 2m, people: {{ {} }} }}", maria.entry("")))
        .start()
}

fn order(text: String) -> Request<Outgoing> {
    Request::post("/orders").body(body(text)).unwrap()
}

/// The ids of all proposals that wait, as a person at `site` sees them.
async fn waiting(site: &Site, count: usize) -> Vec<ProposalId> {
    soon("the proposals", async {
        loop {
            let listed = countersign(&site.path("")).args(["proposal", "list"]).output().unwrap();
            let listed = String::from_utf8(listed.stdout).unwrap();
            let ids = listed.lines().map(|line| line.split(' ').next().unwrap());
            let ids: Vec<_> = ids.map(|id| ProposalId::parse(id).unwrap()).collect();
            if ids.len() == count {
                return ids;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn of_a_hundred_identical_calls_over_three_replicas_one_is_carried_out() {
    let (url, _database) = postgres();
    let (upstream, maria) = (Upstream::answering(|_| reply("done")), Human::new("maria"));
    let sites = [(); 3].map(|()| replica(&upstream, &url, &maria));
    let agents: Vec<_> = sites.iter().map(|site| site.agent("writer")).collect();
    let calls: Vec<_> = (0..100)
        .map(|number| {
            let agent = agents[number % agents.len()].clone();
            tokio::spawn(async move { agent.send(order("one".to_owned())).await })
        })
        .collect();
    let id = waiting(&sites[0], 1).await[0];
    assert!(maria.says("approve", &sites[1].path(""), id).status.success());
    for call in calls {
        let answer = call.await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "done".to_owned()));
        assert_eq!(answer.header("countersign-proposal"), id.to_string());
    }
    assert_eq!(upstream.requests().len(), 1);
    let sent: u64 = sites.into_iter().map(|site| site.stop().outcomes.answered).sum();
    assert_eq!(sent, 1);
}

#[tokio::test]
async fn what_one_replica_put_forward_another_carries_out() {
    let (url, _database) = postgres();
    let (upstream, maria) = (Upstream::answering(|_| reply("done")), Human::new("maria"));
    let (first, second) = (replica(&upstream, &url, &maria), replica(&upstream, &url, &maria));
    let call = Request::post("/orders").header("prefer", "wait=0");
    let held = first.agent("writer").send(call.body(body("one".to_owned())).unwrap()).await;
    assert_eq!(held.problem(), (428, "approval_pending".to_owned()));
    let id = waiting(&second, 1).await[0];
    first.stop();
    assert!(maria.says("approve", &second.path(""), id).status.success());
    let agent = second.agent("writer");
    assert_eq!(agent.send(order("one".to_owned())).await.text(), "done");
    let told = agent.get(&format!("/.countersign/v1/proposals/{id}")).await.json();
    assert_eq!(told["execution"], Value::from("succeeded"));
    let kept = agent.get(&format!("/.countersign/v1/proposals/{id}/result")).await;
    assert_eq!(kept.text(), "done");
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test]
async fn each_of_many_proposals_is_carried_out_once() {
    let (url, _database) = postgres();
    let (upstream, maria) = (Upstream::answering(|_| reply("done")), Human::new("maria"));
    let sites = [(); 2].map(|()| replica(&upstream, &url, &maria));
    let agents: Vec<_> = sites.iter().map(|site| site.agent("writer")).collect();
    let calls: Vec<_> = (0..40)
        .map(|number| {
            let agent = agents[number % 2].clone();
            tokio::spawn(async move { agent.send(order(format!("order {}", number / 2))).await })
        })
        .collect();
    for id in waiting(&sites[0], 20).await {
        assert!(maria.says("approve", &sites[1].path(""), id).status.success());
    }
    for call in calls {
        assert_eq!(call.await.unwrap().status, 200);
    }
    let mut bodies: Vec<_> = upstream.requests().into_iter().map(|one| one.body).collect();
    bodies.sort();
    bodies.dedup();
    assert_eq!((bodies.len(), upstream.requests().len()), (20, 20));
    let sent: u64 = sites.into_iter().map(|site| site.stop().outcomes.answered).sum();
    assert_eq!(sent, 20);
}

#[tokio::test]
async fn three_replicas_carry_out_each_proposal_once_when_no_agent_is_there() {
    let (url, _database) = postgres();
    let (upstream, maria) = (Upstream::answering(|_| reply("done")), Human::new("maria"));
    let sites = [(); 3].map(|()| replica(&upstream, &url, &maria));
    for number in 0..20 {
        let call = Request::post("/orders").header("prefer", "respond-async");
        let call = call.body(body(format!("order {number}"))).unwrap();
        assert_eq!(sites[number % 3].agent("writer").send(call).await.status, 202);
    }
    for id in waiting(&sites[0], 20).await {
        assert!(maria.says("approve", &sites[1].path(""), id).status.success());
    }
    until("all are sent", || upstream.requests().len() >= 20).await;
    let sent: u64 = sites.into_iter().map(|site| site.stop().outcomes.answered).sum();
    let mut bodies: Vec<_> = upstream.requests().into_iter().map(|one| one.body).collect();
    bodies.sort();
    bodies.dedup();
    assert_eq!((bodies.len(), upstream.requests().len(), sent), (20, 20, 20));
}

/// Every order is allowed.
const OPEN: &str = "package countersign.authz\n\ndecision := {\"allowed\": true}\n";

const PROPOSALS: &str = "/.countersign/v1/proposals";

/// Puts an order forward at one replica after the other until one takes it: some are dead.
async fn put_forward(agents: &[Agent], number: usize) -> String {
    let request = serde_json::json!({
        "method": "POST", "url": "https://api.example.org/orders", "body": format!("order {number}"),
    });
    let wish = serde_json::json!({ "request": request }).to_string();
    for turn in number.. {
        let call = Request::post(PROPOSALS).header("content-type", "application/json");
        let call = call.header("idempotency-key", format!("order-{number}"));
        let Ok(mut client) = agents[turn % agents.len()].try_h1().await else { continue };
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

#[tokio::test]
async fn replicas_are_killed_and_the_database_crashes_and_nothing_is_lost_or_sent_twice() {
    const ORDERS: usize = 240;
    let (url, database) = postgres();
    let upstream = Upstream::answering(|_| reply("done"));
    let setup = Setup::new(&upstream)
        .rules(OPEN)
        .section(&format!("state: {{ url: \"{url}\", stale_after: 10m, pending: 1000 }}"));
    // One authority for all: any of them carries out what was put forward at another.
    let folders = [(); 3].map(|()| setup.folder());
    let mut served = folders.each_ref().map(|folder| Binary::serve(folder.path()));
    let writer = || Some(setup.authority.agent("writer"));
    let agent =
        |served: &Binary| Agent::new(served.address, setup.authority.pem(), writer(), SECRET);
    let mut ids = Vec::new();
    let agents: Vec<_> = served.iter().map(&agent).collect();
    for number in 0..ORDERS {
        // One is dead for a third of them, and taken over from by the others.
        if number == ORDERS / 3 {
            served[0].signal(Signal::KILL);
            served[0].wait();
        }
        ids.push(soon("an order is taken", put_forward(&agents, number)).await);
    }
    served[0] = Binary::serve(folders[0].path());
    for round in 1..6 {
        // In the middle of what they do.
        let sent = || upstream.requests().len() >= round * ORDERS / 8;
        until("some more are sent", sent).await;
        let victim = round % served.len();
        served[victim].signal(Signal::KILL);
        served[victim].wait();
        if round == 3 {
            database.restart();
        }
        served[victim] = Binary::serve(folders[victim].path());
    }
    let agent = agent(&served[0]);
    let mut unknown = 0;
    for id in &ids {
        // What a dead replica had is known to be unknown after half a minute.
        let mut status = String::new();
        for _ in 0..6 {
            let look = Request::get(format!("{PROPOSALS}/{id}")).header("prefer", "wait=15");
            let told = agent.send(look.body(empty()).unwrap()).await.json();
            status = told["execution"].as_str().unwrap_or_default().to_owned();
            if !matches!(&*status, "queued" | "running") {
                break;
            }
        }
        match &*status {
            "succeeded" => {}
            "unknown" => unknown += 1,
            other => panic!("{id}: {other}"),
        }
    }
    let received = upstream.requests();
    let mut bodies: Vec<_> = received.iter().map(|one| one.body.clone()).collect();
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), received.len(), "nothing is sent twice");
    assert!(bodies.len() >= ORDERS - unknown, "{} and {unknown} unknown", bodies.len());
    let (mut answered, mut open) = (0, 0);
    for (served, folder) in served.iter_mut().zip(&folders) {
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
