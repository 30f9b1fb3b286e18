//! MCP over Streamable HTTP: what one message asks for, and what one list may show.
//!
//! The body is the authority. Headers that repeat it are compared with it and never decided on, and
//! the upstream gets the message written out anew from what was judged. A message that is not
//! understood is refused: a method that nobody here knows may do anything.

pub mod revision;
pub mod method;
pub mod field;
pub mod malformed;
pub mod call;
pub mod message;
#[cfg(test)]
mod message_tests;
pub mod events;
pub mod attempt;
pub mod list;
pub mod definition;

pub use call::Call;
pub use definition::{Definition, Definitions};
pub use list::List;
pub use malformed::Malformed;
pub use message::Message;
pub use revision::Revision;
