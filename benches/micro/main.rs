//! What each stage of an exchange costs by itself: `cargo bench --bench micro`.
//!
//! The values are made as the proxy makes them: the principal by a handshake in memory, the target by
//! the route table, the grant by policy. Only the network is left out.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures by the machine's clock")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says so"
)]

mod policy;
mod scene;

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use countersign::audit::{Outcome, Recorder};
use countersign::clock::Clock;
use countersign::enforce::authorize;
use countersign::id::DecisionId;
use countersign::metrics::Metrics;
use countersign::policy::config::Memory;
use countersign::policy::{Checker, Judge};
use countersign::route::{Body, Head, json};
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::task::LocalSet;

use crate::policy::Policy;
use crate::scene::Scene;

/// From hyper's head to the one canonical form.
fn canonicalise(c: &mut Criterion) {
    c.bench_function("canonicalise a head", |b| {
        b.iter_batched(scene::parts, Head::parse, criterion::BatchSize::SmallInput);
    });
    let body =
        br#"{"amount":4500,"currency":"EUR","items":[{"sku":"a","n":2}],"note":"as agreed"}"#;
    c.bench_function("check a JSON body", |b| b.iter(|| json::check(black_box(body))));
}

/// Building what the rules read, evaluating, and reading the answer; then the same remembered.
fn decide(c: &mut Criterion) {
    let scene = Scene::new();
    for policy in Policy::ALL {
        for (memory, how) in [(Memory::Off, "anew"), (Memory::Lasting, "remembered")] {
            let mut judge = scene::judge(policy.bundle(scene.folder(), memory));
            let ask = scene.ask_by(policy.rule);
            let decision = judge.decide(&ask.query());
            assert_eq!(decision.label(), "allow", "{}: {:?}", policy.name, decision.failure());
            c.bench_function(&format!("decide: {}, {how}", policy.name), |b| {
                b.iter(|| judge.decide(&ask.query()));
            });
        }
    }
}

/// Decisions a second on one thread and on two, each with a judge of its own.
fn decide_on_threads(_: &mut Criterion) {
    let scene = Scene::new();
    for policy in [Policy::PACK, Policy::SPLIT] {
        for (memory, how) in [(Memory::Off, "anew"), (Memory::Lasting, "remembered")] {
            let bundle = policy.bundle(scene.folder(), memory);
            let run = |threads: usize| {
                let rates: Vec<_> = (0..threads)
                    .map(|_| {
                        let bundle = bundle.clone();
                        std::thread::spawn(move || scene::evaluations_a_second(policy, bundle))
                    })
                    .collect();
                rates.into_iter().map(|thread| thread.join().unwrap()).sum::<f64>()
            };
            let (one, two) = (run(1), run(2));
            let (name, times) = (policy.name, two / one);
            println!(
                "on threads: {name}, {how}: {one:.0}/s on one, {two:.0}/s on two: {times:.2}x"
            );
        }
    }
}

/// Grant, intent on record, credential on, outcome on record; in groups, as a busy worker has them.
fn record_and_inject(c: &mut Criterion) {
    let scene = Scene::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for group in [1, 16, 64] {
        c.bench_function(&format!("authorize, record, inject, close: groups of {group}"), |b| {
            b.iter_custom(|iterations| {
                LocalSet::new().block_on(&runtime, spend(&scene, iterations, group))
            });
        });
    }
}

async fn spend(scene: &Scene, iterations: u64, group: u64) -> std::time::Duration {
    let metrics = Metrics::new().unwrap();
    let checker = Checker::start(metrics.policy.clone()).unwrap();
    let bundle = Policy::ONE_LINE.bundle(scene.folder(), Memory::Lasting);
    let judge = Judge::new(bundle, checker, metrics.policy.clone(), Clock::System);
    let judge = std::rc::Rc::new(std::cell::RefCell::new(judge));
    let recorder = Recorder::new(scene.log());
    let started = Instant::now();
    for _ in 0..iterations.div_ceil(group) {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..group {
            let (ask, judge) = (scene.ask(), std::rc::Rc::clone(&judge));
            let (policy, recorder) = (metrics.policy.clone(), recorder.clone());
            let credentials = scene.credentials();
            tasks.spawn_local(async move {
                let grant = authorize(&mut judge.borrow_mut(), ask, &policy).unwrap();
                let durability = grant.durability();
                let mut trail = recorder.open(DecisionId::new());
                let grant = trail.commit(grant, durability).await.unwrap();
                let _ = black_box(credentials.inject(grant, Body::Empty).unwrap());
                trail.close(Outcome::Failed { reason: "bench" });
            });
        }
        while tasks.join_next().await.is_some() {}
    }
    // Groups are whole: what was done beyond `iterations` is not charged.
    started.elapsed().mul_f64(iterations as f64 / (iterations.div_ceil(group) * group) as f64)
}

/// Looking for the injected value in a body that does not hold it.
fn scan(c: &mut Criterion) {
    let scene = Scene::new();
    let guard = scene.guard();
    for size in [1024, 16 * 1024] {
        let body = Bytes::from("{\"id\":1234,\"name\":\"example\"}\n".repeat(size / 29));
        c.bench_function(&format!("scan {size} bytes"), |b| {
            let mut scanner = guard.scanner().unwrap();
            b.iter(|| scanner.push(body.clone()));
        });
    }
}

criterion_group!(benches, canonicalise, decide, decide_on_threads, record_and_inject, scan);
criterion_main!(benches);
