//! Asks the rules of one revision again, and looks at how they come to their answer.

use std::path::PathBuf;

use crate::id::{DecisionId, RuleName};
use crate::policy::bundle::on_large_stack;
use crate::policy::contents::Contents;
use crate::policy::decision::{Answer, Decision, Effect};
use crate::policy::edition::Edition;
use crate::policy::engine::answer;
use crate::policy::engine::document::Document;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::engine::source::Source;
use crate::policy::entry::{Entries, Entry, EntryPoint};
use crate::policy::explain::conditions::Prober;
use crate::policy::explain::explanation::{Explanation, Held, RulePlace, Said};
use crate::policy::failure::{Cause, Failure};
use crate::policy::gate::{self, Names};
use crate::policy::problem::{LoadError, Place, Problem};

/// The rules of one revision, ready to be asked why.
#[derive(Debug)]
pub struct Explainer {
    root: PathBuf,
    contents: Contents,
    entries: Entries,
    interpreter: Interpreter,
}

impl Explainer {
    /// Makes the rules ready that `edition` holds, as they are asked at `point`. They passed the gate
    /// when they were loaded.
    ///
    /// # Errors
    /// If they cannot be read by this version.
    pub fn new(edition: &Edition, point: &EntryPoint) -> Result<Self, LoadError> {
        on_large_stack(edition.root(), || {
            let mut contents = Contents::of(edition)?;
            contents.sources.retain(|source| !source.is_test());
            let data = Document::parse(&contents.data).map_err(|error| {
                Problem::new(Place::file("data.json"), error, "correct the data documents")
            })?;
            let files = gate::parse(&contents.sources).map_err(LoadError::new)?;
            let entries = Entries::new(&edition.config(point), &files, &data);
            let entries = entries.map_err(LoadError::new)?;
            let pairs = entries.source();
            let sources = contents.sources.iter().chain(&pairs);
            let interpreter = Interpreter::new(sources, &data).map_err(LoadError::new)?;
            Ok(Self { root: edition.root().to_owned(), contents, entries, interpreter })
        })
    }

    /// Why the rules answer `input`, which is JSON text, as they do.
    ///
    /// # Errors
    /// If the input is no JSON.
    pub fn explain(&self, input: &str) -> Result<Explanation, LoadError> {
        on_large_stack(&self.root, || {
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
        let asked = self.asked(&names, input);
        let answer = self.answer(input);
        let decision = match answer {
            Ok(answer) => Decision::answered(DecisionId::new(), self.contents.revision, answer),
            Err(failure) => Decision::failed(DecisionId::new(), self.contents.revision, failure),
        };
        let mut because: Vec<Held> = match decision.failure() {
            Some(failure) => {
                let found = || asked.iter().find_map(|node| prober.erring(*node, DEPTH));
                self.erring(failure).or_else(found).into_iter().collect()
            }
            None => asked.iter().flat_map(|node| prober.trace(*node)).collect(),
        };
        let codes: Vec<&str> = decision.reasons().iter().map(|one| one.code.as_str()).collect();
        because.sort_by_key(|held| !prober.says(held, &codes));
        Ok(Explanation {
            effect: decision.label(),
            reasons: decision.reasons().iter().map(Said::from).collect(),
            failure: decision.failure().map(Failure::to_string),
            because,
            nearest: asked.iter().find_map(|node| prober.nearest_allow(*node)),
        })
    }

    fn answer(&self, input: &Document) -> Result<Answer, Failure> {
        let unasked = || Failure::new(Cause::Undefined, "no rule is asked");
        let entry = self.entries.all().first().ok_or_else(unasked)?;
        let said = self.interpreter.clone().evaluate(entry.rule(), input)?;
        entry.read(&said).map_err(|failure| failure.or_at(entry.place()))
    }

    /// The rules that are asked; one that says no by itself comes before one that agrees.
    fn asked(&self, names: &Names<'_>, input: &Document) -> Vec<usize> {
        let point = self.entries.all().first().map(Entry::point);
        let rules =
            point.into_iter().flat_map(|point| [Some(&point.rule), point.guardrails.as_ref()]);
        let mut rules: Vec<&RuleName> = rules.flatten().collect();
        rules.sort_by_key(|rule| self.agrees(rule, input));
        let named = |rule: &RuleName| names.exact(&rule.as_str().split('.').collect::<Vec<_>>());
        rules.into_iter().filter_map(named).collect()
    }

    fn agrees(&self, rule: &RuleName, input: &Document) -> bool {
        let said = self.interpreter.clone().evaluate(rule.as_str(), input);
        said.and_then(|said| answer::read(&said)).is_ok_and(|said| said.effect == Effect::Allow)
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
