//! What a grant comes down to, once policy's demands are carried out.

use http::{HeaderMap, Method};

use crate::id::{CredentialName, UpstreamName};
use crate::route::terms::{Retry, Unscannable};

/// What a grant comes down to: the request to write, and where it may go.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) method: Method,
    /// The path, and the query behind a `?`.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) credential: Option<CredentialName>,
    pub(crate) upstream: UpstreamName,
    pub(crate) retry: Retry,
    pub(crate) unscannable: Unscannable,
}
