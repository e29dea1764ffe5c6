//! How often, and for how long, work is done again.
//!
//! The rule has no exception: work that may have been executed is repeated only
//! when the caller says that doing it twice does no harm.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

const SOONEST: Duration = Duration::from_millis(20);
const LATEST: Duration = Duration::from_millis(250);

/// Whether work does the same when it is done twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotent {
    /// Doing it twice does no harm: it is done again when it was cut off.
    Yes,
    /// It must not be done twice: when it is cut off, the caller is told.
    No,
}

/// How often, and for how long, work is done again when it failed.
///
/// By default it is done again for as long as the pool's `connection_timeout`,
/// counted from its first failure, with growing pauses of 20 to 250 ms, each
/// ended at once by a change of the route; and only where it certainly was not
/// done:
///
/// - the node takes no writes (`super_read_only`),
/// - MySQL rolled it back (a deadlock, a lock waited for too long).
///
/// Work that was cut off, by a broken connection, a failover or
/// `statement_timeout`, may have been executed. It is done again only when
/// [`idempotent`](Self::idempotent) says so.
///
/// ```
/// use std::time::Duration;
/// use lictor_client::Retry;
///
/// let retry = Retry::new()
///     .at_most(5)
///     .within(Duration::from_secs(3))
///     .pauses(Duration::from_millis(50), Duration::from_millis(400))
///     .idempotent();
/// # let _ = retry;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    at_most: Option<u32>,
    within: Option<Duration>,
    soonest: Duration,
    latest: Duration,
    idempotent: Idempotent,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            at_most: None,
            within: None,
            soonest: SOONEST,
            latest: LATEST,
            idempotent: Idempotent::No,
        }
    }
}

impl Retry {
    /// The default, which never repeats what may have been executed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Does nothing twice.
    #[must_use]
    pub fn never() -> Self {
        Self::new().at_most(0)
    }

    /// Again so many times at most, beside the first.
    #[must_use]
    pub const fn at_most(mut self, times: u32) -> Self {
        self.at_most = Some(times);
        self
    }

    /// Not any more when so much time has passed since the first failure.
    #[must_use]
    pub const fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    /// The first pause is about `soonest`; each is twice as long as the one
    /// before, up to `latest`, and up to as much again is added by lot.
    #[must_use]
    pub const fn pauses(mut self, soonest: Duration, latest: Duration) -> Self {
        self.soonest = soonest;
        self.latest = latest;
        self
    }

    /// Doing the work twice does no harm: it is also done again when it may have
    /// been executed.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = Idempotent::Yes;
        self
    }

    pub(crate) fn is_idempotent(&self) -> bool {
        self.idempotent == Idempotent::Yes
    }

    pub(crate) fn begin(self, usual: Duration) -> Attempts {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(self.soonest)
            .with_max_delay(self.latest)
            .without_max_times()
            .with_jitter()
            .build();
        Attempts {
            within: self.within.unwrap_or(usual),
            retry: self,
            done_again: 0,
            until: None,
            pauses,
        }
    }
}

impl From<Idempotent> for Retry {
    fn from(idempotent: Idempotent) -> Self {
        Self {
            idempotent,
            ..Self::default()
        }
    }
}

/// What is known of an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing of it was done.
    Undone,
    /// It may have been done.
    MaybeDone,
}

impl Failure {
    /// For the metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Undone => "rolled_back",
            Self::MaybeDone => "cut_off",
        }
    }
}

/// The attempts at one piece of work.
#[derive(Debug)]
pub(crate) struct Attempts {
    retry: Retry,
    within: Duration,
    done_again: u32,
    /// Set by the first failure.
    until: Option<Instant>,
    pauses: ExponentialBackoff,
}

impl Attempts {
    /// How long to pause before the work is done again; none when it must not
    /// be.
    pub(crate) fn again(&mut self, failure: Failure, now: Instant) -> Option<Duration> {
        let until = *self.until.get_or_insert(now + self.within);
        let may = failure == Failure::Undone || self.retry.is_idempotent();
        let often = self.retry.at_most.is_none_or(|most| self.done_again < most);
        if !may || !often || now >= until {
            return None;
        }
        self.done_again += 1;
        self.pauses.next()
    }

    /// Until when a connection for the next attempt is waited for, when there
    /// was a failure already.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn what_may_have_been_executed_is_repeated_only_when_told() {
        let now = Instant::now();
        let mut careful = Retry::new().begin(USUAL);
        assert!(careful.again(Failure::Undone, now).is_some());
        assert_eq!(careful.again(Failure::MaybeDone, now), None);
        let mut told = Retry::new().idempotent().begin(USUAL);
        assert!(told.again(Failure::MaybeDone, now).is_some());
        let mut from = Retry::from(Idempotent::No).begin(USUAL);
        assert_eq!(from.again(Failure::MaybeDone, now), None);
    }

    #[tokio::test]
    async fn it_ends_after_so_many_times() {
        let now = Instant::now();
        let mut twice = Retry::new().at_most(2).begin(USUAL);
        assert!(twice.again(Failure::Undone, now).is_some());
        assert!(twice.again(Failure::Undone, now).is_some());
        assert_eq!(twice.again(Failure::Undone, now), None);
        let mut never = Retry::never().idempotent().begin(USUAL);
        assert_eq!(never.again(Failure::Undone, now), None);
    }

    #[tokio::test]
    async fn the_time_counts_from_the_first_failure() {
        let first = Instant::now();
        let mut retry = Retry::new().within(Duration::from_secs(1)).begin(USUAL);
        assert_eq!(retry.until(), None);
        assert!(retry.again(Failure::Undone, first).is_some());
        assert_eq!(retry.until(), Some(first + Duration::from_secs(1)));
        let soon = first + Duration::from_millis(900);
        assert!(retry.again(Failure::Undone, soon).is_some());
        let late = first + Duration::from_secs(1);
        assert_eq!(retry.again(Failure::Undone, late), None);
    }

    #[tokio::test]
    async fn pauses_grow_up_to_the_latest() {
        let now = Instant::now();
        let (soonest, latest) = (Duration::from_millis(10), Duration::from_millis(40));
        let mut retry = Retry::new().pauses(soonest, latest).begin(USUAL);
        let pauses: Vec<_> = (0..8)
            .map(|_| retry.again(Failure::Undone, now).unwrap())
            .collect();
        assert!(pauses[0] >= soonest && pauses[0] <= soonest * 2);
        assert!(pauses.iter().all(|pause| *pause <= latest * 2));
        assert!(pauses[7] >= latest, "{pauses:?}");
    }
}
