//! A cluster as Lictor remembers it: its nodes, its policy, and who was last
//! made primary in which epoch.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::gtid::GtidSet;
use crate::names::{ClusterName, NodeAddress, NodeName, ServerUuid, Zone};
use crate::order::Epoch;
use crate::policy::{Mode, Policy, Promotion};

/// Why a node is kept out of every pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// The reason, as a sentence.
    pub reason: String,
    /// Transactions that no other node may ever see.
    pub errant: GtidSet,
    /// Set from the moment its data began to be replaced until it was replaced
    /// as a whole: whatever its GTIDs say, data may be missing.
    pub incomplete: bool,
}

/// What an operator says for a time only holds no longer: a maintenance, a pause
/// that ends by itself, a promotion rule.
pub const LONGEST_EXCEPTION: Duration = Duration::from_hours(30 * 24);

/// A node that an operator works on for a time: it serves nobody and is left
/// alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    /// Who works on it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// When it ends by itself.
    pub until: DateTime<Utc>,
}

/// A cluster in which Lictor does nothing by itself for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Who wants it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// When it ends by itself; `None` until an operator ends it.
    pub until: Option<DateTime<Utc>>,
}

/// One mysqld of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: NodeName,
    /// Where it listens.
    pub address: NodeAddress,
    /// Who it is.
    pub server_uuid: ServerUuid,
    /// How gladly it is made primary.
    pub promotion: Promotion,
    /// Where it stands, such as an availability zone.
    pub zone: Option<Zone>,
    /// The node it is to follow while that lives; `None` for the primary, whoever
    /// that is.
    pub follows: Option<NodeName>,
    /// Set while it is kept out of every pool.
    pub quarantine: Option<Quarantine>,
    /// Set while an operator works on it.
    pub maintenance: Option<Maintenance>,
}

/// One primary and its replicas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its name.
    pub name: ClusterName,
    /// What its operator wants.
    pub policy: Policy,
    /// The current primacy.
    pub epoch: Epoch,
    /// Who holds it.
    pub primary: NodeName,
    /// Its nodes, in order of name.
    pub nodes: Vec<Node>,
    /// Set while nothing is done by itself.
    pub pause: Option<Pause>,
}

impl Cluster {
    /// The node of that name.
    #[must_use]
    pub fn node(&self, name: &NodeName) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == *name)
    }

    /// How far Lictor may act by itself now: a pause takes the place of `auto`.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        match (self.policy.mode, &self.pause) {
            (Mode::Auto, Some(_)) => Mode::Manual,
            (mode, _) => mode,
        }
    }

    /// Ends what was to end by now: its pause, and maintenance and promotion rules
    /// of its nodes.
    pub fn expire(&mut self, now: DateTime<Utc>) {
        let over = |pause: &Pause| pause.until.is_some_and(|until| until <= now);
        if self.pause.as_ref().is_some_and(over) {
            self.pause = None;
        }
        for node in &mut self.nodes {
            if node.maintenance.as_ref().is_some_and(|it| it.until <= now) {
                node.maintenance = None;
            }
            node.promotion = node.promotion.at(now);
        }
    }

    /// Every node but the primary.
    pub fn replicas(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.name != self.primary)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::policy::PromotionRule;

    fn cluster(pause: Option<DateTime<Utc>>, maintenance: DateTime<Utc>) -> Cluster {
        let name: NodeName = "orders-1".parse().unwrap();
        let owner = || "ada".to_owned();
        Cluster {
            name: "orders".parse().unwrap(),
            policy: Policy {
                mode: Mode::Auto,
                ..Policy::default()
            },
            epoch: Epoch::default(),
            primary: name.clone(),
            nodes: vec![Node {
                name,
                address: "10.0.0.1:3306".parse().unwrap(),
                server_uuid: ServerUuid(uuid::Uuid::nil()),
                promotion: Promotion::default(),
                zone: None,
                follows: None,
                quarantine: None,
                maintenance: Some(Maintenance {
                    owner: owner(),
                    reason: "a disk".to_owned(),
                    until: maintenance,
                }),
            }],
            pause: Some(Pause {
                owner: owner(),
                reason: "a disk".to_owned(),
                until: pause,
            }),
        }
    }

    #[test]
    fn what_has_an_end_ends_then_and_the_mode_is_what_it_was() {
        let end = DateTime::UNIX_EPOCH + Duration::from_mins(1);
        let mut cluster = cluster(Some(end), end);
        cluster.expire(end - Duration::from_secs(1));
        assert_eq!(cluster.mode(), Mode::Manual);
        assert!(cluster.nodes[0].maintenance.is_some());
        cluster.expire(end);
        assert_eq!(cluster.mode(), Mode::Auto);
        assert_eq!(cluster.nodes[0].maintenance, None);
    }

    #[test]
    fn a_promotion_rule_with_an_end_is_the_default_from_then_on() {
        let end = DateTime::UNIX_EPOCH + Duration::from_mins(1);
        let must_not = Promotion {
            rule: PromotionRule::MustNot,
            until: Some(end),
        };
        let mut cluster = cluster(None, end);
        cluster.nodes[0].promotion = must_not;
        cluster.expire(end - Duration::from_secs(1));
        assert_eq!(cluster.nodes[0].promotion, must_not);
        cluster.expire(end);
        assert_eq!(cluster.nodes[0].promotion, Promotion::default());

        let lasting = Promotion::from(PromotionRule::Prefer);
        cluster.nodes[0].promotion = lasting;
        cluster.expire(DateTime::<Utc>::MAX_UTC);
        assert_eq!(cluster.nodes[0].promotion, lasting);
    }

    #[test]
    fn a_pause_without_an_end_lasts_and_a_pause_never_lets_more_be_done() {
        let mut cluster = cluster(None, DateTime::UNIX_EPOCH);
        cluster.expire(DateTime::<Utc>::MAX_UTC);
        assert!(cluster.pause.is_some());
        for mode in [Mode::Observe, Mode::Manual] {
            cluster.policy.mode = mode;
            assert_eq!(cluster.mode(), mode);
        }
    }
}
