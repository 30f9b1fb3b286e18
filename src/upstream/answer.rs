//! The body of a response on its way to the agent.
//!
//! It holds the exchange's connection until it has ended, and then decides what becomes of it: back
//! into the pool if everything ended cleanly on both sides, closed if not. It also keeps the two
//! deadlines that remain. Only waiting for the *upstream* counts as idle: an agent that reads
//! slowly stops the upstream through flow control, and is its door's business.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::upstream::cluster::Cluster;
use crate::upstream::deadline::{Alarm, Phase};
use crate::upstream::error::{Cause, Error, Sent};
use crate::upstream::pool::Lease;

/// A response's body. Dropping it before it has ended cancels the exchange at the upstream.
pub struct Answer {
    incoming: Incoming,
    lease: Option<Lease>,
    alarm: Alarm,
    pace: Pace,
    cluster: Rc<Cluster>,
    endpoint: Arc<str>,
}

/// Where the body is.
#[derive(Clone, Copy, PartialEq)]
enum Pace {
    Ended,
    Failed,
    Flowing,
    Waiting,
}

impl Answer {
    pub(super) fn new(
        incoming: Incoming,
        lease: Option<Lease>,
        alarm: Alarm,
        cluster: Rc<Cluster>,
        endpoint: Arc<str>,
    ) -> Self {
        let mut answer = Self { incoming, lease, alarm, pace: Pace::Flowing, cluster, endpoint };
        if answer.incoming.is_end_stream() {
            answer.end();
        }
        answer
    }

    fn end(&mut self) {
        self.pace = Pace::Ended;
        self.settle();
    }

    /// Gives the connection back if it is fit for another exchange. If it is not yet, the question
    /// is asked once more when the answer is dropped; by then only a closed one is left.
    fn settle(&mut self) {
        if let Some(lease) = self.lease.take_if(|lease| lease.is_clean()) {
            lease.give_back();
        }
    }

    fn fail(&mut self, cause: Cause) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.pace = Pace::Failed;
        self.lease = None;
        let error = Error::new(self.cluster.name(), Some(&self.endpoint), Sent::Maybe, cause);
        self.cluster.numbers.failed(error.reason());
        Poll::Ready(Some(Err(error)))
    }

    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.pace != Pace::Waiting {
            self.pace = Pace::Waiting;
            self.alarm.arm(Phase::Idle, self.cluster.timeouts().idle);
        }
        match self.alarm.poll_passed(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(phase) => self.fail(Cause::Timeout(phase)),
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if matches!(self.pace, Pace::Ended | Pace::Failed) {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Pending => self.wait(cx),
            Poll::Ready(None) => {
                self.end();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => self.fail(Cause::of(error)),
            Poll::Ready(Some(Ok(frame))) => {
                self.pace = Pace::Flowing;
                self.alarm.rest();
                if self.incoming.is_end_stream() {
                    self.end();
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pace == Pace::Ended || self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if self.pace == Pace::Ended {
            self.settle();
        }
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
