//! What is signed and who signed it: yes in one way, no in every other.

mod sshsig;
mod statement;
mod webauthn;
