//! What an agent puts forward: one exact request, and what becomes of it.
//!
//! A proposal has a [`Substance`], everything that its [`Digest`] covers and that people sign, and
//! two states that move apart from each other: its [`Status`] is what was decided about it, its
//! [`Execution`] is what came of carrying it out. All of it is pure: every transition takes the
//! time, and nothing here reads a clock, a file or the network. `store` keeps proposals.

mod encoding;
mod request;
mod substance;
mod digest;
mod terms;
mod kind;
mod origin;
mod callback;
mod answer;
mod state;
#[expect(clippy::module_inception, reason = "the noun itself stands in a file of its name")]
mod proposal;
mod card;
#[cfg(test)]
pub(crate) mod tests;

pub use answer::{Answer, MAX_ANSWER_BODY};
pub use callback::Callback;
pub use card::{Background, Card, History, Purpose, Word};
pub use digest::{Difference, Digest};
pub use encoding::Undecodable;
pub use kind::{kind, rule};
pub use origin::Origin;
pub use proposal::{Draft, IdempotencyKey, Proposal};
pub use request::{MAX_BODY, MAX_HEAD, MAX_SHOWN, Oversized, Request};
pub use state::{Claim, Execution, Illegal, Outcome, State, Status, Verdict};
pub use substance::{MAX_CHAIN, Substance};
pub use terms::{Need, Progress, Stage, Terms};
