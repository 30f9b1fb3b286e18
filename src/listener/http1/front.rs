//! The stream that hyper reads from: the connection's bytes, once they have been checked.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::listener::config::Limits;
use crate::listener::connection::Pulse;
use crate::listener::http1::chunks::Chunks;
use crate::listener::http1::head::{self, Framing};
use crate::route::Ambiguity;

/// A stream whose bytes have one reading.
///
/// A head that breaks a rule never reaches hyper. In its place stands a request for
/// [`REFUSED_TARGET`], so that the answer is written in order, behind those of earlier requests;
/// nothing is read from the connection after it.
#[derive(Debug)]
pub struct Front<S> {
    stream: S,
    limits: Arc<Limits>,
    pulse: Arc<Pulse>,
    phase: Phase,
    /// Bytes that were read and not yet passed on; the first `checked` of them may be.
    held: Vec<u8>,
    checked: usize,
    /// How much of an incomplete head was searched for its end already.
    searched: usize,
}

/// What the next unchecked byte belongs to.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Chunked(Chunks),
    Head,
    Length(u64),
    /// A rule was broken; nothing more is read.
    Refused,
    /// Not HTTP/1.1, or no longer: nothing to check.
    Through,
}

impl<S> Front<S> {
    /// In front of an HTTP/1.1 connection.
    pub fn http1(stream: S, limits: Arc<Limits>, pulse: Arc<Pulse>) -> Self {
        Self::new(stream, limits, pulse, Phase::Head)
    }

    /// In front of an HTTP/2 connection, whose frames are h2's to check.
    pub fn http2(stream: S, limits: Arc<Limits>, pulse: Arc<Pulse>) -> Self {
        Self::new(stream, limits, pulse, Phase::Through)
    }

    fn new(stream: S, limits: Arc<Limits>, pulse: Arc<Pulse>, phase: Phase) -> Self {
        Self { stream, limits, pulse, phase, held: Vec::new(), checked: 0, searched: 0 }
    }

    /// Checks as much of `bytes` as is complete: how much that is, and the rule that stopped it.
    fn check(&mut self, bytes: &[u8]) -> (usize, Option<Ambiguity>) {
        let mut checked = 0;
        while checked < bytes.len() {
            match self.check_next(&bytes[checked..]) {
                Ok(0) => break,
                Ok(read) => checked += read,
                Err(rule) => return (checked, Some(rule)),
            }
        }
        (checked, None)
    }

    /// Checks one head, or what is there of one body; 0 if it is not complete.
    fn check_next(&mut self, bytes: &[u8]) -> Result<usize, Ambiguity> {
        match &mut self.phase {
            Phase::Head => self.check_head(bytes),
            Phase::Length(left) => {
                let here = usize::try_from(*left).unwrap_or(bytes.len()).min(bytes.len());
                self.take_length(here);
                Ok(here)
            }
            Phase::Chunked(chunks) => {
                let here = chunks.read(bytes)?;
                if *chunks == Chunks::Done {
                    self.phase = Phase::Head;
                }
                Ok(here)
            }
            Phase::Through => Ok(bytes.len()),
            Phase::Refused => Ok(0),
        }
    }

    /// Counts bytes of a body whose length is known.
    fn take_length(&mut self, read: usize) {
        if let Phase::Length(left) = &mut self.phase {
            *left -= read as u64;
            if *left == 0 {
                self.phase = Phase::Head;
            }
        }
    }

    /// The length of the head at the start of `bytes`, or 0 if it is not all there.
    fn check_head(&mut self, bytes: &[u8]) -> Result<usize, Ambiguity> {
        if self.pulse.beat().tunnel {
            self.phase = Phase::Through;
            return Ok(bytes.len());
        }
        let from = self.searched.min(bytes.len());
        let Some(end) = memmem::find(&bytes[from..], b"\r\n\r\n") else {
            if bytes.len() > self.limits.header_bytes {
                return Err(Ambiguity::HeadTooLarge);
            }
            // An end to a liberal reader, for which we would wait for ever.
            let ends = |end: &[u8]| memmem::find(&bytes[from..], end).is_some();
            if ends(b"\n\n") || ends(b"\n\r\n") {
                return Err(Ambiguity::LineEnding);
            }
            self.searched = bytes.len().saturating_sub(3);
            self.pulse.beat().head_since.get_or_insert_with(Instant::now);
            return Ok(0);
        };
        let end = from + end + 4;
        self.searched = 0;
        if end > self.limits.header_bytes {
            return Err(Ambiguity::HeadTooLarge);
        }
        self.pulse.beat().head_since = None;
        self.phase = match head::check(&bytes[..end], &self.limits)? {
            Framing::Length(0) => Phase::Head,
            Framing::Length(length) => Phase::Length(length),
            Framing::Chunked => Phase::Chunked(Chunks::START),
        };
        Ok(end)
    }

    /// Puts the substitute for a refused request where the request would have been, or ends a body.
    fn refuse(&mut self, rule: Ambiguity, passed: &[u8]) -> io::Result<()> {
        let in_head = matches!(self.phase, Phase::Head);
        let mut beat = self.pulse.beat();
        beat.broken = Some(rule);
        beat.head_since = None;
        drop(beat);
        self.phase = Phase::Refused;
        if !in_head {
            return Err(io::Error::new(io::ErrorKind::InvalidData, rule));
        }
        self.held = [passed, REFUSED_REQUEST].concat();
        self.checked = self.held.len();
        Ok(())
    }

    /// Passes on what is checked and held; whether there was anything.
    fn release(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let ready = self.checked.min(buf.remaining());
        if ready == 0 {
            return false;
        }
        buf.put_slice(&self.held[..ready]);
        self.held.drain(..ready);
        self.checked -= ready;
        if self.held.is_empty() {
            // An idle connection keeps no buffer.
            self.held = Vec::new();
        }
        true
    }
}

impl<S: AsyncRead + Unpin> Front<S> {
    /// Reads a body's bytes straight into hyper's buffer, where that cannot overshoot.
    fn poll_direct(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        most: u64,
    ) -> Poll<io::Result<()>> {
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(buf.remaining());
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut part))?;
        let read = part.filled().len();
        buf.advance(read);
        self.take_length(read);
        Poll::Ready(Ok(()))
    }

    /// Reads bytes, checks them, and passes on what may be. Whether anything was, or the end came.
    fn poll_checked(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<bool>> {
        let mut space = [0; READ];
        let mut part = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut part))?;
        let bytes = part.filled();
        if bytes.is_empty() {
            return Poll::Ready(Ok(true));
        }
        if self.held.is_empty() {
            return Poll::Ready(self.take_fresh(bytes, buf));
        }
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        Poll::Ready(self.take_fresh(&all, buf))
    }

    fn take_fresh(&mut self, bytes: &[u8], buf: &mut ReadBuf<'_>) -> io::Result<bool> {
        let (checked, broken) = self.check(bytes);
        if let Some(rule) = broken {
            self.refuse(rule, &bytes[..checked])?;
        } else if checked == bytes.len() && checked <= buf.remaining() {
            buf.put_slice(bytes);
            return Ok(true);
        } else {
            self.held.extend_from_slice(bytes);
            self.checked = checked;
        }
        Ok(self.release(buf))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Front<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if self.release(buf) {
                return Poll::Ready(Ok(()));
            }
            match self.phase {
                // The connection ends with the answer that is being written.
                Phase::Refused => return Poll::Pending,
                Phase::Length(left) if self.held.is_empty() => {
                    return self.poll_direct(cx, buf, left);
                }
                Phase::Through if self.held.is_empty() => {
                    return self.poll_direct(cx, buf, u64::MAX);
                }
                _ => {
                    if ready!(self.poll_checked(cx, buf))? {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> Front<S> {
    /// Notes since when the agent does not take what we write.
    fn noted<T>(&self, written: Poll<T>) -> Poll<T> {
        let mut beat = self.pulse.beat();
        match &written {
            Poll::Ready(_) => beat.blocked_since = None,
            Poll::Pending => {
                beat.blocked_since.get_or_insert_with(Instant::now);
            }
        }
        written
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Front<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.noted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.noted(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The target that stands for a request whose head broke a rule. Asked for by an agent it is only a
/// path that does not exist.
pub const REFUSED_TARGET: &str = "/.countersign/v1/refused";

const REFUSED_REQUEST: &[u8] =
    b"GET /.countersign/v1/refused HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n";

/// One read: what an ordinary request needs, and no more than a stack can spare.
const READ: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::{Front, REFUSED_TARGET};
    use crate::listener::config::Limits;
    use crate::listener::connection::Pulse;
    use crate::route::Ambiguity;
    use std::io::Cursor;
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, BufReader};

    /// What hyper would read, in reads of `size` bytes, and the rule that was broken.
    fn read(bytes: &[u8], size: usize) -> (String, Option<Ambiguity>) {
        let pulse = Arc::new(Pulse::new());
        // A buffered reader hands out at most its capacity a read: borders at every place.
        let stream = BufReader::with_capacity(size, Cursor::new(bytes.to_vec()));
        let mut front = Front::http1(stream, Arc::new(Limits::default()), Arc::clone(&pulse));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut out = Vec::new();
        runtime.block_on(async {
            let reading = async {
                let mut part = [0; 64];
                while let Ok(n @ 1..) = front.read(&mut part).await {
                    out.extend_from_slice(&part[..n]);
                }
            };
            // A refused stream stays open without another byte: one turn more and it is over.
            tokio::select! {
                biased;
                () = reading => {}
                () = tokio::task::yield_now() => {}
            }
        });
        (String::from_utf8(out).unwrap(), pulse.beat().broken.take())
    }

    #[test]
    fn what_has_one_reading_passes_unchanged_however_it_is_cut() {
        let stream = b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\
            POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
            GET /c HTTP/1.1\r\nHost: a\r\n\r\n";
        for size in 1..stream.len() {
            assert_eq!(
                read(stream, size),
                (str::from_utf8(stream).unwrap().into(), None),
                "{size}"
            );
        }
    }

    #[test]
    fn a_refused_head_is_replaced_behind_the_requests_before_it() {
        let stream = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\nHost: a\r\n\r\nGET /c";
        for size in 1..stream.len() {
            let (out, rule) = read(stream, size);
            assert!(out.starts_with("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET "), "{size}: {out}");
            assert!(out.contains(REFUSED_TARGET) && !out.contains("/b") && !out.contains("/c"));
            assert_eq!(rule, Some(Ambiguity::LineEnding));
        }
    }

    #[test]
    fn a_body_that_breaks_a_rule_ends_there() {
        let stream =
            b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\n\r\n";
        let (out, rule) = read(stream, 30);
        assert!(!out.contains("abc"), "{out}");
        assert_eq!(rule, Some(Ambiguity::ChunkSyntax));
    }
}
