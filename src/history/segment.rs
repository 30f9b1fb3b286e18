//! The files of a history: lines, named by the time of their first, only ever appended to.
//!
//! A crash may tear the last line; readers pass it over. Every start begins a new file, so nothing
//! is ever written behind a torn line.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::Timestamp;

/// The most bytes of one file; a record may go beyond it.
const BYTES: u64 = 16 << 20;

/// The longest that one file is written to.
pub(super) const AGE: Duration = Duration::from_secs(3_600);

/// The file that is being written.
#[derive(Debug)]
pub(super) struct Segment {
    file: File,
    path: PathBuf,
    first: Timestamp,
    length: u64,
}

/// A file of a history, as it is found.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Found {
    /// When its first line was decided.
    pub(super) first: Timestamp,
    pub(super) path: PathBuf,
    pub(super) length: u64,
}

impl Segment {
    /// Makes a file whose first record is of `first`.
    pub(super) fn create(folder: &Path, first: Timestamp) -> io::Result<Self> {
        let mut named = first.micros();
        loop {
            let path = folder.join(format!("{named:020}.{EXTENSION}"));
            let mut options = OpenOptions::new();
            match options.append(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => return Ok(Self { file, path, first, length: 0 }),
                Err(why) if why.kind() == io::ErrorKind::AlreadyExists => named += 1,
                Err(why) => return Err(why),
            }
        }
    }

    /// Appends whole lines. After an error the file is not to be used again.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.file.write_all(lines)?;
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Whether the next record belongs in another file.
    pub(super) fn is_full(&self, now: Timestamp) -> bool {
        self.length >= BYTES || now.since(self.first) >= AGE
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The files in `folder`, oldest first.
pub(super) fn list(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_ours = path.extension().is_some_and(|extension| extension == EXTENSION);
        let named = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        if let Some(micros) = named.filter(|_| is_ours) {
            let length = entry.metadata()?.len();
            found.push(Found { first: Timestamp::from_micros(micros), path, length });
        }
    }
    found.sort();
    Ok(found)
}

/// Removes what is older than `oldest`, and the oldest until the rest fits in `limit` bytes; `held`
/// is being written. Shows each to `going` before. Returns the time from which on something is left.
pub(super) fn expire(
    folder: &Path,
    oldest: Timestamp,
    limit: u64,
    held: Option<&Path>,
    mut going: impl FnMut(&Found),
) -> io::Result<Option<Timestamp>> {
    let all = list(folder)?;
    let mut total: u64 = all.iter().map(|found| found.length).sum();
    let mut left = None;
    for found in all {
        let is_over = found.first.plus(AGE) < oldest || total > limit;
        if is_over && Some(found.path.as_path()) != held {
            going(&found);
            fs::remove_file(&found.path)?;
            total = total.saturating_sub(found.length);
        } else if left.is_none() {
            left = Some(found.first);
        }
    }
    Ok(left)
}

/// What the files end in: JSON, a line each.
const EXTENSION: &str = "jsonl";
