//! Telling agents what becomes of their proposals, where they asked for it.
//!
//! An agent names the address, so it is taken for hostile: `https` alone, no address but public ones
//! and those that the operator allows, no redirect, nothing of an answer read, and nothing sent but
//! which proposal, and what happened to it. Each call is signed, so that whoever hears it knows that
//! it is ours; it may come twice, and says by its id that it does.

mod config;
mod endpoint;
mod key;
mod message;
mod caller;

pub use caller::{Caller, CallerError, run};
pub use config::Config;
pub use endpoint::Endpoint;
pub use key::Key;
