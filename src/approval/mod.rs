//! People's agreement, as signatures.
//!
//! A person agrees to one proposal by signing a [`Statement`] with a key that no agent can reach:
//! with `ssh-keygen -Y sign`, or with a passkey. [`Approval`] is the proof that somebody did, and
//! [`Question::tally`] says what all of them together come to. Nothing here reads a file, a store
//! or a clock: the same question with the same approvals has the same answer later, elsewhere and
//! without Countersign.

pub mod identity;
pub mod statement;
pub mod refusal;
pub mod sshsig;
pub mod webauthn;
//X pub mod approver;
//X pub mod proof;
//X pub mod group;
//X pub mod quorum;
//X mod visible;
//X pub mod card;
//X pub mod config;

//X pub use approver::{Key, People, Person};
//X pub use card::Card;
//X pub use config::Config;
//X pub use group::{Group, Need, Stage};
pub use identity::Identity;
//X pub use proof::{Approval, Proof};
//X pub use quorum::{Outcome, Question, Tally};
pub use refusal::Refusal;
pub use statement::{Digest, Nonce, Statement, Verdict};
