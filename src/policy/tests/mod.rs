//! Policy as a whole: what is refused, what the interpreter runs, and that the two engines agree.

mod answers;
mod archives;
mod constructs;
mod engines;
mod failures;
mod growth;
mod hostile;
mod operations;
mod pack;
mod packs;
mod snippets;
mod suite;

use std::path::Path;
use std::sync::Arc;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::policy::engine::document::Document;
use crate::policy::judge::Judge;
use crate::policy::{Bundle, Checker, Config, LoadError};

/// The bundle of one file with `rules`, deciding by `data.t.decision`.
fn load(rules: &str) -> Result<Bundle, LoadError> {
    load_all(&[("t.rego", &format!("package t\n\n{rules}\n"))])
}

/// The bundle of these files, deciding by `data.t.decision`.
fn load_all(files: &[(&str, &str)]) -> Result<Bundle, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    write_all(folder.path(), files);
    Bundle::load(&config(folder.path()), &Clock::System)
}

fn write_all(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn config(folder: &Path) -> Config {
    Config { query: "data.t.decision".to_owned(), ..Config::new(folder) }
}

/// A judge over `bundle`, with the metrics it counts in.
fn judge(bundle: Bundle) -> (Judge, Metrics) {
    let metrics = Metrics::new().unwrap();
    let checker = Checker::start(metrics.policy.clone()).unwrap();
    let judge = Judge::new(Arc::new(bundle), checker, metrics.policy.clone(), Clock::System);
    (judge, metrics)
}

fn input(json: &str) -> Document {
    Document::parse(json).unwrap()
}

/// What the load of `rules` was refused for.
fn refusal(rules: &str) -> String {
    load(rules).unwrap_err().to_string()
}
