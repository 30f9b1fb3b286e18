//! What is signed and who signed it: yes in one way, no in every other.

mod proof;
pub(crate) mod signer;
mod sshsig;
mod statement;
mod webauthn;
