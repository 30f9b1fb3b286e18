//! `countersign check`: everything is loaded, nothing is started.

use std::io::{self, Write};
use std::net::ToSocketAddrs;
use std::path::Path;

use crate::app::Assembly;
use crate::cli::{ConfigPath, Exit, policy_check};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::policy::check::{Report, check};

/// What `check` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    path: ConfigPath,
}

impl Arguments {
    pub(super) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let metrics = Metrics::new().map_err(io::Error::other)?;
        let assembly = match Assembly::load(&self.path.config, &Clock::System, &metrics) {
            Ok(assembly) => assembly,
            Err(refused) => {
                writeln!(err, "{refused}")?;
                return Ok(Exit::Configuration);
            }
        };
        for warning in assembly.warnings() {
            writeln!(err, "warning: {warning}")?;
        }
        for warning in assembly.snapshot.bundle.warnings() {
            writeln!(err, "warning: {warning}")?;
        }
        let report = findings(&self.path.config);
        for finding in report.findings() {
            writeln!(err, "{finding}")?;
        }
        for host in unresolvable(&assembly) {
            writeln!(err, "warning: upstream host `{host}` does not resolve here and now")?;
        }
        let mut exit = if report.errors() > 0 { Exit::Configuration } else { Exit::Done };
        for (name, why) in assembly.snapshot.credentials.problems() {
            writeln!(err, "error: credential `{name}`: {why}")?;
            exit = Exit::Configuration;
        }
        if exit == Exit::Done {
            let routes = assembly.snapshot.routes.routes().len();
            let revision = assembly.snapshot.bundle.revision();
            let path = self.path.config.display();
            writeln!(out, "{path} is good: {routes} routes, policy {revision}")?;
        }
        Ok(exit)
    }
}

/// What the rules get wrong without the engine saying so.
fn findings(config: &Path) -> Report {
    let Ok(file) = policy_check::read(config) else { return Report::default() };
    let policy = file.policy();
    let found =
        policy.map(|policy| check(&[policy.path], &policy.query, policy_check::bodies(&file)));
    found.unwrap_or_default()
}

/// The hosts of upstreams that have no address at this moment.
fn unresolvable(assembly: &Assembly) -> Vec<String> {
    let resolves = |host: &(String, u16)| host.to_socket_addrs().is_ok();
    let hosts = assembly.upstream_hosts.iter();
    hosts.filter(|host| !resolves(host)).map(|(host, _)| host.clone()).collect()
}
