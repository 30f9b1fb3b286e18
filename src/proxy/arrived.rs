//! A request as its agent sent it, for the record of one that was refused: it may never have become
//! a canonical one.

use std::sync::Arc;

use http::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderValue};
use http::{Method, Request, Uri, Version};
use hyper::body::Incoming;

use crate::audit::{Refusal, Trail};
use crate::listener::Connection;
use crate::listener::http1::REFUSED_TARGET;
use crate::proxy::failure::Failure;
use crate::route::Route;

/// The request as the agent sent it, for the record of one that was refused.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) method: Method,
    uri: Uri,
    host: Option<HeaderValue>,
    pub(super) accept: Option<HeaderValue>,
    pub(super) content_type: Option<HeaderValue>,
    pub(super) version: Version,
}

impl Arrived {
    pub(super) fn of(request: &Request<Incoming>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            host: request.headers().get(HOST).cloned(),
            accept: request.headers().get(ACCEPT).cloned(),
            content_type: request.headers().get(CONTENT_TYPE).cloned(),
            version: request.version(),
        }
    }

    /// Records that it was refused.
    pub(super) fn record(
        &self,
        trail: Trail,
        failure: &Failure,
        connection: &Connection,
        route: Option<&Arc<Route>>,
    ) {
        let caller = connection.last_caller();
        let decision = failure.decision();
        let revision = decision.map(|decision| decision.revision().to_string());
        // In place of a head that could not be read stands one that the agent never sent.
        let readable = self.uri.path() != REFUSED_TARGET;
        let path = self.uri.path_and_query().map(|path| path.as_str().as_bytes());
        let refusal = Refusal {
            principal: Some(caller.principal.spiffe_id().as_str()),
            listener: &caller.listener,
            peer: caller.peer,
            route: route.map(|route| &route.name),
            method: readable.then(|| self.method.as_str().as_bytes()),
            authority: self.authority().filter(|_| readable),
            path: path.filter(|_| readable),
            code: failure.code(),
            effect: decision.map(|decision| decision.label()),
            revision: revision.as_deref(),
        };
        trail.refuse(&refusal, failure.reason_codes());
    }

    fn authority(&self) -> Option<&[u8]> {
        let named = self.uri.authority().map(|authority| authority.as_str().as_bytes());
        named.or(self.host.as_ref().map(HeaderValue::as_bytes))
    }
}
