//! How a request was carried out.

use bytes::Bytes;
use http::Response;
use hyper::upgrade::OnUpgrade;
use serde_json::Value;

use crate::credential::Guard;
use crate::enforce::Ask;
use crate::id::ProposalId;
use crate::proposal;
use crate::proxy::sieve::Sieve;
use crate::upstream;

/// How a request was carried out.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for one call, and is nearly always the large one"
)]
pub(super) enum Carried {
    /// Countersign answers it itself.
    Ours(Value),
    /// The upstream has answered the proposal that it is, this time or before.
    Kept { id: ProposalId, answer: proposal::Answer },
    /// It was put forward, and this is where it stands.
    Put { id: ProposalId, document: Value },
    /// Countersign has heard it, and there is nothing to say.
    Noted,
    /// The upstream has answered with a list, of which this is left.
    Listed { response: Response<Bytes>, guard: Guard },
    /// The upstream has answered.
    Upstream {
        response: Response<upstream::Answer>,
        guard: Guard,
        /// The agent's side of a tunnel, and what was allowed.
        tunnel: Option<(Ask, OnUpgrade)>,
        /// What takes things out of the stream that it is.
        sieve: Option<Sieve>,
    },
}
