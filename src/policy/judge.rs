//! One worker's policy: it answers, at once and always.
//!
//! A judge has its own machine, data and keys; two judges share nothing that is counted. It never
//! waits, and whatever goes wrong inside it is a denial.

use std::sync::Arc;

use crate::clock::Clock;
use crate::metrics::PolicyMetrics;
use crate::policy::bundle::Bundle;
use crate::policy::checker::Checker;
use crate::policy::decision::{Answer, Decision, Failure};
use crate::policy::engine::answer;
use crate::policy::engine::bulk::Bulk;
use crate::policy::engine::document::Document;
use crate::policy::engine::input::Builder;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::engine::vm::Machine;
use crate::policy::observer::Observer;
use crate::policy::query::Query;

/// Answers queries for one worker.
#[derive(Debug)]
pub struct Judge {
    bundle: Arc<Bundle>,
    running: Running,
    builder: Builder,
    checker: Checker,
    observer: Observer,
    metrics: PolicyMetrics,
    clock: Clock,
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
        let running = Running::of(&bundle);
        let (builder, observer) = (Builder::new(), Observer::nobody());
        Self { bundle, running, builder, checker, observer, metrics, clock, decided: 0 }
    }

    /// The same judge, whose decisions go to `observer`, too.
    pub fn observed_by(self, observer: Observer) -> Self {
        Self { observer, ..self }
    }

    /// Judges by `bundle` from now on; nothing happens if it does so already.
    pub fn adopt(&mut self, bundle: &Arc<Bundle>) {
        if !Arc::ptr_eq(&self.bundle, bundle) {
            self.bundle = Arc::clone(bundle);
            self.running = Running::of(bundle);
        }
    }

    /// What policy says about `query`.
    pub fn decide(&mut self, query: &Query<'_>) -> Decision {
        let started = self.clock.instant();
        let mut seen = None;
        let said = self.builder.document(query).and_then(|input| {
            seen = self.observer.wants().then(|| input.clone());
            match query.body {
                None if self.bundle.bill().is_light() => self.evaluate(input),
                _ => self.answer(input),
            }
        });
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
        self.observer.observe(&self.bundle, query, seen, (&decision, took));
        decision
    }

    /// Evaluates `input`, unless that might take too much memory.
    pub(super) fn answer(&mut self, input: Document) -> Result<Answer, Failure> {
        self.bundle.bill().admit(Bulk::of(&input))?;
        self.evaluate(input)
    }

    /// Evaluates `input`, and has one answer in so many checked.
    fn evaluate(&mut self, input: Document) -> Result<Answer, Failure> {
        if self.bundle.is_interpreted() && matches!(self.running, Running::Machine(_)) {
            self.running = Running::of(&self.bundle);
        }
        let machine = match &mut self.running {
            Running::Interpreter(interpreter) => {
                let said = self.bundle.interpret(interpreter, &input);
                return said.map_err(|failure| self.bundle.located(failure));
            }
            Running::Machine(machine) => machine,
        };
        let sampled = self.bundle.shadow().takes(self.decided).then(|| input.clone());
        self.decided = self.decided.wrapping_add(1);
        let said = machine.evaluate(input).and_then(|said| answer::read(&said));
        if let Some(input) = sampled {
            self.checker.check(&self.bundle, input, said.clone());
        }
        said.map_err(|failure| self.bundle.located(failure))
    }
}
