//! What policy says.
//!
//! Rules are Rego, read from a folder together with their tests and data. A [`Bundle`] is what
//! stands after every check; each worker has a [`Judge`] that answers a [`Query`] from it with a
//! [`Decision`]. Answering takes no lock, waits for nothing and cannot fail: whatever is not a
//! clear yes is a denial.

pub mod config;
pub mod problem;
pub mod obligation;
pub mod failure;
pub mod revision;
pub mod decision;
mod result;
mod approval;
pub mod query;
mod syntax;
mod engine;
mod gate;
mod canonical;
pub mod signing;
mod manifest;
mod folder;
mod archive;
pub mod edition;
mod contents;
pub mod coverage;
pub mod report;
pub mod check;
mod guardrail;
mod entry;
mod clearance;
pub mod suite;
pub mod bundle;
mod announcement;
pub mod bench;
pub mod checker;
mod memory;
pub mod observer;
pub mod judge;
pub mod trial;
pub mod masking;
pub mod explain;
pub mod rehearsal;
pub mod specimen;

#[cfg(test)]
mod tests;

pub use approval::{Approval, BreakGlass};
pub use archive::is_archive;
pub use bundle::Bundle;
pub use checker::Checker;
pub use config::Config;
pub use decision::{ApprovalNeed, ApprovalStage, Decision, Effect, Reason};
pub use edition::Edition;
pub use entry::EntryPoint;
pub use explain::Explainer;
pub use failure::{Cause, Failure};
pub use judge::Judge;
pub use masking::Masker;
pub use obligation::{Duty, Obligation};
pub use observer::{Handed, Observed, Observer};
pub use problem::{LoadError, Problem};
pub use query::Query;
pub use rehearsal::Rehearsal;
pub use revision::Revision;
pub use signing::Signing;
pub use trial::Trial;
