//! What helps a subscriber to choose among nodes, and changes too often to be
//! part of the routing table.
//!
//! What a hint does not say is unknown, and unknown is never good enough.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::names::NodeName;

/// What is known of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeHint {
    /// It is at most so far behind its primary.
    pub lag_at_most: Option<Duration>,
    /// So many connections to it are this subscriber's share; at least 1.
    pub connections: Option<u32>,
}

/// What is known of the nodes now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// By name.
    pub nodes: BTreeMap<NodeName, NodeHint>,
}

impl Hints {
    /// How far the node is behind at most; none when that is not known.
    #[must_use]
    pub fn lag_at_most(&self, node: &NodeName) -> Option<Duration> {
        self.nodes.get(node)?.lag_at_most
    }

    /// This subscriber's share of the node's connections, where they are limited.
    #[must_use]
    pub fn connections(&self, node: &NodeName) -> Option<u32> {
        self.nodes.get(node)?.connections
    }
}

/// How a node's connections are divided among the pools of its subscribers.
///
/// A tenth of them, and at least ten, stay in reserve: for operators, for
/// replicas, for Lictor, and for those who come before the others have heard of
/// them. The rest is divided evenly, and a share is rounded down to a step of an
/// eighth, so that one who comes or goes seldom changes it. So what is handed out
/// is never more than there is, unless there are more pools than connections:
/// a share is at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    /// `@@max_connections` of the node.
    pub max_connections: u32,
    /// Pools that subscribers keep to it.
    pub pools: u32,
}

impl Division {
    /// What stays in reserve.
    #[must_use]
    pub fn reserve(self) -> u32 {
        (self.max_connections / 10)
            .max(10)
            .min(self.max_connections)
    }

    /// What each pool may have; none where there is no pool.
    #[must_use]
    pub fn share(self) -> Option<u32> {
        let even = (self.max_connections - self.reserve()).checked_div(self.pools)?;
        let step = (1 << even.checked_ilog2().unwrap_or(0)) / 8;
        Some(match even.checked_rem(step) {
            Some(above) => even - above,
            None => even.max(1),
        })
    }

    /// What all of them may have together.
    #[must_use]
    pub fn handed_out(self) -> u64 {
        u64::from(self.share().unwrap_or(0)) * u64::from(self.pools)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_more_is_handed_out_than_there_is_and_not_much_less(
            max_connections in 1..=100_000_u32, pools in 1..=20_000_u32,
        ) {
            let division = Division { max_connections, pools };
            let there = max_connections - division.reserve();
            let share = division.share().unwrap();
            prop_assert!(share >= 1);
            if there >= pools {
                prop_assert!(division.handed_out() <= u64::from(there));
                prop_assert!(share >= there / pools - there / pools / 8);
            } else {
                prop_assert_eq!(share, 1);
            }
        }
    }

    #[test]
    fn one_who_comes_seldom_changes_the_shares() {
        let share = |pools| {
            Division {
                max_connections: 1000,
                pools,
            }
            .share()
        };
        assert_eq!(share(0), None);
        assert_eq!(share(1), Some(896));
        let shares: std::collections::BTreeSet<_> = (50..=100).map(share).collect();
        assert!(shares.len() <= 10, "{shares:?}");
    }
}
