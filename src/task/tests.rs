//! Laws of tasks: rights never widen, budgets are never exceeded, what is final stays.

use std::collections::BTreeSet;

use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::clock::Timestamp;
use crate::id::{RouteName, TaskId};
use crate::identity::SpiffeId;
use crate::task::state::ALL;
use crate::task::{Bounds, Lineage, Refusal, Scope, Status, Stop, Task};

const NOW: Timestamp = Timestamp::from_micros(100);
const ROUTES: [&str; 3] = ["a", "b", "c"];
const METHODS: [&str; 3] = ["GET", "POST", "DELETE"];

fn subset(all: [&'static str; 3]) -> impl Strategy<Value = Option<BTreeSet<&'static str>>> {
    let some = any::<[bool; 3]>().prop_map(move |taken| {
        all.into_iter().zip(taken).filter(|(_, taken)| *taken).map(|(one, _)| one).collect()
    });
    option::of(some)
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (subset(ROUTES), subset(METHODS), option::of(0_u64..6), 90_u64..130, 0_u32..4).prop_map(
        |(routes, methods, requests, deadline, depth)| Bounds {
            scope: Scope {
                routes: routes.map(|all| all.into_iter().map(RouteName::from).collect()),
                methods: methods.map(|all| all.into_iter().map(str::to_owned).collect()),
            },
            requests,
            deadline: Timestamp::from_micros(deadline),
            depth,
        },
    )
}

fn agent(number: usize) -> SpiffeId {
    SpiffeId::parse(&format!("spiffe://example.org/agent/{number}")).unwrap()
}

fn first(bounds: Bounds) -> Lineage {
    let task = Task {
        id: TaskId::new(),
        owner: agent(0),
        purpose: "to test".to_owned(),
        bounds,
        parent: None,
        created: Timestamp::from_micros(80),
        used: 0,
        status: Status::Open,
    };
    Lineage::new(vec![task]).unwrap()
}

/// As far as the bounds can be handed on, one after the other.
fn chain(all: Vec<Bounds>) -> Lineage {
    let mut all = all.into_iter();
    let mut lineage = first(all.next().unwrap());
    for (number, bounds) in all.enumerate() {
        let handed = lineage.hand_on(agent(number + 1), "more".to_owned(), bounds, NOW);
        if let Ok(task) = handed {
            let tasks = lineage.tasks().iter().cloned().chain([task]).collect();
            lineage = Lineage::new(tasks).unwrap();
        }
    }
    lineage
}

proptest! {
    #[test]
    fn what_is_handed_on_is_never_wider(all in proptest::collection::vec(bounds(), 1..6)) {
        let lineage = chain(all);
        let links = lineage.tasks();
        for (parent, child) in links.iter().zip(&links[1..]) {
            prop_assert!(parent.bounds.contains(&child.bounds));
            prop_assert!(child.bounds.depth < parent.bounds.depth);
        }
        // Whatever the last one may do, each before it may.
        for route in ROUTES.map(RouteName::from) {
            for method in METHODS {
                let tasks = |upto: usize| Lineage::new(links[..upto].to_vec()).unwrap();
                for upto in 1..=links.len() {
                    if lineage.check(&route, method, NOW).is_ok() {
                        prop_assert_eq!(tasks(upto).check(&route, method, NOW), Ok(()));
                    }
                }
            }
        }
    }

    #[test]
    fn no_budget_of_any_link_is_exceeded(
        all in proptest::collection::vec(bounds(), 1..5),
        calls in proptest::collection::vec((0_usize..3, 0_usize..3), 0..20),
    ) {
        let mut lineage = chain(all);
        let mut made = 0;
        for (route, method) in calls {
            let before = lineage.clone();
            match lineage.charge(&RouteName::from(ROUTES[route]), METHODS[method], NOW) {
                Ok(()) => made += 1,
                Err(_) => prop_assert_eq!(&lineage, &before),
            }
        }
        for task in lineage.tasks() {
            prop_assert_eq!(task.used, made);
            prop_assert!(task.bounds.requests.is_none_or(|requests| made <= requests));
        }
    }

    #[test]
    fn one_link_that_ended_ends_all_behind_it(
        all in proptest::collection::vec(bounds(), 1..5),
        at in any::<proptest::sample::Index>(),
        status in prop_oneof![
            Just(Status::Paused),
            Just(Status::Completed),
            Just(Status::Revoked),
            Just(Status::Expired),
        ],
    ) {
        let mut tasks = chain(all).tasks().to_vec();
        let at = at.index(tasks.len());
        tasks[at].status = status;
        let lineage = Lineage::new(tasks).unwrap();
        let refused = lineage.check(&RouteName::from("a"), "GET", NOW).unwrap_err();
        prop_assert!(matches!(refused.why, Stop::Status(_)));
        let bounds = lineage.task().bounds.clone();
        prop_assert!(lineage.hand_on(agent(9), String::new(), bounds, NOW).is_err());
    }
}

#[test]
fn what_is_final_stays() {
    for from in ALL {
        assert_eq!(Status::parse(from.as_str()), Some(from));
        for to in ALL {
            if from.is_final() {
                assert!(!from.may_become(to), "{from} to {to}");
            }
            assert!(!from.may_become(Status::Open), "{from}");
        }
    }
}

#[test]
fn a_refusal_names_the_link() {
    let bounds = |requests| Bounds {
        scope: Scope::default(),
        requests,
        deadline: Timestamp::from_micros(200),
        depth: 1,
    };
    let parent = first(bounds(Some(1)));
    let child = Bounds { depth: 0, ..bounds(Some(1)) };
    let child = parent.hand_on(agent(1), String::new(), child, NOW).unwrap();
    let tasks = |used| {
        let parent = Task { used, ..parent.task().clone() };
        Lineage::new(vec![parent, child.clone()]).unwrap()
    };
    let route = RouteName::from("a");
    assert_eq!(tasks(0).check(&route, "GET", NOW), Ok(()));
    let refused = tasks(1).check(&route, "GET", NOW).unwrap_err();
    assert_eq!(refused, Refusal { link: parent.task().id, why: Stop::Budget });
    assert_eq!(refused.to_string(), format!("task {}: its budget is used up", parent.task().id));
    let wider = parent.hand_on(agent(1), String::new(), bounds(None), NOW).unwrap_err();
    assert_eq!(wider.why, Stop::Wider);
}

#[test]
fn tasks_that_do_not_follow_from_each_other_are_no_lineage() {
    let bounds = Bounds { scope: Scope::default(), requests: None, deadline: NOW, depth: 0 };
    let (one, other) = (first(bounds.clone()), first(bounds));
    assert_eq!(Lineage::new(Vec::new()), None);
    assert_eq!(Lineage::new(vec![one.task().clone(), other.task().clone()]), None);
}
