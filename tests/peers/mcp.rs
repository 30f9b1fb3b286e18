//! MCP: the project's own test server behind Countersign, driven by its own inspector.

use super::program::{Said, Server, installed, node, run, scripts};
use super::stand::{Stand, rules};

#[test]
fn the_mcp_inspector_lists_and_calls_tools_and_shows_why_a_call_is_denied() {
    let entry = installed("node/node_modules/@modelcontextprotocol/server-everything");
    let start = |port: u16| {
        let mut command = node();
        command.arg(entry.join("dist/index.js")).arg("streamableHttp");
        command.env("PORT", port.to_string());
        command
    };
    let server = Server::told(start, "listening on port");
    let stand = Stand::new(&server, "dialect: mcp, inspect: { body: json }", |setup| {
        setup.rules(
            &rules("not sums", "Agents do their own sums.")
                .replace("decision := {\"allowed\": true}", SUMS),
        )
    });

    let listed = inspect(&stand, &["--method", "tools/list"]);
    assert!(listed.ok().contains("\"name\": \"echo\""), "{listed:?}");

    let call = ["--method", "tools/call", "--tool-name"];
    let called = inspect(&stand, &[&call[..], &["echo", "--tool-arg", "message=hello"]].concat());
    assert!(called.ok().contains("Echo: hello"), "{called:?}");

    let sum = ["get-sum", "--tool-arg", "a=1", "b=2"];
    let denied = inspect(&stand, &[&call[..], &sum].concat());
    assert!(denied.out.contains("Agents do their own sums."), "{denied:?}");
    assert!(denied.out.contains("\"isError\": true"), "{denied:?}");
}

/// The inspector's command line, with the agent's certificate, for which it has no option.
fn inspect(stand: &Stand, arguments: &[&str]) -> Said {
    let [ca, cert, key] = &stand.files;
    let modules = installed("node/node_modules");
    let preload = scripts().join("agents/certificate.js");
    let mut command = node();
    command.arg(modules.join("@modelcontextprotocol/inspector/cli/build/cli.js"));
    command.args(["--cli", &format!("{}/mcp", stand.url), "--transport", "http"]).args(arguments);
    command.env("NODE_OPTIONS", format!("--require={}", preload.display()));
    command.env("UNDICI", modules.join("undici"));
    command.env("AGENT_CA", ca).env("AGENT_CERT", cert).env("AGENT_KEY", key);
    run(&command)
}

/// Policy reads the call itself.
const SUMS: &str = "sums if {
	input.parsed_body.method == \"tools/call\"
	input.parsed_body.params.name == \"get-sum\"
}

decision := {\"allowed\": true}";
