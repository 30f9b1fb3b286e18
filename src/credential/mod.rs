//! The secrets, and the one place where a secret meets a request.
//!
//! A credential answers three questions: who it speaks as (its source), where it may go (its
//! upstreams) and how it is put on a request (its scheme). [`Credentials::inject`] takes a recorded
//! grant and nothing less, and makes the [`Authorized`] request; the [`Guard`] that comes with it
//! keeps the injected value out of the answer. Names may be logged, values never.

pub mod secret;
pub mod source;
pub mod scheme;
pub mod config;
pub mod injection;
pub mod guard;
pub mod inject;

pub use config::CredentialConfig;
pub use guard::Guard;
pub use inject::{Authorized, Credentials, Listed, Unsigned};
pub use scheme::Scheme;
pub use secret::Secret;
pub use source::Source;
