//! Where everything is, and three commands to try: what a person sees first.
//!
//! Each line is about something that is there, and each command works as it is printed.

use std::io::{self, Write};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::dev::deployment::Deployment;
use crate::dev::layout::AGENT;
use crate::dev::pki::Origin;
use crate::policy::report::{Outcome, Report};

/// Prints it all.
///
/// # Errors
/// If nothing can be written any more.
pub(super) fn print(
    deployment: &Deployment,
    now: Timestamp,
    took: Duration,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "countersign {}  development mode, not for production", VERSION)?;
    writeln!(out)?;
    for (name, text) in facts(deployment, now) {
        writeln!(out, "  {name:<10} {text}")?;
    }
    if let Some(gateway) = deployment.running.address("agents") {
        writeln!(out)?;
        writeln!(out, "Try it (second terminal, same folder):")?;
        for command in commands(deployment, &format!("https://{gateway}")) {
            writeln!(out, "  {command}")?;
        }
    }
    writeln!(out)?;
    writeln!(out, "Ready in {:.1} s. Ctrl-C stops.", took.as_secs_f32())?;
    out.flush()
}

fn facts(deployment: &Deployment, now: Timestamp) -> Vec<(&'static str, String)> {
    let Deployment { running, sample, layout, pki, file, .. } = deployment;
    let origin = match pki.origin {
        Origin::Created => "created",
        Origin::Kept => "kept",
    };
    let mark = shortened(&pki.fingerprint);
    let mut facts = vec![
        ("state", format!("{}   (delete it to start over)", layout.root().display())),
        ("dev CA", format!("{origin}   sha256:{mark}   valid {} days", pki.days(now))),
        ("agent", format!("{AGENT}   {}/{{cert,key,ca}}.pem", layout.agent().display())),
        (
            "backend",
            format!("http://{}   sample API; its key is not the agent's", sample.address()),
        ),
        (
            "approver",
            format!(
                "you   `countersign review -c {} --key {}`",
                layout.configuration().display(),
                layout.approver().display()
            ),
        ),
    ];
    if let (Some(policy), Some(report)) = (&file.policy, &deployment.tests) {
        facts.push(("policy", format!("{}   {}", policy.path.display(), tests(report))));
    }
    if let Some(address) = running.address("agents") {
        facts.push(("gateway", format!("https://{address}   mTLS")));
    }
    if let Some(address) = running.address("admin") {
        facts.push(("metrics", format!("http://{address}/metrics")));
    }
    facts.push(("audit", file.audit.path.display().to_string()));
    facts
}

/// Who am I, something that is allowed, something that is not, something that waits for you.
fn commands(deployment: &Deployment, gateway: &str) -> [String; 4] {
    let folder = deployment.layout.agent();
    let file = |name: &str| quoted(&folder.join(name).to_string_lossy());
    let curl = format!(
        "curl -sS --cacert {} --cert {} --key {}",
        file("ca.pem"),
        file("cert.pem"),
        file("key.pem")
    );
    [
        format!("{curl} {gateway}/.countersign/v1/whoami"),
        format!("{curl} {gateway}/v1/balance"),
        format!("{curl} -X DELETE {gateway}/v1/customers/42"),
        format!("{curl} --json '{{\"amount\": 250}}' {gateway}/v1/refunds"),
    ]
}

fn tests(report: &Report) -> String {
    let passed = report.cases().iter().filter(|case| case.outcome == Outcome::Passed).count();
    format!("{passed}/{} tests pass", report.cases().len())
}

fn shortened(fingerprint: &str) -> String {
    let ends = fingerprint.get(..16).zip(fingerprint.get(fingerprint.len().saturating_sub(4)..));
    ends.map_or_else(String::new, |(first, last)| format!("{first}…{last}"))
}

/// A word that a shell takes as it is.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%".contains(c);
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_takes_a_quoted_path_as_it_is() {
        assert_eq!(quoted("./.countersign/key.pem"), "./.countersign/key.pem");
        assert_eq!(quoted("/home/a b/it's"), r"'/home/a b/it'\''s'");
    }
}
