//! The entry points: what is evaluated for the requests of each route.
//!
//! A route is judged by the rule that it names, or by the one that all others are. Where there are
//! guardrails, a small module of Countersign's own pairs that rule with theirs, so that both are
//! evaluated at once and what they have in common only once.

use crate::id::RuleName;
use crate::policy::config::Config;
use crate::policy::decision::Answer;
use crate::policy::engine::answer;
use crate::policy::engine::document::Document;
use crate::policy::engine::reads::Reads;
use crate::policy::engine::source::Source;
use crate::policy::failure::{Cause, Failure};
use crate::policy::gate::{self, File};
use crate::policy::guardrail::narrowed;
use crate::policy::problem::{Place, Problem};

/// The most rules that routes may name: the fast engine has a register for each entry point, and
/// 255 registers.
pub(super) const MOST: usize = 200;

/// The package of the pairs.
const PACKAGE: &str = "entry_points_of_countersign";

/// All entry points; the first is for routes that name no rule.
#[derive(Debug)]
pub(super) struct Entries(Vec<Entry>);

/// What is asked about a request: the rule of its route, and the one above all routes.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct EntryPoint {
    /// The route's rule, as a full path.
    pub rule: RuleName,
    /// The rule above it, if there is one; both must agree.
    pub guardrails: Option<RuleName>,
}

/// One entry point, as it is evaluated.
#[derive(Debug)]
pub(super) struct Entry {
    point: EntryPoint,
    /// What is evaluated: the rule, or its pair.
    rule: String,
    /// Where the route's rule stands first.
    place: Place,
    reads: Reads,
}

impl Entries {
    /// The entry points that `config` asks for, over these files.
    pub(super) fn new(
        config: &Config,
        files: &[File<'_>],
        data: &Document,
    ) -> Result<Self, Vec<Problem>> {
        let mut queries: Vec<&RuleName> = vec![&config.query];
        for query in &config.routes {
            if !queries.contains(&query) {
                queries.push(query);
            }
        }
        let mut problems: Vec<Problem> = Vec::new();
        if queries.len() > MOST {
            let message = format!("routes name {} rules; {MOST} is the most", queries.len());
            let fix = "let several routes share a rule that looks at `input.countersign.route`";
            problems.push(Problem::new(Place::file(&config.path), message, fix));
        }
        let named = queries.iter().copied().chain(&config.guardrails);
        problems.extend(named.filter_map(|rule| gate::entry_point(files, rule.as_str())));
        if config.guardrails.is_some() && is_taken(files, data) {
            let message = format!("`data.{PACKAGE}` is Countersign's own");
            problems.push(Problem::new(Place::file(&config.path), message, "rename the package"));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let entry = |(number, query)| Entry::new(number, query, config.guardrails.as_ref(), files);
        Ok(Self(queries.into_iter().enumerate().map(entry).collect()))
    }

    /// The module with the pairs, where there are guardrails.
    pub(super) fn source(&self) -> Option<Source> {
        let mut text = format!("package {PACKAGE}\n");
        for entry in &self.0 {
            let guardrails = entry.point.guardrails.as_ref()?;
            let name = entry.rule.rsplit('.').next()?;
            text += &format!(
                "\n{name} := {{\"{ROUTE}\": {}, \"{GUARDRAILS}\": {guardrails}}}\n",
                entry.point.rule
            );
        }
        Some(Source { file: format!("{PACKAGE}.rego").into(), text })
    }

    /// All of them, in the order in which they are compiled.
    pub(super) fn all(&self) -> &[Entry] {
        &self.0
    }

    /// The number of the one for routes that name `query`.
    pub(super) fn find(&self, query: Option<&RuleName>) -> Option<usize> {
        match query {
            Some(query) => self.0.iter().position(|entry| entry.point.rule == *query),
            None => Some(0),
        }
    }
}

impl Entry {
    fn new(
        number: usize,
        query: &RuleName,
        guardrails: Option<&RuleName>,
        files: &[File<'_>],
    ) -> Self {
        let rule = match guardrails {
            Some(_) => format!("data.{PACKAGE}.entry_{number}"),
            None => query.to_string(),
        };
        let rules: Vec<&str> =
            [Some(query), guardrails].into_iter().flatten().map(RuleName::as_str).collect();
        let reads = gate::reads(files, &rules);
        let place = gate::place_of(files, query.as_str());
        let place = place.unwrap_or_else(|| Place::file("data.json"));
        let point = EntryPoint { rule: query.clone(), guardrails: guardrails.cloned() };
        Self { point, rule, place, reads }
    }

    /// What it asks.
    pub(super) fn point(&self) -> &EntryPoint {
        &self.point
    }

    /// What is evaluated, as a full path.
    pub(super) fn rule(&self) -> &str {
        &self.rule
    }

    /// Where the rule stands, for failures that do not say where they happened.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// What it can read of the input.
    pub(super) fn reads(&self) -> &Reads {
        &self.reads
    }

    /// Reads what the evaluation gave.
    pub(super) fn read(&self, said: &Document) -> Result<Answer, Failure> {
        if self.point.guardrails.is_none() {
            return answer::read(said);
        }
        let guardrails = of("the guardrails", answer::read(&said.member(GUARDRAILS)))?;
        let route = of("the route's rules", answer::read(&said.member(ROUTE)))?;
        narrowed(route, guardrails)
    }
}

/// Says whose the failure is. Where one side has no value the pair has none, and both are named.
fn of(whose: &str, answer: Result<Answer, Failure>) -> Result<Answer, Failure> {
    answer.map_err(|failure| match failure.cause() {
        Cause::Undefined => {
            Failure::new(Cause::Undefined, "no rule of the route, or of the guardrails, answered")
        }
        cause => Failure::new(cause, format!("{whose}: {}", failure.message())),
    })
}

/// Whether somebody else's rules or data stand where the pairs are to be.
fn is_taken(files: &[File<'_>], data: &Document) -> bool {
    files.iter().any(|file| file.in_package(PACKAGE)) || !data.member(PACKAGE).is_undefined()
}

/// The keys of a pair.
const ROUTE: &str = "route";
const GUARDRAILS: &str = "guardrails";
