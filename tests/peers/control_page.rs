//! The examples of the control door's page, run as they stand there.

use std::process::Command;

use http::Request;
use serde_json::Value;

use super::program::{Said, run};
use crate::harness::{Authority, Human, Setup, Upstream, body, reply, svid, until};

/// Everything takes one of the people.
const RULES: &str = "package countersign.authz\n\ndefault decision := {\"allowed\": false}\n\n\
     decision := {\"allowed\": false, \"approval\": {\"quorum\": 1, \"summary\": \"A refund\"}} if \
     input.countersign.approval == null\n\n\
     decision := {\"allowed\": true} if count(input.countersign.approval.approvers) > 0\n";

#[tokio::test]
async fn the_examples_of_the_page_work_as_they_stand_there() {
    let upstream = Upstream::answering(|_| reply("refunded"));
    let (people, ann) = (Authority::new("people.example.org"), Human::new("ann"));
    let site = Setup::new(&upstream)
        .rules(RULES)
        .route("inspect: { body: json }")
        .listener("control: { address: 127.0.0.1:0 }")
        .file("pki/people.pem", people.pem())
        .section("state: { url: sqlite:state/countersign.db }")
        .section(&format!(
            "approvals: {{ hold: 0s, people: {{ {} }} }}",
            ann.entry(", aliases: [spiffe://people.example.org/ann]")
        ))
        .section(
            "control: { trust: { people.example.org: { bundle: pki/people.pem } }, \
             operators: [spiffe://people.example.org/ops] }",
        )
        .start();
    let put = Request::post("/refunds").header("content-type", "application/json");
    let answer = site.agent("writer").send(put.body(body("{\"amount\": 45}")).unwrap()).await;
    assert_eq!(answer.status, 428, "{answer:?}");

    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file("ca.pem", site.authority.pem());
    for name in ["ann", "ops"] {
        let identity = people.issue(svid(&format!("spiffe://people.example.org/{name}")));
        file(&format!("{name}.pem"), &identity.cert_pem);
        file(&format!("{name}-key.pem"), &identity.key_pem);
    }
    ann.lends_key(&folder.path().join("ann_ssh"));
    let page = include_str!("../../docs/control.md");
    let examples = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let script = examples.collect::<String>();
    let port = site.listener("control").port();
    let script = script.replace("localhost:8444", &format!("localhost:{port}"));
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", &script]).current_dir(folder.path());
    let Said { code, out, err } = run(&command);
    assert_eq!(code, Some(0), "{out}\n{err}");
    assert!(out.starts_with("A refund\n  id       prp_"), "{out}");
    assert!(out.contains("\napproved\n"), "{out}");
    let revoked: Value = serde_json::from_str(document(&out)).unwrap();
    assert_eq!(revoked["reason"], "taken over");
    assert!(out.ends_with("spiffe://example.org/agent/reader\n"), "{out}");
    let events = std::fs::read_to_string(folder.path().join("events.txt")).unwrap();
    assert!(events.starts_with("retry: 2000\n\n"), "{events}");
    until("it is carried out", || upstream.requests().len() == 1).await;
}

/// The one document in it.
fn document(out: &str) -> &str {
    let start = out.find("{\"kind\"").unwrap();
    &out[start..start + out[start..].find('}').unwrap() + 1]
}
