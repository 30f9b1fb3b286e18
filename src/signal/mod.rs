//! Security events (RFC 8417, CAEP): telling another system what was revoked here, and reading what
//! others say of agents and people.
//!
//! What is sent says who lost what and no more: no request, no credential. What is received is read
//! here and believed elsewhere: `control` proves who said it, and that they may speak about that
//! agent. An event of a kind that is not known never does anything.

mod kind;
mod config;
mod token;
mod sender;
mod received;

pub use config::Config;
pub use received::{MAX_AGE, News, Received, Unfit, Whom};
pub use sender::{Sender, SenderError, run};

/// The media type of a security event on its way, and without `application/` its `typ`.
pub const MEDIA_TYPE: &str = "application/secevent+jwt";
