//! Where a task stands.

use std::fmt;

/// Where a task stands. The last three are final.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// It may be worked on, and nothing was done yet.
    Open,
    /// It is being worked on.
    Active,
    /// It may not be worked on for now.
    Paused,
    /// Its owner, or who handed it on, has ended it.
    Completed,
    /// Its time was over.
    Expired,
    /// An operator has ended it.
    Revoked,
}

impl Status {
    /// The word that stands for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether it stays so for good.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Expired | Self::Revoked)
    }

    /// Whether a task may go from here to `next`.
    pub fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (from, _) if from.is_final() => false,
            (_, Self::Open) => false,
            (Self::Paused, Self::Paused) => false,
            _ => true,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// All of them.
pub(super) const ALL: [Status; 6] = [
    Status::Open,
    Status::Active,
    Status::Paused,
    Status::Completed,
    Status::Expired,
    Status::Revoked,
];
