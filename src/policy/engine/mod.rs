//! regorus, and everything that knows of it.
//!
//! Two engines run the same rules. The *interpreter* is the authority: it is strict, and slow. The
//! *virtual machine* is fast, and differs from it silently in known ways, so it only ever runs what
//! the gate has passed. Neither is named outside of this folder, and no engine value leaves it:
//! what comes out is an [`Answer`](crate::policy::decision::Answer) or a
//! [`Failure`](crate::policy::failure::Failure).

mod task;
pub(super) mod answer;
pub(super) mod document;
pub(super) mod bulk;
mod moment;
pub(super) mod reads;
pub(super) mod wanted;
mod work;
mod caller;
pub(super) mod operations;
pub(super) mod input;
#[cfg(test)]
mod input_tests;
mod keys;
pub(super) mod standins;
pub(super) mod interpreter;
pub(super) mod source;
pub(super) mod vm;
