//! What a decision costs, and each rule that it may reach.
//!
//! For operators who wonder where the microseconds go. Each rule is evaluated by itself, as if it
//! were the one that decides, with all that it calls: so the figures overlap, and their sum is not
//! the decision's. What is measured is the engine alone; building the input comes before it.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::clock::Clock;
use crate::policy::bundle::{Bundle, on_large_stack};
use crate::policy::config::{Config, Tests};
use crate::policy::contents::Contents;
use crate::policy::engine::document::Document;
use crate::policy::engine::reads::{PARTS, Reads};
use crate::policy::engine::source::Source;
use crate::policy::engine::vm::Image;
use crate::policy::entry;
use crate::policy::failure::Failure;
use crate::policy::gate;
use crate::policy::problem::{LoadError, Place, Problem};

/// The longest that one rule is evaluated again and again.
const WINDOW: Duration = Duration::from_millis(50);

/// The longest that all rules together are.
const WHOLE: Duration = Duration::from_secs(20);

/// How often a rule is evaluated before the clock is looked at.
const BATCH: u32 = 16;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The rule that decides.
    pub query: String,
    /// `fast` or `interpreter`.
    pub engine: &'static str,
    /// What the whole decision costs, without building its input.
    pub decision: Cost,
    /// How many parts of the input its rules can read.
    pub parts_read: usize,
    /// Of how many.
    pub parts: usize,
    /// Whether its answers are remembered.
    pub remembered: bool,
    /// Every rule that it may reach, the dearest first, and last those that cannot be asked.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, Serialize)]
pub struct Rule {
    /// Its full path.
    pub rule: String,
    /// Where it stands first.
    pub place: String,
    /// What it costs with all that it calls; `None` for a function, which only its callers can
    /// give arguments.
    pub cost: Option<Cost>,
}

/// The cost of one evaluation.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cost {
    /// The median over batches of evaluations.
    pub micros: f64,
    /// How many evaluations that rests on.
    pub evaluations: u32,
}

/// Measures the rules that `config` names on `input`, a JSON document; unless one is given, on a
/// plain GET by an agent.
///
/// # Errors
/// If the rules cannot be loaded, or the input is no JSON.
pub fn run(config: &Config, input: Option<&str>, clock: &Clock) -> Result<Report, LoadError> {
    let untested = Config { tests: Tests::Off, ..config.clone() };
    let bundle = Bundle::load(&untested, clock)?;
    let input = Document::parse(input.unwrap_or(GET)).map_err(|error| {
        Problem::new(Place::file("input"), error, "give one JSON document, as rules read it")
    })?;
    on_large_stack(&config.path, || measured(config, &bundle, &input, clock))
}

fn measured(
    config: &Config,
    bundle: &Bundle,
    input: &Document,
    clock: &Clock,
) -> Result<Report, LoadError> {
    let contents = Contents::read(config)?;
    let served: Vec<Source> =
        contents.sources.iter().filter(|source| !source.is_test()).cloned().collect();
    let files = gate::parse(&served).map_err(LoadError::new)?;
    let found = gate::reached(&files, config.query.as_str());
    let shortest = u32::try_from(found.len() + 1).unwrap_or(u32::MAX);
    let bench = Bench { bundle, data: &contents.data, served: &served, input, clock };
    let window = WINDOW.min(WHOLE / shortest);
    let engine = if bundle.is_interpreted() { "interpreter" } else { "fast" };
    let asked: Vec<&str> =
        found.iter().filter(|rule| !rule.is_function).map(|rule| rule.path.as_str()).collect();
    let decision = bench.costs(&[config.query.as_str()], window)?;
    let mut costs = bench.costs(&asked, window)?.into_iter();
    let mut rules: Vec<Rule> = found
        .iter()
        .map(|rule| Rule {
            rule: rule.path.clone(),
            place: rule.place.to_string(),
            cost: if rule.is_function { None } else { costs.next() },
        })
        .collect();
    let micros = |rule: &Rule| rule.cost.map_or(-1.0, |cost| cost.micros);
    rules.sort_by(|one, other| micros(other).total_cmp(&micros(one)));
    let reads = match bundle.is_interpreted() {
        true => Reads::everything(),
        false => gate::reads(&files, &[config.query.as_str()]),
    };
    Ok(Report {
        query: config.query.to_string(),
        engine,
        decision: decision.into_iter().next().unwrap_or(Cost { micros: 0.0, evaluations: 0 }),
        parts_read: PARTS.iter().filter(|(part, _, _)| reads.has(*part)).count(),
        parts: PARTS.len(),
        remembered: reads.is_lasting(),
        rules,
    })
}

/// What rules are measured on.
struct Bench<'a> {
    bundle: &'a Bundle,
    data: &'a str,
    served: &'a [Source],
    input: &'a Document,
    clock: &'a Clock,
}

impl Bench<'_> {
    /// The cost of each of `rules`, on the engine that serves.
    fn costs(&self, rules: &[&str], window: Duration) -> Result<Vec<Cost>, LoadError> {
        if self.bundle.is_interpreted() {
            let mut interpreter = self.bundle.interpreter();
            let costs = rules
                .iter()
                .map(|rule| self.timed(window, || interpreter.evaluate(rule, self.input)));
            return Ok(costs.collect());
        }
        let mut costs = Vec::new();
        for group in rules.chunks(entry::MOST) {
            let data = Document::parse(self.data).map_err(|error| self.refused(error))?;
            let image = Image::compile(self.served, &data, group);
            let image = image.map_err(|error| self.refused(error))?;
            let machine = image.machine(data, self.bundle.instructions());
            let mut machine = machine.ok_or_else(|| self.refused("it does not load".to_owned()))?;
            for entry in 0..group.len() {
                let input = || self.input.clone();
                costs.push(self.timed(window, || machine.evaluate(entry, input())));
            }
        }
        Ok(costs)
    }

    fn refused(&self, message: String) -> LoadError {
        let file = self.served.first().map(|source| source.file.clone()).unwrap_or_default();
        Problem::new(Place::file(file), message, "").into()
    }

    /// Evaluates again and again until `window` is over. A rule that errs costs what it costs.
    fn timed(
        &self,
        window: Duration,
        mut evaluate: impl FnMut() -> Result<Document, Failure>,
    ) -> Cost {
        let mut batch = || {
            let started = self.clock.instant();
            for _ in 0..BATCH {
                let _ = std::hint::black_box(evaluate());
            }
            started.elapsed().as_secs_f64() * 1e6 / f64::from(BATCH)
        };
        // The first evaluations fill caches.
        batch();
        let (started, mut batches) = (self.clock.instant(), Vec::new());
        while batches.is_empty() || started.elapsed() < window {
            batches.push(batch());
        }
        batches.sort_by(f64::total_cmp);
        let micros = batches.get(batches.len() / 2).copied().unwrap_or_default();
        let evaluations = u32::try_from(batches.len()).unwrap_or(u32::MAX).saturating_mul(BATCH);
        Cost { micros, evaluations }
    }
}

/// As a table.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cost { micros, evaluations } = self.decision;
        writeln!(f, "{} on the {} engine", self.query, self.engine)?;
        writeln!(f, "{micros:.2} µs a decision ({evaluations} evaluations), without its input")?;
        let remembered = if self.remembered { "its answers" } else { "no answer" };
        let (read, parts) = (self.parts_read, self.parts);
        writeln!(
            f,
            "reads {read} of {parts} parts of the input; {remembered} may be remembered\n"
        )?;
        writeln!(f, "Each rule by itself, with all that it calls: the figures overlap.\n")?;
        writeln!(f, "{:>9}  {:>8}  {:>11}  rule", "µs", "decision", "evaluations")?;
        for rule in &self.rules {
            match rule.cost {
                Some(cost) => write!(
                    f,
                    "{:>9.2}  {:>6.0} %  {:>11}",
                    cost.micros,
                    100.0 * cost.micros / micros.max(f64::MIN_POSITIVE),
                    cost.evaluations
                )?,
                None => write!(f, "{:>9}  {:>8}  {:>11}", "", "", "a function")?,
            }
            writeln!(f, "  {}  {}", rule.rule, rule.place)?;
        }
        Ok(())
    }
}

/// A plain GET by an agent, as rules read it.
const GET: &str = include_str!("bench.json");
