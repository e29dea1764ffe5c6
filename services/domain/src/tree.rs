//! The tree of a cluster: whom each replica is to follow.
//!
//! A wish names a node, not a role, and stays what it is whoever is primary.
//! Without a wish a replica follows the primary. A primary's own wish is dormant,
//! and replicas whose wishes lead round in a circle follow the primary: so
//! whatever is wished, and whoever is primary, it is a tree with the primary as
//! its root.

use std::collections::BTreeSet;

use crate::cluster::{Cluster, Node};
use crate::names::NodeName;

impl Cluster {
    /// Whom this node may be made to follow, from its wanted source to the
    /// primary: its ancestors in the tree. Nobody for the primary itself.
    #[must_use]
    pub fn line(&self, name: &NodeName) -> Vec<&Node> {
        if *name == self.primary {
            return vec![];
        }
        let (mut line, circles) = self.wishes(name);
        match line.iter().position(|node| node.name == self.primary) {
            Some(root) => line.truncate(root),
            None if circles => line.clear(),
            None => {}
        }
        line.extend(self.node(&self.primary));
        line
    }

    /// The source this node is to follow; `None` for the primary.
    #[must_use]
    pub fn wanted_source(&self, name: &NodeName) -> Option<&Node> {
        self.line(name).into_iter().next()
    }

    /// Whether the node lies below `above` in the tree.
    #[must_use]
    pub fn is_below(&self, name: &NodeName, above: &NodeName) -> bool {
        self.line(name).iter().any(|node| node.name == *above)
    }

    /// The wishes that would lead from `source` back to `name`, both included;
    /// `None` if `name` may be told to follow `source`.
    #[must_use]
    pub fn circle(&self, name: &NodeName, source: &NodeName) -> Option<Vec<NodeName>> {
        let above = self.wishes(source).0.into_iter().map(|node| &node.name);
        let way: Vec<NodeName> = std::iter::once(source).chain(above).cloned().collect();
        let end = way.iter().position(|node| node == name)?;
        Some(way.into_iter().take(end + 1).collect())
    }

    /// The sources wished for, one above the other, without regard to who is
    /// primary; and whether they lead round in a circle.
    fn wishes(&self, name: &NodeName) -> (Vec<&Node>, bool) {
        let mut met = BTreeSet::from([name]);
        let mut way = vec![];
        let mut at = self.node(name);
        while let Some(next) = at.and_then(|node| self.node(node.follows.as_ref()?)) {
            if !met.insert(&next.name) {
                return (way, true);
            }
            way.push(next);
            at = Some(next);
        }
        (way, false)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Epoch, Policy, Promotion, ServerUuid};

    fn name(n: usize) -> NodeName {
        NodeName::numbered(&"orders".parse().unwrap(), u32::try_from(n + 1).unwrap())
    }

    /// Node `n` is to follow node `wishes[n]`; numbers that no node has stand for
    /// the primary.
    fn cluster(wishes: &[usize], primary: usize) -> Cluster {
        let node = |(n, wish): (usize, &usize)| Node {
            name: name(n),
            address: format!("10.0.0.{}:3306", n + 1).parse().unwrap(),
            server_uuid: ServerUuid(uuid::Uuid::from_u128(n as u128)),
            promotion: Promotion::default(),
            zone: None,
            follows: (*wish < wishes.len()).then(|| name(*wish)),
            quarantine: None,
            maintenance: None,
        };
        Cluster {
            name: "orders".parse().unwrap(),
            policy: Policy::default(),
            epoch: Epoch::default(),
            primary: name(primary),
            nodes: wishes.iter().enumerate().map(node).collect(),
            pause: None,
        }
    }

    const PRIMARY: usize = 99;

    fn line(wishes: &[usize], primary: usize, n: usize) -> Vec<NodeName> {
        let cluster = cluster(wishes, primary);
        let line = cluster.line(&name(n)).into_iter();
        line.map(|node| node.name.clone()).collect()
    }

    #[test]
    fn without_a_wish_a_replica_follows_the_primary_whoever_that_is() {
        let wishes = [PRIMARY; 3];
        assert_eq!(line(&wishes, 0, 1), [name(0)]);
        assert_eq!(line(&wishes, 2, 1), [name(2)]);
        assert_eq!(line(&wishes, 2, 2), []);
    }

    #[test]
    fn a_wish_outlasts_every_change_of_the_primary() {
        // Number 2 is to follow number 1, number 3 to follow number 2.
        let wishes = [PRIMARY, PRIMARY, 1, 2];
        assert_eq!(line(&wishes, 0, 3), [name(2), name(1), name(0)]);
        // Its source becomes the primary: it stays.
        assert_eq!(line(&wishes, 1, 2), [name(1)]);
        // It becomes the primary itself: its old source follows it.
        assert_eq!(line(&wishes, 2, 1), [name(2)]);
        assert_eq!(line(&wishes, 2, 3), [name(2)]);
        assert_eq!(line(&wishes, 3, 2), [name(1), name(3)]);
    }

    #[test]
    fn who_is_wished_round_in_a_circle_follows_the_primary() {
        let wishes = [PRIMARY, 2, 1, 1];
        for n in [1, 2, 3] {
            assert_eq!(line(&wishes, 0, n), [name(0)]);
        }
        // A primary in the circle is its end.
        assert_eq!(line(&wishes, 2, 3), [name(1), name(2)]);
    }

    #[test]
    fn a_circle_is_told_before_it_is_made() {
        let cluster = cluster(&[PRIMARY, PRIMARY, 1, 2], 0);
        let circle = cluster.circle(&name(1), &name(3));
        assert_eq!(circle, Some(vec![name(3), name(2), name(1)]));
        assert_eq!(cluster.circle(&name(3), &name(1)), None);
        assert_eq!(cluster.circle(&name(1), &name(1)), Some(vec![name(1)]));
    }

    proptest! {
        #[test]
        fn whatever_is_wished_it_is_a_tree_below_the_primary(
            (wishes, primary) in proptest::collection::vec(0..12_usize, 1..9)
                .prop_flat_map(|wishes| {
                    let primary = 0..wishes.len();
                    (Just(wishes), primary)
                }),
        ) {
            let cluster = cluster(&wishes, primary);
            for node in &cluster.nodes {
                let line = cluster.line(&node.name);
                let root = line.last().map(|root| &root.name);
                let is_primary = node.name == cluster.primary;
                prop_assert_eq!(root, (!is_primary).then_some(&cluster.primary));
                // Whomever it follows lies nearer to the primary, so following any
                // of them closes no circle.
                for above in &line {
                    prop_assert!(cluster.line(&above.name).len() < line.len());
                }
            }
        }

        #[test]
        fn what_is_allowed_makes_no_circle_whoever_becomes_primary(
            asked in proptest::collection::vec((0..6_usize, 0..6_usize), 0..20),
            primary in 0..6_usize,
        ) {
            let mut cluster = cluster(&[PRIMARY; 6], primary);
            for (node, source) in asked {
                if cluster.circle(&name(node), &name(source)).is_none() {
                    cluster.nodes[node].follows = Some(name(source));
                }
            }
            for other in 0..6 {
                cluster.primary = name(other);
                for node in &cluster.nodes {
                    let wanted = cluster.wanted_source(&node.name).map(|node| &node.name);
                    let wish = node.follows.as_ref().unwrap_or(&cluster.primary);
                    let is_primary = node.name == cluster.primary;
                    prop_assert_eq!(wanted, (!is_primary).then_some(wish));
                }
            }
        }
    }
}
