//! The body of every answer.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::listener::connection::InProgress;
use crate::proxy::relay::{Cut, Relay};
use crate::proxy::uptake::Uptake;
use crate::revocation::Tether;

/// What an agent receives.
#[derive(Debug)]
pub enum Answer {
    /// An upstream's answer, passed on as it comes.
    Relayed(Uptake),
    /// A body that is there whole. The exchange lasts for as long as it is being sent.
    Whole(Bytes, InProgress),
}

impl Answer {
    /// A body of our own.
    pub fn whole(body: Bytes, progress: InProgress) -> Self {
        Self::Whole(body, progress)
    }

    /// An upstream's, for as long as `tether` holds and the agent does not leave it untaken for
    /// `patience`.
    pub(super) fn relayed(relay: Relay, patience: Duration, tether: Tether) -> Self {
        Self::Relayed(Uptake::new(relay, patience, tether))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match &mut *self {
            Self::Relayed(uptake) => uptake.poll_frame(cx),
            Self::Whole(body, _) if body.is_empty() => Poll::Ready(None),
            Self::Whole(body, _) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(body))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Relayed(uptake) => uptake.is_done(),
            Self::Whole(body, _) => body.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Relayed(uptake) => uptake.size_hint(),
            Self::Whole(body, _) => SizeHint::with_exact(body.len() as u64),
        }
    }
}
