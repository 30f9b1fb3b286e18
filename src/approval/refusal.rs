//! Why a signature is not taken for a person's agreement.

use std::fmt;

/// Why not. Nothing of a refused signature counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// It overrules everybody else, which the rules do not allow this person.
    BreakGlass,
    /// The passkey answered something else than this statement.
    Challenge,
    /// The assertion was made inside of a page of another site.
    CrossOrigin,
    /// Those of an earlier stage have not agreed yet.
    Early,
    /// The signature or assertion cannot be read.
    MalformedProof,
    /// The statement is worth nothing any more.
    Expired,
    /// It was signed to be used somewhere else than in Countersign.
    Namespace,
    /// Nobody asked this person.
    NotAsked,
    /// What was agreed to is too long for anybody to have seen all of it.
    NotShown,
    /// There is nothing that this person could take back.
    NothingSaid,
    /// The passkey was used at a site that is not ours.
    Origin,
    /// The standing approval is for something else.
    Outside,
    /// It is about a request of their own, or of an agent that works for them.
    OwnRequest,
    /// The passkey answered for another relying party.
    RelyingParty,
    /// It is not that signature over that statement.
    Signature,
    /// What was signed is another proposal.
    Stale,
    /// What was signed is not a statement.
    Statement,
    /// Nobody is called so.
    Stranger,
    /// The passkey was asked for something else than an assertion.
    Type,
    /// It was signed before the proposal was made, or is from the future.
    Untimely,
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
            Self::BreakGlass => "the rules do not let this person decide alone",
            Self::Challenge => "the passkey signed another statement; sign this one",
            Self::CrossOrigin => "the passkey was used inside of another site's page",
            Self::MalformedProof => "the signature cannot be read; send it as it was written",
            Self::Early => "those of an earlier stage have to agree first",
            Self::Expired => "the signed statement has expired; sign a new one",
            Self::Namespace => "the signature is not for `countersign`; use `-n countersign`",
            Self::NotAsked => "this person is in none of the groups that are asked",
            Self::NotShown => "it is too long to be shown whole, so nobody can agree to it",
            Self::NothingSaid => "there is no yes of this person to take back",
            Self::OwnRequest => {
                "nobody may answer for their own request, or for an agent of theirs"
            }
            Self::Outside => "this standing approval is for something else",
            Self::Origin => "the passkey was used at a site that is not configured",
            Self::RelyingParty => "the passkey answered for another relying party",
            Self::Signature => "the signature does not match the statement",
            Self::Stale => "another proposal was signed; look at this one and sign its digest",
            Self::Statement => "what was signed is not a statement",
            Self::Stranger => "there is nobody of this name under `approvals.people`",
            Self::Type => "the passkey's answer is not an assertion",
            Self::Untimely => {
                "it was signed before the proposal was made, or with a clock that is ahead"
            }
            Self::UserNotPresent => "nobody touched the key",
            Self::UserNotVerified => "the authenticator did not verify its user",
            Self::WrongKey => "the key that signed is not the approver's",
        })
    }
}

impl std::error::Error for Refusal {}
