//! A configuration beside the clusters that are registered: what a draft says of
//! them has to be true, and what it leaves out stays as it is.
//!
//! Law: a configuration completed for a fleet names exactly the fleet's clusters,
//! and of each only nodes that it has.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::fault::{Fault, Faults};
use super::{ClusterConfig, Config, Draft, Placement};
use crate::cluster::{Cluster, LONGEST_EXCEPTION, Node};
use crate::names::{ClusterName, NodeAddress};
use crate::rule::RuleSet;

impl From<&Node> for Placement {
    fn from(node: &Node) -> Self {
        Self {
            promotion: node.promotion.rule,
            promotion_until: node.promotion.until,
            zone: node.zone.clone(),
        }
    }
}

impl From<&Cluster> for ClusterConfig {
    fn from(cluster: &Cluster) -> Self {
        let nodes = cluster.nodes.iter();
        let nodes = nodes.map(|node| (node.address.clone(), Placement::from(node)));
        Self {
            policy: cluster.policy.clone(),
            nodes: nodes
                .filter(|(_, at)| *at != Placement::default())
                .collect(),
        }
    }
}

impl ClusterConfig {
    /// The cluster as it is to be kept by this.
    #[must_use]
    pub fn applied_to(&self, cluster: &Cluster) -> Cluster {
        let mut cluster = cluster.clone();
        cluster.policy.clone_from(&self.policy);
        for node in &mut cluster.nodes {
            let placement = self.nodes.get(&node.address).cloned().unwrap_or_default();
            node.promotion = placement.promotion();
            node.zone = placement.zone;
        }
        cluster
    }
}

impl Draft {
    /// The configuration that this draft makes of a fleet: registered clusters
    /// that it leaves out stay as they are.
    ///
    /// # Errors
    /// Everything that is wrong with it, beside itself and beside the fleet.
    pub fn completed(mut self, fleet: &[Cluster], now: DateTime<Utc>) -> Result<Config, Faults> {
        let mut faults = vec![];
        let registered: BTreeMap<_, _> = fleet.iter().map(|it| (&it.name, it)).collect();
        for (name, config) in &mut self.clusters {
            match registered.get(name) {
                None => faults.push(not_registered(name, registered.keys())),
                Some(cluster) => {
                    faults.extend(wrong_policy(name, config));
                    faults.extend(wrong_nodes(cluster, config, now));
                }
            }
            config.nodes.retain(|_, at| *at != Placement::default());
        }
        for cluster in fleet {
            let kept = || ClusterConfig::from(cluster);
            self.clusters
                .entry(cluster.name.clone())
                .or_insert_with(kept);
        }
        let whole = Config::try_from(self);
        match &whole {
            Err(others) => faults.extend(others.iter().cloned()),
            Ok(config) => faults.extend(wrong_patterns(config)),
        }
        match Faults::unless_none(faults) {
            Some(faults) => Err(faults),
            None => whole,
        }
    }
}

fn not_registered<'a>(
    name: &ClusterName,
    registered: impl Iterator<Item = &'a &'a ClusterName>,
) -> Fault {
    let registered: Vec<_> = registered.map(|name| name.as_str()).collect();
    let registered = if registered.is_empty() {
        "none is".to_owned()
    } else {
        format!("registered are: {}", registered.join(", "))
    };
    Fault {
        field: format!("clusters.{name}"),
        sentence: format!(
            "cluster {name} is not registered; {registered}; \
             `lictor cluster add {name} --seed HOST:PORT` registers it"
        ),
    }
}

/// Whoever routes by the rules compiles them together.
fn wrong_patterns(config: &Config) -> Option<Fault> {
    let error = RuleSet::new(config.query_rules()).err()?;
    Some(Fault {
        field: "query_rules".to_owned(),
        sentence: error.to_string(),
    })
}

fn wrong_policy(name: &ClusterName, config: &ClusterConfig) -> Option<Fault> {
    let policy = &config.policy;
    (policy.accept_unfenced && policy.durability.acks() > 0).then(|| Fault {
        field: format!("clusters.{name}.policy.accept_unfenced"),
        sentence: "it is true although commits wait for acknowledgements; \
                   that is allowed with `durability: async` only"
            .to_owned(),
    })
}

fn wrong_nodes(cluster: &Cluster, config: &ClusterConfig, now: DateTime<Utc>) -> Vec<Fault> {
    let has = |address: &NodeAddress| cluster.nodes.iter().any(|node| node.address == *address);
    let too_long = |at: &Placement| {
        at.promotion_until
            .is_some_and(|it| it > now + LONGEST_EXCEPTION)
    };
    let wrong = |(address, at): (&NodeAddress, &Placement)| {
        let field = format!("clusters.{}.nodes.{address}", cluster.name);
        if !has(address) {
            let nodes: Vec<_> = cluster
                .nodes
                .iter()
                .map(|it| it.address.to_string())
                .collect();
            let sentence = format!(
                "cluster {} has no node at {address}; it has: {}",
                cluster.name,
                nodes.join(", ")
            );
            return Some(Fault { field, sentence });
        }
        too_long(at).then(|| Fault {
            field: format!("{field}.promotion_until"),
            sentence: "a promotion rule that ends does so within 30 days".to_owned(),
        })
    };
    config.nodes.iter().filter_map(wrong).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::names::{NodeName, ServerUuid};
    use crate::order::Epoch;
    use crate::policy::{Mode, Policy, Promotion, PromotionRule};

    fn cluster(name: &str) -> Cluster {
        let name: ClusterName = name.parse().unwrap();
        let node = |number: u32| Node {
            name: NodeName::numbered(&name, number),
            address: format!("{name}-{number}:3306").parse().unwrap(),
            server_uuid: ServerUuid(Uuid::from_u128(number.into())),
            promotion: Promotion::default(),
            zone: None,
            follows: None,
            quarantine: None,
            maintenance: None,
        };
        Cluster {
            policy: Policy::default(),
            epoch: Epoch::default(),
            primary: NodeName::numbered(&name, 1),
            nodes: vec![node(1), node(2)],
            pause: None,
            name,
        }
    }

    fn completed(draft: &str, fleet: &[Cluster]) -> Result<Config, Vec<String>> {
        let draft: Draft = serde_json::from_str(draft).unwrap();
        let completed = draft.completed(fleet, DateTime::UNIX_EPOCH);
        completed.map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_cluster_that_is_left_out_stays_as_it_is_and_one_that_is_named_is_what_is_written() {
        let (mut orders, mut users) = (cluster("orders"), cluster("users"));
        for it in [&mut orders, &mut users] {
            it.policy.mode = Mode::Auto;
            it.nodes[0].promotion = PromotionRule::Prefer.into();
        }
        let draft = r#"{"clusters":{"users":{"nodes":{
            "users-1:3306":{},"users-2:3306":{"zone":"eu"}}}}}"#;
        let config = completed(draft, &[orders.clone(), users.clone()]).unwrap();
        let of = |it: &Cluster| config.clusters()[&it.name].applied_to(it);
        assert_eq!(of(&orders), orders);
        let kept = of(&users);
        assert_eq!(kept.policy.mode, Mode::Observe);
        assert_eq!(kept.nodes[0].promotion, Promotion::default());
        assert_eq!(kept.nodes[1].zone, Some("eu".parse().unwrap()));
        assert_eq!(ClusterConfig::from(&kept), config.clusters()[&users.name]);
    }

    #[test]
    fn what_a_draft_says_of_the_fleet_must_be_true() {
        let draft = r#"{"clusters":{
            "carts":{},
            "orders":{
                "policy":{"accept_unfenced":true},
                "nodes":{"elsewhere:1":{},"orders-1:3306":{"promotion_until":"1970-02-01T00:00:00Z"}}}},
            "hostgroups":[{"id":1,"name":"a","kind":"writer","cluster":"users","role":"primary"}]}"#;
        assert_eq!(
            completed(draft, &[cluster("orders")]).unwrap_err(),
            [
                "clusters.carts: cluster carts is not registered; registered are: orders; \
                 `lictor cluster add carts --seed HOST:PORT` registers it",
                "clusters.orders.policy.accept_unfenced: it is true although commits wait for \
                 acknowledgements; that is allowed with `durability: async` only",
                "clusters.orders.nodes.elsewhere:1: cluster orders has no node at elsewhere:1; \
                 it has: orders-1:3306, orders-2:3306",
                "clusters.orders.nodes.orders-1:3306.promotion_until: a promotion rule that ends \
                 does so within 30 days",
                "hostgroups[0].cluster: there is no cluster users; there are: carts, orders, \
                 and `lictor cluster add` registers one",
            ]
        );
    }
}
