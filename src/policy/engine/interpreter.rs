//! The strict interpreter: the authority on what rules mean.
//!
//! It raises an error where a builtin refuses its arguments and where two rules disagree, which the
//! virtual machine swallows. It recurses, so what it runs has passed the gate first.

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, LimitError};

use crate::policy::config::Config;
use crate::policy::coverage::Covered;
use crate::policy::engine::document::Document;
use crate::policy::engine::source::{Source, place_in, sentence_of};
use crate::policy::engine::standins;
use crate::policy::failure::{Cause, Failure};
use crate::policy::problem::{Place, Problem};

/// Rules and data, ready to be evaluated by walking their tree.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Interpreter {
    engine: Engine,
}

impl Interpreter {
    /// Prepares `sources` over `data`; reports every file that is refused.
    pub(in crate::policy) fn new<'a>(
        sources: impl IntoIterator<Item = &'a Source>,
        data: &Document,
    ) -> Result<Self, Vec<Problem>> {
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(true);
        engine.set_gather_prints(true);
        engine.set_execution_timer_config(timer(Config::INTERPRETER_TIME));
        standins::install(&mut engine);
        let mut problems = Vec::new();
        for source in sources {
            if let Err(error) = engine.add_policy(source.name(), source.text.clone()) {
                problems.push(source.problem(&error.to_string()));
            }
        }
        if let Err(error) = engine.add_data(data.0.clone()) {
            let fix = "data.json documents must be objects that do not contradict each other";
            problems.push(Problem::new(Place::file("data.json"), error.to_string(), fix));
        }
        if problems.is_empty() { Ok(Self { engine }) } else { Err(problems) }
    }

    /// From now on, notes which lines of the rules are evaluated.
    pub(in crate::policy) fn count_lines(&mut self) {
        self.engine.set_enable_coverage(true);
    }

    /// The lines of `sources` that were evaluated since they are noted, and those that were not.
    /// The tests' own are left out.
    pub(in crate::policy) fn counted_lines(&self, sources: &[Source]) -> Vec<Covered> {
        let files = self.engine.get_coverage_report().map(|report| report.files);
        let files = files.unwrap_or_default().into_iter();
        let counted = files.filter_map(|file| {
            let source = sources.iter().find(|source| source.name() == file.path)?;
            let (covered, missed) = (file.covered, file.not_covered);
            let file = source.file.clone();
            (!source.is_test()).then_some(Covered { file, covered, missed })
        });
        counted.collect()
    }

    /// The value of `rule` once `module` is added to the rules; this interpreter stays as it is.
    pub(in crate::policy) fn probe(
        &self,
        module: &Source,
        rule: &str,
    ) -> Result<Document, Problem> {
        let mut probing = self.with(module)?;
        let value = probing.evaluate(rule, &Document::empty());
        value.map_err(|failure| module.problem(failure.message()))
    }

    /// The same rules and `module`; this interpreter stays as it is.
    pub(in crate::policy) fn with(&self, module: &Source) -> Result<Self, Problem> {
        let mut probing = self.clone();
        let added = probing.engine.add_policy(module.name(), module.text.clone());
        added.map_err(|error| module.problem(&error.to_string()))?;
        Ok(probing)
    }

    /// The value of `rule` (a full path) for `input`; undefined is a value here.
    pub(in crate::policy) fn evaluate(
        &mut self,
        rule: &str,
        input: &Document,
    ) -> Result<Document, Failure> {
        let fresh = self.engine.clone();
        self.engine.set_input(input.0.clone());
        let run = AssertUnwindSafe(|| self.engine.eval_rule(rule.to_owned()));
        let outcome = catch_unwind(run);
        for line in self.engine.take_prints().unwrap_or_default() {
            tracing::debug!("a rule printed: {line}");
        }
        match outcome {
            Ok(Ok(value)) => Ok(Document(value)),
            Ok(Err(error)) => {
                let late = matches!(
                    error.downcast_ref::<LimitError>(),
                    Some(LimitError::TimeLimitExceeded { .. })
                );
                Err(failure(&error.to_string(), late))
            }
            Err(_) => {
                // What a panic left behind is never used again.
                self.engine = fresh;
                Err(Failure::new(Cause::Panic, "the interpreter panicked"))
            }
        }
    }
}

fn timer(limit: Duration) -> ExecutionTimerConfig {
    ExecutionTimerConfig { limit, check_interval: NonZeroU32::MIN.saturating_add(63) }
}

/// The engine's error as a failure that says where.
fn failure(message: &str, late: bool) -> Failure {
    let late = late || message.contains("time limit");
    let cause = if late { Cause::Time } else { Cause::Evaluation };
    let failure = Failure::new(cause, sentence_of(message));
    match place_in(message, std::path::Path::new("")) {
        Some(place) => failure.or_at(&place),
        None => failure,
    }
}
