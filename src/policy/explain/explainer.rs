//! Asks the rules of one revision again, and looks at how they come to their answer.

use crate::id::DecisionId;
use crate::policy::bundle::on_large_stack;
use crate::policy::contents::Contents;
use crate::policy::decision::{Answer, Decision, Failure};
use crate::policy::edition::Edition;
use crate::policy::engine::answer;
use crate::policy::engine::document::Document;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::engine::source::Source;
use crate::policy::explain::conditions::Prober;
use crate::policy::explain::explanation::{Explanation, Held, RulePlace, Said};
use crate::policy::gate::{self, Names};
use crate::policy::problem::{LoadError, Place, Problem};

/// The rules of one revision, ready to be asked why.
#[derive(Debug)]
pub struct Explainer {
    edition: Edition,
    contents: Contents,
    interpreter: Interpreter,
}

impl Explainer {
    /// Makes the rules ready that `edition` holds. They passed the gate when they were loaded.
    ///
    /// # Errors
    /// If they cannot be read by this version.
    pub fn new(edition: &Edition) -> Result<Self, LoadError> {
        on_large_stack(edition.root(), || {
            let mut contents = Contents::of(edition)?;
            contents.sources.retain(|source| !source.is_test());
            let data = Document::parse(&contents.data).map_err(|error| {
                Problem::new(Place::file("data.json"), error, "correct the data documents")
            })?;
            let interpreter = Interpreter::new(&contents.sources, &data).map_err(LoadError::new)?;
            Ok(Self { edition: edition.clone(), contents, interpreter })
        })
    }

    /// Why the rules answer `input`, which is JSON text, as they do.
    ///
    /// # Errors
    /// If the input is no JSON.
    pub fn explain(&self, input: &str) -> Result<Explanation, LoadError> {
        on_large_stack(self.edition.root(), || {
            let input = Document::parse(input).map_err(|error| {
                Problem::new(Place::file("input"), error, "give the input as one JSON document")
            })?;
            self.explain_here(&input)
        })
    }

    fn explain_here(&self, input: &Document) -> Result<Explanation, LoadError> {
        let files = gate::parse(&self.contents.sources).map_err(LoadError::new)?;
        let names = Names::new(&files);
        let prober = Prober::new(&files, &names, &self.interpreter, input);
        let path: Vec<&str> = self.edition.query().split('.').collect();
        let entry = names.exact(&path);
        let answer = self.answer(input);
        let decision = match answer {
            Ok(answer) => Decision::answered(DecisionId::new(), self.contents.revision, answer),
            Err(failure) => Decision::failed(DecisionId::new(), self.contents.revision, failure),
        };
        let mut because = match decision.failure() {
            Some(failure) => {
                let found = || entry.and_then(|node| prober.erring(node, DEPTH));
                self.erring(failure).or_else(found).into_iter().collect()
            }
            None => entry.map(|node| prober.trace(node)).unwrap_or_default(),
        };
        let codes: Vec<&str> = decision.reasons().iter().map(|one| one.code.as_str()).collect();
        because.sort_by_key(|held| !prober.says(held, &codes));
        Ok(Explanation {
            effect: decision.label(),
            reasons: decision.reasons().iter().map(Said::from).collect(),
            failure: decision.failure().map(Failure::to_string),
            because,
            nearest: entry.and_then(|node| prober.nearest_allow(node)),
        })
    }

    fn answer(&self, input: &Document) -> Result<Answer, Failure> {
        let said = self.interpreter.clone().evaluate(self.edition.query(), input)?;
        answer::read(&said)
    }

    /// The place that an error names, as what made the answer.
    fn erring(&self, failure: &Failure) -> Option<Held> {
        self.contents.sources.iter().find_map(|source| at(source, failure.message()))
    }
}

/// How many rules an error is followed through.
const DEPTH: usize = 6;

/// `file:line:column: …` in that file.
fn at(source: &Source, message: &str) -> Option<Held> {
    let rest = message.strip_prefix(&source.name())?.strip_prefix(':')?;
    let line: u32 = rest.split(':').next()?.parse().ok()?;
    let index = usize::try_from(line).ok()?.checked_sub(1)?;
    let text = source.text.lines().nth(index)?.trim().to_owned();
    let place = Place { file: source.file.clone(), line, column: 0 };
    Some(Held { place: RulePlace::new(&[], &place), text, depth: 0 })
}

impl Prober<'_> {
    /// Whether a definition that held is the one that says one of these reasons.
    fn says(&self, held: &Held, codes: &[&str]) -> bool {
        let path: Vec<&str> = held.place.rule.split('.').collect();
        let Some(node) = self.names.exact(&path) else { return false };
        let definitions = self.definitions(node).into_iter().flatten();
        let mut own = definitions.filter(|one| self.place(one) == held.place);
        own.any(|one| codes.iter().any(|code| self.names_text(&one, code)))
    }
}
