//! What is signed and who signed it: yes in one way, no in every other.

mod exchange;
mod own;
mod proof;
pub(crate) mod signer;
mod sshsig;
mod stages;
mod standing;
mod statement;
mod webauthn;
