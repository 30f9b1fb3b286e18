//! Unmodified programs whose calls wait for a person: they go on by themselves once one agreed.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use countersign::id::ProposalId;

use super::git::{git, make_repositories};
use super::mcp::{certified, everything};
use super::program::{Server, run, run_python, scripts};
use super::stand::Stand;
use crate::harness::{Human, SECRET, Setup, countersign};

/// What `condition` says takes a person, and everything else is allowed.
fn asking(setup: Setup, maria: &Human, hold: &str, condition: &str) -> Setup {
    let rules = format!(
        "package countersign.authz\n\ndefault decision := {{\"allowed\": true}}\n\n\
         decision := {{\"allowed\": false, \"approval\": {{\"quorum\": 1}}}} if {{\n\
         \t{condition}\n\tinput.countersign.approval == null\n}}\n"
    );
    let people = format!("people: {{ {} }}", maria.entry(""));
    setup
        .rules(&rules)
        .section("state: { url: sqlite:state/countersign.db }")
        .section(&format!("approvals: {{ hold: {hold}, {people} }}"))
}

/// Has `maria` agree to the one proposal at the deployment in `folder`, once there is one.
fn agrees(maria: &Human, folder: &Path) {
    let end = Instant::now() + Duration::from_secs(60);
    let id = loop {
        assert!(Instant::now() < end, "nothing was put forward");
        let listed = countersign(folder).args(["proposal", "list"]).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        if let Some(id) = listed.split(' ').next().and_then(ProposalId::parse) {
            break id;
        }
        thread::yield_now();
    };
    let said = maria.says("approve", folder, id);
    assert!(said.status.success(), "{said:?}");
}

#[test]
fn openais_library_comes_back_by_itself() {
    let (server, maria) = (Server::python("llm.py", &[SECRET]), Human::new("maria"));
    let stand = Stand::new(&server, "dialect: openai, inspect: { body: json }", |setup| {
        let small = "input.parsed_body.model == \"small\"";
        asking(setup.credential("scheme: bearer"), &maria, "0s", small)
    });
    let calls = thread::scope(|scope| {
        let mut arguments = stand.arguments("");
        arguments.push("openai".to_owned());
        let agent = scope.spawn(move || run_python("llm.py", &arguments).json());
        agrees(&maria, &stand.folder());
        agent.join().unwrap()
    });
    assert_eq!((&calls[0]["said"], &calls[0]["tries"]), (&"hello".into(), &2.into()), "{calls:?}");
}

#[test]
fn git_push_waits_for_a_person() {
    let (folder, maria) = (tempfile::tempdir().unwrap(), Human::new("maria"));
    make_repositories(folder.path());
    let served = folder.path().join("served").into_os_string().into_string().unwrap();
    let host = Server::python("git_http.py", &[&served, "robot", SECRET]);
    let stand = Stand::new(&host, "dialect: git", |setup| {
        let push = "input.attributes.request.http.method == \"POST\"\n\
                    \tendswith(input.attributes.request.http.path, \"/git-receive-pack\")";
        asking(setup.credential("scheme: basic, username: robot"), &maria, "4m", push)
    });
    let git = |at: &str, arguments: &[&str]| git(Some(&stand), &folder.path().join(at), arguments);
    git(".", &["clone", &format!("{}/open.git", stand.url), "open"]).ok();
    git("open", &["commit", "--quiet", "--allow-empty", "-m", "Second"]).ok();
    thread::scope(|scope| {
        let push = scope.spawn(|| git("open", &["push", "origin", "main"]));
        agrees(&maria, &stand.folder());
        push.join().unwrap().ok();
    });
    let arrived = git("served/open.git", &["log", "--format=%s", "main"]);
    assert_eq!(arrived.ok(), "Second\nFirst\n");
}

#[test]
fn a_tool_that_a_client_of_mcp_calls_waits_for_a_person() {
    let (server, maria) = (everything(), Human::new("maria"));
    let stand = Stand::new(&server, "protocol: mcp", |setup| {
        asking(setup, &maria, "50s", "input.countersign.mcp.arguments.a > 10")
    });
    let said = thread::scope(|scope| {
        let agent = scope.spawn(|| {
            let mut client = certified(&stand);
            client.arg(scripts().join("agents/mcp_client.js")).arg(format!("{}/mcp", stand.url));
            run(client.args(["get-sum", r#"{"a":11,"b":2}"#])).json()
        });
        agrees(&maria, &stand.folder());
        agent.join().unwrap()
    });
    let [_, summed] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!(summed["content"][0]["text"], "The sum of 11 and 2 is 13.", "{summed}");
}
