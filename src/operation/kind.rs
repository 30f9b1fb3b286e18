//! Whether an operation can change anything.

/// What an operation does to the upstream's state.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Kind {
    /// Nothing: the protocol, or the operator, says so.
    Read,
    /// Something, or it cannot be told.
    #[default]
    Write,
}

impl Kind {
    /// The word that rules compare with.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}
