//! The parts put together: a configuration becomes a running process.

mod entrance;
pub mod assemble;
pub mod watch;
pub mod worker;
pub mod supply;
pub mod delivery;
pub mod supervisor;
pub mod running;

pub use assemble::{Assembly, Refused};
pub use running::{Running, StartError};
