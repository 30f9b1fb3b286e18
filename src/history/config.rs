//! What an operator says about the history of decisions.

use std::path::PathBuf;
use std::time::Duration;

use crate::history::mask::Mask;

/// Where decisions are kept, how long, and what is covered first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// A folder; made if it is not there.
    pub path: PathBuf,
    /// How long a decision is kept, at most.
    pub keep: Duration,
    /// The most bytes that decisions and their rules may take; the oldest give way.
    pub limit: u64,
    /// What is covered beside what always is.
    pub mask: Mask,
    /// Whether they are sent elsewhere as well.
    pub sending: Sending,
}

/// Whether decisions are sent elsewhere: what is removed before is then counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Sending {
    /// They are.
    Elsewhere,
    /// They stay where they are kept.
    #[default]
    Nowhere,
}

impl Config {
    /// A week, unless the operator says otherwise.
    pub const KEEP: Duration = Duration::from_secs(7 * 86_400);

    /// One gibibyte: about 250,000 decisions without bodies.
    pub const LIMIT: u64 = 1 << 30;

    /// The defaults, for the folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            keep: Self::KEEP,
            limit: Self::LIMIT,
            mask: Mask::default(),
            sending: Sending::default(),
        }
    }
}
