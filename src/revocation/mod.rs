//! What operators took back before its time, and what hangs on it.
//!
//! The store says what is revoked; each replica keeps a [`Register`] of that, which a thread of its
//! own holds up to date. An exchange hangs on a [`Tether`]: it is looked at before the exchange
//! begins and before anything is sent, and it tells whatever is open the moment it is cut.

pub mod subject;
pub mod register;
pub mod tether;

pub use register::{Register, Withdrawn};
pub use subject::Subject;
pub use tether::{Link, Tether};
