//! The idle connections of one node: which one is used next, which are asked
//! whether they live, and which have to go. No clock, no network.

use tokio::time::Instant;

use super::config::PoolConfig;

/// An idle connection, or whatever stands for one.
#[derive(Debug)]
pub(crate) struct Parked<C> {
    pub(crate) conn: C,
    /// When it has to be closed.
    pub(crate) expires: Instant,
    /// Last handed back by a user, or made.
    pub(crate) used: Instant,
    /// Last known to live.
    pub(crate) checked: Instant,
}

/// The idle connections, the last used last.
#[derive(Debug)]
pub(crate) struct Shelf<C> {
    parked: Vec<Parked<C>>,
}

impl<C> Default for Shelf<C> {
    fn default() -> Self {
        Self { parked: Vec::new() }
    }
}

impl<C> Shelf<C> {
    pub(crate) fn len(&self) -> usize {
        self.parked.len()
    }

    pub(crate) fn park(&mut self, parked: Parked<C>) {
        // One that was only asked whether it lives keeps its place.
        let at = self.parked.partition_point(|one| one.used <= parked.used);
        self.parked.insert(at, parked);
    }

    /// The one used last. Those that are too old are closed: when there is none,
    /// the shelf is empty.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Parked<C>> {
        self.parked.retain(|one| one.expires > now);
        self.parked.pop()
    }

    /// One that was not heard for `keepalive_time`.
    pub(crate) fn take_unheard(&mut self, now: Instant, config: &PoolConfig) -> Option<Parked<C>> {
        let at = self
            .parked
            .iter()
            .position(|one| now.duration_since(one.checked) >= config.keepalive_time)?;
        Some(self.parked.remove(at))
    }

    /// Those that have to go: too old, unused for too long, or more than there
    /// may be idle, the longest unused first.
    pub(crate) fn evict(
        &mut self,
        now: Instant,
        config: &PoolConfig,
        at_most: usize,
    ) -> Vec<Parked<C>> {
        let mut gone: Vec<_> = self
            .parked
            .extract_if(.., |one| one.expires <= now)
            .collect();
        let spare = self.parked.len().saturating_sub(config.minimum_idle);
        let unused = self
            .parked
            .iter()
            .take(spare)
            .take_while(|one| now.duration_since(one.used) >= config.idle_timeout)
            .count();
        let above = self.parked.len().saturating_sub(at_most);
        gone.extend(self.parked.drain(..unused.max(above)));
        gone
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn config() -> PoolConfig {
        PoolConfig {
            minimum_idle: 1,
            idle_timeout: Duration::from_mins(1),
            keepalive_time: Duration::from_secs(10),
            ..PoolConfig::default()
        }
    }

    /// So many connections, parked one second after the other, that expire in
    /// that order.
    fn shelf(start: Instant, names: &[&'static str]) -> Shelf<&'static str> {
        let mut shelf = Shelf::default();
        for (conn, second) in names.iter().zip(0..) {
            let at = start + Duration::from_secs(second);
            shelf.park(Parked {
                conn: *conn,
                expires: at + Duration::from_mins(10),
                used: at,
                checked: at,
            });
        }
        shelf
    }

    fn names(parked: Vec<Parked<&'static str>>) -> Vec<&'static str> {
        parked.into_iter().map(|one| one.conn).collect()
    }

    #[tokio::test]
    async fn the_last_used_is_used_next_and_one_too_old_never() {
        let start = Instant::now();
        let mut shelf = shelf(start, &["a", "b"]);
        let late = start + Duration::from_millis(600_500);
        assert_eq!(shelf.take(late).unwrap().conn, "b");
        assert!(shelf.take(late).is_none(), "a is too old");
        assert_eq!(shelf.len(), 0);
    }

    #[tokio::test]
    async fn what_nobody_used_goes_but_not_the_last_one() {
        let start = Instant::now();
        let mut shelf = shelf(start, &["a", "b", "c"]);
        let soon = start + Duration::from_mins(1);
        assert_eq!(names(shelf.evict(soon, &config(), 9)), ["a"]);
        let late = start + Duration::from_secs(90);
        assert_eq!(names(shelf.evict(late, &config(), 9)), ["b"]);
        assert_eq!(shelf.len(), 1);
        let old = start + Duration::from_secs(700);
        assert_eq!(names(shelf.evict(old, &config(), 9)), ["c"]);
    }

    #[tokio::test]
    async fn those_above_the_limit_go_even_when_just_used() {
        let start = Instant::now();
        let mut shelf = shelf(start, &["a", "b", "c"]);
        assert_eq!(names(shelf.evict(start, &config(), 1)), ["a", "b"]);
        assert_eq!(names(shelf.evict(start, &config(), 0)), ["c"]);
    }

    #[tokio::test]
    async fn the_one_not_heard_for_long_is_asked() {
        let start = Instant::now();
        let mut shelf = shelf(start, &["a", "b"]);
        let at = start + Duration::from_secs(10);
        assert_eq!(shelf.take_unheard(at, &config()).unwrap().conn, "a");
        assert!(shelf.take_unheard(at, &config()).is_none(), "b was heard");
    }

    #[tokio::test]
    async fn being_asked_is_no_use() {
        let start = Instant::now();
        let mut shelf = shelf(start, &["a", "b"]);
        let at = start + Duration::from_secs(10);
        let mut asked = shelf.take_unheard(at, &config()).unwrap();
        asked.checked = at;
        shelf.park(asked);
        let later = start + Duration::from_mins(1);
        assert_eq!(names(shelf.evict(later, &config(), 9)), ["a"]);
    }
}
