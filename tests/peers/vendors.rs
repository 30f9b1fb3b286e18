//! The libraries of OpenAI, Anthropic and AWS: each shows our sentence, and none tries again.

use serde_json::Value;

use super::program::{Server, run_python};
use super::stand::{Stand, rules};
use crate::harness::SECRET;

#[test]
fn openais_library_shows_our_sentence_and_does_not_try_again() {
    let calls = ask("openai", "scheme: bearer", "dialect: openai, inspect: { body: json }");
    assert_eq!(calls[0]["said"], "hello", "{calls:?}");
    assert_denied_once(&calls[1]);
}

#[test]
fn anthropics_library_shows_our_sentence_and_does_not_try_again() {
    let credential = "scheme: header, name: x-api-key";
    let calls = ask("anthropic", credential, "dialect: anthropic, inspect: { body: json }");
    assert_eq!(calls[0]["said"], "hello", "{calls:?}");
    assert_denied_once(&calls[1]);
}

#[test]
fn awss_library_shows_our_sentence_and_does_not_try_again() {
    let calls = ask("aws", "scheme: bearer", "dialect: aws");
    assert_denied_once(&calls[0]);
}

/// What a vendor's library says to each of its calls.
fn ask(vendor: &str, credential: &str, route: &str) -> Vec<Value> {
    let server = Server::python("llm.py", &[SECRET]);
    let stand = Stand::new(&server, route, |setup| {
        let small = "input.parsed_body.model == \"small\"";
        setup.credential(credential).rules(&rules(small, SENTENCE))
    });
    let mut arguments = stand.arguments("");
    arguments.push(vendor.to_owned());
    run_python("llm.py", &arguments).json()
}

fn assert_denied_once(call: &Value) {
    assert_eq!(call["status"], 403, "{call}");
    assert!(call["shown"].as_str().unwrap().contains(SENTENCE), "{call}");
    assert_eq!(call["tries"], 1, "{call}");
}

const SENTENCE: &str = "Agents use the small model.";
