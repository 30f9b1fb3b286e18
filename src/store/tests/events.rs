//! What is told of every change, against both databases.

use std::collections::BTreeSet;
use std::time::Duration;

use super::tasks::{requests, task};
use super::{EXPIRES, NOW, again, answer, approved, claim, draft};
use crate::clock::{Clock, Timestamp};
use crate::event::{Kind, Subject};
use crate::id::EventId;
use crate::proposal::{Outcome, Proposal};
use crate::revocation;
use crate::store::{Follower, Revocation, Store};
use crate::task::Status;

async fn told(store: &Store) -> Vec<(Kind, String)> {
    let events = store.events(EventId::floor(Timestamp::from_micros(0))).await.unwrap();
    events.into_iter().map(|event| (event.kind, event.subject.to_string())).collect()
}

pub(super) async fn every_change_is_told_once(url: String) {
    let store = Store::open(&url).await.unwrap();
    let id = approved(&store, draft("one")).await;
    // The same once more is no change.
    store.put(again(store.load(id).await.unwrap().draft()), NOW).await.unwrap();
    store.claim(id, claim("a"), NOW).await.unwrap();
    store.release(id, "a", NOW).await.unwrap();
    store.claim(id, claim("a"), NOW).await.unwrap();
    assert!(store.claim(id, claim("b"), NOW).await.is_err());
    store.finish(id, "a", Outcome::Succeeded(answer()), NOW).await.unwrap();
    let late = Proposal::new(draft("two"));
    store.put(late.clone(), NOW).await.unwrap();
    store.expire(EXPIRES).await.unwrap();
    let of = |proposal: crate::id::ProposalId, kinds: &[Kind]| -> Vec<_> {
        kinds.iter().map(|kind| (*kind, proposal.to_string())).collect()
    };
    let one = [
        Kind::ProposalPending,
        Kind::ApprovalGiven,
        Kind::ApprovalGiven,
        Kind::ProposalApproved,
        Kind::ProposalRunning,
        Kind::ProposalQueued,
        Kind::ProposalRunning,
        Kind::ProposalSucceeded,
    ];
    let two = [Kind::ProposalPending, Kind::ProposalExpired];
    assert_eq!(told(&store).await, [of(id, &one), of(late.id(), &two)].concat());
}

pub(super) async fn tasks_and_revocations_are_told_too(url: String) {
    let store = Store::open(&url).await.unwrap();
    let task = task(requests(None));
    store.open_task(task.clone()).await.unwrap();
    store.turn_task(Some(&task.owner), task.id, Status::Paused, NOW).await.unwrap();
    let revoked = |subject| Revocation { subject, reason: "lost".to_owned(), at: NOW };
    let credential = revocation::Subject::Credential("orders".into());
    store.revoke(revoked(credential.clone())).await.unwrap();
    store.revoke(revoked(credential.clone())).await.unwrap();
    store.lift(&credential).await.unwrap();
    store.lift(&credential).await.unwrap();
    store.revoke(revoked(revocation::Subject::Task(task.id))).await.unwrap();
    let id = task.id.to_string();
    let found: BTreeSet<_> = told(&store).await.into_iter().collect();
    let all = [
        (Kind::TaskOpen, id.clone()),
        (Kind::TaskPaused, id.clone()),
        (Kind::RevocationMade, "credential orders".to_owned()),
        (Kind::RevocationLifted, "credential orders".to_owned()),
        (Kind::RevocationMade, format!("task {id}")),
        (Kind::TaskRevoked, id),
    ];
    assert_eq!((told(&store).await.len(), found), (6, all.into()));
    let first = store.events(EventId::floor(NOW)).await.unwrap().remove(0);
    assert_eq!((first.subject, first.agent), (Subject::Task(task.id), Some(task.owner)));
}

pub(super) async fn a_follower_hears_of_everything_once(url: String) {
    let store = Store::open(&url).await.unwrap();
    let mut follower = Follower::from_now(Clock::System.now());
    let puts = (0..40).map(|number: u32| {
        let store = store.clone();
        tokio::spawn(async move {
            let body: &'static str = number.to_string().leak();
            store.put(Proposal::new(draft(body)), NOW).await.unwrap();
        })
    });
    let puts: Vec<_> = puts.collect();
    let mut heard = Vec::new();
    for put in puts {
        put.await.unwrap();
        heard.extend(follower.look(&store).await.unwrap());
    }
    let ids: BTreeSet<_> = heard.iter().map(|event| event.id).collect();
    assert_eq!((heard.len(), ids.len()), (40, 40));
    assert!(follower.look(&store).await.unwrap().is_empty());
    store.forget_events(Clock::System.now().plus(Duration::from_secs(1))).await.unwrap();
    assert_eq!(told(&store).await, []);
}
