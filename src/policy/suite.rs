//! A bundle's own tests, as `opa test` runs them, and on both engines.
//!
//! A test is a rule whose name begins with `test_` and that must be true; `todo_` is a test that is
//! passed over. Tests run on the interpreter, because they replace the input with `with`, which the
//! fast engine does not know. What they put in its place is then replayed: the bundle's entry point
//! is evaluated with each such input on both engines, and they must agree.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use regex::Regex;

use crate::clock::Clock;
use crate::policy::bundle::{Bundle, on_large_stack};
use crate::policy::config::{Config, Tests};
use crate::policy::contents::Contents;
use crate::policy::coverage::{Coverage, Covered};
use crate::policy::decision::agree;
use crate::policy::engine::answer;
use crate::policy::engine::document::Document;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::engine::source::Source;
use crate::policy::engine::vm::Machine;
use crate::policy::gate;
use crate::policy::problem::{LoadError, Place, Problem};
use crate::policy::report::{Case, Outcome, Report};

/// The longest a whole run may take; what has not run by then has failed.
const LONGEST: Duration = Duration::from_secs(60);

/// What there is to say about `test_x[name]`, of which only the rows that are true can be seen.
const TABLE: &str = "a test is one rule without a key; write one for each row of the table";

/// Which tests are run, and what is gathered on the way.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only tests whose full path this matches; all without it.
    pub names: Option<Regex>,
    /// Whether to see which lines are evaluated.
    pub lines: Lines,
}

/// Whether the lines that tests evaluate are counted, which costs time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Lines {
    /// They are.
    Counted,
    /// Nobody asks.
    #[default]
    Uncounted,
}

/// Runs the tests in the folder or file that `config` names, whether it requires them or not.
///
/// # Errors
/// If the bundle cannot be loaded; a failing test is no error but part of the report.
pub fn run(config: &Config, clock: &Clock) -> Result<Report, LoadError> {
    run_selected(config, &Selection::default(), clock)
}

/// Runs those of the tests that are selected.
///
/// # Errors
/// As [`run`].
pub fn run_selected(
    config: &Config,
    selection: &Selection,
    clock: &Clock,
) -> Result<Report, LoadError> {
    let untested = Config { tests: Tests::Off, ..config.clone() };
    let bundle = Bundle::load(&untested, clock)?;
    on_large_stack(&config.path, || run_those(&bundle, &Contents::read(config)?, selection, clock))
}

/// Runs the tests in `contents`, from which `bundle` was made.
pub(super) fn run_on(
    bundle: &Bundle,
    contents: &Contents,
    clock: &Clock,
) -> Result<Report, LoadError> {
    run_those(bundle, contents, &Selection::default(), clock)
}

fn run_those(
    bundle: &Bundle,
    contents: &Contents,
    selection: &Selection,
    clock: &Clock,
) -> Result<Report, LoadError> {
    let files = gate::parse(&contents.sources).map_err(LoadError::new)?;
    let data = Document::parse(&contents.data).map_err(|error| {
        Problem::new(Place::file("data.json"), error, "correct the data documents")
    })?;
    let mut interpreter = Interpreter::new(&contents.sources, &data).map_err(LoadError::new)?;
    if selection.lines == Lines::Counted {
        interpreter.count_lines();
    }
    let started = clock.instant();
    let mut run = Run { interpreter, clock, started, files: &files, report: Report::default() };
    for test in gate::tests(&files).into_iter().filter(|test| selection.takes(&test.name)) {
        run.test(test);
    }
    if selection.lines == Lines::Counted {
        let coverage = run.coverage(&contents.sources);
        run.report.cover(coverage);
    }
    if let Some(machine) = bundle.machine() {
        run.replay(bundle, machine, &contents.sources, &gate::inputs(&files));
    }
    Ok(run.report)
}

impl Selection {
    fn takes(&self, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.is_match(name))
    }
}

/// A run under way.
struct Run<'a> {
    files: &'a [gate::File<'a>],
    interpreter: Interpreter,
    clock: &'a Clock,
    started: Instant,
    report: Report,
}

impl Run<'_> {
    fn test(&mut self, test: gate::Test) {
        let started = self.clock.instant();
        let skipped = test.name.rsplit('.').next().is_some_and(|name| name.starts_with("todo_"));
        let outcome = if skipped { Outcome::Skipped } else { self.outcome(&test.name) };
        let duration = started.elapsed();
        let why = if outcome == Outcome::Failed { self.why(&test) } else { String::new() };
        self.report.add(Case { name: test.name, place: test.place, outcome, why, duration });
    }

    /// The first statement of a failed test that is not true, with those before it.
    fn why(&self, test: &gate::Test) -> String {
        let is_true = |step: &gate::Step| {
            let probe = Source { file: PathBuf::from("step.rego"), text: step.probe.clone() };
            self.interpreter.probe(&probe, &step.rule).is_ok_and(|value| value.is_true())
        };
        let failed = gate::steps(self.files, test).into_iter().find(|step| !is_true(step));
        failed.map_or_else(String::new, |step| format!("{}: {}", step.place, step.text))
    }

    fn outcome(&mut self, name: &str) -> Outcome {
        if self.is_late() {
            return Outcome::Error(format!("the run took more than {} s", LONGEST.as_secs()));
        }
        match self.interpreter.evaluate(name, &Document::empty()) {
            Ok(value) if value.is_true() => Outcome::Passed,
            Ok(value) if value.is_object() => Outcome::Error(TABLE.to_owned()),
            Ok(_) => Outcome::Failed,
            Err(failure) => Outcome::Error(failure.to_string()),
        }
    }

    fn is_late(&self) -> bool {
        self.started.elapsed() > LONGEST
    }

    /// The lines that were evaluated; of a file that no test came to, none.
    fn coverage(&self, sources: &[Source]) -> Coverage {
        let mut covered = self.interpreter.counted_lines(sources);
        for file in self.files.iter().filter(|file| !file.source.is_test()) {
            let path = &file.source.file;
            if !covered.iter().any(|one| one.file == *path) {
                let missed = gate::lines(file);
                covered.push(Covered { file: path.clone(), covered: BTreeSet::new(), missed });
            }
        }
        covered.sort_by(|one, other| one.file.cmp(&other.file));
        Coverage::new(covered)
    }

    /// Evaluates the entry point on both engines with every input that tests put in.
    fn replay(
        &mut self,
        bundle: &Bundle,
        mut machine: Machine,
        sources: &[Source],
        inputs: &[gate::TestInput],
    ) {
        let mut interpreter = bundle.interpreter();
        for input in inputs {
            let probe = Source { file: PathBuf::from("replay.rego"), text: input.probe.clone() };
            let Ok(values) = self.interpreter.probe(&probe, &input.rule) else { continue };
            for value in values.elements() {
                if self.is_late() {
                    return;
                }
                let slow = bundle.interpret(&mut interpreter, &value);
                let fast = machine.evaluate(value).and_then(|said| answer::read(&said));
                let difference = (!agree(&slow, &fast)).then(|| {
                    let message = "with this test's input, the two engines disagree";
                    let source = sources.iter().find(|source| source.file == input.place.file);
                    let text = source.map_or("", |source| source.text.as_str());
                    Problem::new(input.place.clone(), message, "").shown_in(text)
                });
                self.report.replay(difference);
            }
        }
    }
}
