//! What changed, for whoever follows it: consoles, callbacks, other systems.
//!
//! An [`Event`] says that something about a proposal, an approval, a task or a revocation is other
//! than before, and where to look; it never holds a request, an answer or a secret. `store` writes
//! each in the transaction of the change itself, so there is none without the other.

#[expect(clippy::module_inception, reason = "the noun itself stands in a file of its name")]
mod event;
mod kind;

pub use event::{Event, Subject};
pub use kind::Kind;
