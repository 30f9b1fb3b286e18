//! Where secrets come from; one file a kind.

pub mod environment;
pub mod file;
pub mod systemd;

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::credential::secret::{NotASecret, Secret};

/// Where one secret is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// The environment variable of this name.
    Environment(String),
    /// A file that nobody else can read.
    File(PathBuf),
    /// A credential that systemd handed to the service (`LoadCredential=`), by its name.
    Systemd(String),
}

/// Why a secret could not be had. Names the source, never a value.
#[derive(Debug)]
pub enum SourceError {
    /// A file that others can read; its permission bits.
    Exposed(PathBuf, u32),
    /// systemd handed over no credentials.
    NoCredentialsDirectory,
    /// What is there cannot be a secret.
    Unusable(Source, NotASecret),
    /// The file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// The environment variable is not set.
    Unset(String),
}

impl Source {
    /// Reads the secret.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn read(&self) -> Result<Secret, SourceError> {
        let bytes = match self {
            Self::Environment(name) => environment::read(name)?,
            Self::File(path) => file::read(path)?,
            Self::Systemd(name) => systemd::read(name)?,
        };
        Secret::new(bytes).map_err(|why| SourceError::Unusable(self.clone(), why))
    }

    /// The file to watch for a change, where there is one.
    pub fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Environment(_) => None,
            Self::File(path) => Some(path.clone()),
            Self::Systemd(name) => systemd::path(name).ok(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Systemd(name) => write!(f, "systemd credential {name}"),
        }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exposed(path, mode) => {
                let path = path.display();
                write!(f, "file {path} can be read by others (mode {mode:04o}); chmod 600 {path}")
            }
            Self::NoCredentialsDirectory => f.write_str(
                "systemd handed over no credentials ($CREDENTIALS_DIRECTORY is not set); add \
                 LoadCredential= to the unit",
            ),
            Self::Unusable(source, why) => write!(f, "{source} {why}"),
            Self::Unreadable(path, cause) => {
                write!(f, "file {} cannot be read: {cause}", path.display())
            }
            Self::Unset(name) => write!(f, "environment variable {name} is not set"),
        }
    }
}

impl std::error::Error for SourceError {}
