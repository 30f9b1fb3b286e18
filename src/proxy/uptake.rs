//! Whether the agent takes what it asked for.
//!
//! A connection that is not read from is cut by its watchdog. In HTTP/2 one stream may stand still
//! while others go on, and hyper then asks for nothing more of it: no deadline inside of the answer
//! would ever be looked at. So once a part was handed over with more to come, somebody else looks,
//! and an answer that nobody takes is let go, with its upstream, its record and its place.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use crate::proxy::relay::{Cut, Relay};
use crate::revocation::Tether;

/// A relay that is let go when nobody takes it.
#[derive(Debug)]
pub struct Uptake {
    shared: Rc<Shared>,
    patience: Duration,
    tether: Tether,
    /// Only an answer of several parts is watched.
    watch: Option<AbortHandle>,
}

/// What the answer and its watch share.
#[derive(Debug)]
struct Shared {
    /// `None` once it was let go.
    relay: RefCell<Option<Box<Relay>>>,
    /// When a part was handed over that nobody has asked beyond yet.
    handed: Cell<Option<Instant>>,
}

impl Uptake {
    pub(super) fn new(relay: Relay, patience: Duration, tether: Tether) -> Self {
        let shared = Shared { relay: RefCell::new(Some(Box::new(relay))), handed: Cell::new(None) };
        Self { shared: Rc::new(shared), patience, tether, watch: None }
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        self.shared.handed.set(None);
        let mut relay = self.shared.relay.borrow_mut();
        let Some(relay) = relay.as_mut() else { return Poll::Ready(Some(Err(Cut::Untaken))) };
        let part = relay.poll_frame(cx);
        if matches!(part, Poll::Ready(Some(Ok(_)))) && !relay.is_done() {
            self.shared.handed.set(Some(Instant::now()));
            let watched = || watch(&self.shared, self.patience, &self.tether);
            self.watch.get_or_insert_with(watched);
        }
        part
    }

    pub(super) fn is_done(&self) -> bool {
        self.shared.relay.borrow().as_ref().is_some_and(|relay| relay.is_done())
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        let relay = self.shared.relay.borrow();
        relay.as_ref().map_or_else(SizeHint::default, |relay| relay.size_hint())
    }
}

impl Drop for Uptake {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
    }
}

fn watch(shared: &Rc<Shared>, patience: Duration, tether: &Tether) -> AbortHandle {
    let (shared, tether) = (Rc::downgrade(shared), tether.clone());
    let watched = async move {
        tokio::select! {
            () = let_go(shared.clone(), patience) => {}
            _ = tether.cut() => cut(&shared),
        }
    };
    tokio::task::spawn_local(watched).abort_handle()
}

/// Ends an answer that nobody takes, once what it hangs on was revoked. One that is asked for ends by
/// itself, so that whoever asks hears of it.
fn cut(shared: &Weak<Shared>) {
    let Some(answer) = shared.upgrade() else { return };
    if answer.handed.get().is_some()
        && let Some(mut relay) = answer.relay.borrow_mut().take()
    {
        relay.cut();
    }
}

/// Lets go of the answer once a part of it has not been taken for `patience`. It wakes once in that
/// time, however many parts there are.
async fn let_go(shared: Weak<Shared>, patience: Duration) {
    loop {
        let Some(answer) = shared.upgrade() else { return };
        let waited = answer.handed.get().map_or(Duration::ZERO, |handed| handed.elapsed());
        if waited >= patience {
            let relay = answer.relay.borrow_mut().take();
            return drop(relay);
        }
        drop(answer);
        sleep(patience - waited).await;
    }
}
