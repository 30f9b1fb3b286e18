//! The policy enforcement point: what policy answered becomes what happens.
//!
//! [`authorize()`] asks policy about an [`Ask`] and returns a [`Grant`] or a [`Refusal`]; there is no
//! third thing, and no other way to a grant.

pub mod ask;
pub mod authorize;
mod terms;
mod substance;
pub mod obligation;
pub mod grant;
pub mod refusal;

pub use ask::Ask;
pub use authorize::{authorize, consider};
pub use grant::Grant;
pub use refusal::{Cause, Refusal};
pub use substance::of as substance;
