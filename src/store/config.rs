//! What a configuration says of the store.

use std::time::Duration;

/// Where the store is, and how long a replica does without it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// The database's URL.
    pub url: String,
    /// How many proposals of one agent may wait, for people or to be carried out.
    pub pending: usize,
    /// How old what is known to be revoked may be.
    pub stale_after: Duration,
    /// How long an agent is known for what its work has touched.
    pub labels_last: Duration,
}
