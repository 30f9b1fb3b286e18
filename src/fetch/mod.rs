//! What Countersign gets for itself, and what it hands over to others.
//!
//! No agent's request goes this way and no agent's credential either: that is `upstream`'s, which
//! takes nothing but an authorized request. Redirects are not followed.

mod error;
mod wire;
mod place;
mod outside;

pub use error::FetchError;
pub use outside::Outside;
pub use place::{Config, Fetched, Place};
