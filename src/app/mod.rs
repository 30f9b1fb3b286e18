//! The parts put together: a configuration becomes a running process.

pub mod assemble;
pub mod watch;
pub mod worker;
pub mod running;

pub use assemble::Assembly;
pub use running::{Running, StartError};
