//! `countersign policy …`.

use std::io::{self, Write};

use clap::Subcommand;

use crate::cli::{Exit, policy_bench, policy_check, policy_test};

/// What there is to do with policy.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Find what rules get wrong without the engine saying so, before anything is loaded
    Check(policy_check::Arguments),
    /// Measure what a decision costs, and each rule of it
    Bench(policy_bench::Arguments),
    /// Run a folder's `*_test.rego`, on the engines that serve
    Test(policy_test::Arguments),
}

impl Command {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        match self {
            Self::Check(arguments) => arguments.run(out, err),
            Self::Bench(arguments) => arguments.run(out, err),
            Self::Test(arguments) => arguments.run(out, err),
        }
    }
}
