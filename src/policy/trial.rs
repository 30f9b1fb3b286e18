//! Rules that answer what was asked before: inputs that were kept, or written by hand.
//!
//! It runs on the engine that would serve, with the interpreter where that is what would serve, and
//! nothing of it is ever on a request's path. Its answers decide nothing.

use std::sync::Arc;

use crate::id::{DecisionId, RuleName};
use crate::policy::bundle::Bundle;
use crate::policy::decision::{Answer, Decision};
use crate::policy::engine::bulk::Bulk;
use crate::policy::engine::document::Document;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::engine::vm::Machine;
use crate::policy::failure::{Cause, Failure};
use crate::policy::observer::Observed;

/// A bundle that is tried out.
#[derive(Debug)]
pub struct Trial {
    bundle: Arc<Bundle>,
    machine: Option<Box<Machine>>,
    interpreter: Box<Interpreter>,
}

impl Trial {
    /// Tries `bundle`.
    pub fn new(bundle: Arc<Bundle>) -> Self {
        let machine = bundle.machine().map(Box::new);
        let interpreter = Box::new(bundle.interpreter());
        Self { bundle, machine, interpreter }
    }

    /// Whether it is `bundle` that is tried.
    pub fn tries(&self, bundle: &Arc<Bundle>) -> bool {
        Arc::ptr_eq(&self.bundle, bundle)
    }

    /// What `rule` says about `input`, which is JSON text. `id` only names the answer.
    pub fn decide(&mut self, id: DecisionId, rule: &RuleName, input: &str) -> Decision {
        let revision = self.bundle.revision();
        match self.answer(rule, input) {
            Ok(answer) => Decision::answered(id, revision, answer),
            Err(failure) => Decision::failed(id, revision, failure),
        }
    }

    /// What they say about what somebody else decided; `None` where there is no input to ask with.
    pub fn repeat(&mut self, observed: &Observed) -> Option<Decision> {
        let revision = self.bundle.revision();
        Some(match self.answer_to(&observed.point.rule, observed.document()?.clone()) {
            Ok(answer) => Decision::answered(observed.id(), revision, answer),
            Err(failure) => Decision::failed(observed.id(), revision, failure),
        })
    }

    fn answer(&mut self, rule: &RuleName, input: &str) -> Result<Answer, Failure> {
        self.answer_to(rule, Document::parse(input).map_err(|why| Failure::new(Cause::Input, why))?)
    }

    fn answer_to(&mut self, rule: &RuleName, input: Document) -> Result<Answer, Failure> {
        let unknown = || Failure::new(Cause::Undefined, format!("`{rule}` is not asked here"));
        let entry = self.bundle.entries().find(Some(rule)).ok_or_else(unknown)?;
        self.bundle.bill().admit(Bulk::of(&input))?;
        match &mut self.machine {
            Some(machine) => self.bundle.run(machine, entry, input),
            None => self.bundle.interpret(&mut self.interpreter, entry, &input),
        }
    }
}
