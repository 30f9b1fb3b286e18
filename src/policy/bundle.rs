//! Rules, data and tests that have passed every check: what judges answer from.
//!
//! Loading is where everything that can be wrong with rules is found, and all of it at once. It
//! runs on a thread of its own with a large stack, and nothing is evaluated before the gate has
//! passed. A bundle's rules never change, and a reload makes another; only a doubt about it can
//! come, and never goes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::clock::Clock;
use crate::policy::clearance::{Clearance, Compiled};
use crate::policy::config::{Config, Memory, Shadow, Tests};
use crate::policy::contents::Contents;
use crate::policy::decision::Answer;
use crate::policy::edition::Edition;
use crate::policy::engine::document::Document;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::engine::vm::{Image, Machine};
use crate::policy::engine::wanted::Wanted;
use crate::policy::entry::{Entries, Entry, EntryPoint};
use crate::policy::failure::{Cause, Failure};
use crate::policy::gate::Bill;
use crate::policy::masking::Masking;
use crate::policy::problem::{LoadError, Place, Problem};
use crate::policy::revision::Revision;
use crate::policy::suite;
use crate::route::Route;

/// The stack that checking and compiling may use: both recurse with the depth of the rules.
pub(super) const STACK: usize = 64 << 20;

/// A bundle in a state to be served.
#[derive(Debug)]
pub struct Bundle {
    revision: Revision,
    /// What its authors call it, if they do.
    release: String,
    entries: Entries,
    data: String,
    instructions: u64,
    shadow: Shadow,
    memory: Memory,
    bill: Bill,
    masking: Option<Masking>,
    watched: Vec<PathBuf>,
    edition: Edition,
    candidate: Option<Arc<Bundle>>,
    interpreter: Interpreter,
    image: Option<Image>,
    differences: Vec<Problem>,
    warnings: Vec<Problem>,
    /// Set when a decision was seen to be another one when it was made again; never cleared.
    doubted: AtomicBool,
}

impl Bundle {
    /// Reads, checks, compiles and (where required) tests what `config` names.
    ///
    /// # Errors
    /// Every problem that was found; nothing of the bundle is then in force.
    pub fn load(config: &Config, clock: &Clock) -> Result<Self, LoadError> {
        on_large_stack(&config.path, || Self::of_contents(&Contents::read(config)?, config, clock))
    }

    /// The bundle that was kept as `edition`, to be asked at `point` as it was.
    ///
    /// # Errors
    /// Every problem that was found, as in [`load`](Self::load): this version may refuse what
    /// another took.
    pub fn restore(
        edition: &Edition,
        point: &EntryPoint,
        clock: &Clock,
    ) -> Result<Self, LoadError> {
        let config = edition.config(point);
        on_large_stack(&config.path, || Self::of_contents(&Contents::of(edition)?, &config, clock))
    }

    fn of_contents(contents: &Contents, config: &Config, clock: &Clock) -> Result<Self, LoadError> {
        let cleared = Clearance::new(contents, config)?;
        let Compiled { interpreter, image, differences } = cleared.compile(contents)?;
        let mut bundle = Self {
            revision: contents.revision,
            release: contents.manifest.revision.clone(),
            entries: cleared.entries,
            data: contents.data.clone(),
            instructions: config.instructions,
            shadow: config.shadow,
            memory: config.memory,
            bill: cleared.bill,
            masking: cleared.masking,
            watched: contents.watched.clone(),
            edition: Edition::new(config, contents),
            candidate: None,
            interpreter,
            image,
            differences,
            warnings: Vec::new(),
            doubted: AtomicBool::new(false),
        };
        if config.tests == Tests::Required {
            bundle.test(contents, clock)?;
        }
        Ok(bundle)
    }

    /// Runs the bundle's own tests on itself; a difference between the engines settles which runs.
    fn test(&mut self, contents: &Contents, clock: &Clock) -> Result<(), LoadError> {
        let report = suite::run_on(self, contents, clock)?;
        if report.is_empty() {
            let fix =
                "write `*_test.rego` files beside the rules; `countersign policy test` runs them";
            let place = Place::file(self.watched.first().cloned().unwrap_or_default());
            self.warnings.push(Problem::new(place, "the bundle has no tests", fix));
        }
        let failed = report.problems();
        if !failed.is_empty() {
            return Err(LoadError::new(failed));
        }
        let differences = report.differences();
        if !differences.is_empty() {
            self.image = None;
            self.differences.extend(differences);
        }
        Ok(())
    }

    /// Which policy this is.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// What its authors call it; empty if they do not.
    pub(super) fn release(&self) -> &str {
        &self.release
    }

    /// Every file and folder whose change may change the bundle.
    pub fn watched(&self) -> &[PathBuf] {
        &self.watched
    }

    /// This bundle, with another that is asked the same and decides nothing. One that cannot be
    /// loaded is a warning: it must not keep the rules in force from being served.
    pub fn with_candidate(mut self, candidate: Result<Self, LoadError>) -> Self {
        match candidate {
            Ok(candidate) => {
                self.watched.extend_from_slice(&candidate.watched);
                self.candidate = Some(Arc::new(candidate));
            }
            Err(why) => self.warnings.extend(why.problems().iter().map(|problem| Problem {
                message: format!("the candidate is not asked: {}", problem.message),
                ..problem.clone()
            })),
        }
        self
    }

    /// The bundle that is asked the same and decides nothing.
    pub fn candidate(&self) -> Option<&Arc<Self>> {
        self.candidate.as_ref()
    }

    /// All of it, to be kept beside the decisions that it makes.
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// Why the bundle runs on the interpreter; empty if it runs on the fast engine.
    pub fn differences(&self) -> &[Problem] {
        &self.differences
    }

    /// What is legal and unwise.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Whether decisions come from the interpreter: the gate said so, or the engines disagreed.
    pub fn is_interpreted(&self) -> bool {
        self.image.is_none() || self.is_doubted()
    }

    /// Whether a decision was seen to be another one when it was made again.
    pub(super) fn is_doubted(&self) -> bool {
        self.doubted.load(Ordering::Relaxed)
    }

    /// The one in so many decisions that is checked again.
    pub(super) fn shadow(&self) -> Shadow {
        self.shadow
    }

    /// The most instructions that one decision may take.
    pub(super) fn instructions(&self) -> u64 {
        self.instructions
    }

    /// Whether decisions are remembered.
    pub(super) fn memory(&self) -> Memory {
        self.memory
    }

    /// From now on, every judge uses the interpreter, with whole inputs, and remembers nothing.
    pub(super) fn doubt(&self) {
        self.doubted.store(true, Ordering::Relaxed);
    }

    /// What one decision may cost in memory.
    pub(super) fn bill(&self) -> &Bill {
        &self.bill
    }

    /// Whether it has a rule of its own about what of its decisions nobody is to read.
    pub fn masks(&self) -> bool {
        self.masking.is_some()
    }

    pub(super) fn masking(&self) -> Option<&Masking> {
        self.masking.as_ref()
    }

    /// A machine of its own for one worker; `None` where the interpreter is to run.
    pub(super) fn machine(&self) -> Option<Machine> {
        if self.is_interpreted() {
            return None;
        }
        let data = Document::parse(&self.data).ok()?;
        self.image.as_ref()?.machine(data, self.instructions)
    }

    /// An interpreter for one worker.
    pub(super) fn interpreter(&self) -> Interpreter {
        self.interpreter.clone()
    }

    /// What is evaluated for each route.
    pub(super) fn entries(&self) -> &Entries {
        &self.entries
    }

    /// What is asked about requests of `route`; `None` where its rule is none of the bundle's.
    pub(super) fn asked_by(&self, route: &Route) -> Option<&EntryPoint> {
        let number = self.entries.find(route.policy.as_ref())?;
        self.entries.all().get(number).map(Entry::point)
    }

    /// What there must be of an input, for each entry point: all of it once there was a doubt.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        let wanted = |entry: &Entry| match self.is_doubted() {
            true => Wanted::everything(),
            false => Wanted::new(entry.reads()),
        };
        self.entries.all().iter().map(wanted).collect()
    }

    /// What the interpreter answers.
    pub(super) fn interpret(
        &self,
        interpreter: &mut Interpreter,
        entry: usize,
        input: &Document,
    ) -> Result<Answer, Failure> {
        let entry = self.entry(entry)?;
        let said = interpreter.evaluate(entry.rule(), input).and_then(|said| entry.read(&said));
        said.map_err(|failure| failure.or_at(entry.place()))
    }

    /// What the fast engine answers.
    pub(super) fn run(
        &self,
        machine: &mut Machine,
        entry: usize,
        input: Document,
    ) -> Result<Answer, Failure> {
        let rule = self.entry(entry)?;
        let said = machine.evaluate(entry, input).and_then(|said| rule.read(&said));
        said.map_err(|failure| failure.or_at(rule.place()))
    }

    fn entry(&self, number: usize) -> Result<&Entry, Failure> {
        let missing = || Failure::new(Cause::Undefined, "the bundle has no such entry point");
        self.entries.all().get(number).ok_or_else(missing)
    }
}

/// Runs `work` with room to recurse; a panic in it is a problem of the bundle at `path`.
pub(super) fn on_large_stack<T: Send>(
    path: &Path,
    work: impl FnOnce() -> Result<T, LoadError> + Send,
) -> Result<T, LoadError> {
    let failed = |message: &str| {
        LoadError::from(Problem::new(Place::file(path), message, "report this with the rules"))
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("policy-load".to_owned()).stack_size(STACK);
        let Ok(running) = thread.spawn_scoped(scope, work) else {
            return Err(failed("no thread could be started to check the rules"));
        };
        running.join().unwrap_or_else(|_| Err(failed("checking the rules panicked")))
    })
}
