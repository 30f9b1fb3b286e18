//! Reading a history, also while it is written.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::clock::Timestamp;
use crate::history::error::Error;
use crate::history::record::Record;
use crate::history::segment::{self, Found};
use crate::history::shelf::Shelf;
use crate::id::DecisionId;
use crate::policy::{Edition, Revision};

/// The decisions in one folder.
#[derive(Debug)]
pub struct History {
    folder: PathBuf,
    shelf: Shelf,
}

impl History {
    /// The history in `folder`.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), shelf: Shelf::new(folder) }
    }

    /// The decision called `id`. A tunnel is decided about again while it is open; of several records
    /// the first is meant, which let the exchange begin or not.
    ///
    /// # Errors
    /// [`Error::Unknown`] where there is no such record, and [`Error::Io`].
    pub fn find(&self, id: DecisionId) -> Result<Record, Error> {
        let (word, mut found) = (id.to_string(), None);
        // It is decided after it was made; the files before that hold nothing of it.
        self.each_line(id.made(), |line| {
            if line.contains(&word) {
                found = parse(line).filter(|record| record.id() == Some(id));
            }
            found.is_none()
        })?;
        found.ok_or(Error::Unknown(id))
    }

    /// Shows every decision from `since` on to `visit`, in the order in which they were written.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn each(&self, since: Timestamp, mut visit: impl FnMut(Record)) -> Result<(), Error> {
        self.each_line(since, |line| {
            if let Some(record) = parse(line).filter(|record| record.at() >= since) {
                visit(record);
            }
            true
        })
    }

    /// The rules of `revision`.
    ///
    /// # Errors
    /// [`Error::NoRules`], [`Error::Damaged`] and [`Error::Io`].
    pub fn rules(&self, revision: Revision) -> Result<Edition, Error> {
        self.shelf.read(revision)
    }

    /// Shows the lines of every file that may hold something from `since` on, until `visit` has seen
    /// enough.
    fn each_line(
        &self,
        since: Timestamp,
        mut visit: impl FnMut(&str) -> bool,
    ) -> Result<(), Error> {
        let all = segment::list(&self.folder).map_err(Error::io(&self.folder))?;
        let ends = all.iter().skip(1).map(|next| Some(next.first)).chain([None]);
        let wanted = all.iter().zip(ends).filter(|(_, end)| end.is_none_or(|end| end >= since));
        for (Found { path, .. }, _) in wanted {
            let file = match File::open(path) {
                Ok(file) => file,
                // It expired meanwhile.
                Err(why) if why.kind() == std::io::ErrorKind::NotFound => continue,
                Err(why) => return Err(Error::Io(path.clone(), why)),
            };
            let mut reader = BufReader::with_capacity(READ, file);
            let mut line = String::new();
            while reader.read_line(&mut line).map_err(Error::io(path))? > 0 {
                if line.ends_with('\n') && !visit(&line) {
                    return Ok(());
                }
                line.clear();
            }
        }
        Ok(())
    }
}

/// A whole record; nothing for what a crash left behind.
fn parse(line: &str) -> Option<Record> {
    serde_json::from_str(line).ok()
}

/// Bytes that are read at once.
const READ: usize = 256 << 10;
