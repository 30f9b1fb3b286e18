//! Pages of what is kept, against both databases.

use super::tasks::{LASTING, requests, task};
use super::{NOW, draft};
use crate::id::{ProposalId, TaskId};
use crate::identity::SpiffeId;
use crate::proposal::{Draft, Proposal, Status, Substance};
use crate::store::{Agent, Error, Listing, Store};
use crate::task::{Bounds, Task};

fn agent(name: &str) -> SpiffeId {
    SpiffeId::parse(&format!("spiffe://example.org/{name}")).unwrap()
}

/// What `name` puts forward.
fn of(name: &str, body: &'static str) -> Proposal {
    let base = draft(body);
    let request = base.substance.request().clone();
    let substance = Substance::new(agent(name), request, base.substance.policy_revision());
    Proposal::new(Draft { substance, ..base })
}

fn all() -> Listing {
    Listing { status: None, owner: None, after: None, limit: 10 }
}

async fn ids(store: &Store, listing: Listing) -> (Vec<ProposalId>, Option<ProposalId>) {
    store.list(&listing, |proposal| Some(proposal.id())).await.unwrap()
}

pub(super) async fn proposals_are_listed_page_by_page(url: String) {
    let store = Store::open(&url).await.unwrap();
    assert_eq!(ids(&store, all()).await, (vec![], None));
    let mut put = Vec::new();
    for (name, body) in [("a", "1"), ("b", "1"), ("a", "2"), ("a", "3")] {
        let proposal = of(name, body);
        store.put(proposal.clone(), NOW).await.unwrap();
        put.push(proposal.id());
    }
    store.cancel(put[2], NOW).await.unwrap();
    assert_eq!(ids(&store, all()).await, (put.clone(), None));
    let two = |after| Listing { after, limit: 2, ..all() };
    assert_eq!(ids(&store, two(None)).await, (put[..2].to_vec(), Some(put[1])));
    assert_eq!(ids(&store, two(Some(put[1]))).await, (put[2..].to_vec(), Some(put[3])));
    assert_eq!(ids(&store, two(Some(put[3]))).await, (vec![], None));
    let pending = Listing { status: Some(Status::Pending), ..all() };
    assert_eq!(ids(&store, pending).await.0, [put[0], put[1], put[3]]);
    let of_a = Listing { owner: Some(agent("a")), status: Some(Status::Cancelled), ..all() };
    assert_eq!(ids(&store, of_a).await.0, [put[2]]);
    // What a viewer passes over counts for where the page ends.
    let none = store.list(&two(None), |_| None::<()>).await.unwrap();
    assert_eq!(none, (vec![], Some(put[1])));
}

pub(super) async fn agents_are_known_by_what_they_did(url: String) {
    let store = Store::open(&url).await.unwrap();
    let (first, second) = (of("a", "1"), of("a", "2"));
    store.put(first.clone(), NOW).await.unwrap();
    store.put(second, NOW).await.unwrap();
    store.put(of("c", "1"), NOW).await.unwrap();
    store.cancel(first.id(), NOW).await.unwrap();
    store.open_task(Task { owner: agent("a"), ..task(requests(None)) }).await.unwrap();
    store.open_task(Task { owner: agent("b"), ..task(requests(None)) }).await.unwrap();
    let one =
        |name, proposals, pending, tasks| Agent { id: agent(name), proposals, pending, tasks };
    let known = [one("a", 2, 1, 1), one("b", 0, 0, 1), one("c", 1, 1, 0)];
    assert_eq!(store.agents("", 10).await.unwrap(), known);
    assert_eq!(store.agents("", 2).await.unwrap(), known[..2]);
    assert_eq!(store.agents(known[1].id.as_str(), 2).await.unwrap(), known[2..]);
}

pub(super) async fn tasks_are_listed_and_shown_in_their_trees(url: String) {
    let store = Store::open(&url).await.unwrap();
    let root = Task { owner: agent("a"), ..task(requests(Some(5))) };
    let other = Task { owner: agent("b"), ..task(requests(None)) };
    store.open_task(root.clone()).await.unwrap();
    store.open_task(other.clone()).await.unwrap();
    let bounds = Bounds { depth: 1, ..requests(Some(2)) };
    let (from, to) = ((agent("a"), root.id), (agent("c"), "a part".to_owned()));
    let when = (NOW, LASTING);
    let part = store.hand_on(from, to, bounds, when).await.unwrap();
    let listed = |tasks: Vec<Task>| tasks.iter().map(|task| task.id).collect::<Vec<_>>();
    let mut every = vec![root.id, other.id, part.id];
    every.sort();
    assert_eq!(listed(store.list_tasks(None, "", 10).await.unwrap()), every);
    let behind = store.list_tasks(None, &every[0].to_string(), 1).await.unwrap();
    assert_eq!(listed(behind), [every[1]]);
    let of_b = store.list_tasks(Some(&agent("b")), "", 10).await.unwrap();
    assert_eq!(listed(of_b), [other.id]);
    for id in [root.id, part.id] {
        let (tree, labels) = store.tree(id).await.unwrap();
        assert_eq!((listed(tree), labels.len()), (vec![root.id, part.id], 0));
    }
    assert!(matches!(store.tree(TaskId::new()).await, Err(Error::NoTask)));
}
