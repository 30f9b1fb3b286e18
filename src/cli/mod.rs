//! The command line: what is typed, what is printed, and the exit code.
//!
//! Standard output is the result, standard error the talk. No secret is ever an argument.

mod answer;
mod audit;
mod check;
mod dev;
mod eval;
mod explain;
mod policy;
mod policy_bench;
mod policy_report;
mod policy_test;
mod not;
mod proposal;
mod replay;
mod policy_check;
mod review;
mod revoke;
mod serve;
mod signing;
mod standing;
mod stored;
mod suggest;
mod task;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::schema;
use crate::log;

/// A reverse proxy that splits proposal from execution for AI agents.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, max_term_width = 100)]
pub struct Cli {
    /// What to log: a level, or directives such as `countersign::proxy=debug` [default: info]
    #[arg(long, global = true, env = "COUNTERSIGN_LOG")]
    log_level: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say yes to a proposal, with a signature
    Approve(answer::Approve),
    /// Read, verify and search the audit trail
    #[command(subcommand)]
    Audit(audit::Command),
    /// Load everything that a configuration names, say everything that is wrong, start nothing
    Check(check::Arguments),
    /// Print the configuration's JSON Schema
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Say no to a proposal, with a signature
    Deny(answer::Deny),
    /// Run a whole deployment on this machine, to try and to develop against
    Dev(dev::Arguments),
    /// Say why a decision was made
    Explain(explain::Arguments),
    /// Check, test and try policy bundles
    #[command(subcommand)]
    Policy(policy::Command),
    /// Look at what agents have put forward
    #[command(subcommand)]
    Proposal(proposal::Command),
    /// Walk through what waits for you, and answer it
    Review(review::Review),
    /// Take back at once what an agent, a credential, a task or a trust domain may do
    #[command(subcommand)]
    Revoke(revoke::Command),
    /// Serve agents
    Serve(serve::Arguments),
    /// Agree to some requests in advance: so many, of one shape, for a while
    #[command(subcommand)]
    Standing(standing::Command),
    /// Look at the tasks that agents work on, and end them
    #[command(subcommand)]
    Task(task::Command),
    /// Take back a yes that you have given, until it is sent
    Withdraw(answer::Withdraw),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print the JSON Schema of `countersign.yaml`
    Schema,
}

/// How a command ended. The numbers are stable; scripts rely on them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// A configuration, a policy or its tests are wrong.
    Configuration = 3,
    /// Whoever asked may not.
    NotPermitted = 4,
    /// There is no such thing.
    NotFound = 5,
    /// A person said no.
    Denied = 6,
    /// It was not decided, or not carried out, in time.
    Pending = 7,
    /// Something did not verify.
    Unverified = 8,
    /// It is not what it was when it was looked at.
    Conflict = 9,
    /// There are differences, and whoever asked wanted to know by the exit code.
    Different = 10,
}

/// Does what the command line says.
pub fn run(cli: Cli) -> ExitCode {
    let out = &mut io::stdout().lock();
    let err = &mut io::stderr();
    let level = cli.log_level.as_deref();
    let ended = match cli.command {
        Command::Approve(arguments) => arguments.run(out, err),
        Command::Audit(command) => command.run(out, err),
        Command::Check(arguments) => arguments.run(out, err),
        Command::Config(ConfigCommand::Schema) => {
            writeln!(out, "{}", schema()).map(|()| Exit::Done)
        }
        Command::Deny(arguments) => arguments.run(out, err),
        Command::Dev(arguments) => arguments.run(level, out, err),
        Command::Explain(arguments) => arguments.run(out, err),
        Command::Policy(command) => command.run(out, err),
        Command::Proposal(command) => command.run(out, err),
        Command::Review(arguments) => arguments.run(out, err),
        Command::Revoke(command) => command.run(out, err),
        Command::Serve(arguments) => {
            log::start(level.unwrap_or("info"));
            arguments.run(err)
        }
        Command::Standing(command) => command.run(out, err),
        Command::Task(command) => command.run(out, err),
        Command::Withdraw(arguments) => arguments.run(out, err),
    };
    let exit = ended.unwrap_or_else(|why| {
        // If even this cannot be said, nobody is there to hear it.
        let _ = writeln!(err, "error: {why}");
        Exit::Failed
    });
    ExitCode::from(exit as u8)
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Where the configuration is.
#[derive(Debug, clap::Args)]
struct ConfigPath {
    /// The configuration file
    #[arg(short, long, env = "COUNTERSIGN_CONFIG", default_value = "countersign.yaml")]
    config: PathBuf,
}
