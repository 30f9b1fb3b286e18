//! Sockets, TLS and connections; knows nothing of what it serves.
//!
//! A connection is accepted, bounded, handshaken and authenticated here, and its bytes are held to
//! the strict reading of HTTP before hyper sees them. What comes out is a [`Connection`] with its
//! caller, and requests.

pub mod config;
pub mod census;
pub mod bind;
pub mod accept;
pub mod tls;
pub mod connection;
pub mod http1;
pub mod serve;
pub mod guest;

pub use accept::{Accepted, Intake};
pub use bind::Bound;
pub use census::Census;
pub use config::{Limits, ListenerConfig};
pub use connection::Connection;
pub use guest::Guest;
