//! Waiting for the answers of many. While nobody waits, an answer costs the one
//! who gives it a look at a number.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Tells of answers, and of subscribers that leave.
#[derive(Debug, Default)]
pub(super) struct Answers {
    waiting: AtomicUsize,
    came: Notify,
}

/// Somebody waits, as long as this lives.
pub(super) struct Waiting<'a>(&'a Answers);

impl Answers {
    /// An answer came, and is there to be seen.
    pub(super) fn came(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.came.notify_waiters();
        }
    }

    /// Begins to wait. What came before may be seen, what comes after is told.
    pub(super) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting(self)
    }
}

impl Waiting<'_> {
    /// Waits until the condition holds, which only answers can make true.
    pub(super) async fn until(&self, holds: impl Fn() -> bool) {
        loop {
            let mut next = pin!(self.0.came.notified());
            next.as_mut().enable();
            if holds() {
                return;
            }
            next.await;
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}
