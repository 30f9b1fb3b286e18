//! What goes on when its connection is gone, and what a worker waits for before it ends.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::Notify;

/// How many proposals a worker is carrying out.
#[derive(Debug, Default)]
pub struct Underway {
    count: Cell<usize>,
    ended: Notify,
}

/// One of them, for as long as it lives.
#[derive(Debug)]
pub(super) struct One(Rc<Underway>);

impl Underway {
    /// One more.
    pub(super) fn begin(self: &Rc<Self>) -> One {
        self.count.set(self.count.get() + 1);
        One(Rc::clone(self))
    }

    /// Resolves once there are none.
    pub async fn settled(&self) {
        while self.count.get() > 0 {
            self.ended.notified().await;
        }
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.count.set(self.0.count.get() - 1);
        self.0.ended.notify_one();
    }
}
