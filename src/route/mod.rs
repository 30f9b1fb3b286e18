//! What is asked for.
//!
//! A request is parsed here once, strictly, into the one canonical form that everything else uses:
//! the route is found with it, policy judges it, the record names it, and the upstream's bytes are
//! written from it. What could be read in two ways is refused ([`Ambiguity`]), never repaired.

pub mod ambiguity;
pub mod escape;
pub mod authority;
pub mod path;
pub mod query;
pub mod headers;
pub mod head;
pub mod json;
pub mod body;
pub mod terms;
pub mod protobuf;
pub mod protocol;
pub mod pattern;
pub mod table;

pub use ambiguity::Ambiguity;
pub use authority::Authority;
pub use body::{Body, Inspected};
pub use head::Head;
pub use path::Path;
pub use query::Query;
pub use table::{NoRoute, Route, Table, Target};
