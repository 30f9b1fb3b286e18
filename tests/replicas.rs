//! Several replicas over one PostgreSQL: what is asked at each is carried out once.

use std::sync::{Arc, LazyLock};

use countersign::id::ProposalId;
use http::Request;
use serde_json::Value;

use crate::harness::{
    Authority, Human, Outgoing, Setup, Site, Upstream, body, countersign, postgres, reply, soon,
    until,
};

/// Writing takes a person.
const ASKING: &str = r#"package countersign.authz

default decision := {"allowed": false}

decision := {"allowed": false, "approval": {"quorum": 1}} if input.countersign.approval == null

decision := {"allowed": true} if input.countersign.approval != null
"#;

fn replica(upstream: &Upstream, url: &str, maria: &Human) -> Site {
    // One authority for all: any of them carries out what was put forward at another.
    static AUTHORITY: LazyLock<Arc<Authority>> =
        LazyLock::new(|| Arc::new(Authority::new("example.org")));
    Setup::trusting(upstream, Arc::clone(&AUTHORITY))
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
