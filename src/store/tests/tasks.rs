//! Tasks and labels, against both databases.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{EXPIRES, NOW, draft};
use crate::id::{RouteName, TaskId};
use crate::identity::SpiffeId;
use crate::proposal::{Draft, Proposal, Status};
use crate::store::{Error, Step, Stopped, Store};
use crate::task::{
    self, ActsOn, Amount, Bounds, Budget, Call, Change, Cost, Field, Label, Labels, Limit, Measure,
    Prefix, Quantity, Scope, Stop, Task, Unit,
};

pub(super) fn agent(number: usize) -> SpiffeId {
    SpiffeId::parse(&format!("spiffe://example.org/agent/{number}")).unwrap()
}

pub(super) fn requests(most: Option<u64>) -> Bounds {
    let budget = Budget { requests: most, ..Budget::default() };
    Bounds { scope: Scope::default(), budget, heartbeat: None, deadline: EXPIRES, depth: 4 }
}

pub(super) fn task(bounds: Bounds) -> Task {
    Task::new(agent(0), "to test".to_owned(), bounds, NOW)
}

pub(super) fn euro(value: &str) -> Amount {
    Amount { unit: Unit::parse("EUR").unwrap(), value: Quantity::parse(value).unwrap() }
}

pub(super) fn step(number: usize, task: Option<TaskId>, label: Option<&str>) -> Step {
    let call = Call {
        route: "orders".into(),
        method: "GET".to_owned(),
        path: "/".to_owned(),
        acts_on: ActsOn::Another,
        arguments: None,
    };
    Step {
        agent: agent(number),
        task,
        call,
        cost: Cost { bytes: Some(0), amount: None },
        proposal: None,
        labels: label.into_iter().filter_map(Label::parse).collect(),
        changes: Vec::new(),
    }
}

pub(super) const LASTING: Duration = Duration::from_secs(60);

/// A chain of four, each handed on to the next agent.
async fn handed_on(store: &Store, most: u64) -> Vec<TaskId> {
    chain(store, requests(Some(most))).await
}

/// The same, of any bounds.
pub(super) async fn chain(store: &Store, bounds: Bounds) -> Vec<TaskId> {
    let mut ids = vec![store.open_task(task(bounds.clone())).await.unwrap().id];
    for number in 0..3 {
        let depth = 3 - u32::try_from(number).unwrap();
        let bounds = Bounds { depth, ..bounds.clone() };
        let to = (agent(number + 1), String::from("a part"));
        let from = (agent(number), ids[number]);
        ids.push(store.hand_on(from, to, bounds, (NOW, LASTING)).await.unwrap().id);
    }
    ids
}

pub(super) async fn a_task_is_read_back_whole(url: String) {
    let store = Store::open(&url).await.unwrap();
    let mut task = task(requests(None));
    let limits = [("a", Limit::AtMost(euro("10.5").value)), ("b.c", Limit::Among([].into()))];
    task.bounds.scope = Scope {
        routes: Some([RouteName::from("orders")].into()),
        methods: Some(["GET".to_owned()].into()),
        paths: Some([Prefix::new("/orders"), Prefix::new("/")].into()),
        tools: Some([].into()),
        arguments: limits.map(|(name, limit)| (Field::parse(name).unwrap(), limit)).into(),
    };
    let Amount { unit, value } = euro("100.25");
    task.bounds.budget =
        Budget { requests: None, bytes: Some(1 << 40), amounts: Some([(unit, value)].into()) };
    task.bounds.heartbeat = Some(Duration::from_secs(60));
    task.beat(NOW);
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
            Err(Error::Task(refusal)) => {
                assert_eq!(refusal.why, Stop::Budget(Measure::Requests));
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(entered, 10);
    let first = store.lineage(&agent(0), ids[0], NOW).await.unwrap();
    assert_eq!(first.task().used.requests, 10);
}

/// Whatever agents do, in whatever order: what somebody has touched they keep, and what is over
/// stays so.
pub(super) async fn labels_never_shrink_and_what_is_final_stays(url: String) {
    let store = Store::open(&url).await.unwrap();
    let ids = handed_on(&store, 1_000).await;
    let words = ["pii", "secret", "untrusted"];
    let mut known: [Labels; 4] = Default::default();
    let mut over: BTreeMap<TaskId, task::Status> = BTreeMap::new();
    let mut scopes: BTreeMap<TaskId, Scope> = BTreeMap::new();
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
                let next = [task::Status::Paused, task::Status::Completed][who.min(pick(20, 2))];
                store.turn_task(Some(&agent(who)), task, next, NOW).await.map(drop)
            }
            1..=4 => {
                store.turn_task(Some(&agent(0)), task, task::Status::Active, NOW).await.map(drop)
            }
            5..=8 => store.enter(step(who, None, Some(words[pick(20, 3)])), NOW, LASTING).await,
            9..=10 => {
                let paths = [["/a"], ["/a/b"], ["/c"]][pick(20, 3)].map(Prefix::new);
                let scope = Scope { paths: Some(paths.into()), ..Scope::default() };
                let narrow = Change::Narrow(Box::new(scope));
                // Nobody ends the first, or there would soon be nothing left to look at.
                let change = [narrow, Change::Pause, Change::End][who.min(pick(24, 3))].clone();
                store.change_task(&agent(who), task, &[change], NOW).await
            }
            _ => store.enter(step(who, Some(task), Some(words[pick(20, 3)])), NOW, LASTING).await,
        };
        for (number, before) in known.iter_mut().enumerate() {
            let now = store.situation(agent(number), None, NOW, LASTING).await.unwrap().labels;
            assert!(now.is_superset(before), "{number}: {before:?} became {now:?}");
            *before = now;
        }
        for id in &ids {
            let lineage = store.lineage(&agent(0), *id, NOW).await.unwrap();
            let (status, scope) = (lineage.task().status, &lineage.task().bounds.scope);
            let before = scopes.insert(*id, scope.clone()).unwrap_or_default();
            assert!(before.contains(scope), "{id}: {before:?} became {scope:?}");
            assert!(over.get(id).is_none_or(|final_one| *final_one == status), "{id}");
            if status.is_final() {
                over.insert(*id, status);
            }
        }
    }
    assert!(known.iter().any(|labels| !labels.is_empty()) && !over.is_empty());
    assert!(scopes.values().any(|scope| scope.paths.is_some()));
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
    let Stopped { mut ended, paused } = store.stopped_tasks((before, before), NOW).await.unwrap();
    ended.sort();
    assert_eq!(paused, []);
    assert_eq!(ended, ids[1..]);
    let refused = store.enter(step(3, Some(ids[3]), None), NOW, LASTING).await;
    assert!(matches!(refused, Err(Error::Task(refusal)) if refusal.link == ids[1]));
    assert_eq!(store.load(put[0]).await.unwrap().state().status, Status::Pending);
    assert_eq!(store.load(put[1]).await.unwrap().state().status, Status::Cancelled);
}

pub(super) async fn a_pause_is_told_until_it_is_over_and_silence_is_one(url: String) {
    let store = Store::open(&url).await.unwrap();
    let at = |micros| NOW.plus(Duration::from_micros(micros));
    let before = NOW.minus(Duration::from_micros(1));
    let heartbeat = Some(Duration::from_secs(60));
    // The store keeps whole seconds of it.
    let mut silent = task(Bounds { heartbeat, ..requests(None) });
    silent.quiet = Some(at(30));
    let silent = store.open_task(silent).await.unwrap().id;
    let ids = handed_on(&store, 10).await;
    let told = async |now| store.stopped_tasks((before, before), now).await.unwrap().paused;
    assert_eq!(told(at(29)).await, []);
    assert_eq!(told(at(30)).await, [(silent, at(30))]);
    // It stays so until somebody resumes it: to say that it lives comes too late.
    let late = store.beat_task(&agent(0), silent, at(30)).await;
    assert!(matches!(late, Err(Error::TaskOver(task::Status::Paused))));
    let late = store.enter(step(0, Some(silent), None), at(31), LASTING).await;
    assert!(matches!(late, Err(Error::Task(refusal))
        if refusal.why == Stop::Status(task::Status::Paused)));
    let resumed = store.turn_task(Some(&agent(0)), silent, task::Status::Active, at(40)).await;
    let resumed = resumed.unwrap();
    assert_eq!((resumed.awake, resumed.quiet), (at(40), Some(at(60_000_040))));
    let other = store.beat_task(&agent(1), silent, at(41)).await;
    assert!(matches!(other, Err(Error::NoTask)));
    let beat = store.beat_task(&agent(0), silent, at(50)).await.unwrap();
    assert_eq!(beat.quiet, Some(at(60_000_050)));
    assert_eq!(told(at(60)).await, []);
    // A replica whose clock is behind pauses and resumes all the same.
    let turn = async |next, now| store.turn_task(Some(&agent(0)), ids[0], next, now).await.unwrap();
    let paused = turn(task::Status::Paused, at(100)).await;
    assert_eq!(told(at(100)).await, [(ids[0], at(100))]);
    let resumed = turn(task::Status::Active, at(90)).await;
    assert!(resumed.awake > paused.quiet.unwrap());
    assert_eq!(told(at(100)).await, []);
    let again = turn(task::Status::Paused, at(95)).await;
    assert!(again.quiet.unwrap() > resumed.awake);
}

pub(super) async fn rules_end_pause_and_narrow_with_what_they_let_pass(url: String) {
    let store = Store::open(&url).await.unwrap();
    let ids = handed_on(&store, 10).await;
    let narrower = Scope { methods: Some(["GET".to_owned()].into()), ..Scope::default() };
    let enter = async |number: usize, changes: Vec<Change>| {
        let step = Step { changes, ..step(number, Some(ids[number]), None) };
        store.enter(step, NOW, LASTING).await
    };
    enter(1, vec![Change::Narrow(Box::new(narrower.clone()))]).await.unwrap();
    let of = async |number: usize| store.task(ids[number]).await.unwrap().0.task().clone();
    assert_eq!(of(1).await.bounds.scope, narrower);
    // What was handed on is held to it as well, and what it comes from is not.
    let post = |number: usize| {
        let step = step(number, Some(ids[number]), None);
        Step { call: Call { method: "POST".to_owned(), ..step.call }, ..step }
    };
    let refused = store.enter(post(3), NOW, LASTING).await;
    assert!(matches!(refused, Err(Error::Task(refusal))
        if refusal.link == ids[1] && refusal.why == Stop::Scope));
    store.enter(post(0), NOW, LASTING).await.unwrap();
    enter(2, vec![Change::Pause, Change::Pause]).await.unwrap();
    assert_eq!(of(2).await.status, task::Status::Paused);
    assert!(enter(2, Vec::new()).await.is_err() && enter(3, Vec::new()).await.is_err());
    enter(1, vec![Change::End, Change::Pause]).await.unwrap();
    for number in 1..4 {
        assert_eq!(of(number).await.status, task::Status::Revoked);
    }
    // Also where the answer was a no; and what is over stays so.
    let changes = [Change::Pause];
    store.change_task(&agent(0), ids[0], &changes, NOW).await.unwrap();
    assert_eq!(of(0).await.status, task::Status::Paused);
    store.change_task(&agent(1), ids[1], &changes, NOW).await.unwrap();
    assert_eq!(of(1).await.status, task::Status::Revoked);
    let not_its = store.change_task(&agent(1), ids[0], &changes, NOW).await;
    assert!(matches!(not_its, Err(Error::NoTask)));
}
