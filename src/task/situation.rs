//! What is known of the work that a request belongs to.

use crate::identity::SpiffeId;
use crate::task::label::Labels;
use crate::task::lineage::Lineage;

/// What is known of the work that a request belongs to: its task, if it names one, and what its
/// agent's work has touched.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Situation {
    /// The task, with all that it was handed on from.
    pub lineage: Option<Lineage>,
    /// What the work has touched.
    pub labels: Labels,
}

impl Situation {
    /// No task, and nothing touched.
    pub const fn nothing() -> Self {
        Self { lineage: None, labels: Labels::new() }
    }

    /// On whose behalf the request is made, the first who handed the work on first.
    pub fn chain(&self) -> impl Iterator<Item = &SpiffeId> {
        self.lineage.iter().flat_map(Lineage::chain)
    }
}
