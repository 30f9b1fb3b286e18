//! One worker's policy: it answers, at once and always.
//!
//! A judge has its own machine, data and keys; two judges share nothing that is counted. It never
//! waits, and whatever goes wrong inside it is a denial.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::identity::Certificate;
use crate::metrics::PolicyMetrics;
use crate::policy::bundle::Bundle;
use crate::policy::checker::Checker;
use crate::policy::config;
use crate::policy::decision::{Answer, Decision};
use crate::policy::engine::bulk::Bulk;
use crate::policy::engine::document::Document;
use crate::policy::engine::input::Builder;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::engine::reads::Part;
use crate::policy::engine::vm::Machine;
use crate::policy::engine::wanted::Wanted;
use crate::policy::failure::{Cause, Failure};
use crate::policy::memory::{Memory, Question};
use crate::policy::observer::Observer;
use crate::policy::query::{Asked, Query};
use crate::route::Route;

/// Answers queries for one worker.
#[derive(Debug)]
pub struct Judge {
    bundle: Arc<Bundle>,
    running: Running,
    builder: Builder,
    /// What each entry point can read of an input.
    wanted: Vec<Wanted>,
    whole: Wanted,
    memory: Memory,
    checker: Checker,
    observer: Observer,
    metrics: PolicyMetrics,
    clock: Clock,
    /// Whether it started over for the doubts there are.
    doubted: bool,
    /// How many decisions were made, which settles which are checked again.
    decided: u64,
}

/// The engine that answers.
#[derive(Debug)]
enum Running {
    Interpreter(Box<Interpreter>),
    Machine(Box<Machine>),
}

impl Running {
    fn of(bundle: &Bundle) -> Self {
        match bundle.machine() {
            Some(machine) => Self::Machine(Box::new(machine)),
            None => Self::Interpreter(Box::new(bundle.interpreter())),
        }
    }
}

impl Judge {
    /// A judge over `bundle`, for one worker.
    pub fn new(
        bundle: Arc<Bundle>,
        checker: Checker,
        metrics: PolicyMetrics,
        clock: Clock,
    ) -> Self {
        let (running, wanted) = (Running::of(&bundle), bundle.wanted());
        let (builder, whole) = (Builder::new(), Wanted::everything());
        let (memory, observer) = (Memory::default(), Observer::nobody());
        let doubted = bundle.is_doubted();
        Self {
            bundle,
            running,
            builder,
            wanted,
            whole,
            memory,
            checker,
            observer,
            metrics,
            clock,
            doubted,
            decided: 0,
        }
    }

    /// The same judge, whose decisions go to `observer`, too.
    pub fn observed_by(self, observer: Observer) -> Self {
        Self { observer, ..self }
    }

    /// Judges by `bundle` from now on; nothing happens if it does so already.
    pub fn adopt(&mut self, bundle: &Arc<Bundle>) {
        if !Arc::ptr_eq(&self.bundle, bundle) {
            self.bundle = Arc::clone(bundle);
            self.start();
        }
    }

    /// Starts over with the engine that the bundle is to run on.
    fn start(&mut self) {
        self.doubted = self.bundle.is_doubted();
        self.running = Running::of(&self.bundle);
        self.wanted = self.bundle.wanted();
        self.memory.clear();
    }

    /// What policy says about a request that is being made; whoever keeps decisions is handed it.
    pub fn decide(&mut self, query: &Query<'_>) -> Decision {
        let (decision, took) = self.judged(query);
        self.hand_on(query, &decision, took);
        decision
    }

    /// What policy would say about a request that nobody makes; so it is nobody's to keep.
    pub fn consider(&mut self, query: &Query<'_>) -> Decision {
        self.judged(query).0
    }

    fn judged(&mut self, query: &Query<'_>) -> (Decision, Duration) {
        let started = self.clock.instant();
        let said = self.said(query.principal.certificate(), &Asked::from(query));
        let revision = self.bundle.revision();
        let decision = match said {
            Ok(answer) => Decision::answered(query.id, revision, answer),
            Err(failure) => {
                self.metrics.errors.with_label_values(&[failure.cause().word()]).inc();
                Decision::failed(query.id, revision, failure)
            }
        };
        let took = started.elapsed();
        self.metrics.duration.observe(took.as_secs_f64());
        (decision, took)
    }

    /// Hands the decision to whoever keeps decisions, with the whole input, whatever was read of it.
    fn hand_on(&mut self, query: &Query<'_>, decision: &Decision, took: Duration) {
        if self.observer.wants() {
            let (caller, asked) = (query.principal.certificate(), Asked::from(query));
            let seen = self.builder.document(caller, &asked, &self.whole).ok();
            self.observer.observe(&self.bundle, query, seen, (decision, took));
        }
    }

    /// Whether the rules of `route` look at the work that a request belongs to.
    pub fn looks_at_work(&self, route: &Route) -> bool {
        let entry = self.bundle.entries().find(route.policy.as_ref());
        let reads = entry.and_then(|entry| self.wanted.get(entry)).map(Wanted::reads);
        let of_work = [Part::Chain, Part::Labels, Part::Task];
        reads.is_none_or(|reads| of_work.into_iter().any(|part| reads.has(part)))
    }

    /// Answers, and has one answer in so many checked, remembered or not: by the interpreter and with
    /// the whole input, so that it would show if a part was missing.
    pub(super) fn said(
        &mut self,
        caller: &Certificate,
        query: &Asked<'_>,
    ) -> Result<Answer, Failure> {
        self.step_down();
        let Some(entry) = self.bundle.entries().find(query.target.route().policy.as_ref()) else {
            let message = "the route's rule is not among the bundle's entry points";
            return Err(Failure::new(Cause::Undefined, message));
        };
        let said = match self.question(entry, caller, query) {
            Some(question) => self.remembered(question, entry, caller, query),
            None => self.fresh(entry, caller, query),
        };
        if self.is_sampled(entry) {
            // Without a whole input there is nothing to compare with.
            if let Ok(whole) = self.builder.document(caller, query, &self.whole) {
                self.checker.check(&self.bundle, entry, whole, said.clone());
            }
        }
        said
    }

    /// What the answer rests on; `None` where it holds only once.
    fn question(&self, entry: usize, caller: &Certificate, query: &Asked<'_>) -> Option<Question> {
        match self.bundle.memory() {
            config::Memory::Lasting => {
                Question::new(entry, self.wanted.get(entry)?.reads(), caller, query)
            }
            config::Memory::Off => None,
        }
    }

    /// The answer that was given lately, or one made now and kept.
    fn remembered(
        &mut self,
        question: Question,
        entry: usize,
        caller: &Certificate,
        query: &Asked<'_>,
    ) -> Result<Answer, Failure> {
        if let Some(answer) = self.memory.recall(&question) {
            self.metrics.memory.hits.inc();
            return Ok(answer);
        }
        self.metrics.memory.misses.inc();
        let answer = self.fresh(entry, caller, query)?;
        self.memory.keep(question, &answer);
        Ok(answer)
    }

    /// Evaluates what the rules can read of `query`, unless that might take too much memory.
    fn fresh(
        &mut self,
        entry: usize,
        caller: &Certificate,
        query: &Asked<'_>,
    ) -> Result<Answer, Failure> {
        let wanted = self.wanted.get(entry).unwrap_or(&self.whole);
        let input = self.builder.document(caller, query, wanted)?;
        if query.body.is_some() || !self.bundle.bill().is_light() {
            self.bundle.bill().admit(Bulk::of(&input))?;
        }
        self.evaluate(entry, input)
    }

    /// Changes to the interpreter, and forgets, once the bundle's decisions are in doubt.
    fn step_down(&mut self) {
        if self.bundle.is_doubted() != self.doubted {
            self.start();
        }
    }

    fn evaluate(&mut self, entry: usize, input: Document) -> Result<Answer, Failure> {
        match &mut self.running {
            Running::Interpreter(interpreter) => self.bundle.interpret(interpreter, entry, &input),
            Running::Machine(machine) => self.bundle.run(machine, entry, input),
        }
    }

    /// Counts one decision; whether it is to be checked. Of the interpreter's only one that lasts can
    /// be: a rule that reads the time would say something else by itself.
    fn is_sampled(&mut self, entry: usize) -> bool {
        let number = self.decided;
        self.decided = self.decided.wrapping_add(1);
        let lasts = || self.wanted.get(entry).is_some_and(|wanted| wanted.reads().is_lasting());
        let comparable = matches!(self.running, Running::Machine(_)) || lasts();
        comparable && self.bundle.shadow().takes(number)
    }

    /// What policy says about an input that is there already, on a route that names no rule.
    #[cfg(test)]
    pub(super) fn answer(&mut self, input: Document) -> Result<Answer, Failure> {
        self.bundle.bill().admit(Bulk::of(&input))?;
        self.step_down();
        let said = self.evaluate(0, input.clone());
        if self.is_sampled(0) {
            self.checker.check(&self.bundle, 0, input, said.clone());
        }
        said
    }
}
