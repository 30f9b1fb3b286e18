//! The socket under a connection, with what must be known about it.
//!
//! Two facts decide whether a connection may be reused or a request repeated, and only the socket
//! knows them: whether bytes are still waiting to be written (then the upstream answered before it
//! had the whole request), and whether a byte has come back. And a connection counts against its
//! bound for exactly as long as its socket lives, whoever holds it: a tunnel keeps its [`Seat`].

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::client::TlsStream;

use crate::metrics::UpstreamNumbers;

/// The places for connections to one endpoint.
pub(super) struct Seats {
    bound: usize,
    taken: AtomicUsize,
    freed: Notify,
    numbers: UpstreamNumbers,
}

/// One connection's place; dropping it frees the place.
pub(super) struct Seat(Arc<Seats>);

/// A TCP connection, perhaps with TLS on it.
pub(super) struct Wire {
    stream: Stream,
    pulse: Arc<Pulse>,
    _seat: Seat,
}

pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What a [`Wire`] tells about itself while hyper holds it. Only its own worker touches it; the
/// atomics are there because a tunnel may be handed to another thread.
#[derive(Default)]
pub(super) struct Pulse {
    blocked: AtomicBool,
    heard: AtomicBool,
}

impl Seats {
    /// `bound` places.
    pub(super) fn new(bound: usize, numbers: UpstreamNumbers) -> Arc<Self> {
        Arc::new(Self { bound, taken: AtomicUsize::new(0), freed: Notify::new(), numbers })
    }

    /// A place, if one is free.
    pub(super) fn take(self: &Arc<Self>) -> Option<Seat> {
        if self.taken.fetch_add(1, Ordering::Relaxed) >= self.bound {
            self.taken.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        self.numbers.connections.inc();
        Some(Seat(self.clone()))
    }

    /// Told of each place that becomes free.
    pub(super) fn freed(&self) -> &Notify {
        &self.freed
    }

    /// How many places are taken.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
        self.0.numbers.connections.dec();
        self.0.freed.notify_one();
    }
}

impl Pulse {
    /// Whether bytes of the request are still waiting to be written.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Relaxed)
    }

    /// Whether a byte has arrived since [`Pulse::listen`].
    pub(super) fn has_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// Begins to listen for the first byte.
    pub(super) fn listen(&self) {
        self.heard.store(false, Ordering::Relaxed);
    }
}

impl Wire {
    pub(super) fn new(stream: Stream, seat: Seat) -> Self {
        Self { stream, pulse: Arc::default(), _seat: seat }
    }

    pub(super) fn pulse(&self) -> Arc<Pulse> {
        self.pulse.clone()
    }

    fn noting<T>(&self, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.pulse.blocked.store(written.is_pending(), Ordering::Relaxed);
        written
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        };
        if buffer.filled().len() > before {
            self.pulse.heard.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        };
        self.noting(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        };
        self.noting(written)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        };
        self.noting(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
