//! A person's yes to requests that nobody has made yet: a few, of one shape, for a while.
//!
//! It is never for ever: the statement says how often, until when, and for exactly what, and a person
//! signs that text. What is not said in it is not agreed to: another header, a query, a body that
//! cannot be read do not fit.

mod predicate;
mod statement;
mod proof;

pub use predicate::{Cap, Field, MAX_LINES, Paths, Predicate};
pub use proof::StandingProof;
pub use statement::{MAX_USES, Standing};
