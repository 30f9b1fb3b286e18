//! The request as it is written to an upstream.
//!
//! Where it goes is written here from the configuration, over whatever stood there before: the
//! `Host`, or the scheme and authority. How long it is, is written here from the body itself, never
//! from a header that an agent sent: both framing headers are taken off, and the one that is true
//! is put on. (Left to itself, hyper believes the header over the body, and sends no body at all
//! with a `GET` whose length it does not know.)

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Method, Request, Uri, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::route::Body;
use crate::route::body::BodyError;
use crate::upstream::config::{Endpoint, Timeouts, host_value};
use crate::upstream::deadline::{Alarm, Phase};
use crate::upstream::error::Cause;

/// Where a request to one endpoint says it goes.
pub(super) struct Addressing {
    scheme: Scheme,
    authority: Authority,
    host: Option<HeaderValue>,
}

/// A body on its way out. While it flows, the exchange is idle only if the body stands still; the
/// upstream's time to answer begins when it has ended.
pub(super) struct Outgoing {
    body: Body,
    upload: Option<Upload>,
}

struct Upload {
    alarm: Alarm,
    first_byte: Duration,
    idle: Duration,
}

impl Addressing {
    /// For `endpoint`, under the configured `host` if there is one.
    pub(super) fn new(endpoint: &Endpoint, host: Option<&Authority>) -> Self {
        let authority = host.unwrap_or(endpoint.authority()).clone();
        let host = host_value(&authority);
        Self { scheme: endpoint.scheme().clone(), authority, host }
    }

    /// Addresses `request`, for HTTP/1.1 or HTTP/2.
    ///
    /// # Errors
    /// [`Cause::Protocol`] if its path cannot be written, which a parsed one can.
    pub(super) fn write(
        &self,
        request: &mut Request<Outgoing>,
        version: Version,
    ) -> Result<(), Cause> {
        let path = std::mem::take(request.uri_mut()).into_parts().path_and_query;
        let path = path.unwrap_or(PathAndQuery::from_static("/"));
        *request.version_mut() = version;
        if version != Version::HTTP_2 {
            *request.uri_mut() = Uri::from(path);
            if let Some(host) = &self.host {
                request.headers_mut().insert(HOST, host.clone());
            }
            return Ok(());
        }
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        *request.uri_mut() =
            Uri::from_parts(parts).map_err(|_| Cause::rule("the path cannot be written"))?;
        request.headers_mut().remove(HOST);
        // In HTTP/2 the frames say where a body ends.
        request.headers_mut().remove(TRANSFER_ENCODING);
        Ok(())
    }
}

/// Takes over an authorized request: framed by its own body, its upload watched by `alarm`.
pub(super) fn framed(
    request: Request<Body>,
    alarm: &Alarm,
    timeouts: &Timeouts,
) -> Request<Outgoing> {
    let (mut head, body) = request.into_parts();
    head.headers.remove(CONTENT_LENGTH);
    head.headers.remove(TRANSFER_ENCODING);
    let mut upload = None;
    match (&body, body.size_hint().exact()) {
        (Body::Empty, _) if !expects_body(&head.method) => {}
        (_, Some(length)) => {
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        (_, None) => {
            head.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
    }
    if let Body::Stream(_) = body {
        let Timeouts { first_byte, idle, .. } = *timeouts;
        upload = Some(Upload { alarm: alarm.clone(), first_byte, idle });
    }
    Request::from_parts(head, Outgoing { body, upload })
}

/// The same request once more, if its body can be sent twice.
pub(super) fn copy(request: &Request<Outgoing>) -> Option<Request<Outgoing>> {
    let body = match &request.body().body {
        Body::Empty => Body::Empty,
        Body::Stream(_) => return None,
        Body::Whole(bytes) => Body::Whole(bytes.clone()),
    };
    let mut copy = Request::new(Outgoing { body, upload: None });
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

impl Outgoing {
    /// Whether there is anything to send that has not been handed over in one piece.
    pub(super) fn is_stream(&self) -> bool {
        self.upload.is_some() && !self.body.is_end_stream()
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_ready()
            && let Some(upload) = &self.upload
        {
            match self.body.is_end_stream() || matches!(polled, Poll::Ready(None)) {
                true => upload.alarm.sent(upload.first_byte),
                false => upload.alarm.arm(Phase::Idle, upload.idle),
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Methods whose content is expected, so that its absence is said (RFC 9110 §8.6).
fn expects_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}
