//! The admin door: plain HTTP, on loopback, for probes and Prometheus. It changes nothing.

pub mod health;
pub mod server;

pub use health::Health;
pub use server::serve;
