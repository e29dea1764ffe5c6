//! How the catalog differs from what it should be. Pure.
//!
//! Variants are by what repairs them. A check's sentence is not compared: it
//! holds measurements that never stand still.

use std::collections::BTreeSet;
use std::fmt;

use lictor_domain::NodeName;

use crate::entry::{CheckKind, NODE_MARKS, NodeEntry, Status};
use crate::observe::{Instance, mysql_node};

/// One difference between the catalog and what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// A node of ours is not as it should be: register it again.
    Differs {
        /// The node.
        node: NodeName,
        /// In what.
        difference: Difference,
    },
    /// A check that we do not keep can hide the node: remove it.
    UnexpectedCheck {
        /// The node.
        node: NodeName,
        /// The check's id.
        check_id: String,
        /// Its status.
        status: String,
    },
    /// A node named for this cluster that it does not have: deregister it.
    UnexpectedNode {
        /// The node.
        node: NodeName,
    },
    /// Someone else registered this service: only its owner can tell why.
    Foreign {
        /// The Consul node.
        consul_node: String,
        /// The service's id there.
        service_id: String,
        /// Where it sends clients.
        address: String,
    },
}

/// In what a node differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The node or its service is not there.
    Missing,
    /// Clients are sent elsewhere.
    Address {
        /// As it should be.
        desired: String,
        /// As it is.
        observed: String,
    },
    /// Other tags, so another role.
    Tags {
        /// As they should be.
        desired: BTreeSet<String>,
        /// As they are.
        observed: BTreeSet<String>,
    },
    /// Another value in the meta of the service or of the node.
    Meta {
        /// The key.
        key: String,
        /// As it should be; `None` where it should not be there.
        desired: Option<String>,
        /// As it is; `None` where it is not there.
        observed: Option<String>,
    },
    /// A check has another status, or is not there.
    Check {
        /// Which one.
        kind: CheckKind,
        /// As it should be.
        desired: Status,
        /// As it is; `None` where it is not there.
        observed: Option<String>,
    },
}

/// All differences: first of the desired nodes in their order, then of what
/// should not be there.
#[must_use]
pub fn drift(desired: &[NodeEntry], observed: &[Instance]) -> Vec<Drift> {
    let mut found = Vec::new();
    for entry in desired {
        match observed.iter().find(|instance| stands_for(instance, entry)) {
            Some(instance) => compare(entry, instance, &mut found),
            None => found.push(differs(entry, Difference::Missing)),
        }
    }
    let wanted = |instance: &&Instance| desired.iter().any(|entry| stands_for(instance, entry));
    let rest = observed.iter().filter(|instance| !wanted(instance));
    found.extend(rest.map(|instance| unexpected(instance, desired)));
    found
}

fn stands_for(instance: &Instance, entry: &NodeEntry) -> bool {
    instance.consul_node == entry.node.consul_node()
        && instance.service_id == entry.cluster.as_str()
}

fn differs(entry: &NodeEntry, difference: Difference) -> Drift {
    Drift::Differs {
        node: entry.node.clone(),
        difference,
    }
}

fn compare(entry: &NodeEntry, instance: &Instance, found: &mut Vec<Drift>) {
    let differences = address(entry, instance)
        .into_iter()
        .chain(tags(entry, instance))
        .chain(meta(entry, instance))
        .chain(checks(entry, instance));
    found.extend(differences.map(|difference| differs(entry, difference)));
    found.extend(unexpected_checks(entry, instance));
}

fn address(entry: &NodeEntry, instance: &Instance) -> Option<Difference> {
    let desired = entry.address.to_string();
    (desired != instance.address).then(|| Difference::Address {
        desired,
        observed: instance.address.clone(),
    })
}

fn tags(entry: &NodeEntry, instance: &Instance) -> Option<Difference> {
    let desired = entry.tags();
    (desired != instance.tags).then(|| Difference::Tags {
        desired,
        observed: instance.tags.clone(),
    })
}

/// The service's meta must be ours and no more; the node's may hold more.
fn meta(entry: &NodeEntry, instance: &Instance) -> Vec<Difference> {
    let ours = entry.meta();
    let keys: BTreeSet<&String> = ours.keys().chain(instance.meta.keys()).collect();
    let service = keys
        .into_iter()
        .map(|key| (key.as_str(), ours.get(key).cloned(), instance.meta.get(key)));
    let node = NODE_MARKS
        .into_iter()
        .map(|(key, value)| (key, Some(value.to_owned()), instance.node_meta.get(key)));
    service
        .chain(node)
        .filter(|(_, desired, observed)| desired.as_ref() != *observed)
        .map(|(key, desired, observed)| Difference::Meta {
            key: key.to_owned(),
            desired,
            observed: observed.cloned(),
        })
        .collect()
}

fn checks(entry: &NodeEntry, instance: &Instance) -> Vec<Difference> {
    let observed = |kind: CheckKind| {
        let check = instance.checks.get(kind.id())?;
        (check.service_id == entry.cluster.as_str()).then(|| check.status.clone())
    };
    entry
        .checks
        .iter()
        .map(|check| (check, observed(check.kind)))
        .filter(|(check, observed)| observed.as_deref() != Some(check.status.as_str()))
        .map(|(check, observed)| Difference::Check {
            kind: check.kind,
            desired: check.status,
            observed,
        })
        .collect()
}

fn unexpected_checks(entry: &NodeEntry, instance: &Instance) -> Vec<Drift> {
    let kept = |id: &str| entry.checks.iter().any(|check| check.kind.id() == id);
    instance
        .checks
        .iter()
        .filter(|(id, _)| !kept(id))
        .map(|(id, check)| Drift::UnexpectedCheck {
            node: entry.node.clone(),
            check_id: id.clone(),
            status: check.status.clone(),
        })
        .collect()
}

/// Only a node named for this service goes with it. A node that should be here,
/// or is another cluster's, carries an instance that someone else put there.
fn unexpected(instance: &Instance, desired: &[NodeEntry]) -> Drift {
    let kept = |node: &NodeName| desired.iter().any(|entry| entry.node == *node);
    let ours = mysql_node(&instance.consul_node)
        .filter(|node| !kept(node) && is_named_for(node, &instance.service));
    match ours {
        Some(node) => Drift::UnexpectedNode { node },
        None => Drift::Foreign {
            consul_node: instance.consul_node.clone(),
            service_id: instance.service_id.clone(),
            address: instance.address.clone(),
        },
    }
}

/// Whether a node has a name that [`NodeName::numbered`] gives.
fn is_named_for(node: &NodeName, cluster: &str) -> bool {
    let number = node.as_str().strip_prefix(cluster);
    let number = number.and_then(|rest| rest.strip_prefix('-'));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { node, difference } => write!(f, "{node}: {difference}"),
            Self::UnexpectedCheck {
                node,
                check_id,
                status,
            } => write!(f, "{node}: check {check_id} ({status}) is not ours"),
            Self::UnexpectedNode { node } => write!(f, "{node}: registered, but no such node"),
            Self::Foreign {
                consul_node,
                service_id,
                address,
            } => write!(
                f,
                "{consul_node}: service {service_id} at {address} was registered by someone else"
            ),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("not registered"),
            Self::Address { desired, observed } => {
                write!(f, "address is {observed}, should be {desired}")
            }
            Self::Tags { desired, observed } => {
                write!(
                    f,
                    "tags are {}, should be {}",
                    list(observed),
                    list(desired)
                )
            }
            Self::Meta {
                key,
                desired,
                observed,
            } => write!(
                f,
                "meta {key} is {}, should be {}",
                or_absent(observed.as_deref()),
                or_absent(desired.as_deref())
            ),
            Self::Check {
                kind,
                desired,
                observed,
            } => write!(
                f,
                "check {kind} is {}, should be {desired}",
                or_absent(observed.as_deref())
            ),
        }
    }
}

fn or_absent(text: Option<&str>) -> &str {
    text.unwrap_or("absent")
}

fn list(tags: &BTreeSet<String>) -> String {
    if tags.is_empty() {
        return "none".to_owned();
    }
    tags.iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Role;
    use crate::entry::tests::entry;
    use crate::observe::ObservedCheck;

    /// The catalog just after `entry` was registered.
    fn registered(entry: &NodeEntry) -> Instance {
        let check = |check: &crate::entry::Check| {
            let observed = ObservedCheck {
                status: check.status.to_string(),
                output: "Another sentence.".to_owned(),
                service_id: entry.cluster.to_string(),
            };
            (check.kind.id().to_owned(), observed)
        };
        Instance {
            consul_node: entry.node.consul_node(),
            service: entry.cluster.to_string(),
            service_id: entry.cluster.to_string(),
            address: entry.address.to_string(),
            tags: entry.tags(),
            meta: entry.meta(),
            node_meta: NODE_MARKS
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            checks: entry.checks.iter().map(check).collect(),
        }
    }

    /// What is said of the primary when its instance is changed so.
    fn said(change: impl FnOnce(&mut Instance)) -> Vec<String> {
        let entry = entry(1, Some(Role::Primary));
        let mut instance = registered(&entry);
        change(&mut instance);
        let found = drift(&[entry], &[instance]);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_was_registered_has_no_drift_whatever_its_sentences_say() {
        assert_eq!(said(|_| ()), [""; 0]);
    }

    #[test]
    fn a_node_that_is_not_there_is_missing() {
        let entry = entry(1, None);
        let found = drift(std::slice::from_ref(&entry), &[]);
        assert_eq!(found, [differs(&entry, Difference::Missing)]);
    }

    #[test]
    fn each_wrong_value_is_named_with_what_it_should_be() {
        let address = said(|i| i.address = "10.0.0.9:3306".to_owned());
        let tags = said(|i| i.tags = BTreeSet::from(["replica".to_owned()]));
        let epoch = said(|i| drop(i.meta.insert("epoch".to_owned(), "1.1".to_owned())));
        let extra = said(|i| drop(i.meta.insert("x".to_owned(), "y".to_owned())));
        let mark = said(|i| drop(i.node_meta.remove("external-probe")));
        assert_eq!(
            [address, tags, epoch, extra, mark].concat(),
            [
                "orders-1: address is 10.0.0.9:3306, should be 127.0.9.1:3306",
                "orders-1: tags are replica, should be eu-1, primary",
                "orders-1: meta epoch is 1.1, should be 3.7",
                "orders-1: meta x is y, should be absent",
                "orders-1: meta external-probe is absent, should be false",
            ]
        );
    }

    #[test]
    fn a_check_with_another_status_or_none_or_of_the_whole_node_is_wrong() {
        let edit = |change: fn(&mut ObservedCheck)| {
            said(move |i| change(i.checks.get_mut("connect").unwrap()))
        };
        let status = edit(|check| check.status = "critical".to_owned());
        let unbound = edit(|check| check.service_id.clear());
        let removed = said(|i| i.checks.clear());
        assert_eq!(
            [status, unbound, removed].concat(),
            [
                "orders-1: check connect is critical, should be passing",
                "orders-1: check connect is absent, should be passing",
                "orders-1: check connect is absent, should be passing",
            ]
        );
    }

    #[test]
    fn a_check_that_is_not_ours_is_named() {
        let found = said(|i| {
            let check = ObservedCheck {
                status: "critical".to_owned(),
                output: String::new(),
                service_id: String::new(),
            };
            i.checks.insert("serfHealth".to_owned(), check);
        });
        assert_eq!(found, ["orders-1: check serfHealth (critical) is not ours"]);
    }

    #[test]
    fn a_node_named_for_the_cluster_is_unexpected() {
        let wanted = entry(1, Some(Role::Primary));
        let extra = entry(2, Some(Role::Replica));
        let observed = [registered(&extra), registered(&wanted)];
        let found = drift(&[wanted], &observed);
        assert_eq!(found, [Drift::UnexpectedNode { node: extra.node }]);
        assert_eq!(
            found[0].to_string(),
            "orders-2: registered, but no such node"
        );
    }

    #[test]
    fn an_instance_on_any_other_node_is_foreign_so_that_the_node_is_kept() {
        let wanted = entry(1, Some(Role::Primary));
        let on = |consul_node: &str, service_id: &str| Instance {
            consul_node: consul_node.to_owned(),
            service_id: service_id.to_owned(),
            ..registered(&wanted)
        };
        let observed = [
            registered(&wanted),
            on("web-1", "orders"),
            on("mysql-orders-1", "orders-copy"),
            on("mysql-users-1", "orders"),
            on("mysql-orders-eu-1", "orders"),
        ];
        let found = drift(std::slice::from_ref(&wanted), &observed);
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "web-1: service orders",
                "mysql-orders-1: service orders-copy",
                "mysql-users-1: service orders",
                "mysql-orders-eu-1: service orders"
            ]
            .map(|start| format!("{start} at 127.0.9.1:3306 was registered by someone else"))
        );
    }
}
