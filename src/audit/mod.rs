//! What happened: the trail that every exchange is written to, before and after.
//!
//! An exchange opens a [`Trail`]; its grant is committed to it as an intent, which makes the
//! [`Recorded`] without which no credential is used; its outcome closes it, exactly once, also when
//! the exchange is dropped half way. Workers gather what they commit in one turn and hand it to the
//! shared [`Log`] in one write. The format is in `docs/audit.md`, and [`verify()`] needs nothing but
//! the files and the public key.
//!
//! The modules in reading order: how an entry is written, how entries are bound together and
//! signed, the files, the log and its thread, the worker's side, and the readers.

mod json;
mod entry;
mod record;
mod batch;
mod tree;
mod note;
mod key;
mod error;
mod segment;
mod chain;
mod ledger;
mod notary;
mod recovery;
mod log;
mod sync;
mod recorder;
mod trail;
mod walk;
mod read;
mod diagnosis;
mod report;
mod witness;
mod verify;
mod agreed;

#[cfg(test)]
mod tests;

pub use agreed::{Agreed, Unfounded, agreed};
pub use entry::{Head, Kind, Malformed};
pub use error::{Error, Unavailable};
pub use key::SigningKey;
pub use log::{Config, Log, Signing};
pub use note::{Checkpoint, NoteError, Origin, VerifierKey};
pub use read::{Line, lines, show, tail};
pub use record::{Body, Entry, Intent, Outcome, Refusal};
pub use recorder::Recorder;
pub use report::{Damage, Outcomes, Problem, Report};
pub use trail::{Recorded, Trail};
pub use tree::Hash;
pub use verify::{VerifyError, verify};
pub use walk::Place;
