//! The other side: the services that agents' requests are sent to.
//!
//! [`Client::send`] is the only way out of Countersign, and it takes nothing but an authorized
//! request. Where that request goes (scheme, host, port, the `Host` it names, the roots it trusts)
//! comes from the upstream's configuration alone; nothing an agent wrote can move it. Everything
//! here belongs to one worker and stays on its thread: pools have no locks, and no connection, TLS
//! session or failure count is ever shared between two upstreams.
//!
//! What it must never do: follow a redirect, resend what may have arrived, connect to an address
//! that was not checked, or reuse a connection whose last exchange did not end cleanly.

pub mod address;
pub mod config;
pub mod error;
pub mod tls;
pub mod snapshot;
mod deadline;
mod health;
mod resolve;
mod wire;
mod connect;
mod outgoing;
mod http1;
mod http2;
mod pool;
pub mod answer;
mod cluster;
mod exchange;
pub mod client;

#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use client::Client;
pub use config::{Config, Endpoint, Protocol, Timeouts};
pub use error::{Cause, Error, Sent};
pub use snapshot::Upstreams;
