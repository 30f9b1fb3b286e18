//! The body of every answer, and the end of every exchange's record.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, SET_COOKIE};
use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use prometheus::IntCounter;
use tokio::time::Instant;
use tracing::warn;

use crate::audit::{Outcome, Trail};
use crate::credential::Guard;
use crate::credential::guard::scanner::Scanner;
use crate::listener::connection::InProgress;
use crate::operation::mcp::list::Unreadable;
use crate::proxy::failure::Failure;
use crate::proxy::sieve::Sieve;
use crate::route::body::Passed;
use crate::route::headers::is_per_hop;
use crate::upstream;

/// What an agent receives.
#[derive(Debug)]
pub struct Answer {
    content: Content,
    /// The exchange lasts for as long as its answer is being sent.
    _progress: InProgress,
}

#[derive(Debug)]
enum Content {
    Relayed(Box<Relay>),
    Whole(Bytes),
}

/// An upstream's answer on its way, searched as it passes.
#[derive(Debug)]
struct Relay {
    upstream: upstream::Answer,
    guard: Guard,
    scanner: Option<Scanner>,
    record: Option<Record>,
    /// Takes out what the agent may not see in a list.
    sieve: Option<Sieve>,
    /// Trailers that wait for what was held back.
    trailers: Option<HeaderMap>,
    bytes: u64,
    /// How many injected values were found so far.
    found: IntCounter,
}

/// What closes the trail.
#[derive(Debug)]
pub struct Record {
    /// The exchange's trail.
    pub trail: Trail,
    /// The upstream's status.
    pub status: StatusCode,
    /// How much of the request's body was sent.
    pub sent: Passed,
    /// When the exchange began.
    pub started: Instant,
}

impl Answer {
    /// A body of our own.
    pub fn whole(body: Bytes, progress: InProgress) -> Self {
        Self { content: Content::Whole(body), _progress: progress }
    }

    /// Passes an upstream's answer on: its body is searched, its end recorded.
    pub fn relay(
        response: Response<upstream::Answer>,
        guard: Guard,
        found: IntCounter,
        sieve: Option<Sieve>,
        record: Record,
        progress: InProgress,
    ) -> Response<Self> {
        let (parts, body) = response.into_parts();
        let scanner = guard.scanner();
        let record = Some(record);
        let (trailers, bytes) = (None, 0);
        let mut relay =
            Relay { upstream: body, guard, scanner, record, sieve, trailers, bytes, found };
        if relay.upstream.is_end_stream() {
            relay.complete();
        }
        let content = Content::Relayed(Box::new(relay));
        Response::from_parts(parts, Self { content, _progress: progress })
    }
}

/// Cleans the head of an upstream's answer.
///
/// # Errors
/// [`Failure::Opaque`], if the answer cannot be searched and must be.
pub(super) fn readable<B>(
    mut response: Response<B>,
    guard: &Guard,
    found: &IntCounter,
) -> Result<Response<B>, Failure> {
    // hyper would pass a reason phrase on unsearched, and upgrades are not the agent's to take.
    response.extensions_mut().clear();
    clean(response.headers_mut(), guard);
    let hits = guard.clean(response.headers_mut()).map_err(|_| Failure::Opaque)?;
    note(found, hits);
    Ok(response)
}

/// Searches a body that is there whole.
pub(super) fn searched(body: Bytes, guard: &Guard, found: &IntCounter) -> Bytes {
    let Some(mut scanner) = guard.scanner() else { return body };
    let searched = [scanner.push(body), scanner.finish()].concat();
    note(found, scanner.take_found());
    searched.into()
}

/// Removes what is said for one hop, what would lead the agent around us, and what would be a
/// credential in its hands.
pub(super) fn clean(headers: &mut HeaderMap, guard: &Guard) {
    let dropped: Vec<HeaderName> = headers
        .keys()
        .filter(|name| {
            let name = name.as_str();
            (is_per_hop(name) && name != "content-length")
                || name.starts_with("proxy-")
                || name.starts_with("countersign-")
                || name.starts_with("x-accel-")
                || name == "alt-svc"
        })
        .cloned()
        .collect();
    for name in dropped {
        headers.remove(name);
    }
    if guard.is_watching() {
        // A session that began with the credential is worth as much as the credential.
        headers.remove(SET_COOKIE);
    }
}

fn note(found: &IntCounter, hits: usize) {
    if hits > 0 {
        found.inc_by(hits as u64);
        warn!(hits, "an upstream's answer held an injected secret; it was replaced");
    }
}

impl Relay {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, upstream::Error>>> {
        if let Some(trailers) = self.trailers.take() {
            self.complete();
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        loop {
            match ready!(Pin::new(&mut self.upstream).poll_frame(cx)) {
                None => {
                    let rest = self.rest();
                    self.complete();
                    let rest = (!rest.is_empty()).then(|| Ok(Frame::data(rest)));
                    return Poll::Ready(rest);
                }
                Some(Err(error)) => {
                    self.end(Outcome::Aborted { why: "upstream" });
                    return Poll::Ready(Some(Err(error)));
                }
                Some(Ok(frame)) => {
                    let Ok(frame) = self.sift(frame) else {
                        // The head is with the agent already: all that is left is to stop.
                        self.end(Outcome::Aborted { why: "response_unscannable" });
                        return Poll::Ready(None);
                    };
                    if let Some(frame) = self.pass(frame) {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                }
            }
        }
    }

    /// Takes out of a frame what the agent may not see in a list.
    fn sift(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Unreadable> {
        let Some(sieve) = &mut self.sieve else { return Ok(frame) };
        match frame.into_data() {
            Ok(data) => sieve.pass(&data).map(Frame::data),
            Err(frame) => Ok(frame),
        }
    }

    /// Searches one frame; `None` if all of it is held back.
    fn pass(&mut self, frame: Frame<Bytes>) -> Option<Frame<Bytes>> {
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => return self.pass_trailers(frame.into_trailers().ok()?),
        };
        let mut data = match &mut self.scanner {
            Some(scanner) => scanner.push(data),
            None => data,
        };
        self.bytes += data.len() as u64;
        // hyper asks no further once all of a known length is written, so the end is looked for here.
        if self.upstream.is_end_stream() {
            let rest = self.rest();
            if !rest.is_empty() {
                data = [data, rest].concat().into();
            }
            self.complete();
        }
        (!data.is_empty()).then(|| Frame::data(data))
    }

    /// Searches the trailers, which follow whatever was still held back. Nobody asks after them.
    fn pass_trailers(&mut self, mut trailers: HeaderMap) -> Option<Frame<Bytes>> {
        note(&self.found, self.guard.clean_trailers(&mut trailers));
        let rest = self.rest();
        if rest.is_empty() {
            self.complete();
            return Some(Frame::trailers(trailers));
        }
        self.trailers = Some(trailers);
        Some(Frame::data(rest))
    }

    /// What the scanner held back.
    fn rest(&mut self) -> Bytes {
        let Some(scanner) = &mut self.scanner else { return Bytes::new() };
        let rest = scanner.finish();
        self.bytes += rest.len() as u64;
        note(&self.found, scanner.take_found());
        rest
    }

    fn complete(&mut self) {
        let Some(record) = &self.record else { return };
        let outcome = Outcome::Answered {
            status: record.status.as_u16(),
            request_bytes: record.sent.bytes(),
            response_bytes: self.bytes,
            duration: record.started.elapsed(),
        };
        self.end(outcome);
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(record) = self.record.take() {
            record.trail.close(outcome);
        }
    }
}

/// An answer that is dropped before its end: the agent went away.
impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(scanner) = &mut self.scanner {
            note(&self.found, scanner.take_found());
        }
        self.end(Outcome::Aborted { why: "agent" });
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = upstream::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, upstream::Error>>> {
        match &mut self.content {
            Content::Relayed(relay) => relay.poll_frame(cx),
            Content::Whole(body) if body.is_empty() => Poll::Ready(None),
            Content::Whole(body) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(body))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Relayed(relay) => relay.record.is_none() && relay.upstream.is_end_stream(),
            Content::Whole(body) => body.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Relayed(relay) if relay.sieve.is_some() => SizeHint::default(),
            Content::Relayed(relay) => relay.upstream.size_hint(),
            Content::Whole(body) => SizeHint::with_exact(body.len() as u64),
        }
    }
}
