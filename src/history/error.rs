//! Why the history cannot be kept, or cannot tell.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::id::DecisionId;
use crate::policy::{LoadError, Revision};

/// Why the history cannot be kept, or cannot tell.
#[derive(Debug)]
pub enum Error {
    /// A file that should hold rules holds something else.
    Damaged(PathBuf, String),
    /// A file or folder cannot be used.
    Io(PathBuf, io::Error),
    /// The record has no input that the rules could be asked with.
    NoInput(DecisionId),
    /// The rules that decided are not kept any more.
    NoRules(Revision),
    /// The rules cannot be evaluated by this version, or the input is none.
    Rules(LoadError),
    /// Nothing is known of that decision: it has expired, was dropped, or never was.
    Unknown(DecisionId),
}

impl Error {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |cause| Self::Io(path, cause)
    }
}

impl From<LoadError> for Error {
    fn from(cause: LoadError) -> Self {
        Self::Rules(cause)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(path, why) => write!(f, "{} is damaged: {why}", path.display()),
            Self::Io(path, why) => write!(f, "{}: {why}", path.display()),
            Self::NoInput(id) => write!(f, "unknown: no input of {id} could be kept"),
            Self::NoRules(revision) => {
                write!(f, "unknown: the rules of revision {revision} are not kept any more")
            }
            Self::Rules(why) => write!(f, "{why}"),
            Self::Unknown(id) => write!(
                f,
                "unknown: {id} is not in the history; it has expired, was not kept, or never was"
            ),
        }
    }
}

impl std::error::Error for Error {}
