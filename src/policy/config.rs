//! What an operator says about policy.
//!
//! The values here are already checked and typed; the file they came from is `config`'s affair.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use crate::id::RuleName;
use crate::policy::signing::Signing;

/// Where rules come from and how they are run.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// A folder of `*.rego` files and `data.json` documents, or an archive of them (`.tar.gz`).
    pub path: PathBuf,
    /// Who must have signed the archive; nobody need, if this is `None`.
    pub signing: Option<Signing>,
    /// The rule that decides, as a full path.
    pub query: RuleName,
    /// The rule above every route: it is asked together with the route's, and both must agree.
    pub guardrails: Option<RuleName>,
    /// The rules that routes name to be judged by instead of `query`.
    pub routes: Vec<RuleName>,
    /// Whether the bundle's own tests must pass before it is used.
    pub tests: Tests,
    /// The most instructions of the fast engine that one decision may take.
    pub instructions: u64,
    /// Whether decisions are remembered.
    pub memory: Memory,
    /// How many live decisions are checked again on the interpreter.
    pub shadow: Shadow,
    /// A folder of other rules that are asked the same and decide nothing.
    pub candidate: Option<PathBuf>,
}

impl Config {
    /// The rule that decides, unless the operator names another.
    pub const QUERY: &'static str = "data.countersign.authz.decision";

    /// About 1.2 ms of evaluation on the machine this was measured on.
    pub const INSTRUCTIONS: u64 = 20_000;

    /// The longest one evaluation on the interpreter may take, in wall-clock time: there is no
    /// other limit to it. A tighter one denies requests on a machine that is merely busy.
    pub const INTERPRETER_TIME: Duration = Duration::from_millis(250);

    /// The same for the fast engine, where it only stands behind the instruction cap. A busy machine
    /// was seen to take a worker off its core for a tenth of a second.
    pub const MACHINE_TIME: Duration = Duration::from_secs(2);

    /// The full paths of all rules that requests are judged by.
    pub(super) fn roots(&self) -> Vec<&str> {
        let more = self.routes.iter().chain(&self.guardrails);
        std::iter::once(&self.query).chain(more).map(RuleName::as_str).collect()
    }

    /// The defaults, for the rules under `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            signing: None,
            query: Self::QUERY.into(),
            guardrails: None,
            routes: Vec::new(),
            tests: Tests::Required,
            instructions: Self::INSTRUCTIONS,
            memory: Memory::default(),
            shadow: Shadow::default(),
            candidate: None,
        }
    }

    /// The same for the candidate, if there is one.
    pub fn candidate(&self) -> Option<Self> {
        let path = self.candidate.clone()?;
        Some(Self { path, candidate: None, shadow: Shadow::OFF, ..self.clone() })
    }
}

/// Whether a decision may be given again to who asks the same.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Memory {
    /// Where the rules read nothing that changes by itself.
    #[default]
    Lasting,
    /// Never: each decision is made anew.
    Off,
}

/// Whether a bundle's own tests stand between it and service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tests {
    /// Nobody runs them at load.
    Off,
    /// A bundle with a failing test is not activated.
    Required,
}

/// The share of live decisions that the interpreter re-evaluates: one in so many.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shadow(Option<NonZeroU32>);

impl Shadow {
    /// No decision is checked again.
    pub const OFF: Self = Self(None);

    /// One decision in `n` on each worker; none when `n` is zero.
    pub fn one_in(n: u32) -> Self {
        Self(NonZeroU32::new(n))
    }

    /// Whether the decision with this number (counted from zero) is to be checked.
    pub(super) fn takes(self, number: u64) -> bool {
        self.0.is_some_and(|n| number.is_multiple_of(u64::from(n.get())))
    }
}

impl Default for Shadow {
    fn default() -> Self {
        Self::one_in(1000)
    }
}
