//! Cases, played: what passes, what fails and says why, and what cannot be played.

use std::path::Path;

use regex::Regex;

use crate::clock::Clock;
use crate::policy::Config;
use crate::policy::report::{Outcome, Report};
use crate::rehearsal::run;

const RULES: &str = r#"package t

default decision := false

decision := {"allowed": true, "labels": ["reading"], "obligations": [
	{"type": "request_header", "name": "x-team", "value": "payments"},
]} if {
	input.attributes.request.http.method == "GET"
	input.countersign.route == "orders"
}

decision := {
	"allowed": false,
	"approval": {"quorum": 1},
	"amount": {"unit": "EUR", "value": input.parsed_body.amount},
} if {
	input.parsed_body.amount == 7
}

decision := {"allowed": true, "headers": {"transfer-encoding": "chunked"}} if {
	input.countersign.time.hour == 3
	input.attributes.request.http.method == "PUT"
}

decision := {"allowed": 1} if input.attributes.request.http.method == "HEAD"
"#;

/// What came of `cases`, the list of a file.
fn played(cases: &str) -> Result<Report, String> {
    played_with(cases, None)
}

fn played_with(cases: &str, names: Option<&str>) -> Result<Report, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.rego"), RULES).unwrap();
    std::fs::write(folder.path().join("t_cases.yaml"), format!("cases:\n{cases}")).unwrap();
    let policy = Config { query: "data.t.decision".into(), ..Config::new(folder.path()) };
    let names = names.map(|names| Regex::new(names).unwrap());
    let report = run(&policy, None, names.as_ref(), &Clock::System);
    report.map_err(|why| why.to_string())
}

/// What a case about `request` says if it wants `want`: nothing if that comes out.
fn difference(request: &str, want: &str) -> String {
    let agent = "spiffe://example.org/a";
    let case = format!("  - {{name: n, agent: \"{agent}\", {request}, want: {{{want}}}}}\n");
    let report = played(&case).unwrap();
    match &report.cases()[0].outcome {
        Outcome::Error(why) => why.clone(),
        _ => report.cases()[0].why.clone(),
    }
}

#[test]
fn each_way_to_end_can_be_wanted() {
    let get = "route: orders, request: {url: \"https://h/x\"}";
    let terms =
        "decision: allow, labels: [reading], obligations: [\"request_header x-team: payments\"]";
    assert_eq!(difference(get, terms), "");
    let get = "route: others, request: {url: \"https://h/x\"}";
    assert_eq!(difference(get, "decision: deny, code: denied"), "");
    let post = "request: {method: POST, url: \"https://h/x\", body: {amount: 7}}";
    let asks = "decision: approval, code: approval_required, amount: 7 EUR";
    assert_eq!(difference(post, asks), "");
    let unclear = "request: {method: HEAD, url: \"https://h/x\"}";
    assert_eq!(difference(unclear, "decision: error, code: policy_error"), "");
    let unmet = "at: \"2026-11-23T03:10:00Z\", request: {method: PUT, url: \"https://h/x\"}";
    assert_eq!(difference(unmet, "decision: error, code: policy_error"), "");
    let dots = "request: {url: \"https://h/a/../b\"}";
    assert_eq!(difference(dots, "decision: refused, code: path_dot_segment"), "");
    let twice = "request: {method: POST, url: \"https://h/\", headers: {content-type: application/json}, \
                 body: '{\"amount\": 1, \"amount\": 7}'}";
    assert_eq!(difference(twice, "decision: refused, code: json_duplicate_key"), "");
}

#[test]
fn a_failing_case_says_what_it_got() {
    let get = "route: orders, request: {url: \"https://h/x\"}";
    assert_eq!(difference(get, "decision: deny"), "wanted deny, got allow");
    assert_eq!(difference(get, "decision: allow, labels: []"), "wanted labels [], got [reading]");
    assert_eq!(
        difference(get, "decision: allow, obligations: []"),
        "wanted obligations [], got [request_header x-team: payments]"
    );
    assert_eq!(difference(get, "decision: allow, amount: 1 EUR"), "wanted amount 1 EUR, got none");
    let dots = "request: {url: \"https://h/a/../b\"}";
    let why = difference(dots, "decision: deny");
    assert!(why.starts_with("wanted deny, got refused (path_dot_segment): "), "{why}");
    let unmet = "at: \"2026-11-23T03:10:00Z\", request: {method: PUT, url: \"https://h/x\"}";
    let why = difference(unmet, "decision: allow");
    assert!(why.contains("transfer-encoding"), "{why}");
}

#[test]
fn a_case_that_cannot_be_played_is_an_error_and_no_pass() {
    let wanted = "decision: refused";
    let http = difference("request: {url: \"http://h/x\"}", wanted);
    assert_eq!(http, "`request`: the url must begin with https://");
    let time = difference("at: yesterday, request: {url: \"https://h/x\"}", wanted);
    assert!(time.starts_with("`at`: "), "{time}");
    let header = difference("request: {url: \"https://h/x\", headers: {\"a b\": c}}", wanted);
    assert!(header.contains("header `a b` cannot be sent"), "{header}");
}

#[test]
fn a_misspelt_key_is_refused_with_its_place() {
    let case = "  - {name: n, agent: a, request: {url: u}, want: {decison: allow}}\n";
    let refused = played(case).unwrap_err();
    assert!(refused.contains("unknown field `decison`"), "{refused}");
    assert!(refused.contains("t_cases.yaml:2:"), "{refused}");
    let case = "  - {name: n, agent: a, request: {url: u}, want: {decision: yes}}\n";
    assert!(played(case).unwrap_err().contains("cannot be this word"));
    let case = "  - {name: n, agent: a, request: {url: u}}\n";
    assert!(played(case).unwrap_err().contains("`want` is missing"));
}

#[test]
fn cases_have_a_line_and_can_be_selected_by_name() {
    let case = |name: &str| {
        format!(
            "  - name: {name}\n    agent: spiffe://example.org/a\n    \
             request: {{url: \"https://h/x\"}}\n    want: {{decision: deny}}\n"
        )
    };
    let report = played_with(&(case("first") + &case("second")), Some("^sec")).unwrap();
    let [only] = report.cases() else { panic!("{report}") };
    assert_eq!((only.name.as_str(), only.place.line), ("second", 6));
    assert!(report.passed());
}

#[test]
fn the_cases_of_the_examples_pass() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for example in ["llm-api", "quickstart"] {
        let policy = Config::new(examples.join(example).join("rules"));
        let report = run(&policy, None, None, &Clock::System).unwrap();
        assert!(report.passed(), "{example}:\n{report}");
        assert!(report.cases().len() > 3);
    }
}
