//! A bundle's own tests, as `opa test` runs them, and on both engines.
//!
//! A test is a rule whose name begins with `test_` and that must be true; `todo_` is a test that is
//! passed over. Tests run on the interpreter, because they replace the input with `with`, which the
//! fast engine does not know. What they put in its place is then replayed: the bundle's entry point
//! is evaluated with each such input on both engines, and they must agree.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::policy::bundle::{Bundle, on_large_stack};
use crate::policy::config::{Config, Tests};
use crate::policy::decision::agree;
use crate::policy::engine::document::Document;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::engine::source::Source;
use crate::policy::engine::vm::Machine;
use crate::policy::files::Contents;
use crate::policy::gate;
use crate::policy::problem::{LoadError, Place, Problem};

/// The longest a whole run may take; what has not run by then has failed.
const LONGEST: Duration = Duration::from_secs(60);

/// What came of running a bundle's tests.
#[derive(Clone, Debug, Default)]
pub struct Report {
    cases: Vec<Case>,
    replayed: usize,
    differences: Vec<Problem>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct Case {
    /// The rule's full path.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took.
    pub duration: Duration,
}

/// What came of one test.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Evaluating it went wrong: how.
    Error(String),
    /// It was not true.
    Failed,
    /// It was true.
    Passed,
    /// It is a `todo_`.
    Skipped,
}

/// Runs the tests in the folder or file that `config` names, whether it requires them or not.
///
/// # Errors
/// If the bundle cannot be loaded; a failing test is no error but part of the report.
pub fn run(config: &Config, clock: &Clock) -> Result<Report, LoadError> {
    let untested = Config { tests: Tests::Off, ..config.clone() };
    let bundle = Bundle::load(&untested, clock)?;
    on_large_stack(&config.path, || run_on(&bundle, &Contents::read(&config.path)?, clock))
}

/// Runs the tests in `contents`, from which `bundle` was made.
pub(super) fn run_on(
    bundle: &Bundle,
    contents: &Contents,
    clock: &Clock,
) -> Result<Report, LoadError> {
    let files = gate::parse(&contents.sources).map_err(LoadError::new)?;
    let data = Document::parse(&contents.data).map_err(|error| {
        Problem::new(Place::file("data.json"), error, "correct the data documents")
    })?;
    let interpreter = Interpreter::new(&contents.sources, &data).map_err(LoadError::new)?;
    let started = clock.instant();
    let mut run = Run { interpreter, clock, started, report: Report::default() };
    for test in gate::tests(&files) {
        run.test(test.name, test.place);
    }
    if let Some(machine) = bundle.machine() {
        run.replay(bundle, machine, &contents.sources, &gate::inputs(&files));
    }
    Ok(run.report)
}

/// A run under way.
struct Run<'a> {
    interpreter: Interpreter,
    clock: &'a Clock,
    started: Instant,
    report: Report,
}

impl Run<'_> {
    fn test(&mut self, name: String, place: Place) {
        let started = self.clock.instant();
        let skipped = name.rsplit('.').next().is_some_and(|name| name.starts_with("todo_"));
        let outcome = if skipped { Outcome::Skipped } else { self.outcome(&name) };
        let duration = started.elapsed();
        self.report.cases.push(Case { name, place, outcome, duration });
    }

    fn outcome(&mut self, name: &str) -> Outcome {
        if self.is_late() {
            return Outcome::Error(format!("the run took more than {} s", LONGEST.as_secs()));
        }
        match self.interpreter.evaluate(name, &Document::empty()) {
            Ok(value) if value.is_true() => Outcome::Passed,
            Ok(_) => Outcome::Failed,
            Err(failure) => Outcome::Error(failure.to_string()),
        }
    }

    fn is_late(&self) -> bool {
        self.started.elapsed() > LONGEST
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
                let disagree = (0..bundle.entries().all().len()).any(|entry| {
                    let slow = bundle.interpret(&mut interpreter, entry, &value);
                    !agree(&slow, &bundle.run(&mut machine, entry, value.clone()))
                });
                self.report.replayed += 1;
                if disagree {
                    let message = "with this test's input, the two engines disagree";
                    let source = sources.iter().find(|source| source.file == input.place.file);
                    let text = source.map_or("", |source| source.text.as_str());
                    let problem = Problem::new(input.place.clone(), message, "");
                    self.report.differences.push(problem.shown_in(text));
                }
            }
        }
    }
}

impl Report {
    /// Whether there were tests and none of them failed.
    pub fn passed(&self) -> bool {
        !self.is_empty() && self.problems().is_empty()
    }

    /// Whether there were no tests at all.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Every test, in the order of its name.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// How many inputs of tests were evaluated on both engines.
    pub fn replayed(&self) -> usize {
        self.replayed
    }

    /// The inputs on which the engines disagreed.
    pub(super) fn differences(&self) -> Vec<Problem> {
        self.differences.clone()
    }

    /// The tests that failed.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let failed = self.cases.iter().filter_map(|case| {
            let message = match &case.outcome {
                Outcome::Error(error) => format!("{} ended in an error: {error}", case.name),
                Outcome::Failed => format!("{} failed", case.name),
                Outcome::Passed | Outcome::Skipped => return None,
            };
            let fix = "correct the rules or the test: `countersign policy test` runs it alone";
            Some(Problem::new(case.place.clone(), message, fix))
        });
        failed.collect()
    }

    fn count(&self, outcome: impl Fn(&Outcome) -> bool) -> usize {
        self.cases.iter().filter(|case| outcome(&case.outcome)).count()
    }
}

/// As `opa test -v` prints it.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return write!(f, "no tests found: a test is a rule `test_…` in a file `*_test.rego`");
        }
        let mut file = None;
        for case in &self.cases {
            if file != Some(&case.place.file) {
                writeln!(f, "{}:", case.place.file.display())?;
                file = Some(&case.place.file);
            }
            writeln!(f, "{case}")?;
        }
        writeln!(f, "{}", "-".repeat(80))?;
        for problem in &self.differences {
            writeln!(f, "{problem}")?;
        }
        let total = self.cases.len();
        let lines = [
            ("PASS", self.count(|outcome| *outcome == Outcome::Passed)),
            ("FAIL", self.count(|outcome| *outcome == Outcome::Failed)),
            ("SKIPPED", self.count(|outcome| *outcome == Outcome::Skipped)),
            ("ERROR", self.count(|outcome| matches!(outcome, Outcome::Error(_)))),
        ];
        let shown = lines.iter().filter(|(_, count)| *count > 0);
        let lines: Vec<String> =
            shown.map(|(word, count)| format!("{word}: {count}/{total}")).collect();
        write!(f, "{}", lines.join("\n"))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, detail) = match &self.outcome {
            Outcome::Error(error) => ("ERROR", error.as_str()),
            Outcome::Failed => ("FAIL", ""),
            Outcome::Passed => ("PASS", ""),
            Outcome::Skipped => return write!(f, "{}: SKIPPED", self.name),
        };
        write!(f, "{}: {word} ({:?})", self.name, self.duration)?;
        if detail.is_empty() { Ok(()) } else { write!(f, "\n  {detail}") }
    }
}
