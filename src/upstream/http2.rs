//! An HTTP/2 connection: many exchanges at a time.
//!
//! It is shared by all requests of a worker to its endpoint until it carries as many streams as the
//! upstream allows ([`STREAMS`] at most). When the upstream sends GOAWAY it takes no new ones, and
//! lives until the last of its streams has ended.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};

use crate::upstream::outgoing::Outgoing;
use crate::upstream::wire::Wire;

/// Streams on one connection, where the upstream allows more.
const STREAMS: usize = 100;

/// Streams opened before the upstream has said how many it allows; more would risk being refused,
/// so h2 holds them back until its settings are here.
const STREAMS_AT_FIRST: usize = 1;

/// Bytes of a response's head.
const HEADER_LIST: u32 = 64 * 1024;

/// Bytes of one response that may wait for the agent to read them.
const STREAM_WINDOW: u32 = 256 * 1024;

/// Bytes of all responses on one connection that may wait.
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// Bytes of one request that may wait for the upstream to read them.
const SEND_BUFFER: usize = 64 * 1024;

/// How often a connection in use is asked whether it is alive, and how long it may take to say so.
const PING: Duration = Duration::from_secs(20);

/// One connection, shared within a worker.
pub(super) struct Connection {
    sender: SendRequest<Outgoing>,
    active: Cell<usize>,
    limit: Rc<Cell<usize>>,
    /// Sweeps of the pool that it has been idle for.
    pub(super) age: Cell<u32>,
}

/// One exchange's part of a [`Connection`].
pub(super) struct Stream(Rc<Connection>);

/// Runs hyper's tasks on the worker's own thread.
#[derive(Clone)]
struct Local;

impl Connection {
    /// Speaks HTTP/2 on `wire`.
    ///
    /// # Errors
    /// hyper's, if it cannot begin.
    pub(super) async fn open(wire: Wire) -> Result<Rc<Self>, hyper::Error> {
        let (sender, connection) = Builder::new(Local)
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .initial_max_send_streams(STREAMS_AT_FIRST)
            .max_header_list_size(HEADER_LIST)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .handshake(TokioIo::new(wire))
            .await?;
        let limit = Rc::new(Cell::new(STREAMS));
        let told = limit.clone();
        tokio::task::spawn_local(async move {
            let mut connection = pin!(connection);
            let ended = poll_fn(|cx| {
                let polled = connection.as_mut().poll(cx);
                let allowed = connection.current_max_send_streams();
                if allowed != STREAMS_AT_FIRST {
                    told.set(allowed.min(STREAMS));
                }
                polled
            });
            if let Err(error) = ended.await {
                tracing::debug!(%error, "an upstream connection ended");
            }
        });
        Ok(Rc::new(Self { sender, active: Cell::new(0), limit, age: Cell::new(0) }))
    }

    /// Whether it takes new streams at all.
    pub(super) fn is_open(&self) -> bool {
        self.sender.is_ready()
    }

    /// Whether no exchange uses it.
    pub(super) fn is_idle(&self) -> bool {
        self.active.get() == 0
    }

    /// A stream, if it has room for one.
    pub(super) fn stream(self: &Rc<Self>) -> Option<Stream> {
        if !self.is_open() || self.active.get() >= self.limit.get() {
            return None;
        }
        self.active.set(self.active.get() + 1);
        self.age.set(0);
        Some(Stream(self.clone()))
    }
}

impl Stream {
    /// Sends `request` and waits for the head of the response.
    pub(super) async fn send(
        &self,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Outgoing>>> {
        self.0.sender.clone().try_send_request(request).await
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.active.set(self.0.active.get() - 1);
    }
}

impl<F: Future + 'static> Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
