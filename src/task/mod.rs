//! Bounded pieces of work: what an agent may do for which purpose, how often and until when, and
//! what it may hand on. What the work has touched sticks to it as labels.
//!
//! Nothing here does anything: a [`Lineage`] says whether a call may be made and what may be handed
//! on, and the store keeps what it says.

pub mod label;
pub mod amount;
pub mod budget;
pub mod call;
pub mod limit;
pub mod scope;
pub mod change;
mod state;
#[expect(clippy::module_inception, reason = "it is the noun that the part is named after")]
pub mod task;
pub mod lineage;
pub mod situation;
#[cfg(test)]
mod tests;

pub use amount::{Amount, Amounts, Quantity, Unit};
pub use budget::{Budget, Cost, Measure, Spent};
pub use call::{ActsOn, Call};
pub use change::Change;
pub use label::{Label, Labels};
pub use limit::{Field, Limit, Scalar};
pub use lineage::{Lineage, Refusal, Stop};
pub use scope::{Prefix, Scope};
pub use situation::Situation;
pub use state::Status;
pub use task::{Bounds, Task};
