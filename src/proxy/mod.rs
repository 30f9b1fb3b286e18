//! The data plane: from an agent's request to its answer.
//!
//! [`exchange`] is the one page that tells the story; everything else here is a stage of it.

pub mod waiting;
mod places;
pub mod docket;
pub mod underway;
pub mod standing;
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
mod task_terms;
mod tasks;
pub mod agent_api;
pub mod arrival;
mod arrived;
mod carried;
mod account;
mod agreement;
mod execution;
mod kept_message;
mod judged;
mod proposing;
mod resuming;
mod reading;
mod offline;
mod mailbox;
mod forward;
pub mod errand;
mod mcp_tasks;
mod listing;
mod prospect;
mod mcp_tools;
mod agent_mcp;
pub mod exchange;

pub use answer::Answer;
pub use docket::Docket;
pub use plane::{Plane, Shared, Snapshot, View};
pub use waiting::Waiting;
