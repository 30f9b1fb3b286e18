//! The `countersign` command. Everything is in the library; this hands it the command line.

use std::process::ExitCode;

use clap::Parser;
use countersign::cli::{Cli, run};

fn main() -> ExitCode {
    run(Cli::parse())
}
