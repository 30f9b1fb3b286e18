//! Why the development deployment did not start, or the tour did not go as it should.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::app::StartError;
use crate::config::Problems;
use crate::ed25519::KeyError;
use crate::policy::LoadError;

/// Why the development deployment did not start, or the tour did not go as it should.
#[derive(Debug)]
pub enum Error {
    /// A certificate cannot be made, or the authority in the folder is not one.
    Certificate(rcgen::Error),
    /// The configuration in the folder is wrong.
    Configuration(Problems),
    /// A file or folder cannot be read or written.
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The audit key cannot be made or used.
    Key(KeyError),
    /// The rules cannot be used.
    Policy(LoadError),
    /// The sample API cannot listen there.
    Sample(SocketAddr, io::Error),
    /// Countersign did not start.
    Start(StartError),
    /// The system gives no thread, no poller or no randomness, or the output is closed.
    System(io::Error),
    /// A step of the tour did not go as it should; the transcript says how.
    Tour {
        /// Which step.
        step: &'static str,
    },
}

impl Error {
    pub(super) fn io(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

impl From<KeyError> for Error {
    fn from(why: KeyError) -> Self {
        Self::Key(why)
    }
}

impl From<LoadError> for Error {
    fn from(why: LoadError) -> Self {
        Self::Policy(why)
    }
}

impl From<StartError> for Error {
    fn from(why: StartError) -> Self {
        Self::Start(why)
    }
}

impl From<io::Error> for Error {
    fn from(why: io::Error) -> Self {
        Self::System(why)
    }
}

impl From<rcgen::Error> for Error {
    fn from(why: rcgen::Error) -> Self {
        Self::Certificate(why)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(why) => write!(
                f,
                "a development certificate cannot be made: {why}; remove the folder's pki/ to \
                 begin anew"
            ),
            Self::Configuration(problems) => write!(f, "{problems}"),
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Key(why) => write!(f, "{why}"),
            Self::Policy(why) => write!(f, "{why}"),
            Self::Sample(address, why) => write!(
                f,
                "the sample API cannot listen on {address}: {why}; change the port in the \
                 configuration's upstreams.payments.url"
            ),
            Self::Start(why) => write!(f, "{why}"),
            Self::System(why) => write!(f, "the system does not let this go on: {why}"),
            Self::Tour { step } => write!(f, "the tour ended early, at \"{step}\""),
        }
    }
}

impl std::error::Error for Error {}
