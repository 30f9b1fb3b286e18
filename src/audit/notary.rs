//! Signs what the trail has come to, and keeps the signed checkpoints.
//!
//! `checkpoint` is the newest one, replaced whole after every sync; `checkpoints` keeps one from
//! every so often, so that a rewritten stretch of the trail can be narrowed down. A checkpoint is
//! only signed for entries that are on disk: after a power cut nothing signed may be missing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::audit::error::Error;
use crate::audit::key::SigningKey;
use crate::audit::note::{Checkpoint, VerifierKey};
use crate::audit::tree::Hash;
use crate::clock::{Clock, Timestamp};
use crate::metrics::AuditMetrics;

/// The hand that signs.
#[derive(Debug)]
pub(super) struct Notary {
    folder: PathBuf,
    key: SigningKey,
    history: File,
    every: Duration,
    clock: Clock,
    metrics: AuditMetrics,
    newest: Option<Checkpoint>,
    kept: Timestamp,
}

impl Notary {
    /// Opens the checkpoints of the trail in `folder` and believes the newest that `key` signed.
    ///
    /// # Errors
    /// If the files cannot be read or written, belong to another key, or hold no good checkpoint
    /// although some were made.
    pub(super) fn open(
        folder: &Path,
        key: SigningKey,
        every: Duration,
        clock: Clock,
        metrics: AuditMetrics,
    ) -> Result<Self, Error> {
        own(folder, key.verifier())?;
        let path = folder.join(HISTORY);
        let failed = |source| Error::io(&path, source);
        let history = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
        let history = history.map_err(failed)?;
        let text = fs::read(&path).map_err(failed)?;
        let (notes, whole) = split(&text);
        if whole < text.len() {
            // The last one was torn by a crash; it is in `checkpoint` as well.
            history.set_len(whole as u64).map_err(failed)?;
        }
        let newest = newest(folder, &notes, key.verifier())?;
        let kept = clock.now();
        Ok(Self { folder: folder.to_owned(), key, history, every, clock, metrics, newest, kept })
    }

    /// The newest checkpoint, if there ever was one.
    pub(super) fn newest(&self) -> Option<&Checkpoint> {
        self.newest.as_ref()
    }

    /// How many entries the newest checkpoint covers.
    pub(super) fn size(&self) -> u64 {
        self.newest.as_ref().map_or(0, |checkpoint| checkpoint.size)
    }

    /// Signs that the trail has `size` entries under `root`, which are on disk.
    pub(super) fn sign(&mut self, size: u64, root: Hash, keep: Keep) -> io::Result<()> {
        let origin = self.key.verifier().name().clone();
        let checkpoint = Checkpoint { origin, size, root };
        let note = self.key.sign(&checkpoint);
        let now = self.clock.now();
        let due = keep == Keep::Always || now.since(self.kept) >= self.every;
        if due {
            // One write, so that a reader never sees half of it.
            self.history.write_all(format!("{note}\n").as_bytes())?;
            self.history.sync_data()?;
            self.kept = now;
        }
        replace(&self.folder.join(NEWEST), &note)?;
        self.newest = Some(checkpoint);
        self.metrics.checkpoint_size.set(i64::try_from(size).unwrap_or(i64::MAX));
        self.metrics.last_checkpoint.set(i64::try_from(now.secs()).unwrap_or(i64::MAX));
        Ok(())
    }
}

/// Which checkpoints go into the history.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Keep {
    /// This one.
    Always,
    /// One every so often.
    WhenDue,
}

/// Makes the trail the key's own, or checks that it is.
fn own(folder: &Path, key: &VerifierKey) -> Result<(), Error> {
    let path = folder.join(KEY);
    match fs::read_to_string(&path) {
        Ok(text) if text == format!("{key}\n") => Ok(()),
        Ok(_) => Err(Error::Foreign { path }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            replace(&path, &format!("{key}\n")).map_err(|source| Error::io(&path, source))
        }
        Err(source) => Err(Error::io(&path, source)),
    }
}

/// The newest good checkpoint of `checkpoint` and the history.
fn newest(folder: &Path, notes: &[&str], key: &VerifierKey) -> Result<Option<Checkpoint>, Error> {
    let path = folder.join(NEWEST);
    let note = match fs::read_to_string(&path) {
        Ok(note) => Some(note),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(Error::io(&path, source)),
    };
    // After a power cut the file may be empty: it is replaced too often to wait for the disk.
    let note = note.filter(|note| !note.is_empty());
    let candidates = note.as_deref().into_iter().chain(notes.last().copied());
    let mut newest: Option<Checkpoint> = None;
    for note in candidates {
        let checkpoint = key.open(note);
        let checkpoint =
            checkpoint.map_err(|source| Error::Checkpoint { path: path.clone(), source })?;
        if newest.as_ref().is_none_or(|newest| newest.size < checkpoint.size) {
            newest = Some(checkpoint);
        }
    }
    Ok(newest)
}

/// The notes of a history, and how many of its bytes are whole notes. A note is followed by an
/// empty line; it has one more inside, before its signatures.
pub(super) fn split(text: &[u8]) -> (Vec<&str>, usize) {
    let (mut notes, mut at) = (Vec::new(), 0);
    loop {
        let rest = &text[at..];
        let mut gaps = memchr::memmem::find_iter(rest, b"\n\n");
        let (Some(_), Some(end)) = (gaps.next(), gaps.next()) else { break };
        let Ok(note) = std::str::from_utf8(&rest[..=end]) else { break };
        notes.push(note);
        at += end + 2;
    }
    (notes, at)
}

/// Puts `text` in the place of the file at `path`, whole or not at all.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("draft");
    fs::write(&draft, text)?;
    fs::rename(&draft, path)
}

/// The file with the public key.
pub(super) const KEY: &str = "key.vkey";
/// The file with the newest checkpoint.
pub(super) const NEWEST: &str = "checkpoint";
/// The file with the checkpoints that were kept.
pub(super) const HISTORY: &str = "checkpoints";

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_history_is_split_into_notes_and_a_torn_one_is_left_out() {
        let (notes, whole) = split(b"a\n\nb\n\nc\n\nd\n\ne\n\nf");
        assert_eq!(notes, ["a\n\nb\n", "c\n\nd\n"]);
        assert_eq!(whole, 12);
    }
}
