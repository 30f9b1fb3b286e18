//! Why a trail cannot be opened, and why it takes nothing more.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audit::note::NoteError;
use crate::ed25519::KeyError;

/// Why a trail could not be opened.
#[derive(Debug)]
pub enum Error {
    /// A checkpoint is not what the trail's key signed.
    Checkpoint {
        /// The newest checkpoint's file.
        path: PathBuf,
        /// What is wrong with it, or with the last of the history.
        source: NoteError,
    },
    /// The entries are not those the newest checkpoint was signed for.
    Damaged {
        /// The trail.
        folder: PathBuf,
        /// The first entry that may be wrong or missing.
        entry: u64,
    },
    /// The trail was begun with another key or origin.
    Foreign {
        /// The trail's verifier key.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The private key cannot be used.
    Key(KeyError),
    /// Another process has the trail open.
    Locked {
        /// The trail.
        folder: PathBuf,
    },
    /// There are entries, and no checkpoint.
    Unsigned {
        /// The trail.
        folder: PathBuf,
    },
}

impl Error {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(super) fn damaged(folder: &Path, entry: u64) -> Self {
        Self::Damaged { folder: folder.to_owned(), entry }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint { path, source } => write!(f, "{}: {source}; {KEEP}", path.display()),
            Self::Damaged { folder, entry } => write!(
                f,
                "the audit trail {} is not what was signed, from entry {entry} on at the latest; \
                 {KEEP}",
                folder.display()
            ),
            Self::Foreign { path } => write!(
                f,
                "the audit trail was begun with another key or origin ({}); use that key, or begin \
                 a new trail in another folder",
                path.display()
            ),
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Key(source) => source.fmt(f),
            Self::Locked { folder } => write!(
                f,
                "the audit trail {} is open in another process; give each its own folder",
                folder.display()
            ),
            Self::Unsigned { folder } => write!(
                f,
                "the audit trail {} has entries and no checkpoint; {KEEP}",
                folder.display()
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Checkpoint { source, .. } => Some(source),
            Self::Io { source, .. } => Some(source),
            Self::Key(source) => Some(source),
            Self::Damaged { .. }
            | Self::Foreign { .. }
            | Self::Locked { .. }
            | Self::Unsigned { .. } => None,
        }
    }
}

/// Why something could not be put on record; the request must be refused.
#[derive(Clone, Debug)]
pub enum Unavailable {
    /// The log was closed.
    Closed,
    /// Too many exchanges are open at once.
    Crowded,
    /// A thread panicked while it held the trail; only a restart helps.
    Poisoned,
    /// This exchange already has an intent on record.
    Spent,
    /// The disk did not take what was written.
    Sync(Arc<io::Error>),
    /// The file did not take what was to be written.
    Write(Arc<io::Error>),
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the audit trail is closed"),
            Self::Crowded => f.write_str("too many exchanges are open in the audit trail"),
            Self::Poisoned => f.write_str("the audit trail was left half way by a panic; restart"),
            Self::Spent => f.write_str("the exchange already has an intent on record"),
            Self::Sync(error) => write!(f, "the audit trail cannot be synced to disk: {error}"),
            Self::Write(error) => write!(f, "the audit trail cannot be written: {error}"),
        }
    }
}

impl std::error::Error for Unavailable {}

/// What to do with a trail that does not fit its checkpoint.
const KEEP: &str = "keep the folder as evidence, run `countersign audit verify` on it, and begin a \
                    new trail in another folder";
