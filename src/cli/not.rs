//! Why nobody's word was taken, and the exit code that says so.

use std::io;

use crate::approval::Refusal;
use crate::cli::Exit;
use crate::store::Error;

/// Why not, in words.
#[derive(Debug)]
pub(super) struct Not(pub(super) Exit, pub(super) String);

impl From<io::Error> for Not {
    fn from(why: io::Error) -> Self {
        Self(Exit::Failed, why.to_string())
    }
}

impl From<Error> for Not {
    fn from(why: Error) -> Self {
        let exit = match &why {
            Error::Unknown(_) => Exit::NotFound,
            Error::Refused(
                Refusal::BreakGlass
                | Refusal::Early
                | Refusal::NotAsked
                | Refusal::NotShown
                | Refusal::OwnRequest
                | Refusal::Stranger,
            ) => Exit::NotPermitted,
            Error::Refused(Refusal::NothingSaid)
            | Error::Illegal(_)
            | Error::Answered
            | Error::TooManyWords => Exit::Conflict,
            Error::Refused(_) => Exit::Unverified,
            _ => Exit::Failed,
        };
        Self(exit, why.to_string())
    }
}
