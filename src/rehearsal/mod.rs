//! Requests that nobody makes, judged: the cases beside the rules.
//!
//! A case goes through everything a live request goes through before something is done: the one
//! canonical form, the routes, the check of the body, the input, both engines, and whether what
//! policy demands can be done. Only the proof of who calls is not asked for, so nothing here can
//! lead to a grant.

mod scene;
mod verdict;
mod run;

pub use run::{Unusable, run};

#[cfg(test)]
mod tests;
