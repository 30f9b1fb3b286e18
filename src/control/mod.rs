//! The control door: people's own API, for operators and approvers.
//!
//! Whoever calls shows a certificate of people's own trust domains or a token of their issuer, never
//! an agent's identity. Approvers read what asks them and answer it with their signature; operators
//! read everything, and may take things back. All truth is in the store, so every replica can serve it.

pub mod config;
mod keys;
mod token;
mod caller;
mod failure;
mod reply;
mod unheard;
mod transmitter;
mod gate;
mod request;
mod page;
mod service;
mod proposal_view;
mod proposals;
mod answers;
mod revocations;
mod signals;
mod tasks;
mod agents;
mod credentials;
mod policy;
mod records;
mod events;
mod endpoints;
mod openapi;
mod routes;
mod door;
#[cfg(test)]
mod tests;

pub use config::Config;
pub use door::Door;
pub use gate::{Gate, GateError};
pub use keys::KeysError;
pub use openapi::openapi;
pub use service::Service;
