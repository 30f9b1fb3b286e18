//! A stand-in until `credential::Authorized` exists. To be deleted.

use crate::id::UpstreamName;
use crate::route::Body;
use crate::route::terms::Retry;

/// An authorized request.
pub struct Authorized {
    /// Where to.
    pub upstream: UpstreamName,
    /// Whether again.
    pub retry: Retry,
    /// What.
    pub request: http::Request<Body>,
}

impl Authorized {
    /// Where to.
    pub fn upstream(&self) -> &UpstreamName {
        &self.upstream
    }
    /// Whether again.
    pub fn retry(&self) -> Retry {
        self.retry
    }
    /// What.
    pub fn into_request(self) -> http::Request<Body> {
        self.request
    }
}
