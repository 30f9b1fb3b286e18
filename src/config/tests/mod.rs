//! Broken files and what is said about them; the good ones; and laws.
//!
//! Each file in `broken/` stands beside the exact text that an operator reads. After a change that
//! is meant, `UPDATE=1 cargo test --lib config::tests` writes those texts anew: read the difference.

mod laws;
mod reference;

use std::path::{Path, PathBuf};

use crate::config::upstreams::Scheme;
use crate::config::{Code, Severity, parse};
use crate::route::protobuf::tests::till;

const GOOD: &str = include_str!("good.yaml");

#[test]
fn descriptors_are_read_from_a_file_that_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.pb");
    let route = format!(
        "routes:\n  till: {{ hosts: [till.example.org], upstream: orders, protocol: grpc, inspect: \
         {{ body: grpc, descriptors: {} }} }}\n",
        path.display()
    );
    let (file, _) = parse("countersign.yaml", &GOOD.replace("routes:\n", &route)).unwrap();
    assert_eq!(file.descriptors().collect::<Vec<_>>(), [path.as_path()]);
    let missing = file.routes().unwrap_err();
    assert_eq!(missing.code, Code::Unusable);
    std::fs::write(&path, "syntax = \"proto3\";").unwrap();
    assert!(file.routes().unwrap_err().message.contains("shop.pb"));
    std::fs::write(&path, till()).unwrap();
    assert!(file.routes().is_ok());
}

#[test]
fn every_broken_file_is_answered_in_exactly_these_words() {
    let mut wrong = Vec::new();
    for file in broken() {
        let text = std::fs::read_to_string(&file).unwrap();
        let said = match parse("countersign.yaml", &text) {
            Ok((_, warnings)) => warnings.to_string(),
            Err(problems) => problems.to_string(),
        };
        let expected = file.with_extension("txt");
        if refreshes() {
            std::fs::write(&expected, format!("{said}\n")).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != format!("{said}\n") {
            wrong.push(format!("{}:\n{said}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}\nUPDATE=1 accepts these", wrong.join("\n"));
}

#[test]
fn no_answer_repeats_a_secret() {
    for file in broken() {
        let text = std::fs::read_to_string(&file).unwrap();
        let said = match parse("countersign.yaml", &text) {
            Ok((_, warnings)) => format!("{warnings} {warnings:?}"),
            Err(problems) => format!("{problems} {problems:?}"),
        };
        assert!(!said.contains("hunter2"), "{}: {said}", file.display());
    }
}

#[test]
fn every_code_is_provoked_by_some_broken_file() {
    let mut seen: Vec<Code> = Vec::new();
    for file in broken() {
        let text = std::fs::read_to_string(&file).unwrap();
        let problems = match parse("countersign.yaml", &text) {
            Ok((_, warnings)) => warnings,
            Err(problems) => problems,
        };
        seen.extend(problems.iter().map(|problem| problem.code));
    }
    let elsewhere = [Code::Unreadable, Code::Depth, Code::Overflow, Code::Unusable];
    let unseen: Vec<_> =
        Code::ALL.iter().filter(|code| !seen.contains(code) && !elsewhere.contains(code)).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

#[test]
fn all_mistakes_are_reported_in_one_run() {
    let text = std::fs::read_to_string(folder().join("broken/several_at_once.yaml")).unwrap();
    let problems = parse("countersign.yaml", &text).unwrap_err();
    assert_eq!(problems.errors(), 6, "{problems}");
    assert!(problems.iter().all(|problem| problem.place.is_some()), "{problems}");
}

#[test]
fn a_good_file_has_no_problems_and_its_paths_start_from_its_folder() {
    let (file, warnings) = parse("/etc/countersign/countersign.yaml", GOOD).unwrap();
    assert!(warnings.is_empty(), "{warnings}");
    assert_eq!(file.identity.svid.cert, Path::new("/etc/countersign/pki/countersign.pem"));
    assert_eq!(file.policy.unwrap().path, Path::new("/etc/countersign/rules/"));
    let origin = file.upstreams["orders"].origins().next().unwrap().clone();
    assert_eq!(
        (origin.scheme, origin.host.as_str(), origin.port),
        (Scheme::Https, "orders.internal", 9443)
    );
}

#[test]
fn warnings_alone_do_not_refuse_a_file() {
    let text = std::fs::read_to_string(folder().join("broken/warnings_only.yaml")).unwrap();
    let (_, warnings) = parse("countersign.yaml", &text).unwrap();
    assert!(warnings.warnings() >= 3, "{warnings}");
    assert!(warnings.iter().all(|problem| problem.code.severity() == Severity::Warning));
}

#[test]
fn too_large_too_deep_and_too_many_are_bounded() {
    let large = "a".repeat(super::file::MAX_FILE + 1);
    let deep = format!("{GOOD}more: {}{}\n", "[".repeat(100), "]".repeat(100));
    let many = format!("{GOOD}more: [{}]\n", "x,".repeat(300_000));
    let wrong: String = (0..500).map(|at| format!("x{at}: 1\n")).collect();
    for (text, code) in [
        (large, Code::Unreadable),
        (deep, Code::Depth),
        (many, Code::Depth),
        (wrong, Code::Overflow),
    ] {
        let problems = parse("countersign.yaml", &text).unwrap_err();
        assert!(problems.iter().any(|problem| problem.code == code), "{code}");
        assert!(problems.iter().count() <= 101);
    }
    assert!(parse("countersign.yaml", &"[".repeat(500_000)).is_err());
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/tests")
}

/// The files in `broken/`, in order.
fn broken() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder().join("broken")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    files.sort();
    assert!(files.len() > 30);
    files
}

/// Whether expected texts are to be written rather than compared.
fn refreshes() -> bool {
    std::env::var_os("UPDATE").is_some()
}
