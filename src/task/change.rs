//! What rules may have become of a task, because of what a request is.

use std::fmt;

use crate::task::scope::Scope;

/// What becomes of a task.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// It is over, with all that was handed on of it.
    End,
    /// It may be used for what this covers, too, and for nothing else.
    Narrow(Box<Scope>),
    /// Nothing goes on until who owns it resumes it.
    Pause,
}

impl Change {
    /// Whether nothing may be made for it from here on.
    pub fn stops(&self) -> bool {
        matches!(self, Self::End | Self::Pause)
    }

    /// Roughly what its texts take in memory.
    pub fn text_bytes(&self) -> usize {
        let Self::Narrow(scope) = self else { return 0 };
        let routes = scope.routes.iter().flatten().map(|route| route.as_str().len());
        let words = scope.methods.iter().chain(&scope.tools).flatten().map(String::len);
        let paths = scope.paths.iter().flatten().map(|path| path.as_str().len());
        routes.chain(words).chain(paths).sum()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::End => "end",
            Self::Narrow(_) => "narrow",
            Self::Pause => "pause",
        })
    }
}
