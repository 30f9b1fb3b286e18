//! Why a signature is not taken for a person's agreement.

use std::fmt;

/// Why not. Nothing of a refused signature counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The passkey answered something else than this statement.
    Challenge,
    /// The assertion was made inside of a page of another site.
    CrossOrigin,
    /// The signature or assertion cannot be read.
    MalformedProof,
    /// It was signed to be used somewhere else than in Countersign.
    Namespace,
    /// The passkey was used at a site that is not ours.
    Origin,
    /// The passkey answered for another relying party.
    RelyingParty,
    /// It is not that signature over that statement.
    Signature,
    /// The passkey was asked for something else than an assertion.
    Type,
    /// Nobody touched the key.
    UserNotPresent,
    /// The authenticator did not verify who touched it.
    UserNotVerified,
    /// Another key signed.
    WrongKey,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Challenge => "the passkey signed another statement; sign this one",
            Self::CrossOrigin => "the passkey was used inside of another site's page",
            Self::MalformedProof => "the signature cannot be read; send it as it was written",
            Self::Namespace => "the signature is not for `countersign`; use `-n countersign`",
            Self::Origin => "the passkey was used at a site that is not configured",
            Self::RelyingParty => "the passkey answered for another relying party",
            Self::Signature => "the signature does not match the statement",
            Self::Type => "the passkey's answer is not an assertion",
            Self::UserNotPresent => "nobody touched the key",
            Self::UserNotVerified => "the authenticator did not verify its user",
            Self::WrongKey => "the key that signed is not the approver's",
        })
    }
}

impl std::error::Error for Refusal {}
