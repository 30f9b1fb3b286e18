//! What came of running tests, and how it is told on a terminal.
//!
//! It reads like `opa test`, so that whoever knows the one can read the other.

use std::fmt;
use std::time::Duration;

use crate::policy::coverage::Coverage;
use crate::policy::problem::{Place, Problem};

/// What came of running tests.
#[derive(Clone, Debug, Default)]
pub struct Report {
    cases: Vec<Case>,
    replayed: usize,
    differences: Vec<Problem>,
    coverage: Option<Coverage>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct Case {
    /// The rule's full path, or what a case in YAML is called.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// What came of it.
    pub outcome: Outcome,
    /// Where it has failed: what was wanted, or the expression that was not true; may be empty.
    pub why: String,
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

/// Which tests a report shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Detail {
    /// All of them.
    Everything,
    /// Those that failed.
    Failures,
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

    /// Which lines of the rules the tests evaluated, where that was asked for.
    pub fn coverage(&self) -> Option<&Coverage> {
        self.coverage.as_ref()
    }

    /// Adds one test.
    pub fn add(&mut self, case: Case) {
        self.cases.push(case);
    }

    /// Adds all that another report says.
    pub fn absorb(&mut self, other: Self) {
        self.cases.extend(other.cases);
        self.replayed += other.replayed;
        self.differences.extend(other.differences);
        match (&mut self.coverage, other.coverage) {
            (Some(ours), Some(theirs)) => ours.absorb(theirs),
            (ours, theirs) => *ours = ours.take().or(theirs),
        }
    }

    /// The report for a terminal.
    pub fn shown(&self, detail: Detail) -> impl fmt::Display {
        Shown { report: self, detail }
    }

    /// Counts one more input that both engines were asked about, and what was wrong with that.
    pub(super) fn replay(&mut self, difference: Option<Problem>) {
        self.replayed += 1;
        self.differences.extend(difference);
    }

    pub(super) fn cover(&mut self, coverage: Coverage) {
        self.coverage = Some(coverage);
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
                Outcome::Failed if case.why.is_empty() => format!("{} failed", case.name),
                Outcome::Failed => format!("{} failed: {}", case.name, case.why),
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
        fmt::Display::fmt(&self.shown(Detail::Everything), f)
    }
}

/// A report on its way to a terminal.
struct Shown<'a> {
    report: &'a Report,
    detail: Detail,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        if report.is_empty() {
            return write!(f, "no tests found: a test is a rule `test_…` in a file `*_test.rego`");
        }
        let (mut file, mut any) = (None, false);
        for case in report.cases.iter().filter(|case| case.is_shown(self.detail)) {
            any = true;
            if file != Some(&case.place.file) {
                writeln!(f, "{}:", case.place.file.display())?;
                file = Some(&case.place.file);
            }
            writeln!(f, "{case}")?;
        }
        if any {
            writeln!(f, "{}", "-".repeat(80))?;
        }
        for problem in &report.differences {
            writeln!(f, "{problem}")?;
        }
        let total = report.cases.len();
        let lines = [
            ("PASS", report.count(|outcome| *outcome == Outcome::Passed)),
            ("FAIL", report.count(|outcome| *outcome == Outcome::Failed)),
            ("SKIPPED", report.count(|outcome| *outcome == Outcome::Skipped)),
            ("ERROR", report.count(|outcome| matches!(outcome, Outcome::Error(_)))),
        ];
        let counted = lines.iter().filter(|(_, count)| *count > 0);
        let lines: Vec<String> =
            counted.map(|(word, count)| format!("{word}: {count}/{total}")).collect();
        write!(f, "{}", lines.join("\n"))
    }
}

impl Case {
    /// Whether it was run and neither failed nor erred.
    pub fn is_good(&self) -> bool {
        matches!(self.outcome, Outcome::Passed | Outcome::Skipped)
    }

    fn is_shown(&self, detail: Detail) -> bool {
        detail == Detail::Everything || !self.is_good()
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, detail) = match &self.outcome {
            Outcome::Error(error) => ("ERROR", error.as_str()),
            Outcome::Failed => ("FAIL", self.why.as_str()),
            Outcome::Passed => ("PASS", ""),
            Outcome::Skipped => return write!(f, "{}: SKIPPED", self.name),
        };
        write!(f, "{}: {word} ({:?})", self.name, self.duration)?;
        for line in detail.lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}
