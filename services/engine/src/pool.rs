//! Which replicas serve reads.
//!
//! Every entering and leaving makes a revision that all subscribers get, so
//! membership has hysteresis: a member stays until its data may be older than
//! the policy allows, another enters only when it is known to be at most half
//! as old. Unknown lag never lets anyone in; a member whose lag becomes unknown
//! stays only as long as its last known lag still bounds its age.
//!
//! Where fewer are left than the policy keeps, the least lagging of the others
//! serve too, if it is known how far they are behind. Never more serve than the
//! policy lets: members first, the others stay in reserve.
//!
//! This is the one decision: the route (`routing`) and what Consul shows
//! (`health`) are two views of it.

use std::collections::BTreeSet;
use std::time::Duration;

use lictor_domain::{Mono, Node, NodeName};

use crate::replica::{is_faithful, is_held_back, leads_to_primary, staleness, tells_lag};
use crate::timing::Timing;
use crate::view::{ClusterView, NodeView};

/// The replicas that serve reads from now on, given those that did until now.
#[must_use]
pub fn readers(
    view: &ClusterView,
    timing: &Timing,
    previous: &BTreeSet<NodeName>,
    now: Mono,
) -> BTreeSet<NodeName> {
    let able: Vec<_> = view
        .replicas()
        .filter(|(node, seen)| may_serve(view, node, seen, timing, now))
        .collect();
    let (mut fresh, mut others) = (Vec::new(), Vec::new());
    for (node, seen) in able {
        let member = previous.contains(&node.name);
        let fits = if member {
            may_stay(view, seen, now)
        } else {
            may_enter(view, seen, now)
        };
        if fits {
            fresh.push((!member, node.name.clone()));
        } else if let Some(lag) = known_lag(view, seen, now) {
            others.push((kept_by(lag, member), node.name.clone()));
        }
    }
    let policy = &view.cluster.policy;
    let replicas = view.cluster.replicas().count();
    let missing = policy.keep_readers.of(replicas).saturating_sub(fresh.len());
    fresh.sort();
    others.sort();
    let fresh = fresh.into_iter().map(|(_, name)| name);
    let kept = others.into_iter().take(missing).map(|(_, name)| name);
    let most = policy.max_readers.of(replicas);
    fresh.chain(kept).take(most).collect()
}

/// A lag is measured against the node's own source: that must lead to the
/// primary.
pub(crate) fn known_lag(view: &ClusterView, seen: &NodeView, now: Mono) -> Option<Duration> {
    let report = seen.report().filter(|_| tells_lag(view, seen))?;
    leads_to_primary(view, report)
        .then(|| staleness(seen, now))
        .flatten()
}

/// A kept reader makes place only for one that lags half as much.
fn kept_by(lag: Duration, member: bool) -> Duration {
    if member { lag } else { lag * 2 }
}

fn may_serve(view: &ClusterView, node: &Node, seen: &NodeView, timing: &Timing, now: Mono) -> bool {
    let heard = seen
        .alive_at
        .is_some_and(|alive_at| now.since(alive_at) <= timing.reader_patience);
    let offline = seen.report().is_some_and(|report| report.offline);
    node.maintenance.is_none()
        && is_faithful(view, node, seen)
        && heard
        && !seen.refused()
        && !offline
        && !is_held_back(view, seen)
}

fn may_stay(view: &ClusterView, seen: &NodeView, now: Mono) -> bool {
    is_within(seen, view.cluster.policy.max_read_lag(), now)
}

/// A lag is measured against the node's own source, so a newcomer's has to lead
/// to the primary; a member may be on its way from a lost primary to the next.
fn may_enter(view: &ClusterView, seen: &NodeView, now: Mono) -> bool {
    let follows = seen
        .report()
        .is_some_and(|report| leads_to_primary(view, report));
    follows && tells_lag(view, seen) && is_within(seen, view.cluster.policy.max_read_lag() / 2, now)
}

fn is_within(seen: &NodeView, limit: Duration, now: Mono) -> bool {
    staleness(seen, now).is_some_and(|staleness| staleness <= limit)
}

#[cfg(test)]
mod tests {
    use lictor_domain::{ProbeOutcome, ReceiverState, Writability};
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::{Fixture, NOW, TIMING, gtids, ms, name};

    fn numbers(numbers: &[u32]) -> BTreeSet<NodeName> {
        numbers.iter().map(|n| name(*n)).collect()
    }

    /// The pool of two replicas after number 2 of the fixture was altered, with
    /// these members before.
    fn pool(fixture: &Fixture, previous: &[u32], now: Mono) -> BTreeSet<NodeName> {
        readers(&fixture.view(), &TIMING, &numbers(previous), now)
    }

    #[test]
    fn healthy_replicas_serve_reads_and_the_primary_does_not() {
        assert_eq!(pool(&Fixture::healthy(2), &[], NOW), numbers(&[2, 3]));
    }

    #[test]
    fn who_may_not_serve_is_out_whether_member_or_not() {
        let healthy = || Fixture::healthy(2);
        let two_seconds = Duration::from_secs(2);
        let refused = ProbeOutcome::Refused;
        for (why, fixture) in [
            ("quarantined", healthy().quarantined(2, "diverged")),
            ("writable", healthy().writability(2, Writability::Writable)),
            ("errant", healthy().executed(2, &gtids(9, 1, 1))),
            (
                "offline",
                healthy().report(2, |report| report.offline = true),
            ),
            (
                "delayed on purpose, and idle",
                healthy().replication(2, |replication| replication.delay = ms(60_000)),
            ),
            ("in maintenance", healthy().in_maintenance(2)),
            ("refusing", healthy().silent(2, refused, ms(1))),
            ("unseen", healthy().unseen(2)),
            ("far behind", healthy().lag(2, Some(two_seconds * 3))),
            ("never known", healthy().lag(2, None)),
        ] {
            for previous in [&[][..], &[2, 3]] {
                assert_eq!(pool(&fixture, previous, NOW), numbers(&[3]), "{why}");
            }
        }
    }

    #[test]
    fn a_silent_member_leaves_after_the_patience() {
        let silent = |since| Fixture::healthy(2).silent(2, ProbeOutcome::TimedOut, since);
        let patient = pool(&silent(TIMING.reader_patience), &[2, 3], NOW);
        assert_eq!(patient, numbers(&[2, 3]));
        let later = TIMING.reader_patience + ms(1);
        assert_eq!(pool(&silent(later), &[2, 3], NOW), numbers(&[3]));
    }

    #[test]
    fn a_silent_replica_does_not_enter() {
        let silent = Fixture::healthy(2).silent(2, ProbeOutcome::TimedOut, ms(10));
        assert_eq!(pool(&silent, &[3], NOW), numbers(&[3]));
    }

    #[test]
    fn a_replica_enters_at_half_the_limit_and_leaves_above_it() {
        let behind = |lag| Fixture::healthy(2).lag(2, Some(ms(lag)));
        for (lag, member, expected) in [
            (2500, false, true),
            (2501, false, false),
            (5000, true, true),
            (5001, true, false),
        ] {
            let previous: &[u32] = if member { &[2, 3] } else { &[3] };
            let pool = pool(&behind(lag), previous, NOW);
            assert_eq!(pool.contains(&name(2)), expected, "{lag} ms, {member}");
        }
    }

    #[test]
    fn the_least_lagging_is_kept_where_the_policy_keeps_one() {
        let keep = |share: &str, lags: [Option<u64>; 2]| {
            Fixture::healthy(2)
                .policy(|policy| policy.keep_readers = share.parse().unwrap())
                .lag(2, lags[0].map(ms))
                .lag(3, lags[1].map(ms))
        };
        for (share, lags, previous, expected) in [
            ("0", [Some(9000), Some(8000)], &[2, 3][..], &[][..]),
            ("1", [Some(9000), Some(8000)], &[], &[3]),
            ("50%", [Some(9000), Some(8000)], &[], &[3]),
            ("1", [Some(9000), Some(8000)], &[2], &[2]),
            ("1", [Some(20_000), Some(8000)], &[2], &[3]),
            ("100%", [Some(9000), Some(8000)], &[], &[2, 3]),
            ("1", [None, Some(8000)], &[2], &[3]),
            ("2", [None, Some(8000)], &[2], &[3]),
            ("1", [Some(0), Some(8000)], &[], &[2]),
        ] {
            let pool = pool(&keep(share, lags), previous, NOW);
            assert_eq!(pool, numbers(expected), "{share} of {lags:?}, {previous:?}");
        }
    }

    #[test]
    fn no_more_serve_than_the_policy_lets_and_members_stay() {
        for (most, keep, behind, previous, expected) in [
            ("1", "0", 0, &[][..], &[2][..]),
            ("1", "0", 0, &[3], &[3]),
            ("50%", "0", 0, &[3], &[3]),
            ("1", "100%", 9000, &[2], &[3]),
            ("1", "1", 9000, &[2], &[3]),
            ("0", "100%", 0, &[2, 3], &[]),
            ("7", "0", 0, &[], &[2, 3]),
        ] {
            let fixture = Fixture::healthy(2)
                .policy(|policy| {
                    policy.max_readers = most.parse().unwrap();
                    policy.keep_readers = keep.parse().unwrap();
                })
                .lag(2, Some(ms(behind)));
            let pool = pool(&fixture, previous, NOW);
            assert_eq!(pool, numbers(expected), "{most}, {previous:?}");
        }
    }

    #[test]
    fn who_must_not_be_shown_is_not_kept_either() {
        let fixture = Fixture::healthy(2)
            .policy(|policy| policy.keep_readers = "100%".parse().unwrap())
            .executed(2, &gtids(9, 1, 1));
        assert_eq!(pool(&fixture, &[2, 3], NOW), numbers(&[3]));
    }

    #[test]
    fn a_replica_of_another_source_does_not_enter() {
        let astray = Fixture::healthy(2).follows(2, 8);
        assert_eq!(pool(&astray, &[], NOW), numbers(&[3]));
    }

    #[test]
    fn when_the_primary_is_lost_its_replicas_still_serve_reads() {
        let lost = Fixture::healthy(2);
        let mut view = lost.view();
        let dead = lost.clone().dead_primary();
        let later = NOW + ms(400);
        view.probed(&name(1), ProbeOutcome::Refused, later);
        for n in [2, 3] {
            view.probed(&name(n), dead.answer(n), later);
        }
        let pool = readers(&view, &TIMING, &numbers(&[2, 3]), later);
        assert_eq!(pool, numbers(&[2, 3]));
    }

    #[test]
    fn a_member_whose_lag_became_unknown_leaves_when_its_data_may_be_too_old() {
        let mut fixture = Fixture::healthy(1);
        let mut view = fixture.view();
        fixture = fixture.replication(2, |replication| {
            replication.receiver = ReceiverState::Stopped;
            replication.lag = None;
        });
        let mut members = numbers(&[2]);
        let mut left_at = None;
        for tick in 1..=30 {
            let now = NOW + ms(200) * tick;
            view.probed(&name(2), fixture.answer(2), now);
            members = readers(&view, &TIMING, &members, now);
            if members.is_empty() {
                left_at.get_or_insert(now.since(NOW));
            }
        }
        assert_eq!(left_at, Some(ms(5200)));
    }

    /// Lets a replica tell these lags one after the other, and counts how often
    /// the pool changes.
    fn changes(lags: &[Option<u64>], mut members: BTreeSet<NodeName>) -> (usize, bool) {
        let mut view = Fixture::healthy(1).unseen(2).view();
        let mut changes = 0;
        let mut now = NOW;
        for lag in lags {
            now = now + TIMING.probe_interval;
            let told = Fixture::healthy(1).lag(2, lag.map(ms));
            view.probed(&name(2), told.answer(2), now);
            let next = readers(&view, &TIMING, &members, now);
            changes += usize::from(next != members);
            members = next;
        }
        (changes, members.contains(&name(2)))
    }

    proptest! {
        #[test]
        fn within_the_band_nobody_enters_and_nobody_leaves(
            lags in proptest::collection::vec((2501..=5000_u64).prop_map(Some), 1..40),
            member in any::<bool>(),
        ) {
            let members = if member { numbers(&[2]) } else { numbers(&[]) };
            prop_assert_eq!(changes(&lags, members), (0, member));
        }

        #[test]
        fn at_most_one_change_for_each_crossing_of_the_whole_band(
            lags in proptest::collection::vec((0..=8000_u64).prop_map(Some), 1..40),
        ) {
            let mut sides = lags.iter().flatten().filter_map(|lag| match lag {
                0..=2500 => Some(true),
                2501..=5000 => None,
                _ => Some(false),
            }).collect::<Vec<_>>();
            sides.insert(0, false);
            sides.dedup();
            prop_assert_eq!(changes(&lags, numbers(&[])).0, sides.len() - 1);
        }

        #[test]
        fn unknown_lag_lets_nobody_in(count in 1..40_usize) {
            prop_assert_eq!(changes(&vec![None; count], numbers(&[])), (0, false));
        }
    }
}
