//! What is to be carried out without its agent, against both databases.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{EXPIRES, NOW, claim, draft};
use crate::id::ProposalId;
use crate::identity::SpiffeId;
use crate::proposal::{Draft, Execution, Proposal, Substance, Verdict};
use crate::store::{Errand, Setback, Store, Trouble};

/// Puts forward what nobody has to agree to.
async fn queued(store: &Store, agent: &str, body: &'static str) -> ProposalId {
    let base = draft(body);
    let owner = SpiffeId::parse(&format!("spiffe://example.org/{agent}")).unwrap();
    let request = base.substance.request().clone();
    let substance = Substance::new(owner, request, base.substance.policy_revision());
    let mut proposal = Proposal::new(Draft { substance, ..base });
    proposal.decide(Verdict::Approve, NOW).unwrap();
    store.put(proposal.clone(), NOW).await.unwrap();
    proposal.id()
}

async fn taken(store: &Store, places: usize) -> BTreeSet<ProposalId> {
    let errands = store.take(NOW, NOW, places).await.unwrap();
    errands.into_iter().map(|errand| errand.id).collect()
}

pub(super) async fn what_is_given_back_is_due_later(url: String) {
    let store = Store::open(&url).await.unwrap();
    let id = queued(&store, "a", "one").await;
    store.claim(id, claim("a"), NOW).await.unwrap();
    let later = NOW.plus(Duration::from_micros(7));
    store.release(id, "a", later).await.unwrap();
    assert_eq!(store.take(NOW, NOW, 9).await.unwrap(), []);
    assert_eq!(store.take(later, EXPIRES, 9).await.unwrap(), []);
    let errand = Errand { id, authority: "orders.example.org".to_owned(), tries: 1 };
    assert_eq!(store.take(later, later, 9).await.unwrap(), [errand]);
    assert_eq!(store.take(later, later, 9).await.unwrap(), []);
}

pub(super) async fn who_has_much_to_do_keeps_nobody_waiting(url: String) {
    let store = Store::open(&url).await.unwrap();
    let mut busy = Vec::new();
    for body in ["one", "two", "three", "four"] {
        busy.push(queued(&store, "busy", body).await);
    }
    let other = queued(&store, "other", "five").await;
    assert_eq!(taken(&store, 2).await, BTreeSet::from([busy[0], other]));
    assert_eq!(taken(&store, 9).await, BTreeSet::from([busy[1], busy[2], busy[3]]));
}

pub(super) async fn what_one_has_taken_nobody_else_takes(url: String) {
    let store = Store::open(&url).await.unwrap();
    let mut all = BTreeSet::new();
    for body in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"] {
        all.insert(queued(&store, "a", body).await);
    }
    let takers = (0..12).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { taken(&store, 3).await })
    });
    let mut found = Vec::new();
    for taker in takers.collect::<Vec<_>>() {
        found.extend(taker.await.unwrap());
    }
    // Who looked while another did may have come away with less.
    found.extend(taken(&store, 12).await);
    assert_eq!((found.len(), BTreeSet::from_iter(found)), (12, all));
}

pub(super) async fn what_kept_it_from_being_sent_is_known(url: String) {
    let store = Store::open(&url).await.unwrap();
    let id = queued(&store, "a", "one").await;
    let lost = queued(&store, "a", "two").await;
    store.claim(lost, claim("a"), NOW).await.unwrap();
    assert_eq!(
        (store.trouble(id).await.unwrap(), store.troubles(None).await.unwrap()),
        (None, vec![])
    );
    let errand = store.take(NOW, NOW, 1).await.unwrap().remove(0);
    let soon = NOW.plus(Duration::from_micros(3));
    let (why, told) = ("nobody there".to_owned(), "not now".to_owned());
    let setback = Setback { why, told };
    store.put_off(&errand, soon, Some(setback)).await.unwrap();
    assert_eq!(store.take(NOW, NOW, 9).await.unwrap(), []);
    let again = store.take(soon, soon, 9).await.unwrap().remove(0);
    assert_eq!((again.id, again.tries), (id, 2));
    // There was no place for it: that was no try, and the last one's trouble is still known.
    store.put_off(&again, soon, None).await.unwrap();
    let last = Some("nobody there".to_owned());
    let setback = Some("not now".to_owned());
    let execution = Execution::Queued;
    let trouble = Trouble { id, execution, tries: 1, last, setback, next: soon };
    assert_eq!(store.trouble(id).await.unwrap(), Some(trouble.clone()));
    store.expire(EXPIRES).await.unwrap();
    let dead = Trouble { execution: Execution::Failed, ..trouble };
    store.lose("a", EXPIRES).await.unwrap();
    let found = store.troubles(None).await.unwrap();
    assert_eq!(found[0], dead);
    assert_eq!((found[1].id, found[1].execution), (lost, Execution::Unknown));
    assert_eq!(store.troubles(Some(id)).await.unwrap().len(), 1);
}
