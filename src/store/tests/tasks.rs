//! Tasks and labels, against both databases.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{EXPIRES, NOW, draft};
use crate::id::{RouteName, TaskId};
use crate::identity::SpiffeId;
use crate::proposal::{Draft, Proposal, Status};
use crate::store::{Error, Step, Store};
use crate::task::{self, Bounds, Label, Labels, Scope, Stop, Task};

fn agent(number: usize) -> SpiffeId {
    SpiffeId::parse(&format!("spiffe://example.org/agent/{number}")).unwrap()
}

pub(super) fn task(requests: Option<u64>) -> Task {
    let bounds = Bounds { scope: Scope::default(), requests, deadline: EXPIRES, depth: 4 };
    let (id, purpose) = (TaskId::new(), "to test".to_owned());
    let (parent, used, status) = (None, 0, task::Status::Open);
    Task { id, owner: agent(0), purpose, bounds, parent, created: NOW, used, status }
}

fn step(number: usize, task: Option<TaskId>, label: Option<&str>) -> Step {
    let labels = label.into_iter().filter_map(Label::parse).collect();
    Step { agent: agent(number), task, route: "orders".into(), method: "GET".to_owned(), labels }
}

const LASTING: Duration = Duration::from_secs(60);

/// A chain of four, each handed on to the next agent.
async fn handed_on(store: &Store, requests: u64) -> Vec<TaskId> {
    let mut ids = vec![store.open_task(task(Some(requests))).await.unwrap().id];
    for number in 0..3 {
        let depth = 3 - u32::try_from(number).unwrap();
        let (requests, scope) = (Some(requests), Scope::default());
        let bounds = Bounds { scope, requests, deadline: EXPIRES, depth };
        let to = (agent(number + 1), String::from("a part"));
        let from = (agent(number), ids[number]);
        ids.push(store.hand_on(from, to, bounds, (NOW, LASTING)).await.unwrap().id);
    }
    ids
}

pub(super) async fn a_task_is_read_back_whole(url: String) {
    let store = Store::open(&url).await.unwrap();
    let mut task = task(None);
    task.bounds.scope.routes = Some([RouteName::from("orders")].into());
    task.bounds.scope.methods = Some(["GET".to_owned()].into());
    store.open_task(task.clone()).await.unwrap();
    let ids = handed_on(&store, 7).await;
    store.close().await;
    let store = Store::open(&url).await.unwrap();
    let known = store.situation(agent(0), Some(task.id), NOW, LASTING).await.unwrap();
    assert_eq!(known.lineage.unwrap().task(), &task);
    let known = store.situation(agent(3), Some(ids[3]), NOW, LASTING).await.unwrap();
    let lineage = known.lineage.unwrap();
    assert_eq!(lineage.tasks().iter().map(|task| task.id).collect::<Vec<_>>(), ids);
    assert_eq!(lineage.chain().cloned().collect::<Vec<_>>(), [agent(0), agent(1), agent(2)]);
    let not_its = store.situation(agent(2), Some(ids[3]), NOW, LASTING).await;
    assert!(matches!(not_its, Err(Error::NoTask)));
}

pub(super) async fn a_budget_is_never_exceeded_whoever_comes_when(url: String) {
    let store = Store::open(&url).await.unwrap();
    let ids = handed_on(&store, 10).await;
    let steps: Vec<_> = (0..60)
        .map(|number| {
            let (store, step) = (store.clone(), step(number % 4, Some(ids[number % 4]), None));
            tokio::spawn(async move { store.enter(step, NOW, LASTING).await })
        })
        .collect();
    let mut entered = 0;
    for step in steps {
        match step.await.unwrap() {
            Ok(()) => entered += 1,
            Err(Error::Task(refusal)) => assert_eq!(refusal.why, Stop::Budget),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(entered, 10);
    let first = store.lineage(&agent(0), ids[0], NOW).await.unwrap();
    assert_eq!(first.task().used, 10);
}

/// Whatever agents do, in whatever order: what somebody has touched they keep, and what is over
/// stays so.
pub(super) async fn labels_never_shrink_and_what_is_final_stays(url: String) {
    let store = Store::open(&url).await.unwrap();
    let ids = handed_on(&store, 1_000).await;
    let words = ["pii", "secret", "untrusted"];
    let mut known: [Labels; 4] = Default::default();
    let mut over: BTreeMap<TaskId, task::Status> = BTreeMap::new();
    // A fixed sequence that looks like chance: every pair of agent and deed comes up.
    let mut chance = 12_345_u32;
    for _ in 0..150 {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let pick = |shift: u32, of: u32| usize::try_from((chance >> shift) % of).unwrap();
        let (who, deed) = (pick(8, 4), pick(12, 16));
        let task = ids[who];
        // Refusals are a part of it.
        let _ = match deed {
            0 => {
                let next = [task::Status::Paused, task::Status::Completed][pick(20, 2)];
                store.turn_task(Some(&agent(who)), task, next, NOW).await.map(drop)
            }
            1..=4 => {
                store.turn_task(Some(&agent(0)), task, task::Status::Active, NOW).await.map(drop)
            }
            5..=8 => store.enter(step(who, None, Some(words[pick(20, 3)])), NOW, LASTING).await,
            _ => store.enter(step(who, Some(task), Some(words[pick(20, 3)])), NOW, LASTING).await,
        };
        for (number, before) in known.iter_mut().enumerate() {
            let now = store.situation(agent(number), None, NOW, LASTING).await.unwrap().labels;
            assert!(now.is_superset(before), "{number}: {before:?} became {now:?}");
            *before = now;
        }
        for id in &ids {
            let status = store.lineage(&agent(0), *id, NOW).await.unwrap().task().status;
            assert!(over.get(id).is_none_or(|final_one| *final_one == status), "{id}");
            if status.is_final() {
                over.insert(*id, status);
            }
        }
    }
    assert!(known.iter().any(|labels| !labels.is_empty()) && !over.is_empty());
}

pub(super) async fn ending_a_task_ends_all_behind_it_and_its_proposals(url: String) {
    let store = Store::open(&url).await.unwrap();
    let ids = handed_on(&store, 10).await;
    let mut put = Vec::new();
    for (body, task) in [("one", ids[0]), ("two", ids[2])] {
        let draft = draft(body);
        let substance = draft.substance.clone().within(task);
        let proposal = Proposal::new(Draft { substance, ..draft });
        put.push(proposal.id());
        store.put(proposal, NOW).await.unwrap();
    }
    let stranger = store.turn_task(Some(&agent(2)), ids[1], task::Status::Completed, NOW).await;
    assert!(matches!(stranger, Err(Error::NoTask)));
    store.turn_task(Some(&agent(0)), ids[1], task::Status::Completed, NOW).await.unwrap();
    let before = NOW.minus(Duration::from_micros(1));
    let mut ended = store.ended_tasks(before).await.unwrap();
    ended.sort();
    assert_eq!(ended, ids[1..]);
    let refused = store.enter(step(3, Some(ids[3]), None), NOW, LASTING).await;
    assert!(matches!(refused, Err(Error::Task(refusal)) if refusal.link == ids[1]));
    assert_eq!(store.load(put[0]).await.unwrap().state().status, Status::Pending);
    assert_eq!(store.load(put[1]).await.unwrap().state().status, Status::Cancelled);
}
