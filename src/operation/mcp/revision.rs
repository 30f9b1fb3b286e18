//! The revisions of the protocol that are understood.
//!
//! A revision is either *modern*, which says itself in each message, or of the time when a session
//! began with `initialize`.

use std::fmt;

/// A revision of MCP.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Revision {
    /// What a message without any version means. Its batches are refused like all others.
    March2025,
    /// The first without batches.
    June2025,
    /// The last with sessions.
    November2025,
    /// Without sessions: each message stands for itself.
    July2026,
}

impl Revision {
    /// Reads a revision's date.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::March2025, Self::June2025, Self::November2025, Self::July2026]
            .into_iter()
            .find(|revision| revision.date() == text)
    }

    /// Its date, which is its name on the wire.
    pub const fn date(self) -> &'static str {
        match self {
            Self::March2025 => "2025-03-26",
            Self::June2025 => "2025-06-18",
            Self::November2025 => "2025-11-25",
            Self::July2026 => "2026-07-28",
        }
    }

    /// Whether each message names its revision in `_meta`.
    pub fn is_modern(self) -> bool {
        self >= Self::July2026
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.date())
    }
}

/// The revisions that a client is offered, newest first.
pub const SUPPORTED: [Revision; 3] =
    [Revision::July2026, Revision::November2025, Revision::June2025];
