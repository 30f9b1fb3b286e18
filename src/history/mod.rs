//! The decisions of the last days, with what they were made from.
//!
//! It answers questions about policy: why was this decided, what would other rules have decided,
//! what does this agent do. It proves nothing and may lose records: the audit trail is what proves,
//! and loses none. Secrets are masked before anything is written.
//!
//! Each line of its files is an event of OPA's decision log, so that what reads those reads these.

pub mod config;
pub mod error;
pub mod mask;
mod told;
pub mod record;
pub mod change;
mod shelf;
mod segment;
pub mod backlog;
pub mod keeper;
pub mod read;
pub mod inquiry;
pub mod desk;
pub mod replay;
pub mod regression;
pub mod habit;
pub mod draft;

#[cfg(test)]
mod backlog_tests;
#[cfg(test)]
mod mask_tests;
#[cfg(test)]
mod tests;

pub use backlog::{Backlog, Batch};
pub use change::Change;
pub use config::{Config, Sending};
pub use desk::{Desk, Unexplained};
pub use draft::Draft;
pub use error::Error;
pub use habit::{Habits, habits};
pub use inquiry::{Inquiry, explain, explain_to_agent};
pub use keeper::Keeper;
pub use mask::{Mask, Pointer};
pub use read::History;
pub use record::Record;
pub use regression::test_of;
pub use replay::{Against, replay};
