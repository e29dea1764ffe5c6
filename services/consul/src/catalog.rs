//! Writes to the catalog, each guarded by the term.
//!
//! All are idempotent: what already stands as it should is left untouched by
//! Consul and wakes no watcher.

use lictor_domain::{ClusterName, NodeName};

use crate::client::Consul;
use crate::entry::NodeEntry;
use crate::error::ConsulError;
use crate::term::TermGuard;
use crate::txn::{CheckBody, NodeBody, OPERATIONS_MAX, Op, ServiceBody, Verb};

impl Consul {
    /// Makes the nodes, their services and checks as given.
    ///
    /// One node is one piece: it never shows without its checks. Many nodes are
    /// several transactions, each guarded; an error leaves those before it.
    pub async fn register(
        &self,
        guard: &TermGuard,
        entries: &[NodeEntry],
    ) -> Result<(), ConsulError> {
        let doing = format!("registering {}", nodes(entries));
        let pieces = entries.iter().map(NodeEntry::register_ops);
        self.commit_pieces(guard, pieces, &doing).await
    }

    /// Sets tags, meta and checks of all the given nodes' services in one
    /// transaction: all or nothing.
    ///
    /// [`ConsulError::Conflict`] where a node is not registered;
    /// [`ConsulError::TooLarge`] for more than 15 nodes with three checks each.
    pub async fn flip(&self, guard: &TermGuard, entries: &[NodeEntry]) -> Result<(), ConsulError> {
        let doing = format!("flipping the roles of {}", nodes(entries));
        let ops = entries.iter().flat_map(NodeEntry::flip_ops).collect();
        self.commit_guarded(guard, ops, &doing).await
    }

    /// Sets only the given nodes' checks, as [`Consul::register`] does.
    pub async fn set_checks(
        &self,
        guard: &TermGuard,
        entries: &[NodeEntry],
    ) -> Result<(), ConsulError> {
        let doing = format!("setting the checks of {}", nodes(entries));
        let pieces = entries.iter().map(NodeEntry::check_ops);
        self.commit_pieces(guard, pieces, &doing).await
    }

    /// Removes a node with its services and checks; nothing where it is not
    /// there.
    pub async fn deregister(&self, guard: &TermGuard, node: &NodeName) -> Result<(), ConsulError> {
        let doing = format!("deregistering {node}");
        let op = Op::Node {
            verb: Verb::Delete,
            node: NodeBody {
                node: node.consul_node(),
                ..NodeBody::default()
            },
        };
        self.commit_guarded(guard, vec![op], &doing).await
    }

    /// Removes one check from a node; nothing where it is not there.
    pub async fn remove_check(
        &self,
        guard: &TermGuard,
        node: &NodeName,
        check_id: &str,
    ) -> Result<(), ConsulError> {
        let doing = format!("removing check `{check_id}` from {node}");
        let op = Op::Check {
            verb: Verb::Delete,
            check: CheckBody {
                node: node.consul_node(),
                check_id: check_id.to_owned(),
                ..CheckBody::default()
            },
        };
        self.commit_guarded(guard, vec![op], &doing).await
    }

    /// Whether Consul's rules let this token write what it shows of a cluster's nodes.
    ///
    /// Asked by a transaction that never holds, for Consul judges rights before it
    /// carries anything out: <https://developer.hashicorp.com/consul/api-docs/v1.8.x/txn>.
    ///
    /// [`ConsulError::Refused`] names the right that is missing.
    pub async fn may_register(&self, cluster: &ClusterName) -> Result<(), ConsulError> {
        let doing = format!("asking for the right to register the nodes of {cluster}");
        let node = NodeName::numbered(cluster, 1).consul_node();
        let service = Op::Service {
            verb: Verb::Set,
            node: node.clone(),
            service: ServiceBody::called(cluster.as_str()),
        };
        let node = Op::Node {
            verb: Verb::Set,
            node: NodeBody {
                node,
                ..NodeBody::default()
            },
        };
        match self.commit_nothing(vec![node, service], &doing).await {
            Err(ConsulError::StaleTerm { .. }) => Ok(()),
            asked => asked,
        }
    }

    async fn commit_pieces(
        &self,
        guard: &TermGuard,
        pieces: impl Iterator<Item = Vec<Op>>,
        doing: &str,
    ) -> Result<(), ConsulError> {
        for batch in batches(pieces) {
            self.commit_guarded(guard, batch, doing).await?;
        }
        Ok(())
    }
}

/// Joins pieces into as few batches as fit a transaction beside its guard,
/// splitting none.
fn batches(pieces: impl Iterator<Item = Vec<Op>>) -> Vec<Vec<Op>> {
    let mut batches: Vec<Vec<Op>> = Vec::new();
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        match batches.last_mut() {
            Some(last) if last.len() + piece.len() < OPERATIONS_MAX => last.extend(piece),
            _ => batches.push(piece),
        }
    }
    batches
}

fn nodes(entries: &[NodeEntry]) -> String {
    match entries {
        [] => "no node".to_owned(),
        [one] => one.node.to_string(),
        [first, rest @ ..] => format!("{} and {} more", first.node, rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Role;
    use crate::entry::tests::entry;

    #[test]
    fn a_batch_leaves_room_for_the_guard_and_splits_no_node() {
        let entries: Vec<NodeEntry> = (1..=50).map(|n| entry(n, Some(Role::Replica))).collect();
        let batches = batches(entries.iter().map(NodeEntry::register_ops));
        let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
        assert_eq!(sizes, [63, 63, 24]);
        let whole = |batch: &Vec<Op>| matches!(batch.first(), Some(Op::Node { .. }));
        assert!(batches.iter().all(whole));
        assert_eq!(
            batches.concat(),
            entries
                .iter()
                .flat_map(NodeEntry::register_ops)
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn nothing_to_set_is_no_transaction() {
        assert!(batches([Vec::new(), Vec::new()].into_iter()).is_empty());
    }
}
