//! What workers write, alone and together.

use std::rc::Rc;

use tokio::task::spawn_local;

use super::{Order, Place, answered, exchange, read_lines, refuse, worker};
use crate::audit::{Head, Kind, Unavailable, show, tail};
use crate::id::DecisionId;
use crate::route::terms::Durability;

#[test]
fn an_exchange_leaves_its_intent_and_its_outcome() {
    let place = Place::new();
    let log = place.open().unwrap();
    let id = worker(&log, async |recorder| exchange(&recorder, "/orders/7").await);
    log.close();

    let found = show(&place.trail(), id).unwrap();
    let [intent, outcome] = &found[..] else { panic!("{found:?}") };
    let intent: serde_json::Value = serde_json::from_str(intent.as_str()).unwrap();
    assert_eq!(intent["principal"], "spiffe://example.org/agent/a");
    assert_eq!(intent["path"], "/orders/7");
    assert_eq!(intent["credential"], "orders-api");
    assert_eq!(intent["decision"]["reasons"][0], "within_scope");
    assert_eq!(intent["decision"]["obligations"][0], "redact");
    assert!(outcome.as_str().contains(r#""outcome":"answered","status":200"#), "{outcome}");
    assert!(outcome.to_string().contains("outcome=answered status=200"), "{outcome}");

    let report = place.verify();
    assert_eq!(report.problem, None);
    assert_eq!((report.entries, report.unsigned(), report.outcomes.answered), (5, 0, 1));
}

#[test]
fn an_exchange_that_is_dropped_half_way_is_aborted() {
    let place = Place::new();
    let log = place.open().unwrap();
    worker(&log, async |recorder| {
        let mut trail = recorder.open(DecisionId::new());
        let _recorded = trail.commit(Order::new("/"), Durability::Kernel).await.unwrap();
        // Never polled to its end: the intent may be written, so it must be closed as well.
        let mut cancelled = recorder.open(DecisionId::new());
        let commit = cancelled.commit(Order::new("/"), Durability::Kernel);
        tokio::select! { biased; _ = commit => panic!("too soon"), () = async {} => {} }
        // Nothing happened here, and nothing is recorded.
        drop(recorder.open(DecisionId::new()));
    });
    log.close();
    let report = place.verify();
    assert_eq!(report.problem, None);
    assert_eq!((report.entries, report.outcomes.aborted, report.outcomes.open), (7, 2, 0));
}

#[test]
fn a_second_commit_is_refused() {
    let place = Place::new();
    let log = place.open().unwrap();
    worker(&log, async |recorder| {
        let mut trail = recorder.open(DecisionId::new());
        let _recorded = trail.commit(Order::new("/"), Durability::Kernel).await.unwrap();
        let again = trail.commit(Order::new("/"), Durability::Kernel).await;
        assert!(matches!(again, Err(Unavailable::Spent)));
        trail.close(answered());
    });
}

#[test]
fn a_commit_to_disk_returns_when_it_is_there() {
    let place = Place::new();
    let log = place.open().unwrap();
    worker(&log, async |recorder| {
        let mut trail = recorder.open(DecisionId::new());
        let _recorded = trail.commit(Order::new("/"), Durability::Disk).await.unwrap();
        trail.close(answered());
    });
}

#[test]
fn a_closed_log_records_nothing() {
    let place = Place::new();
    let log = place.open().unwrap();
    log.close();
    assert!(matches!(log.ready(), Err(Unavailable::Closed)));
    worker(&log, async |recorder| {
        let mut trail = recorder.open(DecisionId::new());
        let refused = trail.commit(Order::new("/"), Durability::Kernel).await;
        assert!(matches!(refused, Err(Unavailable::Closed)));
    });
}

#[test]
fn what_an_agent_sends_cannot_break_a_line() {
    let place = Place::new();
    let log = place.open().unwrap();
    worker(&log, async |recorder| {
        let path = b"/a\r\n{\"index\":9}\n\xff\xfe\x1b[2J\"\\";
        refuse(recorder.open(DecisionId::new()), path);
        refuse(recorder.open(DecisionId::new()), &[b'"'; 200_000]);
        exchange(&recorder, &"\u{1f600}".repeat(50_000)).await;
    });
    log.close();
    let report = place.verify();
    assert_eq!(report.problem, None);
    assert_eq!((report.entries, report.refusals), (7, 2));
    for line in read_lines(&place.trail()) {
        assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{line}");
        assert!(line.len() <= 65_535);
    }
}

#[test]
fn the_longest_record_still_fits_an_entry() {
    let place = Place::new();
    let log = place.open().unwrap();
    let long = "\u{1}".repeat(100_000);
    worker(&log, async |recorder| {
        let mut order = Order::new(&long);
        order.listener = long.as_str().into();
        order.route = long.as_str().into();
        order.upstream = long.as_str().into();
        order.credential = long.as_str().into();
        order.reasons = vec![long.clone(); 100];
        let mut trail = recorder.open(DecisionId::new());
        let _recorded = trail.commit(order, Durability::Kernel).await.unwrap();
        trail.close(answered());
    });
    log.close();
    assert_eq!(place.verify().problem, None);
}

#[test]
fn workers_on_several_threads_keep_one_order() {
    const WORKERS: usize = 4;
    const EXCHANGES: usize = 200;
    let place = Place::new();
    let log = place.open_small(20_000);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                worker(&log, async |recorder| {
                    let recorder = Rc::new(recorder);
                    let tasks = (0..EXCHANGES).map(|number| {
                        let recorder = Rc::clone(&recorder);
                        spawn_local(async move { exchange(&recorder, &format!("/{number}")).await })
                    });
                    for task in tasks.collect::<Vec<_>>() {
                        task.await.unwrap();
                    }
                });
            });
        }
    });
    log.close();
    let report = place.verify();
    assert_eq!(report.problem, None);
    assert_eq!(report.outcomes.answered, (WORKERS * EXCHANGES) as u64);
    assert_eq!(report.unsigned(), 0);
    assert!(std::fs::read_dir(place.trail()).unwrap().count() > 10, "no segment was begun");
}

#[test]
fn records_of_one_turn_are_written_together() {
    let place = Place::new();
    let log = place.open().unwrap();
    worker(&log, async |recorder| {
        let recorder = Rc::new(recorder);
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let recorder = Rc::clone(&recorder);
                spawn_local(async move { exchange(&recorder, "/").await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    log.close();
    // Entries that were written together carry the same time.
    let mut times: Vec<String> = read_lines(&place.trail())
        .iter()
        .map(|line| Head::parse(line.as_bytes()).unwrap())
        .filter(|head| Kind::parse(head.kind) == Some(Kind::Intent))
        .map(|head| head.time.to_owned())
        .collect();
    times.dedup();
    assert_eq!(times.len(), 1);
}

#[test]
fn the_tail_reaches_over_segments() {
    let place = Place::new();
    let log = place.open_small(2_000);
    worker(&log, async |recorder| {
        for number in 0..10 {
            exchange(&recorder, &format!("/{number}")).await;
        }
    });
    log.close();
    let all = read_lines(&place.trail());
    for count in [0, 1, 7, 1000] {
        let last: Vec<_> =
            tail(&place.trail(), count).unwrap().iter().map(|l| l.as_str().to_owned()).collect();
        assert_eq!(last, all[all.len().saturating_sub(count)..]);
    }
}
