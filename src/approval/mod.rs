//! People's agreement, as signatures.
//!
//! A person agrees to one proposal by signing a [`Statement`] with a key that no agent can reach. A
//! [`Proof`] is that with its signature; [`Proof::verify`] says whose [`Answer`] it is, if it is
//! anybody's, and [`tally`] what all the answers come to. Nothing here reads a file, a store or a
//! clock: the same proof has the same answer later, elsewhere and without Countersign. Signatures
//! are `ssh-keygen`'s; a passkey's can be checked too, and nothing asks for one yet.

mod identity;
mod statement;
mod refusal;
mod sshsig;
pub mod webauthn;
mod people;
mod proof;
mod tally;
mod exchange;
pub mod standing;
mod key_pair;

#[cfg(test)]
pub(crate) mod tests;

pub use exchange::Exchange;
pub use identity::{Identity, NotAName};
pub use key_pair::SshKeyPair;
pub use people::{Group, People, Person};
pub use proof::{Answer, Proof};
pub use refusal::Refusal;
pub use sshsig::{KeyError, SshKey};
pub use statement::{MAX_LIFE, Malformed, Nonce, Reason, Statement, Verdict};
pub use tally::{broken_glass, is_due, progress, tally};
