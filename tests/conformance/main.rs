//! Countersign held against what others have written down: OPA's Rego cases, JSON's minefield.
//!
//! The cases are not part of the repository, so their folder is an argument. What does not come out
//! as written is listed in a file beside this one, under a heading that says why; the list and the
//! outcome must be the same, so it cannot go out of date and grows only by somebody's hand.

mod json;
mod listed;
mod opa;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
cargo test --test conformance -- opa FOLDER     OPA's cases: *.json files with `cases`
cargo test --test conformance -- json FOLDER    JSONTestSuite's `test_parsing`";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let suite = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["opa", folder] => opa::run(Path::new(folder)),
        ["json", folder] => json::run(Path::new(folder)),
        _ => Err(format!("this suite needs the folder with its cases:\n{USAGE}")),
    };
    match suite {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
