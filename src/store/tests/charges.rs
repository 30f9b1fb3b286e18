//! What requests and proposals take off budgets, against both databases.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use super::tasks::{LASTING, agent, chain, euro, requests, step, task};
use super::{EXPIRES, NOW, answer, claim, draft};
use crate::approval::People;
use crate::id::{ProposalId, TaskId};
use crate::proposal::{Answer, Draft, Execution, Outcome, Proposal, Status, Substance, Verdict};
use crate::store::{Error, Step, Store};
use crate::task::{self, Amount, Bounds, Budget, Cost, Lineage, Measure, Refusal, Stop};

fn budget(requests: u64, bytes: u64, value: &str) -> Budget {
    let Amount { unit, value } = euro(value);
    let amounts = Some([(unit, value)].into());
    Budget { requests: Some(requests), bytes: Some(bytes), amounts }
}

fn bounds(budget: Budget) -> Bounds {
    Bounds { budget, ..requests(None) }
}

/// A request of the agent, put forward as a part of its task; `approved`, if it asks nobody.
fn proposal(number: usize, task: TaskId, body: String, approved: bool) -> Proposal {
    let draft = draft("one");
    let (old, revision) = (draft.substance.request(), draft.substance.policy_revision());
    let uri = old.url().parse().unwrap();
    let headers = old.headers().iter().cloned().collect();
    let request =
        crate::proposal::Request::new(old.method().clone(), &uri, &headers, Bytes::from(body));
    let substance = Substance::new(agent(number), request.unwrap(), revision).within(task);
    let mut proposal = Proposal::new(Draft { substance, ..draft });
    if approved {
        proposal.decide(Verdict::Approve, NOW).unwrap();
    }
    proposal
}

async fn put(store: &Store, proposal: Proposal, value: &str) -> Result<ProposalId, Error> {
    let id = proposal.id();
    store.put_forward(proposal, Some(euro(value)), &People::default(), NOW).await.map(|_| id)
}

async fn of(store: &Store, task: TaskId) -> Lineage {
    store.lineage(&agent(0), task, NOW).await.unwrap()
}

fn spent(lineage: &Lineage) -> [(u64, u64, String); 2] {
    let task = lineage.task();
    [&task.used, &task.held].map(|sum| {
        let euros = sum.amounts.get(&euro("1").unit).copied().unwrap_or_default();
        (sum.requests, sum.bytes, euros.to_string())
    })
}

fn sums(used: (u64, u64, &str), held: (u64, u64, &str)) -> [(u64, u64, String); 2] {
    [used, held].map(|(requests, bytes, euros)| (requests, bytes, euros.to_owned()))
}

pub(super) async fn what_a_proposal_takes_is_kept_back_until_it_ends(url: String) {
    let store = Store::open(&url).await.unwrap();
    let ids = chain(&store, bounds(budget(3, 100, "10"))).await;
    let body = |of: usize| "x".repeat(of);
    let one = put(&store, proposal(3, ids[3], body(10), true), "4.5").await.unwrap();
    let two = put(&store, proposal(3, ids[3], body(20), false), "5.5").await.unwrap();
    // Every link keeps it back, once, however often it is put.
    store.put(store.load(one).await.unwrap(), NOW).await.unwrap();
    for id in &ids {
        assert_eq!(spent(&of(&store, *id).await), sums((0, 0, "0"), (2, 30, "10")));
    }
    let refused = put(&store, proposal(0, ids[0], body(1), true), "0.000000001").await;
    let Err(Error::Task(Refusal { link, why })) = refused else { panic!("{refused:?}") };
    assert_eq!((link, why), (ids[0], Stop::Budget(Measure::Amount(euro("1").unit))));
    // Taken back, it is free again.
    store.cancel(two, NOW).await.unwrap();
    assert_eq!(spent(&of(&store, ids[1]).await), sums((0, 0, "0"), (1, 10, "4.5")));
    // Given back unsent, it is still kept; carried out, it is used up, the answer's bytes as well.
    store.claim(one, claim("a"), NOW).await.unwrap();
    store.release(one, "a", NOW).await.unwrap();
    store.claim(one, claim("a"), NOW).await.unwrap();
    let cost = Cost { bytes: Some(10), amount: Some(euro("4")) };
    let carried = Step { proposal: Some(one), cost, ..step(3, Some(ids[3]), None) };
    store.enter(carried, NOW, LASTING).await.unwrap();
    assert_eq!(spent(&of(&store, ids[0]).await), sums((0, 0, "0"), (1, 10, "4")));
    store.finish(one, "a", Outcome::Succeeded(answer()), NOW).await.unwrap();
    for id in &ids {
        assert_eq!(spent(&of(&store, *id).await), sums((1, 14, "4"), (0, 0, "0")));
    }
    // Nobody decided, or it ended with its task: free again.
    put(&store, proposal(3, ids[3], body(1), false), "1").await.unwrap();
    put(&store, proposal(2, ids[2], body(1), true), "1").await.unwrap();
    store.turn_task(Some(&agent(0)), ids[3], task::Status::Completed, NOW).await.unwrap();
    assert_eq!(spent(&of(&store, ids[0]).await), sums((1, 14, "4"), (1, 1, "1")));
    assert_eq!(store.expire(EXPIRES).await.unwrap().len(), 1);
    assert_eq!(spent(&of(&store, ids[0]).await), sums((1, 14, "4"), (0, 0, "0")));
}

pub(super) async fn what_may_have_been_sent_is_used_up(url: String) {
    let store = Store::open(&url).await.unwrap();
    let id = store.open_task(task(bounds(budget(3, 100, "10")))).await.unwrap().id;
    let lost = put(&store, proposal(0, id, "xx".to_owned(), true), "4").await.unwrap();
    store.claim(lost, claim("a"), NOW).await.unwrap();
    assert_eq!(store.lose("a", NOW).await.unwrap().len(), 1);
    // Whoever was taken for dead while it made ready has nothing to do with it any more.
    let late = Step { proposal: Some(lost), ..step(0, Some(id), None) };
    assert!(matches!(store.enter(late, NOW, LASTING).await, Err(Error::Illegal(_))));
    assert_eq!(spent(&of(&store, id).await), sums((1, 2, "4"), (0, 0, "0")));
    // Refused by its upstream, it was sent; never sent, it was not.
    for (body, outcome) in [("aa", Outcome::Failed(Some(answer()))), ("bb", Outcome::Failed(None))]
    {
        let next = put(&store, proposal(0, id, body.to_owned(), true), "2").await.unwrap();
        store.claim(next, claim("a"), NOW).await.unwrap();
        store.finish(next, "a", outcome, NOW).await.unwrap();
        store.cancel(next, NOW).await.unwrap_err();
        assert_eq!(spent(&of(&store, id).await), sums((2, 8, "6"), (0, 0, "0")));
    }
}

pub(super) async fn an_answer_that_is_too_much_for_the_budget_is_not_kept(url: String) {
    let store = Store::open(&url).await.unwrap();
    let id = store.open_task(task(bounds(budget(9, 25, "10")))).await.unwrap().id;
    let long = Answer::new(StatusCode::OK, Vec::new(), Bytes::from(vec![b'x'; 15]));
    let mut bodies = Vec::new();
    for body in ["one", "two"] {
        let next = put(&store, proposal(0, id, body.to_owned(), true), "1").await.unwrap();
        store.claim(next, claim("a"), NOW).await.unwrap();
        let done = store.finish(next, "a", Outcome::Succeeded(long.clone()), NOW).await.unwrap();
        let kept = done.state().answer.clone().unwrap();
        bodies.push((kept.body().len(), kept.length(), kept.is_cut()));
    }
    assert_eq!(bodies, [(15, 15, false), (0, 15, true)]);
    assert_eq!(of(&store, id).await.task().used.bytes, 3 + 15 + 3);
}

pub(super) async fn bytes_are_taken_before_they_pass_and_given_back(url: String) {
    let store = Store::open(&url).await.unwrap();
    let ids = chain(&store, bounds(budget(9, 100, "10"))).await;
    let take = async |number: usize, needed, wanted| {
        store.take_bytes((&agent(number), ids[number]), (needed, wanted), NOW).await
    };
    assert_eq!(take(3, 10, 60).await.unwrap(), 60);
    assert_eq!(take(2, 10, 60).await.unwrap(), 40);
    let refused = take(3, 1, 60).await;
    assert!(matches!(refused, Err(Error::Task(refusal))
        if refusal.why == Stop::Budget(Measure::Bytes)));
    store.give_bytes_back(ids[3], 50).await.unwrap();
    assert_eq!(of(&store, ids[0]).await.task().used.bytes, 50);
    assert_eq!(take(0, 50, 50).await.unwrap(), 50);
    let not_its = store.take_bytes((&agent(1), ids[3]), (1, 1), NOW).await;
    assert!(matches!(not_its, Err(Error::NoTask)));
}

/// Whatever happens at the same time, and in whatever order: no budget of any link is exceeded, and once all
/// is over exactly what was sent is used up.
pub(super) async fn no_budget_is_exceeded_under_any_interleaving(url: String) {
    let store = Store::open(&url).await.unwrap();
    let ids = chain(&store, bounds(budget(40, 400, "40"))).await;
    let workers: Vec<_> = (0..4)
        .map(|number| {
            let (store, ids) = (store.clone(), ids.clone());
            tokio::spawn(async move { work(&store, &ids, number).await })
        })
        .collect();
    let watch = async {
        for _ in 0..60 {
            within(&store, &ids).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    watch.await;
    let (mut sent, mut bytes, mut refused) = (0, 0, 0);
    for worker in workers {
        let done = worker.await.unwrap();
        (sent, bytes, refused) = (sent + done.sent, bytes + done.bytes, refused + done.refused);
    }
    store.expire(EXPIRES).await.unwrap();
    within(&store, &ids).await;
    let euros = sent.to_string();
    assert!(sent > 0 && refused > 0, "{sent} {refused}");
    assert_eq!(spent(&of(&store, ids[0]).await), sums((sent, bytes, &euros), (0, 0, "0")));
}

/// What one worker has done.
#[derive(Default)]
struct Done {
    sent: u64,
    bytes: u64,
    refused: u64,
}

/// A fixed sequence of deeds that looks like chance: direct calls, and proposals that are carried
/// out, given back, taken back, lost or left to expire.
async fn work(store: &Store, ids: &[TaskId], number: usize) -> Done {
    let (mut done, mut chance) = (Done::default(), u32::try_from(number).unwrap() * 7_919 + 1);
    let (own, executor) = (ids[number], format!("worker-{number}"));
    for turn in 0..40 {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let deed = (chance >> 8) % 8;
        if deed < 2 {
            let cost = Cost { bytes: Some(5), amount: Some(euro("1")) };
            let step = Step { cost, ..step(number, Some(own), None) };
            match store.enter(step, NOW, LASTING).await {
                Ok(()) => (done.sent, done.bytes) = (done.sent + 1, done.bytes + 5),
                Err(Error::Task(_)) => done.refused += 1,
                Err(other) => panic!("{other}"),
            }
            continue;
        }
        let body = format!("{number:02}{turn:03}");
        let id = match put(store, proposal(number, own, body, deed != 7), "1").await {
            Ok(id) => id,
            Err(Error::Task(_)) => {
                done.refused += 1;
                continue;
            }
            Err(other) => panic!("{other}"),
        };
        // Somebody ends the last task half way: what was queued of it is gone.
        if (number, turn) == (2, 20) {
            store.turn_task(None, ids[3], task::Status::Revoked, NOW).await.unwrap();
        }
        if deed < 6 && store.claim(id, claim(&executor), NOW).await.is_err() {
            continue;
        }
        match deed {
            2 | 3 => {
                let cost = Cost { bytes: Some(5), amount: Some(euro("1")) };
                let carried = Step { proposal: Some(id), cost, ..step(number, Some(own), None) };
                if store.enter(carried, NOW, LASTING).await.is_err() {
                    store.release(id, &executor, NOW).await.unwrap();
                    continue;
                }
                let outcome = Outcome::Succeeded(answer());
                let kept = store.finish(id, &executor, outcome, NOW).await.unwrap();
                let answered = kept.state().answer.as_ref().unwrap().body().len() as u64;
                (done.sent, done.bytes) = (done.sent + 1, done.bytes + 5 + answered);
            }
            4 => drop(store.release(id, &executor, NOW).await.unwrap()),
            5 => {
                assert_eq!(store.lose(&executor, NOW).await.unwrap().len(), 1);
                (done.sent, done.bytes) = (done.sent + 1, done.bytes + 5);
            }
            6 => drop(store.cancel(id, NOW).await),
            _ => {}
        }
    }
    done
}

/// That nothing is exceeded now.
async fn within(store: &Store, ids: &[TaskId]) {
    for id in ids {
        let lineage = of(store, *id).await;
        let task = lineage.task();
        let all = task.used.with(&task.held);
        assert!(all.requests <= 40 && all.bytes <= 400, "{all:?}");
        assert!(all.amounts.values().all(|euros| *euros <= euro("40").value), "{all:?}");
    }
}

pub(super) async fn a_proposal_that_ended_never_counts_again(url: String) {
    let store = Store::open(&url).await.unwrap();
    let id = store.open_task(task(bounds(budget(1, 100, "1")))).await.unwrap().id;
    // One place, taken and left by one after the other.
    for body in ["one", "two", "three"] {
        let next = put(&store, proposal(0, id, body.to_owned(), false), "1").await.unwrap();
        let other = put(&store, proposal(0, id, format!("{body}!"), false), "1").await;
        assert!(matches!(other, Err(Error::Task(_))));
        let cancelled = store.cancel(next, NOW).await.unwrap();
        assert_eq!(cancelled.state().status, Status::Cancelled);
        assert_eq!(cancelled.state().execution, Execution::None);
    }
    assert_eq!(spent(&of(&store, id).await), sums((0, 0, "0"), (0, 0, "0")));
}
