//! HTTP libraries that agents are written with: Python's httpx, and what Node has of its own.

use serde_json::Value;

use super::program::{node, run, run_python, scripts};
use super::stand::Stand;
use crate::harness::{Upstream, reply};

#[test]
fn httpx_gets_what_is_allowed_and_reads_why_the_rest_is_not() {
    let upstream = Upstream::answering(|_| reply("[\"an order\"]"));
    let stand = Stand::at(&format!("http://{}", upstream.address), "", |setup| setup);
    let said = run_python("get_and_delete.py", &stand.arguments("/orders/1"));
    assert_answers(&said.json());
    assert_eq!(upstream.requests().len(), 2);
}

#[test]
fn node_gets_what_is_allowed_and_reads_why_the_rest_is_not() {
    let upstream = Upstream::answering(|_| reply("[\"an order\"]"));
    let stand = Stand::at(&format!("http://{}", upstream.address), "", |setup| setup);
    let mut command = node();
    command.arg(scripts().join("agents/get_and_delete.js")).args(stand.arguments("/orders/1"));
    assert_answers(&run(&command).json());
    assert_eq!(upstream.requests().len(), 2);
}

fn assert_answers(answers: &[Value]) {
    let seen: Vec<_> =
        answers.iter().map(|one| (&one["version"], &one["method"], &one["status"])).collect();
    assert_eq!(answers.len(), 4, "{seen:?}");
    for (pair, version) in answers.chunks(2).zip(["HTTP/1.1", "HTTP/2"]) {
        let [got, denied] = pair else { panic!("{pair:?}") };
        assert_eq!(got["version"], version);
        assert_eq!(got["status"], 200);
        assert_eq!(got["body"][0], "an order");
        assert_eq!(denied["version"], version);
        assert_eq!(denied["status"], 403);
        assert_eq!(denied["type"], "application/problem+json");
        assert_eq!(denied["retry"], "false");
        assert!(denied["body"].to_string().contains("Only reading and writing is allowed here."));
    }
}
