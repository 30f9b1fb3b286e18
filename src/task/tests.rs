//! Laws of tasks: rights never widen, budgets are never exceeded, what is final stays.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde_json::json;

use crate::clock::Timestamp;
use crate::id::RouteName;
use crate::identity::SpiffeId;
use crate::task::state::ALL;
use crate::task::{
    ActsOn, Amount, Bounds, Budget, Call, Cost, Field, Limit, Lineage, Measure, Prefix, Quantity,
    Refusal, Scalar, Scope, Spent, Status, Stop, Task, Unit,
};

const NOW: Timestamp = Timestamp::from_micros(100);
const ROUTES: [&str; 3] = ["a", "b", "c"];
const METHODS: [&str; 3] = ["GET", "POST", "DELETE"];
const PATHS: [&str; 3] = ["/", "/x", "/x/y"];
const TOOLS: [&str; 3] = ["read", "write", "pay"];
const UNITS: [&str; 3] = ["EUR", "USD", "seats"];

fn subset(all: [&'static str; 3]) -> impl Strategy<Value = Option<BTreeSet<&'static str>>> {
    let some = any::<[bool; 3]>().prop_map(move |taken| {
        all.into_iter().zip(taken).filter(|(_, taken)| *taken).map(|(one, _)| one).collect()
    });
    option::weighted(0.3, some)
}

fn quantity(value: u64) -> Quantity {
    Quantity::parse(&value.to_string()).unwrap()
}

fn unit(number: usize) -> Unit {
    Unit::parse(UNITS[number]).unwrap()
}

fn limit() -> impl Strategy<Value = Limit> {
    let text = |text: &&str| Scalar::Text((*text).to_owned());
    prop_oneof![
        (0_u64..6).prop_map(|most| Limit::AtMost(quantity(most))),
        proptest::collection::btree_set(0_u64..6, 0..4).prop_map(|all| Limit::Among(
            all.into_iter().map(quantity).map(Scalar::Number).collect()
        )),
        any::<bool>().prop_map(move |both| {
            let words = if both { &["x", "3"][..] } else { &["x"] };
            Limit::Among(words.iter().map(text).collect())
        }),
    ]
}

fn arguments() -> impl Strategy<Value = BTreeMap<Field, Limit>> {
    let (one, other) = (option::weighted(0.2, limit()), option::weighted(0.2, limit()));
    (one, other).prop_map(|(one, other)| {
        let limits = [one.map(|limit| ("a", limit)), other.map(|limit| ("b.c", limit))];
        let named = |(name, limit)| (Field::parse(name).unwrap(), limit);
        limits.into_iter().flatten().map(named).collect()
    })
}

fn scope() -> impl Strategy<Value = Scope> {
    (subset(ROUTES), subset(METHODS), subset(PATHS), subset(TOOLS), arguments()).prop_map(
        |(routes, methods, paths, tools, arguments)| Scope {
            routes: routes.map(|all| all.into_iter().map(RouteName::from).collect()),
            methods: methods.map(|all| all.into_iter().map(str::to_owned).collect()),
            paths: paths.map(|all| all.into_iter().map(Prefix::new).collect()),
            tools: tools.map(|all| all.into_iter().map(str::to_owned).collect()),
            arguments,
        },
    )
}

fn budget() -> impl Strategy<Value = Budget> {
    let amounts = proptest::collection::btree_map(
        (0_usize..3).prop_map(unit),
        (0_u64..20).prop_map(quantity),
        0..4,
    );
    (option::of(0_u64..6), option::of(0_u64..40), option::of(amounts))
        .prop_map(|(requests, bytes, amounts)| Budget { requests, bytes, amounts })
}

fn bounds() -> impl Strategy<Value = Bounds> {
    let heartbeat = option::of((1_u64..60).prop_map(Duration::from_micros));
    (scope(), budget(), heartbeat, 90_u64..130, 0_u32..4).prop_map(
        |(scope, budget, heartbeat, deadline, depth)| {
            let deadline = Timestamp::from_micros(deadline);
            Bounds { scope, budget, heartbeat, deadline, depth }
        },
    )
}

fn call() -> impl Strategy<Value = Call> {
    let acts_on = prop_oneof![
        Just(ActsOn::Another),
        Just(ActsOn::Nothing),
        (0_usize..3).prop_map(|tool| ActsOn::Tool(TOOLS[tool].to_owned())),
    ];
    let says = option::of((0_u64..6, any::<bool>()));
    (0_usize..3, 0_usize..3, 0_usize..3, acts_on, says).prop_map(
        |(route, method, path, acts_on, says)| Call {
            route: RouteName::from(ROUTES[route]),
            method: METHODS[method].to_owned(),
            path: PATHS[path].to_owned(),
            acts_on,
            arguments: says.map(|(number, is_text)| {
                let said = if is_text { json!("x") } else { json!(number) };
                Arc::new(json!({ "a": number, "b": { "c": said } }))
            }),
        },
    )
}

fn cost() -> impl Strategy<Value = Cost> {
    let amount = option::of((0_usize..3, 0_u64..8)).prop_map(|amount| {
        amount.map(|(number, value)| Amount { unit: unit(number), value: quantity(value) })
    });
    (option::weighted(0.9, 0_u64..12), amount).prop_map(|(bytes, amount)| Cost { bytes, amount })
}

fn get() -> Call {
    Call {
        route: RouteName::from("a"),
        method: "GET".to_owned(),
        path: "/".to_owned(),
        acts_on: ActsOn::Another,
        arguments: None,
    }
}

const FREE: Cost = Cost { bytes: Some(0), amount: None };

fn agent(number: usize) -> SpiffeId {
    SpiffeId::parse(&format!("spiffe://example.org/agent/{number}")).unwrap()
}

fn first(bounds: Bounds) -> Lineage {
    let task = Task::new(agent(0), "to test".to_owned(), bounds, Timestamp::from_micros(80));
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
    fn what_is_handed_on_is_never_wider(
        all in proptest::collection::vec(bounds(), 1..6),
        calls in proptest::collection::vec((call(), cost()), 1..20),
    ) {
        let lineage = chain(all);
        let links = lineage.tasks();
        for (parent, child) in links.iter().zip(&links[1..]) {
            prop_assert!(parent.bounds.contains(&child.bounds));
            prop_assert!(child.bounds.depth < parent.bounds.depth);
        }
        // Whatever the last one may do, each before it may.
        let tasks = |upto: usize| Lineage::new(links[..upto].to_vec()).unwrap();
        for (call, cost) in &calls {
            for upto in 1..=links.len() {
                if lineage.check(call, cost, NOW).is_ok() {
                    prop_assert_eq!(tasks(upto).check(call, cost, NOW), Ok(()));
                }
            }
            // Nor is there more in what a task names than in what it was handed on from.
            for (parent, child) in links.iter().zip(&links[1..]) {
                let (wide, narrow) = (&parent.bounds.scope, &child.bounds.scope);
                prop_assert!(wide.covers(call) || !narrow.covers(call), "{:?}", call);
            }
        }
    }

    #[test]
    fn what_is_narrowed_covers_what_both_cover_at_most(
        one in scope(),
        other in scope(),
        calls in proptest::collection::vec(call(), 1..20),
    ) {
        let narrowed = one.narrowed(&other);
        for call in calls {
            if narrowed.covers(&call) {
                prop_assert!(one.covers(&call) && other.covers(&call), "{:?}", call);
            }
        }
        prop_assert!(one.contains(&narrowed));
    }

    #[test]
    fn no_budget_of_any_link_is_exceeded(
        all in proptest::collection::vec(bounds(), 1..5),
        calls in proptest::collection::vec((call(), cost(), 0_u64..9), 0..20),
    ) {
        let mut lineage = chain(all);
        let mut sum = Spent::default();
        for (call, cost, bytes) in calls {
            let before = lineage.clone();
            match lineage.charge(&call, &cost, NOW) {
                Ok(()) => sum.add(&cost),
                Err(_) => prop_assert_eq!(&lineage, &before),
            }
            let before = lineage.clone();
            match lineage.take_bytes(bytes, bytes + 3, NOW) {
                Ok(taken) => {
                    prop_assert!((bytes..=bytes + 3).contains(&taken));
                    sum.bytes += taken;
                }
                Err(_) => prop_assert_eq!(&lineage, &before),
            }
        }
        for task in lineage.tasks() {
            prop_assert_eq!(&task.used, &sum);
            let Budget { requests, bytes, amounts } = &task.bounds.budget;
            prop_assert!(requests.is_none_or(|requests| sum.requests <= requests));
            prop_assert!(bytes.is_none_or(|bytes| sum.bytes <= bytes));
            if let Some(amounts) = amounts {
                for (unit, used) in &sum.amounts {
                    let most = amounts.get(unit).copied().unwrap_or_default();
                    prop_assert!(*used <= most);
                }
            }
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
        let refused = lineage.check(&get(), &FREE, NOW).unwrap_err();
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

/// Bounds that bound nothing.
fn boundless() -> Bounds {
    Bounds {
        scope: Scope::default(),
        budget: Budget::default(),
        heartbeat: None,
        deadline: Timestamp::from_micros(200),
        depth: 1,
    }
}

#[test]
fn a_refusal_names_the_link_and_what_is_spent() {
    let budget = Budget {
        requests: Some(1),
        bytes: Some(10),
        amounts: Some([(unit(0), quantity(5))].into()),
    };
    let parent = first(Bounds { budget: budget.clone(), ..boundless() });
    let child = Bounds { budget, depth: 0, ..boundless() };
    let child = parent.hand_on(agent(1), String::new(), child, NOW).unwrap();
    let id = parent.task().id;
    let tasks = |used: Spent| {
        let parent = Task { used, ..parent.task().clone() };
        Lineage::new(vec![parent, child.clone()]).unwrap()
    };
    let costs = |bytes, number, value| Cost {
        bytes,
        amount: Some(Amount { unit: unit(number), value: quantity(value) }),
    };
    let none = Spent::default();
    let requests = Spent { requests: 1, ..Spent::default() };
    let amounts = Spent { amounts: [(unit(0), quantity(3))].into(), ..Spent::default() };
    for (used, cost, why) in [
        (&none, costs(Some(10), 0, 5), None),
        (&requests, FREE, Some(Stop::Budget(Measure::Requests))),
        (&none, costs(Some(11), 0, 5), Some(Stop::Budget(Measure::Bytes))),
        (&none, costs(None, 0, 5), Some(Stop::Unmeasured)),
        (&none, costs(Some(0), 0, 6), Some(Stop::Budget(Measure::Amount(unit(0))))),
        (&amounts, costs(Some(0), 0, 2), None),
        (&amounts, costs(Some(0), 0, 3), Some(Stop::Budget(Measure::Amount(unit(0))))),
        // What a budget of amounts does not name, there is none of.
        (&none, costs(Some(0), 1, 1), Some(Stop::Budget(Measure::Amount(unit(1))))),
        (&none, costs(Some(0), 1, 0), None),
    ] {
        let said = tasks(used.clone()).check(&get(), &cost, NOW).err();
        assert_eq!(said, why.map(|why| Refusal { link: id, why }), "{used:?} {cost:?}");
    }
    let said = tasks(requests).check(&get(), &FREE, NOW).unwrap_err();
    assert_eq!(said.to_string(), format!("task {id}: its budget of requests is used up"));
    let wider = parent.hand_on(agent(1), String::new(), boundless(), NOW).unwrap_err();
    assert_eq!(wider.why, Stop::Wider);
}

#[test]
fn what_is_kept_back_is_not_left() {
    let bounds =
        Bounds { budget: Budget { requests: Some(2), ..Budget::default() }, ..boundless() };
    let mut lineage = first(bounds);
    let id = lineage.task().id;
    lineage.hold(id, &Spent { requests: 2, ..Spent::default() });
    let refused = lineage.check(&get(), &FREE, NOW).unwrap_err();
    assert_eq!(refused.why, Stop::Budget(Measure::Requests));
    assert_eq!(lineage.task().used, Spent::default());
}

#[test]
fn whoever_is_silent_for_too_long_is_paused_and_a_request_is_a_sign_of_life() {
    let at = Timestamp::from_micros;
    let heartbeat = Some(Duration::from_micros(30));
    let mut lineage = first(Bounds { heartbeat, ..boundless() });
    assert_eq!(lineage.task().status(at(109)), Status::Open);
    assert_eq!(lineage.task().status(at(110)), Status::Paused);
    lineage.charge(&get(), &FREE, at(109)).unwrap();
    assert_eq!(lineage.task().status(at(138)), Status::Active);
    // Once it is paused, a request is none any more.
    let refused = lineage.charge(&get(), &FREE, at(139)).unwrap_err();
    assert_eq!(refused.why, Stop::Status(Status::Paused));
    assert_eq!(lineage.task().status(at(200)), Status::Expired);
}

#[test]
fn what_nobody_has_seen_fits_no_limit_of_arguments() {
    let limit = Limit::read(&json!({ "most": 10 })).unwrap();
    let field = Field::parse("amount").unwrap();
    let scope = Scope { arguments: [(field, limit)].into(), ..Scope::default() };
    let says = |said: Option<serde_json::Value>| Call { arguments: said.map(Arc::new), ..get() };
    assert!(scope.covers(&says(Some(json!({ "amount": 10 })))));
    for said in [None, Some(json!({})), Some(json!({ "amount": 11 })), Some(json!({ "Amount": 1 }))]
    {
        assert!(!scope.covers(&says(said.clone())), "{said:?}");
    }
    let lists = Call { acts_on: ActsOn::Nothing, ..get() };
    assert!(scope.covers(&lists));
}

#[test]
fn tasks_that_do_not_follow_from_each_other_are_no_lineage() {
    let (one, other) = (first(boundless()), first(boundless()));
    assert_eq!(Lineage::new(Vec::new()), None);
    assert_eq!(Lineage::new(vec![one.task().clone(), other.task().clone()]), None);
}
