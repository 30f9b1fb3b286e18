//! An HTTP/1.1 connection: one exchange at a time.
//!
//! It is reusable only when hyper reports it idle (request written, response read, nothing more
//! arrived) and its socket holds nothing back. Whoever drops it without saying so closes it at
//! once, with whatever was still under way: that is what an aborted exchange should do.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use crate::upstream::outgoing::Outgoing;
use crate::upstream::wire::{Pulse, Wire};

/// Bytes of a response's head, and of a body's buffer, that one connection may hold.
const BUFFER: usize = 64 * 1024;

/// Fields in the head of a response.
const HEADERS: usize = 100;

/// One connection. Dropping it closes it.
pub(super) struct Connection {
    sender: SendRequest<Outgoing>,
    task: Option<JoinHandle<()>>,
    pulse: Arc<Pulse>,
    /// Sweeps of the pool that it has been idle for.
    pub(super) age: u32,
}

impl Connection {
    /// Speaks HTTP/1.1 on `wire`.
    ///
    /// # Errors
    /// hyper's, if it cannot begin.
    pub(super) async fn open(wire: Wire) -> Result<Self, hyper::Error> {
        let pulse = wire.pulse();
        let (sender, connection) = Builder::new()
            .max_buf_size(BUFFER)
            .max_headers(HEADERS)
            .handshake(TokioIo::new(wire))
            .await?;
        let task = tokio::task::spawn_local(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "an upstream connection ended");
            }
        });
        Ok(Self { sender, task: Some(task), pulse, age: 0 })
    }

    /// Sends `request` and waits for the head of the response.
    pub(super) async fn send(
        &mut self,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Outgoing>>> {
        self.pulse.listen();
        self.sender.try_send_request(request).await
    }

    /// Whether the last exchange ended cleanly and the next one can begin.
    pub(super) fn is_reusable(&self) -> bool {
        self.sender.is_ready() && !self.sender.is_closed() && !self.pulse.is_blocked()
    }

    /// Whether a byte has come back since the request was sent.
    pub(super) fn has_heard(&self) -> bool {
        self.pulse.has_heard()
    }

    /// Lets it end by itself: after an upgrade, or politely when it is idle.
    pub(super) fn let_go(mut self) {
        self.task = None;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
