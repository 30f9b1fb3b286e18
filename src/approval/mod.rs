//! People's agreement, as signatures.
//!
//! A person agrees to one proposal by signing a [`Statement`] with a key that no agent can reach:
//! with `ssh-keygen -Y sign`, or with a passkey. Nothing here reads a file, a store or a clock: the
//! same signature over the same statement has the same answer later, elsewhere and without
//! Countersign. Whether the time, the nonce and the person are right is not answered here yet, so
//! a good signature alone is not an agreement.

pub mod identity;
pub mod statement;
pub mod refusal;
pub mod sshsig;
pub mod webauthn;

#[cfg(test)]
mod tests;

pub use identity::Identity;
pub use refusal::Refusal;
pub use statement::{Digest, Nonce, Statement, Verdict};
