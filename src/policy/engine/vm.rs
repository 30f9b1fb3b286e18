//! The bytecode machine: fast, and only for what the gate has passed.
//!
//! Each worker has a machine with its own copy of the program and of the data. Nothing in them is
//! reference-counted across threads: one shared counter on this path makes two workers no faster
//! than one. It runs to completion always; its suspendable mode gives wrong results.

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::rvm::program::{DeserializationResult, Program};
use regorus::rvm::vm::VmError;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

use crate::policy::config::Config;
use crate::policy::engine::document::Document;
use crate::policy::engine::source::{Source, sentence_of};
use crate::policy::failure::{Cause, Failure};

/// A compiled program as bytes: what workers make their own copies from.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Image(Arc<[u8]>);

impl Image {
    /// Compiles what `rules` need of `sources`, each an entry point by its number. The error says why the machine cannot run it.
    pub(in crate::policy) fn compile<'a>(
        sources: impl IntoIterator<Item = &'a Source>,
        data: &Document,
        rules: &[&str],
    ) -> Result<Self, String> {
        let first = rules.first().copied().unwrap_or_default();
        let mut engine = Engine::new();
        for source in sources {
            let added = engine.add_policy(source.name(), source.text.clone());
            added.map_err(|error| error.to_string())?;
        }
        engine.add_data(data.0.clone()).map_err(|error| error.to_string())?;
        let compiled = engine.compile_with_entrypoint(&first.into());
        let compiled = compiled.map_err(|error| sentence_of(&error.to_string()))?;
        let program = Compiler::compile_from_policy(&compiled, rules);
        let program = program.map_err(|error| sentence_of(&error.to_string()))?;
        check(&program)?;
        Ok(Self(program.serialize_binary()?.into()))
    }

    /// A machine of its own for one worker, over its own copy of the data.
    pub(in crate::policy) fn machine(&self, data: Document, instructions: u64) -> Option<Machine> {
        let Ok(DeserializationResult::Complete(program)) = Program::deserialize_binary(&self.0)
        else {
            return None;
        };
        let limit = usize::try_from(instructions).unwrap_or(usize::MAX);
        let program = Arc::new(program);
        let vm = ready(&program, &data.0, limit)?;
        Some(Machine { vm, program, data: data.0, limit })
    }
}

/// What the bytecode must not contain, whatever the syntax tree looked like.
fn check(program: &Program) -> Result<(), String> {
    if !program.instruction_data.virtual_data_document_lookup_params.is_empty() {
        return Err("a whole package is read, or `data` is indexed by a variable".to_owned());
    }
    if program.literals.len() > LITERALS {
        return Err(format!("there are more than {LITERALS} literals"));
    }
    if program.has_host_await || program.needs_recompilation {
        return Err("the program does not stand alone".to_owned());
    }
    Ok(())
}

/// The machine indexes its literals with 16 bits.
pub(in crate::policy) const LITERALS: usize = 65_000;

/// One worker's machine.
#[derive(Debug)]
pub(in crate::policy) struct Machine {
    vm: RegoVM,
    program: Arc<Program>,
    data: Value,
    limit: usize,
}

impl Machine {
    /// The value of the entry point with the number `entry` for `input`; undefined is a value here.
    pub(in crate::policy) fn evaluate(
        &mut self,
        entry: usize,
        input: Document,
    ) -> Result<Document, Failure> {
        self.vm.set_input(input.0);
        let run = AssertUnwindSafe(|| self.vm.execute_entry_point_by_index(entry));
        match catch_unwind(run) {
            Ok(Ok(value)) => Ok(Document(value)),
            Ok(Err(error)) => {
                self.rebuild();
                Err(failure(&error))
            }
            Err(_) => {
                self.rebuild();
                Err(Failure::new(Cause::Panic, "the policy machine panicked"))
            }
        }
    }

    /// A machine that stopped half way is never used again.
    fn rebuild(&mut self) {
        if let Some(vm) = ready(&self.program, &self.data, self.limit) {
            self.vm = vm;
        }
    }
}

fn ready(program: &Arc<Program>, data: &Value, limit: usize) -> Option<RegoVM> {
    let mut vm = RegoVM::new();
    vm.load_program(Arc::clone(program));
    vm.set_data(data.clone()).ok()?;
    vm.set_strict_builtin_errors(true);
    vm.set_max_instructions(limit);
    vm.set_execution_timer_config(Some(ExecutionTimerConfig {
        limit: Config::MACHINE_TIME,
        check_interval: NonZeroU32::MIN.saturating_add(63),
    }));
    Some(vm)
}

fn failure(error: &VmError) -> Failure {
    let cause = match error {
        VmError::InstructionLimitExceeded { .. } => Cause::Instructions,
        VmError::TimeLimitExceeded { .. } => Cause::Time,
        _ => Cause::Evaluation,
    };
    Failure::new(cause, error.to_string())
}
