//! What helps subscribers to choose among a cluster's nodes, in steps so coarse
//! that a calm cluster has nothing new to tell.

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_domain::{Division, Hints, Mono, Node, NodeHint, NodeName};

use crate::pool::known_lag;
use crate::view::ClusterView;

/// The hints about a cluster's nodes, where the last ones were `before` and
/// subscribers keep so many pools of connections to each. A replica whose lag is
/// not known has none told, and the primary has none to tell; a node that was
/// never seen has no share.
#[must_use]
pub fn of_cluster(view: &ClusterView, before: &Hints, pools: u32, now: Mono) -> Hints {
    let lag = |node: &Node| {
        let known = (node.name != view.cluster.primary)
            .then(|| known_lag(view, view.node(&node.name), now))??;
        Some(told_lag(known, before.lag_at_most(&node.name)))
    };
    let hint = |node: &Node| {
        let hint = NodeHint {
            lag_at_most: lag(node),
            connections: division(view, &node.name, pools).and_then(Division::share),
        };
        (hint != NodeHint::default()).then(|| (node.name.clone(), hint))
    };
    let nodes: BTreeMap<_, _> = view.cluster.nodes.iter().filter_map(hint).collect();
    Hints { nodes }
}

/// How a node's connections are divided among so many pools; `None` for a node
/// that was never seen.
#[must_use]
pub fn division(view: &ClusterView, node: &NodeName, pools: u32) -> Option<Division> {
    let report = view.node(node).report()?;
    Some(Division {
        max_connections: report.settings.max_connections,
        pools,
    })
}

/// A step that is not below the lag. Where `before` was told, a lower step is
/// told only once the lag fits it with a third to spare.
fn told_lag(lag: Duration, before: Option<Duration>) -> Duration {
    match before {
        Some(before) if lag <= before && step(lag + lag / 2) >= before => before,
        _ => step(lag),
    }
}

/// The least of 1 s, 2 s, 4 s, … that is not below the lag.
fn step(lag: Duration) -> Duration {
    let begun = u64::from(lag.subsec_nanos() > 0);
    let seconds = lag.as_secs().saturating_add(begun);
    Duration::from_secs(seconds.checked_next_power_of_two().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::{Fixture, NOW, name};

    fn lag_of(fixture: &Fixture, before: &Hints) -> Option<u64> {
        let hints = of_cluster(&fixture.view(), before, 0, NOW);
        hints.lag_at_most(&name(2)).map(|lag| lag.as_secs())
    }

    proptest! {
        #[test]
        fn what_is_told_is_never_less_than_the_lag(
            lag in 0..100_000_u64,
            before in proptest::option::of(0..18_u32),
        ) {
            let lag = Duration::from_millis(lag);
            let before = before.map(|power| Duration::from_secs(1 << power));
            let told = told_lag(lag, before);
            prop_assert!(told >= lag);
            prop_assert!(told < Duration::from_secs(1) + lag * 3);
        }
    }

    #[test]
    fn a_lag_that_sways_about_a_step_is_told_once() {
        let ms = Duration::from_millis;
        let told = [900, 1100, 950, 1050, 700, 650]
            .into_iter()
            .scan(None, |before, lag| {
                let told = told_lag(ms(lag), *before);
                *before = Some(told);
                Some(told.as_secs())
            });
        assert_eq!(told.collect::<Vec<_>>(), [1, 2, 2, 2, 2, 1]);
    }

    #[test]
    fn a_replica_whose_lag_is_unknown_has_no_hint() {
        let known = Fixture::healthy(1).lag(2, Some(Duration::from_secs(3)));
        assert_eq!(lag_of(&known, &Hints::default()), Some(4));
        let unknown = Fixture::healthy(1).lag(2, None);
        assert_eq!(lag_of(&unknown, &Hints::default()), None);
    }

    #[test]
    fn every_node_that_was_seen_is_shared_and_the_primary_has_no_lag() {
        let view = Fixture::healthy(1).view();
        let hints = of_cluster(&view, &Hints::default(), 4, NOW);
        // 151 connections, 15 in reserve, 34 each, in steps of 4.
        for node in [name(1), name(2)] {
            assert_eq!(hints.connections(&node), Some(32));
        }
        assert_eq!(hints.lag_at_most(&name(1)), None);
    }
}
