//! 8 h2 connections with 8 streams each, all asking again as soon as they are answered.
//!
//! The frames are written and read here rather than by a library, because the load has one core
//! with the backend and must cost less than the fastest proxy. It does only what this one request
//! needs: RFC 9113 frames, and an HPACK block (RFC 7541) whose fields go into the dynamic table
//! once and are one byte each afterwards, as a real client's would be.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{IN_FLIGHT, Order, Outcome, WARM_UP, keep_alive, ready_then_go};
use crate::agent::{self, BODY_BYTES, KeyExchange, PATH};
use crate::pki::{HOST, Pki};

const CONNECTIONS: usize = 8;
const STREAMS: usize = IN_FLIGHT / CONNECTIONS;
const READ_BYTES: usize = 64 * 1024;
const FRAME_HEAD: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// The preface, settings (no push, streams of unlimited window) and a connection window so wide
/// that the load never has to widen it again.
const OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\
    \x00\x00\x0c\x04\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x04\x7f\xff\xff\xff\
    \x00\x00\x04\x08\x00\x00\x00\x00\x00\x7f\xff\x00\x00";
/// `:method GET`, `:scheme https`, then the four fields that the first request put in the table.
const LATER_BLOCK: &[u8] = &[0x82, 0x87, 0xc1, 0xc0, 0xbf, 0xbe];
/// `:status 200` in the static table.
const STATUS_200: u8 = 0x88;

/// Connects, warms up and measures.
///
/// # Errors
///
/// A connection cannot be made.
pub async fn run(order: &Order, pki: &Pki) -> io::Result<Outcome> {
    let config = agent::with_certificate(pki, "h2", KeyExchange::Classic)?;
    let connector = TlsConnector::from(Arc::new(config));
    let mut connections = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let stream = keep_alive::connect(&connector, order).await?;
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(io::Error::other("the proxy does not speak h2"));
        }
        connections.push(Connection::new(stream));
    }
    let (connections, _) = ask_for(connections, WARM_UP).await?;
    ready_then_go()?;
    let start = Instant::now();
    let (_, mut outcome) = ask_for(connections, order.length).await?;
    outcome.seconds = start.elapsed().as_secs_f64();
    Ok(outcome)
}

async fn ask_for(
    connections: Vec<Connection>,
    length: Duration,
) -> io::Result<(Vec<Connection>, Outcome)> {
    let deadline = Instant::now() + length;
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        tasks.spawn_local(async move {
            let mut outcome = Outcome::default();
            let ended = connection.ask_until(deadline, &mut outcome).await;
            let failed = ended.is_err();
            if failed {
                outcome.count(ended);
            }
            ((!failed).then_some(connection), outcome)
        });
    }
    let mut kept = Vec::with_capacity(CONNECTIONS);
    let mut total = Outcome::default();
    while let Some(done) = tasks.join_next().await {
        let (connection, outcome) = done.map_err(io::Error::other)?;
        kept.extend(connection);
        total.add(outcome);
    }
    Ok((kept, total))
}

struct Connection {
    stream: TlsStream<TcpStream>,
    /// Bytes that are to be sent with the next write.
    outbox: Vec<u8>,
    /// Bytes that came and are not yet read as frames.
    inbox: Vec<u8>,
    next_stream: u32,
    in_flight: usize,
    body_bytes: usize,
}

impl Connection {
    fn new(stream: TlsStream<TcpStream>) -> Self {
        let inbox = Vec::with_capacity(2 * READ_BYTES);
        let outbox = OPENING.to_vec();
        Self { stream, outbox, inbox, next_stream: 1, in_flight: 0, body_bytes: 0 }
    }

    /// Keeps all streams busy until the deadline, then lets those in flight end.
    async fn ask_until(&mut self, deadline: Instant, outcome: &mut Outcome) -> io::Result<()> {
        for _ in 0..STREAMS {
            self.ask();
        }
        while self.in_flight > 0 {
            self.send().await?;
            let answered = self.receive().await?;
            outcome.requests += answered as u64;
            if Instant::now() < deadline {
                (0..answered).for_each(|_| self.ask());
            }
        }
        if self.body_bytes as u64 != outcome.requests * BODY_BYTES as u64 {
            return Err(io::Error::other("bodies are not as long as the backend sent them"));
        }
        self.body_bytes = 0;
        Ok(())
    }

    fn ask(&mut self) {
        match self.next_stream {
            1 => {
                let block = first_block();
                self.put(HEADERS, END_STREAM | END_HEADERS, 1, &block);
            }
            id => self.put(HEADERS, END_STREAM | END_HEADERS, id, LATER_BLOCK),
        }
        self.next_stream += 2;
        self.in_flight += 1;
    }

    fn put(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = payload.len() as u32;
        self.outbox.extend_from_slice(&length.to_be_bytes()[1..]);
        self.outbox.extend_from_slice(&[kind, flags]);
        self.outbox.extend_from_slice(&stream.to_be_bytes());
        self.outbox.extend_from_slice(payload);
    }

    async fn send(&mut self) -> io::Result<()> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        self.stream.write_all(&self.outbox).await?;
        self.stream.flush().await?;
        self.outbox.clear();
        Ok(())
    }

    /// Reads once and returns how many streams were answered by what came.
    async fn receive(&mut self) -> io::Result<usize> {
        self.inbox.reserve(READ_BYTES);
        if self.stream.read_buf(&mut self.inbox).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let inbox = std::mem::take(&mut self.inbox);
        let mut rest = inbox.as_slice();
        let mut answered = 0;
        while let Some((frame, after)) = Frame::first(rest) {
            answered += self.take(&frame)?;
            rest = after;
        }
        let consumed = inbox.len() - rest.len();
        self.inbox = inbox;
        self.inbox.drain(..consumed);
        self.in_flight -= answered;
        Ok(answered)
    }

    /// Acts on one frame; returns 1 when it ends a stream.
    fn take(&mut self, frame: &Frame<'_>) -> io::Result<usize> {
        match frame.kind {
            DATA => self.body_bytes += frame.payload.len(),
            HEADERS if !is_200(frame.payload) => {
                return Err(io::Error::other("an h2 answer was not a 200"));
            }
            SETTINGS if frame.flags & ACK == 0 => self.put(SETTINGS, ACK, 0, &[]),
            PING if frame.flags & ACK == 0 => self.put(PING, ACK, 0, frame.payload),
            GOAWAY | RST_STREAM => {
                return Err(io::Error::other("the proxy reset an h2 stream or connection"));
            }
            _ => {}
        }
        let may_end = matches!(frame.kind, DATA | HEADERS);
        Ok(usize::from(may_end && frame.flags & END_STREAM != 0))
    }
}

struct Frame<'a> {
    kind: u8,
    flags: u8,
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The first frame in `bytes` and what follows it, once it is there whole.
    fn first(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (head, rest) = bytes.split_first_chunk::<FRAME_HEAD>()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let (payload, rest) = rest.split_at_checked(length)?;
        Some((Self { kind: head[3], flags: head[4], payload }, rest))
    }
}

/// Skips table size updates, which a server may put before its first field: one byte that starts
/// with 001, and when its other bits are all set, more bytes up to one without the high bit.
fn is_200(mut block: &[u8]) -> bool {
    while let Some((first, rest)) = block.split_first().filter(|(first, _)| **first & 0xe0 == 0x20)
    {
        let more = rest.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
        block = if *first == 0x3f { rest.get(more..).unwrap_or_default() } else { rest };
    }
    block.first() == Some(&STATUS_200)
}

/// The request with each of its own fields put into the dynamic table, in this order.
fn first_block() -> Vec<u8> {
    let mut block = LATER_BLOCK[..2].to_vec();
    let fields = [(4, PATH), (1, HOST), (58, "countersign-bench"), (19, "*/*")];
    for (name, value) in fields {
        block.push(0x40 | name);
        block.push(value.len() as u8);
        block.extend_from_slice(value.as_bytes());
    }
    block
}
