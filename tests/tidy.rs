//! Rules about the source itself, so that nobody has to remember them in a review.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use countersign::metrics::Metrics;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Every Rust file under `folder` with its text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut found) = (vec![root.join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The part of a file that is code: no comments, and nothing from its tests on.
fn code(text: &str) -> String {
    let product = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = product.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("/tests.rs")
}

#[test]
fn a_module_uses_only_modules_listed_above_it() {
    let map = read("src/lib.rs");
    let order: Vec<_> =
        map.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let place = |module: &str| order.iter().position(|one| *one == module);
    let mut wrong = BTreeSet::new();
    for (name, text) in sources("src").iter().filter(|(name, _)| !is_test(name)) {
        let own =
            name.trim_start_matches("src/").trim_end_matches(".rs").split('/').next().unwrap();
        let Some(here) = place(own) else { continue };
        for used in code(text).split("crate::").skip(1) {
            let used: String =
                used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if place(&used).is_some_and(|there| there > here) {
                wrong.insert(format!("{name} uses {used}, which stands below {own}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_library_has_one_home() {
    let homes: [(&str, &[&str]); 10] = [
        ("apollo_parser::", &["src/operation/graphql"]),
        ("jsonwebtoken::", &["src/control"]),
        ("prost_reflect::", &["src/route/protobuf.rs"]),
        ("regorus::", &["src/policy/engine", "src/policy/gate"]),
        ("serde_yaml::", &["src/config/file.rs"]),
        // The others hold one counter that is counted down when they are dropped.
        ("prometheus::", &["src/metrics", "src/listener/connection.rs", "src/proxy/cleaning.rs"]),
        ("clap::", &["src/cli", "src/main.rs"]),
        ("rustls::", &["src/identity", "src/listener", "src/upstream", "src/dev"]),
        ("rcgen::", &["src/dev"]),
        ("sqlx::", &["src/store"]),
    ];
    let mut wrong = Vec::new();
    for (name, text) in sources("src").iter().filter(|(name, _)| !is_test(name)) {
        for (library, homes) in homes {
            let uses = code(text).lines().any(|line| {
                line.match_indices(library).any(|(at, _)| !line[..at].ends_with(['_', ':']))
            });
            if uses && !homes.iter().any(|home| name.starts_with(home)) {
                wrong.push(format!("{name} uses {library}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_says_what_it_is_and_leaves_nothing_undone() {
    let forbidden = [
        concat!("to", "do!("),
        concat!("db", "g!("),
        concat!("#[ig", "nore"),
        concat!("allow(dead", "_code)"),
    ];
    let mut wrong = Vec::new();
    for (name, text) in sources("src").into_iter().chain(sources("tests")) {
        if !text.starts_with("//! ") {
            wrong.push(format!("{name} does not begin with //!"));
        }
        for word in forbidden.iter().filter(|word| code(&text).contains(**word)) {
            wrong.push(format!("{name} holds {word}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_grant_is_issued_in_one_place() {
    let sources = sources("src");
    let calls = sources.iter().filter(|(_, text)| code(text).contains("Grant::issue("));
    let calls: Vec<_> = calls.map(|(name, _)| name.as_str()).collect();
    assert_eq!(calls, ["src/enforce/authorize.rs"]);
}

/// What a metric is called stands in the source only: a family without a sample yet is not encoded.
fn metrics_of_the_source() -> BTreeSet<String> {
    let files = sources("src/metrics").into_iter();
    let source: String = files.map(|(_, text)| code(&text).to_owned()).collect();
    let calls = source.split("(\n").chain(source.split('(')).filter_map(|call| {
        let (registry, rest) = call.trim_start().split_once(',')?;
        let name = rest.trim_start().strip_prefix('"')?.split('"').next()?;
        (registry == "r").then(|| format!("countersign_{name}"))
    });
    calls.collect()
}

#[test]
fn every_metric_is_in_the_operators_page_and_every_one_there_exists() {
    let page = read("docs/operations.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `countersign_"));
    let documented: BTreeSet<_> =
        rows.filter(|row| row.matches('|').count() >= 4).map(named).collect();
    let existing = metrics_of_the_source();
    assert_eq!(existing.symmetric_difference(&documented).collect::<Vec<_>>(), [""; 0]);

    let text = String::from_utf8(Metrics::new().unwrap().encode().unwrap()).unwrap();
    let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let unknown = names.filter(|name| name.starts_with("countersign_"));
    let unknown: Vec<_> = unknown.filter(|name| !existing.contains(*name)).collect();
    assert!(unknown.is_empty(), "not found in the source: {unknown:?}");

    // Alerts and every other page speak of the same ones, histograms also of their series.
    let mut wrong = Vec::new();
    for (name, text) in pages() {
        for word in text.split("countersign_").skip(1).map(named) {
            let family = SERIES.iter().find_map(|series| word.strip_suffix(series));
            let is_one = |family: &str| existing.contains(family);
            if !is_one(&word) && !family.is_some_and(is_one) && word != "countersign_" {
                wrong.push(format!("{name}: {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The metric whose name goes on with `rest`.
fn named(rest: &str) -> String {
    let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    format!("countersign_{}", rest.chars().take_while(is_name).collect::<String>())
}

/// The pages for readers.
fn pages() -> Vec<(String, String)> {
    let docs = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap();
    let names = docs.map(|entry| format!("docs/{}", entry.unwrap().file_name().display()));
    let names = names.filter(|name| name.ends_with(".md")).chain(["README.md".to_owned()]);
    names.map(|name| (name.clone(), read(&name))).collect()
}

/// What a histogram's series are called behind its name.
const SERIES: [&str; 3] = ["_bucket", "_count", "_sum"];
