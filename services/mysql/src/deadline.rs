//! One deadline over all the steps of a call.

use std::time::Duration;

use tokio::time::Instant;

/// When a call must end, and what it is called when it does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    pub(crate) what: &'static str,
    pub(crate) total: Duration,
    end: Instant,
}

impl Deadline {
    /// `what` must end within `total` from now.
    pub(crate) fn new(what: &'static str, total: Duration) -> Self {
        Self {
            what,
            total,
            end: Instant::now() + total,
        }
    }

    pub(crate) const fn end(&self) -> Instant {
        self.end
    }
}
