//! Finds the cases beside the rules, and plays them.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::clock::Clock;
use crate::config::cases::{self, Case, Cases};
use crate::config::{self, Problems};
use crate::policy::Config;
use crate::policy::bundle::Bundle;
use crate::policy::config::Tests;
use crate::policy::problem::{LoadError, Place};
use crate::policy::rehearsal::Rehearsal;
use crate::policy::report::{self, Outcome, Report};
use crate::rehearsal::scene::{Curtain, Scene};
use crate::rehearsal::verdict::Verdict;
use crate::route::Table;

/// Why the cases could not be played.
#[derive(Debug)]
pub enum Unusable {
    /// A file of cases, or the configuration it names, is wrong.
    File(Problems),
    /// The rules cannot be loaded.
    Rules(LoadError),
}

/// Plays every case in `*_cases.yaml` under the rules' folder whose name `names` matches. The routes
/// are those of the configuration at `routes`, or else of the one that the file of cases names.
///
/// # Errors
/// [`Unusable`]; a case that fails is no error but part of the report.
pub fn run(
    policy: &Config,
    routes: Option<&Path>,
    names: Option<&Regex>,
    clock: &Clock,
) -> Result<Report, Unusable> {
    let mut report = Report::default();
    let files = find(&policy.path)?;
    if files.is_empty() {
        return Ok(report);
    }
    let untested = Config { tests: Tests::Off, ..policy.clone() };
    let bundle = Bundle::load(&untested, clock)?;
    for file in files {
        let cases = cases::parse(&file.display().to_string(), &read(&file)?)?;
        let table = routes.or(cases.config.as_deref()).map(table).transpose()?;
        let stage = Stage { bundle: &bundle, table, clock, file: &file };
        stage.play(&cases, names, &mut report);
    }
    Ok(report)
}

/// What all cases of one file share.
struct Stage<'a> {
    bundle: &'a Bundle,
    table: Option<Table>,
    clock: &'a Clock,
    file: &'a Path,
}

impl Stage<'_> {
    fn play(&self, cases: &Cases, names: Option<&Regex>, report: &mut Report) {
        for case in &cases.cases {
            if names.is_some_and(|names| !names.is_match(&case.name)) {
                continue;
            }
            let started = self.clock.instant();
            let played = self.verdict(case);
            let duration = started.elapsed();
            let (outcome, why) = match played.map(|verdict| verdict.against(&case.want)) {
                Ok(difference) if difference.is_empty() => (Outcome::Passed, difference),
                Ok(difference) => (Outcome::Failed, difference),
                Err(why) => (Outcome::Error(why), String::new()),
            };
            let place = Place { file: self.file.to_owned(), line: case.line, column: 0 };
            report.add(report::Case { name: case.name.clone(), place, outcome, why, duration });
        }
    }

    fn verdict(&self, case: &Case) -> Result<Verdict, String> {
        let scene = match Scene::set(case, self.table.as_ref(), self.clock) {
            Ok(scene) => scene,
            Err(Curtain::Refused(failure)) => return Ok(failure.into()),
            Err(Curtain::Broken(why)) => return Err(why),
        };
        let rehearsal = Rehearsal {
            caller: &scene.caller,
            target: &scene.target,
            body: scene.body.as_ref(),
            operations: &scene.operations,
            listener: &case.listener,
            now: scene.now,
        };
        let rehearsed = rehearsal.run(self.bundle);
        if !rehearsed.agreed {
            return Err("the two engines disagree on this request".to_owned());
        }
        Ok(Verdict::from(&rehearsed.decision))
    }
}

/// The routes of a configuration; of what it names only their descriptors are read.
fn table(path: &Path) -> Result<Table, Problems> {
    let (file, mut problems) = config::parse(&path.display().to_string(), &read(path)?)?;
    match file.routes() {
        Ok(routes) => Ok(Table::new(routes)),
        Err(problem) => {
            problems.add(problem);
            Err(problems)
        }
    }
}

fn read(path: &Path) -> Result<String, Problems> {
    fs::read_to_string(path).map_err(|why| unreadable(path, &why))
}

fn unreadable(path: &Path, why: &std::io::Error) -> Problems {
    Problems::unreadable(&path.display().to_string(), why.to_string())
}

/// Every file of cases under `path`, in order; what is hidden is passed over.
fn find(path: &Path) -> Result<Vec<PathBuf>, Problems> {
    let mut found = Vec::new();
    if path.is_dir() {
        visit(path, 0, &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn visit(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Problems> {
    if depth == MAX_FOLDERS {
        return Err(Problems::unreadable(&folder.display().to_string(), "nested too deep"));
    }
    for entry in fs::read_dir(folder).map_err(|why| unreadable(folder, &why))? {
        let path = entry.map_err(|why| unreadable(folder, &why))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            visit(&path, depth + 1, found)?;
        } else if name.ends_with("_cases.yaml") {
            found.push(path);
        }
    }
    Ok(())
}

/// How deep the folders of a bundle may nest.
const MAX_FOLDERS: usize = 16;

impl From<LoadError> for Unusable {
    fn from(why: LoadError) -> Self {
        Self::Rules(why)
    }
}

impl From<Problems> for Unusable {
    fn from(why: Problems) -> Self {
        Self::File(why)
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(why) => write!(f, "{why}"),
            Self::Rules(why) => write!(f, "{why}"),
        }
    }
}

impl std::error::Error for Unusable {}
