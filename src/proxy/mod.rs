//! The data plane: from an agent's request to its answer.
//!
//! [`exchange`] is the one page that tells the story; everything else here is a stage of it. What
//! waits for people is in [`proposals`], what agents ask Countersign itself in [`agent`].

pub mod underway;
pub mod failure;
mod report;
pub mod problem;
pub mod dialect;
pub mod reply;
mod sieve;
mod meter;
mod cleaning;
mod relay;
mod uptake;
pub mod answer;
pub mod plane;
pub mod tunnel;
mod stored;
mod work;
pub mod arrival;
mod arrived;
mod carried;
mod account;
mod reading;
mod listing;
pub mod proposals;
pub mod agent;
pub mod exchange;

pub use answer::Answer;
pub use plane::{Plane, Shared, Snapshot, View};
pub use proposals::{Docket, Waiting};
