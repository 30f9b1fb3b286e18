//! `audit:` where the record is kept.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::code::Code;
use crate::config::duration::Period;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::{Report, rebase};
use crate::config::size::Size;
use crate::config::text::Text;

/// Where the record is kept. Without it nothing is executed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// A folder; made if it is not there.
    pub path: PathBuf,
    /// How long a record may wait for the disk, at most.
    #[serde(default = "sync")]
    pub sync: Text<Period>,
    /// The signed statements that make a cut-off tail show.
    pub checkpoint: Checkpoint,
    /// Bytes in one file of the record before the next is begun.
    #[serde(default = "segment")]
    pub segment: Text<Size>,
}

/// How the record is signed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// How often.
    #[serde(default = "every")]
    pub every: Text<Period>,
    /// Where the Ed25519 key is.
    pub key: Key,
    /// The name of this record and of its key. Unless given, `countersign`.
    #[serde(default = "origin")]
    pub origin: String,
}

/// Where the signing key is.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// A file that nobody else can read.
    pub file: PathBuf,
}

impl Audit {
    pub(super) fn rebase(&mut self, folder: &Path) {
        rebase(folder, &mut self.path);
        rebase(folder, &mut self.checkpoint.key.file);
    }

    pub(super) fn check(&self, report: &mut Report) {
        let at = KeyPath::top("audit");
        report.within(at.key("sync"), &self.sync, Period::millis(1)..=Period::secs(10));
        report.within(at.key("segment"), &self.segment, Size::mib(1)..=Size::mib(4096));
        let checkpoint = at.key("checkpoint");
        let every = Period::secs(1)..=Period::secs(86_400);
        report.within(checkpoint.key("every"), &self.checkpoint.every, every);
        let origin = &self.checkpoint.origin;
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if origin.is_empty() || origin.len() > LONGEST_ORIGIN || origin.contains(is_odd) {
            let message = "`origin` is 1 to 255 characters without blanks and `+`";
            report.check(Problem::value(Code::Value, checkpoint.key("origin"), message));
        }
    }
}

fn sync() -> Text<Period> {
    Period::millis(20).into()
}

fn segment() -> Text<Size> {
    Size::mib(64).into()
}

fn every() -> Text<Period> {
    Period::secs(60).into()
}

fn origin() -> String {
    "countersign".to_owned()
}

const LONGEST_ORIGIN: usize = 255;
