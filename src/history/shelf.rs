//! The rules that decided, by revision, kept as long as their decisions are.
//!
//! One file holds one revision and is written whole or not at all. Its time of change says when it
//! decided last; that is touched once for every file of decisions.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use crate::clock::Timestamp;
use crate::history::error::Error;
use crate::history::segment;
use crate::policy::{Edition, Revision};

/// The folder of rules beside the decisions.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
    /// What was put there or touched since the last file of decisions was begun.
    fresh: BTreeSet<String>,
}

impl Shelf {
    pub(super) fn new(history: &Path) -> Self {
        Self { folder: history.join("bundles"), fresh: BTreeSet::new() }
    }

    /// Makes the folder.
    pub(super) fn open(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)
    }

    /// Another file of decisions was begun: rules are to be touched anew.
    pub(super) fn turn(&mut self) {
        self.fresh.clear();
    }

    /// Keeps the rules of `revision`, which decide at `now`.
    pub(super) fn keep(
        &mut self,
        revision: Revision,
        edition: &Edition,
        now: Timestamp,
    ) -> io::Result<()> {
        if self.fresh.contains(&revision.to_string()) {
            return Ok(());
        }
        let path = self.path(revision);
        if !path.exists() {
            let mut written = tempfile::NamedTempFile::new_in(&self.folder)?;
            serde_json::to_writer(&mut written, edition)?;
            written.flush()?;
            written.persist(&path).map_err(|failed| failed.error)?;
        }
        let at = UNIX_EPOCH + Duration::from_micros(now.micros());
        File::options().append(true).open(&path)?.set_modified(at)?;
        self.fresh.insert(revision.to_string());
        Ok(())
    }

    /// The rules of `revision`.
    pub(super) fn read(&self, revision: Revision) -> Result<Edition, Error> {
        let path = self.path(revision);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                return Err(Error::NoRules(revision));
            }
            Err(why) => return Err(Error::Io(path, why)),
        };
        let damaged = |why: serde_json::Error| Error::Damaged(path, why.to_string());
        serde_json::from_str(&text).map_err(damaged)
    }

    /// How many bytes the rules take.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        let mut total = 0;
        for entry in fs::read_dir(&self.folder)? {
            total += entry?.metadata()?.len();
        }
        Ok(total)
    }

    /// Removes rules that decided for the last time before `oldest`.
    pub(super) fn expire(&self, oldest: Timestamp) -> io::Result<()> {
        let oldest = UNIX_EPOCH + Duration::from_micros(oldest.minus(segment::AGE).micros());
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.metadata()?.modified()? < oldest {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn path(&self, revision: Revision) -> PathBuf {
        self.folder.join(format!("{revision}.json"))
    }
}
