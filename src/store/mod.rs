//! What must outlive this process: SQLite in a file, or PostgreSQL for several replicas.
//!
//! The only place with SQL, and one text of it for both databases; only how a row is locked
//! differs. Every operation is one transaction, which is on disk before the operation answers.
//! The transitions themselves are those of `proposal`: a row is locked, read, moved by them and
//! written, so that no second state machine is hidden in SQL.
//!
//! A [`Store`] belongs to the Tokio runtime that opened it, because PostgreSQL's sockets do. Workers
//! have runtimes of their own and must not share one: they ask the [`Keeper`]'s thread, which owns the
//! store, at its [`Desk`].

mod config;
mod error;
mod connection;
mod row;
mod proposal_row;
mod proposals;
mod standing;
mod approvals;
mod bounds;
mod queue;
mod executors;
mod events;
mod deliveries;
mod callbacks;
mod revocations;
mod signals;
mod task_row;
mod labels;
mod charges;
mod tasks;
mod turns;
mod background;
mod listing;
mod watch;
mod desk;
mod inquiries;
mod sweep;
mod keeper;
#[cfg(test)]
mod tests;

pub use approvals::{Approval, MAX_WORDS, proved};
pub use bounds::MAX_PENDING;
pub use callbacks::Call;
pub use config::Config;
pub use connection::Store;
pub use desk::Desk;
pub use error::Error;
pub use events::Follower;
pub use keeper::Keeper;
pub use listing::{Agent, Listing};
pub use proposals::{MAX_PAGE, Put};
pub use queue::{Errand, Setback, Trouble};
pub use revocations::Revocation;
pub use signals::{Heard, Heeded, Signal};
pub use standing::{MAX_STANDING, StandingApproval};
pub use tasks::{MAX_TASKS, Step};
pub use turns::Stopped;
pub use watch::Watch;
