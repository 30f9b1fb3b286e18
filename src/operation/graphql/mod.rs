//! GraphQL over HTTP: every operation of every document, with every field that it touches.
//!
//! A document can hide what it does: behind an alias, in a fragment, in a second operation that a
//! name selects, in a batch, or behind the id of a query that the server knows. So all operations
//! are listed whether selected or not, aliases are dropped, fragments are expanded where they
//! stand, and an id is taken only where the route lists it. Without the schema types are not known:
//! a field is its path of names, an argument is its value as it was written.

mod value;
mod document;
mod expansion;
mod request;

#[cfg(test)]
mod tests;

pub(super) use request::read;
