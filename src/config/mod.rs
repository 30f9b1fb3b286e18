//! The configuration as written, what is wrong with it, and its schema.
//!
//! [`parse`] turns text into a [`File`] or into everything that is wrong with the text at once, each
//! with its place, an excerpt and what to do. It reads no file and knows no clock, so that it can be
//! tested with any text. Secrets are never part of the text: they come from sources, and where
//! somebody wrote one down all the same, no excerpt shows it.

pub mod code;
pub mod keypath;
mod people;
pub mod place;
pub mod mask;
pub mod problem;
pub mod report;
pub mod text;
pub mod duration;
mod label;
mod moment;
pub mod size;
pub mod identity;
pub mod listeners;
pub mod control;
pub mod history;
pub mod upstreams;
pub mod source;
pub mod bundle;
pub mod policy;
pub mod credentials;
pub mod protocol;
pub mod routes;
mod operations;
pub mod audit;
pub mod state;
mod callbacks;
mod signals;
pub mod file;
mod tree;
mod strict;
mod shape;
mod check;
pub mod cases;
mod places;
pub mod parts;
pub mod schema;

pub use code::{Code, Severity};
pub use file::{File, parse};
pub use problem::{Problem, Problems};
pub use schema::schema;

#[cfg(test)]
mod tests;
