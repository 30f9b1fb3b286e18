//! Test reports for programs: the JSON of `opa test`, and JUnit's XML.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::policy::coverage::{Coverage, Covered};
use crate::policy::report::{Case, Outcome, Report};

/// Writes the tests as `opa test --format json` does.
pub(super) fn json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let cases: Vec<Value> = report.cases().iter().map(case).collect();
    writeln!(out, "{}", serde_json::to_string_pretty(&cases)?)
}

fn case(case: &Case) -> Value {
    let (package, name) = case.name.rsplit_once('.').unwrap_or(("", &case.name));
    let nanoseconds = u64::try_from(case.duration.as_nanos()).unwrap_or(u64::MAX);
    let mut object = json!({
        "location": {
            "file": case.place.file.to_string_lossy(),
            "row": case.place.line,
            "col": case.place.column,
        },
        "package": package,
        "name": name,
        "duration": nanoseconds,
    });
    match &case.outcome {
        Outcome::Error(error) => object["error"] = json!({ "message": error }),
        Outcome::Failed => object["fail"] = Value::Bool(true),
        Outcome::Passed => {}
        Outcome::Skipped => object["skip"] = Value::Bool(true),
    }
    if !case.why.is_empty() {
        object["why"] = Value::String(case.why.clone());
    }
    object
}

/// Writes what was covered as `opa test --coverage --format json` does.
pub(super) fn coverage(coverage: &Coverage, out: &mut dyn Write) -> io::Result<()> {
    let files = coverage.files().iter();
    let files: Map<String, Value> =
        files.map(|file| (file.file.to_string_lossy().into_owned(), covered(file))).collect();
    let (covered, missed) = coverage.lines();
    let whole = json!({
        "files": files,
        "covered_lines": covered,
        "not_covered_lines": missed,
        "coverage": coverage.percent(),
    });
    writeln!(out, "{}", serde_json::to_string_pretty(&whole)?)
}

fn covered(file: &Covered) -> Value {
    let rows = |lines: &BTreeSet<u32>| -> Vec<Value> {
        lines.iter().map(|row| json!({ "start": { "row": row }, "end": { "row": row } })).collect()
    };
    json!({
        "covered": rows(&file.covered),
        "not_covered": rows(&file.missed),
        "covered_lines": file.covered.len(),
        "not_covered_lines": file.missed.len(),
        "coverage": file.percent(),
    })
}

/// Writes the tests as JUnit's XML, one suite a run.
pub(super) fn junit(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let cases = report.cases();
    let count = |wanted: fn(&Outcome) -> bool| cases.iter().filter(|c| wanted(&c.outcome)).count();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites><testsuite name="countersign policy test" tests="{}" failures="{}" errors="{}" skipped="{}" time="{}">"#,
        cases.len(),
        count(|outcome| *outcome == Outcome::Failed),
        count(|outcome| matches!(outcome, Outcome::Error(_))),
        count(|outcome| *outcome == Outcome::Skipped),
        cases.iter().map(|case| case.duration).sum::<Duration>().as_secs_f64(),
    )?;
    for case in cases {
        let (package, name) = case.name.rsplit_once('.').unwrap_or(("", &case.name));
        write!(
            out,
            r#"<testcase classname="{}" name="{}" file="{}" line="{}" time="{}">"#,
            escaped(package),
            escaped(name),
            escaped(&case.place.file.to_string_lossy()),
            case.place.line,
            case.duration.as_secs_f64(),
        )?;
        match &case.outcome {
            Outcome::Error(error) => write!(out, "<error>{}</error>", escaped(error))?,
            Outcome::Failed => write!(out, "<failure>{}</failure>", escaped(&case.why))?,
            Outcome::Passed => {}
            Outcome::Skipped => write!(out, "<skipped/>")?,
        }
        writeln!(out, "</testcase>")?;
    }
    writeln!(out, "</testsuite></testsuites>")
}

/// A text as it may stand in XML, where most control characters may not stand at all.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(character),
            control if control.is_control() => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::{json as write_json, junit};
    use crate::policy::problem::Place;
    use crate::policy::report::{Case, Outcome, Report};

    /// One test of each outcome.
    fn report() -> Report {
        let mut report = Report::default();
        let outcomes = [
            ("data.a.test_good", Outcome::Passed, ""),
            ("data.a.test_bad", Outcome::Failed, "a < \"b\" & c"),
            ("data.a.test_broken", Outcome::Error("why\u{1}".to_owned()), ""),
            ("data.a.todo_later", Outcome::Skipped, ""),
        ];
        for (line, (name, outcome, why)) in (1..).zip(outcomes) {
            let place = Place { file: "a_test.rego".into(), line, column: 1 };
            let duration = Duration::from_micros(1500);
            let (name, why) = (name.to_owned(), why.to_owned());
            report.add(Case { name, place, outcome, why, duration });
        }
        report
    }

    fn written(write: fn(&Report, &mut dyn std::io::Write) -> std::io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&report(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_json_is_that_of_opa_test() {
        let cases: Value = serde_json::from_str(&written(write_json)).unwrap();
        let good = json!({
            "location": {"file": "a_test.rego", "row": 1, "col": 1},
            "package": "data.a", "name": "test_good", "duration": 1_500_000,
        });
        assert_eq!(cases[0], good);
        assert_eq!(cases[1]["fail"], true);
        assert_eq!(cases[2]["error"]["message"], "why\u{1}");
        assert_eq!(cases[3]["skip"], true);
    }

    #[test]
    fn the_junit_report_counts_and_escapes() {
        let xml = written(junit);
        assert!(xml.contains(r#"tests="4" failures="1" errors="1" skipped="1" time="0.006""#));
        assert!(xml.contains("<failure>a &lt; &quot;b&quot; &amp; c</failure>"), "{xml}");
        assert!(xml.contains("<error>why\u{fffd}</error>"), "{xml}");
        assert!(xml.contains(r#"classname="data.a" name="todo_later""#), "{xml}");
    }
}
