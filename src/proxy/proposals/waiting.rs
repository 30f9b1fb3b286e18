//! How agents wait for people, as the operator configured it.

use std::time::Duration;

/// How long calls are held, and people may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Waiting {
    /// How long a call is held, unless it asks for another time.
    pub hold: Duration,
    /// How long people may take, unless a rule says otherwise.
    pub expires_after: Duration,
}

impl Waiting {
    /// The longest that a call is held, whatever it asks for.
    pub const LONGEST: Duration = Duration::from_secs(240);
}
