//! What the gate says of a bundle that may be served, and the engines made from it.
//!
//! Nothing of a bundle is compiled before it is cleared, and nothing is cleared in part.

use crate::policy::config::Config;
use crate::policy::contents::Contents;
use crate::policy::engine::document::Document;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::engine::source::Source;
use crate::policy::engine::vm::Image;
use crate::policy::entry::{Entries, Entry};
use crate::policy::gate::{self, Bill};
use crate::policy::masking::Masking;
use crate::policy::problem::{LoadError, Place, Problem};

/// What the gate found out about a bundle that may be served.
#[derive(Debug)]
pub(super) struct Clearance {
    data: Document,
    /// What is evaluated for each route.
    pub(super) entries: Entries,
    /// What evaluations may take.
    pub(super) bill: Bill,
    /// The bundle's own rule about what nobody is to read.
    pub(super) masking: Option<Masking>,
    differences: Vec<Problem>,
}

/// What answers: the interpreter always, the image where it may.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) interpreter: Interpreter,
    pub(super) image: Option<Image>,
    /// Why there is no image.
    pub(super) differences: Vec<Problem>,
}

impl Clearance {
    /// Holds `contents` against every check there is.
    ///
    /// # Errors
    /// Every problem that was found.
    pub(super) fn new(contents: &Contents, config: &Config) -> Result<Self, LoadError> {
        let files = gate::parse(&contents.sources).map_err(LoadError::new)?;
        let (bill, mut problems) = match gate::refusals(&files, &contents.data, &config.roots()) {
            Ok(bill) => (bill, Vec::new()),
            Err(problems) => (Bill::default(), problems),
        };
        problems.extend(gate::strays(&files, &contents.manifest));
        let (served, _tests): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| !file.source.is_test());
        let data = Document::parse(&contents.data).map_err(|error| {
            Problem::new(Place::file("data.json"), error, "correct the data documents")
        })?;
        let entries = match Entries::new(config, &served, &data) {
            Ok(entries) if problems.is_empty() => entries,
            Ok(_) => return Err(LoadError::new(problems)),
            Err(more) => {
                problems.extend(more);
                return Err(LoadError::new(problems));
            }
        };
        let masking = Masking::find(&served, &contents.data, &data).map_err(LoadError::new)?;
        let differences = gate::differences(&served, &contents.data);
        Ok(Self { data, entries, bill, masking, differences })
    }

    /// Makes both engines.
    ///
    /// # Errors
    /// Whatever the interpreter refuses; what the fast engine refuses is a difference.
    pub(super) fn compile(&self, contents: &Contents) -> Result<Compiled, LoadError> {
        let pairs = self.entries.source();
        let served = contents.sources.iter().filter(|source| !source.is_test());
        let served: Vec<&Source> = served.chain(&pairs).collect();
        let interpreter = Interpreter::new(served.iter().copied(), &self.data);
        let interpreter = interpreter.map_err(LoadError::new)?;
        let mut differences = self.differences.clone();
        let image = match differences.is_empty() {
            true => self.image(&served).map_err(|problem| differences.push(problem)).ok(),
            false => None,
        };
        Ok(Compiled { interpreter, image, differences })
    }

    fn image(&self, served: &[&Source]) -> Result<Image, Problem> {
        let rules: Vec<&str> = self.entries.all().iter().map(Entry::rule).collect();
        Image::compile(served.iter().copied(), &self.data, &rules).map_err(|message| {
            let file = served.first().map(|source| source.file.clone()).unwrap_or_default();
            Problem::new(Place::file(file), message, "")
        })
    }
}
