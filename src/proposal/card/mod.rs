//! What a person sees before they answer: all of it, and nothing that only looks like it.
//!
//! The first line is policy's, never the agent's. What the agent wrote stands behind a bar on every
//! line, so that it cannot pass for a line of ours; a character that is not shown as itself is
//! written out, and a word that imitates another is marked.

mod background;
mod suspect;
mod shown;
mod quote;
mod comparison;
#[expect(clippy::module_inception, reason = "the noun itself stands in a file of its name")]
mod card;

pub use background::{Background, History, Purpose, Word};
pub use card::Card;
