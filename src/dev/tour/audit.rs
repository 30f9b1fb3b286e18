//! Step: Countersign stops, its trail is verified offline, and a changed byte is found.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

use crate::audit::{self, Report, VerifierKey};
use crate::dev::tour::denied::CODE;
use crate::dev::tour::transcript::{Missed, Transcript, expect};
use crate::dev::tour::visit::Visit;

pub(super) fn walk(visit: Visit, transcript: &mut Transcript<'_>) -> Result<(), Missed> {
    transcript.step("The audit trail, verified with nothing but its files and the public key")?;
    let layout = visit.deployment.layout.clone();
    let unreadable = |why| Missed::new("the audit key to be readable", why);
    let key = layout.verifier().map_err(unreadable)?;
    visit.deployment.running.stop();
    let trail = layout.trail();
    let report = verify(&trail, &key)?;
    transcript.tell("Countersign has stopped")?;
    tell_report(&report, transcript)?;
    expect("what is wrong with the trail", None, report.problem.as_ref())?;
    expect("requests that were answered", 6, report.outcomes.answered)?;
    expect("requests that were refused", 5, report.refusals)?;
    expect("entries without a signature", 0, report.unsigned())?;
    transcript.check("every call of this tour is on record, and the record is whole")?;

    let copy = layout.root().join("tampered");
    copy_files(&trail, &copy)?;
    let (entry, change) = tamper(&copy)?;
    transcript.tell(format_args!("in a copy, one byte of entry {entry} is changed: {change}"))?;
    let found = verify(&copy, &key)?.problem;
    let Some(problem) = found else { return Err(Missed::new("damage to be found", "none")) };
    transcript.tell(&problem)?;
    expect("the entry that is named", entry, problem.entry)?;
    transcript.check("verification says which entry it was")?;
    Ok(())
}

fn tell_report(report: &Report, transcript: &mut Transcript<'_>) -> io::Result<()> {
    report.to_string().lines().try_for_each(|line| transcript.tell(line))
}

fn verify(trail: &Path, key: &VerifierKey) -> Result<Report, Missed> {
    audit::verify(trail, key, None).map_err(|why| Missed::new("the trail to be readable", why))
}

fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Makes the denied call one about another customer. Returns the entry's index and what was done.
fn tamper(trail: &Path) -> Result<(u64, &'static str), Missed> {
    for file in fs::read_dir(trail)? {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let Some(line) = text.lines().find(|line| line.contains(CODE)) else { continue };
        let changed = text.replace(line, &line.replace(BEFORE, AFTER));
        let differs = text.bytes().zip(changed.bytes()).filter(|(old, new)| old != new).count();
        expect("the bytes that are changed", 1, differs)?;
        fs::write(&path, changed)?;
        let entry: Value = serde_json::from_str(line).unwrap_or_default();
        return Ok((entry["index"].as_u64().unwrap_or(u64::MAX), CHANGE));
    }
    Err(Missed::new("the denied call to be on record", "no such entry"))
}

const BEFORE: &str = "/v1/customers/42";
const AFTER: &str = "/v1/customers/43";
const CHANGE: &str = "/v1/customers/42 becomes /v1/customers/43";
