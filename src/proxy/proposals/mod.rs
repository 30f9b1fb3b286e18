//! Requests that wait: for people, for their time, or for their upstream.
//!
//! Three ways lead here: a call that the rules want people to agree to (`proposing`), one that says
//! which proposal it is (`resuming`), and what an agent puts forward by itself (`forward`). All are
//! kept in the same form, and carried out in one place (`execution`), for the agent that waits or
//! without it ([`errand`]).

pub mod waiting;
mod places;
pub mod docket;
pub mod standing;
pub(in crate::proxy) mod judged;
mod agreement;
pub(in crate::proxy) mod execution;
pub(in crate::proxy) mod kept_message;
pub(in crate::proxy) mod proposing;
pub(in crate::proxy) mod resuming;
pub(in crate::proxy) mod offline;
pub(in crate::proxy) mod mailbox;
pub(in crate::proxy) mod forward;
pub mod errand;
pub(in crate::proxy) mod mcp_tasks;

pub use docket::Docket;
pub use waiting::Waiting;
