//! An upstream's answer on its way to the agent, and the end of its exchange's record.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use crate::audit::{Outcome, Trail};
use crate::credential::Guard;
use crate::credential::guard::scanner::Scanner;
use crate::listener::connection::InProgress;
use crate::metrics::StateMetrics;
use crate::operation::mcp::list::Unreadable;
use crate::proxy::cleaning::Finds;
use crate::proxy::meter::Meter;
use crate::proxy::sieve::Sieve;
use crate::revocation::Withdrawn;
use crate::revocation::tether::Cutting;
use crate::route::body::Passed;
use crate::{store, upstream};

/// An upstream's answer on its way, searched as it passes.
#[derive(Debug)]
pub(super) struct Relay {
    upstream: upstream::Answer,
    guard: Guard,
    scanner: Option<Scanner>,
    record: Option<Record>,
    /// Takes out what the agent may not see in a list.
    sieve: Option<Sieve>,
    /// A part that waits until its bytes are taken off the budget.
    waiting: Option<Frame<Bytes>>,
    /// Trailers that wait for what was held back.
    trailers: Option<HeaderMap>,
    bytes: u64,
    finds: Finds,
    /// The exchange lasts for as long as its answer is being sent.
    _progress: InProgress,
}

/// What closes the trail.
#[derive(Debug)]
pub(super) struct Record {
    /// The exchange's trail.
    pub trail: Trail,
    /// The upstream's status.
    pub status: StatusCode,
    /// Ends it, once what the exchange hangs on is revoked.
    pub cutting: Option<Cutting>,
    /// How much of the request's body was sent.
    pub sent: Passed,
    /// When the exchange began.
    pub started: Instant,
    /// What its bytes are taken off, where they are bounded.
    pub meter: Option<Meter>,
    /// Where it is counted, if it is cut.
    pub metrics: StateMetrics,
}

/// Why an answer ends before its end. The agent sees the stream break off, and nothing else: the
/// head is with it already.
#[derive(Debug)]
pub enum Cut {
    /// What came cannot be searched, and must be.
    Unreadable,
    /// The agent did not take it for too long.
    Untaken,
    /// The task has no bytes left for it, or nobody can say.
    Spent(store::Error),
    /// What the exchange hangs on was revoked.
    Withdrawn(Withdrawn),
    /// The upstream broke off.
    Upstream(upstream::Error),
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("the answer cannot be searched any further"),
            Self::Untaken => f.write_str("the agent did not take its answer for too long"),
            Self::Spent(why) => why.fmt(f),
            Self::Upstream(why) => write!(f, "{why}"),
            Self::Withdrawn(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for Cut {}

impl Relay {
    /// Of an answer whose head is clean already.
    pub(super) fn new(
        upstream: upstream::Answer,
        guard: Guard,
        finds: Finds,
        sieve: Option<Sieve>,
        record: Record,
        progress: InProgress,
    ) -> Self {
        let (scanner, record) = (guard.scanner(), Some(record));
        let mut relay = Self {
            upstream,
            guard,
            scanner,
            record,
            sieve,
            waiting: None,
            trailers: None,
            bytes: 0,
            finds,
            _progress: progress,
        };
        if relay.upstream.is_end_stream() {
            relay.complete();
        }
        relay
    }

    /// Whether there is nothing more to come, and that is on the record.
    pub(super) fn is_done(&self) -> bool {
        self.record.is_none() && self.upstream.is_end_stream()
    }

    /// How much will come.
    pub(super) fn size_hint(&self) -> SizeHint {
        match &self.sieve {
            Some(_) => SizeHint::default(),
            None => self.upstream.size_hint(),
        }
    }

    /// The next part, searched.
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(why) = self.poll_cut(cx) {
            return Poll::Ready(Some(Err(Cut::Withdrawn(why))));
        }
        if let Some(trailers) = self.trailers.take() {
            self.complete();
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        loop {
            let next = match self.waiting.take() {
                Some(frame) => Some(Ok(frame)),
                None => ready!(Pin::new(&mut self.upstream).poll_frame(cx)),
            };
            match next {
                None => {
                    let rest = self.rest();
                    self.complete();
                    let rest = (!rest.is_empty()).then(|| Ok(Frame::data(rest)));
                    return Poll::Ready(rest);
                }
                Some(Err(error)) => {
                    self.end(Outcome::Aborted { why: "upstream" });
                    return Poll::Ready(Some(Err(Cut::Upstream(error))));
                }
                Some(Ok(frame)) => {
                    match self.poll_pass(cx, &frame) {
                        Poll::Ready(Ok(())) => {}
                        Poll::Ready(Err(why)) => {
                            self.end(Outcome::Aborted { why: SPENT });
                            return Poll::Ready(Some(Err(Cut::Spent(why))));
                        }
                        Poll::Pending => {
                            self.waiting = Some(frame);
                            return Poll::Pending;
                        }
                    }
                    let Ok(frame) = self.sift(frame) else {
                        self.end(Outcome::Aborted { why: "response_unscannable" });
                        return Poll::Ready(Some(Err(Cut::Unreadable)));
                    };
                    if let Some(frame) = self.pass(frame) {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                }
            }
        }
    }

    /// Takes the bytes of a part off the budget, where they are bounded.
    fn poll_pass(
        &mut self,
        cx: &mut Context<'_>,
        frame: &Frame<Bytes>,
    ) -> Poll<Result<(), store::Error>> {
        let meter = self.record.as_mut().and_then(|record| record.meter.as_mut());
        match (meter, frame.data_ref()) {
            (Some(meter), Some(data)) => meter.poll_pass(cx, data.len() as u64),
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Why it ends here, if what the exchange hangs on was revoked.
    fn poll_cut(&mut self, cx: &mut Context<'_>) -> Option<Withdrawn> {
        let cutting = self.record.as_mut()?.cutting.as_mut()?;
        let Poll::Ready(why) = cutting.poll(cx) else { return None };
        self.cut();
        Some(why)
    }

    /// Ends it, because what the exchange hangs on was revoked.
    pub(super) fn cut(&mut self) {
        if let Some(record) = &self.record {
            record.metrics.cut.inc();
        }
        self.end(Outcome::Aborted { why: REVOKED });
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
        self.finds.note(self.guard.clean_trailers(&mut trailers));
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
        self.finds.note(scanner.take_found());
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

/// How the record names an exchange that was cut.
pub(super) const REVOKED: &str = "revoked";

/// How the record names an exchange whose task had too few bytes left.
const SPENT: &str = "task_budget_used";

/// An answer that is dropped before its end: the agent went away.
impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(scanner) = &mut self.scanner {
            self.finds.note(scanner.take_found());
        }
        self.end(Outcome::Aborted { why: "agent" });
    }
}
