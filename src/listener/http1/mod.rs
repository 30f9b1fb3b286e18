//! The strict reading of HTTP/1.1 bytes, in front of hyper.
//!
//! hyper, like any good server, is liberal in what it accepts: it drops a `Content-Length` beside a
//! `Transfer-Encoding`, takes a bare line feed for a line's end, and ignores chunk extensions. Each
//! of these is how some other server reads another request out of the same bytes. So every byte is
//! read strictly here first, and hyper sees only what has one reading.

pub mod head;
pub mod chunks;
pub mod front;

pub use front::{Front, REFUSED_TARGET};
