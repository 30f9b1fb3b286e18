//! Why a signature is not taken for a person's agreement.

use std::fmt;

use crate::approval::identity::Identity;
use crate::approval::statement::Malformed;

/// Why not. Nothing of a refused signature counts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The passkey answered something else than this statement.
    Challenge,
    /// The assertion was made inside of a page of another site.
    CrossOrigin,
    /// The statement's time is over.
    Expired,
    /// The statement cannot be read.
    Malformed(Malformed),
    /// The signature or assertion cannot be read.
    MalformedProof,
    /// It was signed to be used somewhere else than in Countersign.
    Namespace,
    /// The statement's time has not begun.
    NotYetValid,
    /// The passkey was used at a site that is not ours.
    Origin,
    /// The statement is about another proposal, or about what this one was before it changed.
    OtherProposal,
    /// The passkey answered for another relying party.
    RelyingParty,
    /// The statement was used already.
    Replayed,
    /// It is not that signature over that statement.
    Signature,
    /// The passkey was asked for something else than an assertion.
    Type,
    /// Nobody touched the key.
    UserNotPresent,
    /// The authenticator did not verify who touched it.
    UserNotVerified,
    /// No person is known by that name.
    UnknownApprover(Identity),
    /// The key that signed is not one of the approver's.
    WrongKey,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => return write!(f, "this is not an approval statement: {why}"),
            Self::UnknownApprover(name) => return write!(f, "`{name}` is not an approver"),
            _ => {}
        }
        f.write_str(self.sentence())
    }
}

impl Refusal {
    fn sentence(&self) -> &'static str {
        match self {
            Self::Challenge => "the passkey signed another statement; sign this one",
            Self::CrossOrigin => "the passkey was used inside of another site's page",
            Self::Expired => "the statement has expired; sign a new one",
            Self::Malformed(_) => "this is not an approval statement",
            Self::MalformedProof => "the signature cannot be read",
            Self::Namespace => "the signature is not for `countersign`; use `-n countersign`",
            Self::NotYetValid => "the statement is from the future; check the signer's clock",
            Self::Origin => "the passkey was used at a site that is not configured",
            Self::OtherProposal => "the statement is about another proposal; look at this one",
            Self::RelyingParty => "the passkey answered for another relying party",
            Self::Replayed => "the statement was used before; sign a new one",
            Self::Signature => "the signature does not match the statement",
            Self::Type => "the passkey's answer is not an assertion",
            Self::UserNotPresent => "nobody touched the key",
            Self::UserNotVerified => "the authenticator did not verify its user",
            Self::UnknownApprover(_) => "this is not an approver",
            Self::WrongKey => "the key that signed is not one of the approver's",
        }
    }
}

impl std::error::Error for Refusal {}
