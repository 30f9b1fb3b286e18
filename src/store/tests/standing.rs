//! Standing approvals: used as often as was said, by whoever asks wherever, and not any more.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};

use crate::approval::standing::{Cap, Paths, Predicate, Standing, StandingProof};
use crate::approval::tests::signer::Signer;
use crate::approval::{Identity, Nonce, People, Refusal};
use crate::clock::Timestamp;
use crate::id::ProposalId;
use crate::identity::SpiffeId;
use crate::proposal::{
    Draft, Execution, IdempotencyKey, Need, Proposal, Request, Stage, Status, Substance, Terms,
};
use crate::store::tests::{EXPIRES, NOW, draft, payments};
use crate::store::{Error, Put, Store};

/// What `who` agrees to: so many posts of so much in all.
fn agreed(who: &Signer, name: &str, uses: u32, sum: u64) -> StandingProof {
    let predicate = Predicate {
        agent: SpiffeId::parse("spiffe://example.org/agent").unwrap(),
        method: "POST".to_owned(),
        authority: "orders.example.org".to_owned(),
        paths: Paths::Exactly("/refunds".to_owned()),
        headers: vec![],
        fields: vec![],
        cap: Some(Cap { pointer: "/amount".to_owned(), each: 10, sum }),
    };
    let times = (NOW, NOW.plus(Duration::from_secs(60)));
    let approver = Identity::parse(name).unwrap();
    who.sign_standing(&Standing::new(approver, predicate, uses, Nonce::fresh(), times).unwrap())
}

/// One more request for `amount`, which takes so many of the payments people.
fn refund(amount: u64, quorum: u32) -> Proposal {
    let base = draft("one");
    let url = Uri::from_static("https://orders.example.org/refunds");
    let kind = [("content-type", "application/json")].map(|(name, value)| {
        (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
    });
    let body = Bytes::from(format!("{{\"amount\": {amount}}}"));
    let request = Request::new(Method::POST, &url, &HeaderMap::from_iter(kind), body).unwrap();
    let owner = base.substance.owner().clone();
    let substance = Substance::new(owner, request, base.substance.policy_revision());
    let id = ProposalId::new();
    let key = IdempotencyKey::parse(&id.to_string());
    let stage = Stage { quorum, approvers: vec!["payments".to_owned()] };
    let terms = Terms { needs: vec![Need::once(stage)], ..base.terms };
    Proposal::new(Draft { id, substance, terms, key, ..base })
}

async fn put(store: &Store, people: &People, proposal: Proposal) -> Proposal {
    let Put::Fresh(put) = store.put_forward(proposal, None, people, NOW).await.unwrap() else {
        panic!("it stood there already")
    };
    assert_eq!(store.load(put.id()).await.unwrap(), put);
    put
}

pub(super) async fn what_was_agreed_to_in_advance_is_decided_as_often_as_was_said(url: String) {
    let store = Store::open(&url).await.unwrap();
    let ann = Signer::new("ann");
    let people = payments(&[&ann]);
    let proof = agreed(&ann, "ann", 2, 100);
    let granted = store.grant(proof.clone(), &people, NOW).await.unwrap();
    assert_eq!(store.standing("", NOW).await.unwrap(), std::slice::from_ref(&granted));
    let twice = store.grant(proof, &people, NOW).await;
    assert!(matches!(twice, Err(Error::Answered)), "{twice:?}");
    for left in [1, 0] {
        let decided = put(&store, &people, refund(1, 1)).await;
        let state = decided.state();
        assert_eq!((state.status, state.execution), (Status::Approved, Execution::Queued));
        let by = store.standing_for(decided.id()).await.unwrap();
        assert_eq!((by.len(), by[0].left), (1, left));
    }
    assert_eq!(put(&store, &people, refund(1, 1)).await.state().status, Status::Pending);
}

pub(super) async fn amounts_never_come_to_more_than_was_said(url: String) {
    let store = Store::open(&url).await.unwrap();
    let ann = Signer::new("ann");
    let people = payments(&[&ann]);
    store.grant(agreed(&ann, "ann", 100, 25), &people, NOW).await.unwrap();
    let puts: Vec<_> = (0..20)
        .map(|_| {
            let (store, people) = (store.clone(), people.clone());
            tokio::spawn(async move {
                store.put_forward(refund(4, 1), None, &people, NOW).await.unwrap()
            })
        })
        .collect();
    let mut decided = 0;
    for put in puts {
        let Put::Fresh(put) = put.await.unwrap() else { panic!("each is another") };
        decided += u32::from(put.state().status == Status::Approved);
    }
    assert_eq!(decided, 6);
    let spent = store.standing("", NOW).await.unwrap();
    assert_eq!((spent[0].spent, spent[0].left), (24, 94));
    // What fits into the rest goes on, and more than one may come to does not.
    assert_eq!(put(&store, &people, refund(2, 1)).await.state().status, Status::Pending);
    assert_eq!(put(&store, &people, refund(1, 1)).await.state().status, Status::Approved);
    assert_eq!(put(&store, &people, refund(11, 1)).await.state().status, Status::Pending);
}

pub(super) async fn it_takes_as_many_people_in_advance_as_it_takes(url: String) {
    let store = Store::open(&url).await.unwrap();
    let (ann, bob) = (Signer::new("ann"), Signer::new("bob"));
    let people = payments(&[&ann, &bob]);
    // Two of one person are one person.
    for _ in 0..2 {
        store.grant(agreed(&ann, "ann", 5, 100), &people, NOW).await.unwrap();
    }
    assert_eq!(put(&store, &people, refund(1, 2)).await.state().status, Status::Pending);
    store.grant(agreed(&bob, "bob", 5, 100), &people, NOW).await.unwrap();
    let decided = put(&store, &people, refund(1, 2)).await;
    assert_eq!(decided.state().status, Status::Approved);
    let by = store.standing_for(decided.id()).await.unwrap();
    let names: std::collections::BTreeSet<_> = by.iter().map(|one| &*one.approver).collect();
    assert_eq!(names, ["ann", "bob"].into());
    // Nothing was taken for the one that was not decided.
    let left: u32 = store.standing("", NOW).await.unwrap().iter().map(|one| one.left).sum();
    assert_eq!(left, 13);
}

pub(super) async fn what_is_over_or_taken_back_decides_nothing(url: String) {
    let store = Store::open(&url).await.unwrap();
    let (ann, eve) = (Signer::new("ann"), Signer::new("eve"));
    let people = payments(&[&ann]);
    let stranger = store.grant(agreed(&eve, "eve", 5, 100), &people, NOW).await;
    assert!(matches!(stranger, Err(Error::Refused(Refusal::Stranger))), "{stranger:?}");
    let forged = store.grant(agreed(&eve, "ann", 5, 100), &people, NOW).await;
    assert!(matches!(forged, Err(Error::Refused(Refusal::WrongKey))), "{forged:?}");
    let granted = store.grant(agreed(&ann, "ann", 5, 100), &people, NOW).await.unwrap();
    // Who has left agrees to nothing.
    let others = payments(&[&eve]);
    assert_eq!(put(&store, &others, refund(1, 1)).await.state().status, Status::Pending);
    let decided = put(&store, &people, refund(1, 1)).await;
    assert!(store.revoke_standing(&granted.name, NOW).await.unwrap());
    assert!(!store.revoke_standing(&granted.name, NOW).await.unwrap());
    // What it decided has nobody any more who agreed.
    assert_eq!(store.standing_for(decided.id()).await.unwrap(), []);
    assert_eq!(put(&store, &people, refund(1, 1)).await.state().status, Status::Pending);
    assert_eq!(store.standing("", NOW).await.unwrap(), []);
    let late = Timestamp::from_micros(NOW.micros() + 120_000_000);
    let over = store.grant(agreed(&ann, "ann", 5, 100), &people, late).await;
    assert!(matches!(over, Err(Error::Refused(Refusal::Expired))), "{over:?}");
    // Both are forgotten once nothing is known that they decided.
    store.cancel(decided.id(), NOW).await.unwrap();
    store.forget(EXPIRES, NOW).await.unwrap();
    store.forget(late, NOW).await.unwrap();
    assert!(matches!(store.load(decided.id()).await, Err(Error::Unknown(_))));
}
