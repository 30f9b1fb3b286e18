//! MCP: the project's own test server behind Countersign, driven by its own inspector and its SDK.

use std::process::Command;

use super::program::{Said, Server, installed, node, run, scripts};
use super::stand::{Stand, rules};

#[test]
fn the_mcp_inspector_lists_and_calls_tools_and_shows_why_a_call_is_denied() {
    let server = everything();
    let stand = Stand::new(&server, "protocol: mcp", |setup| setup.rules(&small_sums()));

    let listed = inspect(&stand, &["--method", "tools/list"]);
    assert!(listed.ok().contains("\"name\": \"echo\""), "{listed:?}");
    assert!(!listed.ok().contains("\"name\": \"get-env\""), "{listed:?}");

    let call = ["--method", "tools/call", "--tool-name"];
    let called = inspect(&stand, &[&call[..], &["echo", "--tool-arg", "message=hello"]].concat());
    assert!(called.ok().contains("Echo: hello"), "{called:?}");

    let sum = ["get-sum", "--tool-arg", "a=1", "b=2"];
    let allowed = inspect(&stand, &[&call[..], &sum].concat());
    assert!(allowed.ok().contains("The sum of 1 and 2 is 3."), "{allowed:?}");

    let sum = ["get-sum", "--tool-arg", "a=11", "b=2"];
    let denied = inspect(&stand, &[&call[..], &sum].concat());
    assert!(denied.out.contains("Agents add small numbers."), "{denied:?}");
    assert!(denied.out.contains("\"isError\": true"), "{denied:?}");
}

#[test]
fn a_client_of_the_sdk_sees_what_it_may_call_and_reads_why_a_call_is_denied() {
    let server = everything();
    let stand = Stand::new(&server, "protocol: mcp", |setup| setup.rules(&small_sums()));
    let mut client = certified(&stand);
    client.arg(scripts().join("agents/mcp_client.js")).arg(format!("{}/mcp", stand.url));
    client.args(["get-sum", r#"{"a":1,"b":2}"#, r#"{"a":11,"b":2}"#]);
    let said = run(&client).json();
    let [tools, allowed, denied] = said.as_slice() else { panic!("{said:?}") };
    let shows = |name: &str| tools.as_array().unwrap().iter().any(|tool| tool == name);
    assert!(shows("echo") && shows("get-sum") && !shows("get-env"), "{tools}");
    assert_eq!(allowed["content"][0]["text"], "The sum of 1 and 2 is 3.");
    assert_eq!(denied["isError"], true);
    let reason = denied["content"][0]["text"].as_str().unwrap();
    assert!(reason.contains("Agents add small numbers."), "{reason}");
}

pub(super) fn everything() -> Server {
    let entry = installed("node/node_modules/@modelcontextprotocol/server-everything");
    let start = |port: u16| {
        let mut command = node();
        command.arg(entry.join("dist/index.js")).arg("streamableHttp");
        command.env("PORT", port.to_string());
        command
    };
    Server::told(start, "listening on port")
}

/// The inspector's command line.
fn inspect(stand: &Stand, arguments: &[&str]) -> Said {
    let modules = installed("node/node_modules");
    let mut command = certified(stand);
    command.arg(modules.join("@modelcontextprotocol/inspector/cli/build/cli.js"));
    command.args(["--cli", &format!("{}/mcp", stand.url), "--transport", "http"]).args(arguments);
    run(&command)
}

/// Node with the agent's certificate, for which these programs have no option.
pub(super) fn certified(stand: &Stand) -> Command {
    let [ca, cert, key] = &stand.files;
    let preload = scripts().join("agents/certificate.js");
    let mut command = node();
    command.env("NODE_OPTIONS", format!("--require={}", preload.display()));
    command.env("UNDICI", installed("node/node_modules/undici"));
    command.env("AGENT_CA", ca).env("AGENT_CERT", cert).env("AGENT_KEY", key);
    command
}

/// Sums of small numbers, an echo, and no other tool.
fn small_sums() -> String {
    rules("allowed", "Agents add small numbers.")
        + "
mcp := input.countersign.mcp

allowed if mcp.tool in {null, \"echo\"}

allowed if {
	mcp.tool == \"get-sum\"
	mcp.listing
}

allowed if {
	mcp.tool == \"get-sum\"
	mcp.arguments.a <= 10
}
"
}
