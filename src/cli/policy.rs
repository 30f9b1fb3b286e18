//! `countersign policy …`.

use std::io::{self, Write};

use clap::Subcommand;

use crate::cli::{Exit, eval, policy_bench, policy_check, policy_test, replay, suggest};

/// What there is to do with policy.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Find what rules get wrong without the engine saying so, before anything is loaded
    Check(policy_check::Arguments),
    /// Measure what a decision costs, and each rule of it
    Bench(policy_bench::Arguments),
    /// Say what rules answer to an input, and why
    Eval(eval::Arguments),
    /// Ask other rules about the decisions of the last days, and say what would change
    Replay(replay::Arguments),
    /// Draft rules that allow what one agent did and nothing else, for a person to read
    Suggest(suggest::Arguments),
    /// Run a folder's `*_test.rego`, on the engines that serve
    Test(policy_test::Arguments),
}

impl Command {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        match self {
            Self::Check(arguments) => arguments.run(out, err),
            Self::Bench(arguments) => arguments.run(out, err),
            Self::Eval(arguments) => arguments.run(out, err),
            Self::Replay(arguments) => arguments.run(out, err),
            Self::Suggest(arguments) => arguments.run(out, err),
            Self::Test(arguments) => arguments.run(out, err),
        }
    }
}
