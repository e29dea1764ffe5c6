//! A cluster as Lictor remembers it: its nodes, its policy, and who was last
//! made primary in which epoch.

use serde::{Deserialize, Serialize};

use crate::gtid::GtidSet;
use crate::names::{ClusterName, NodeAddress, NodeName, ServerUuid};
use crate::order::Epoch;
use crate::policy::{Policy, PromotionRule};

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
    pub promotion: PromotionRule,
    /// Where it stands, such as an availability zone.
    pub zone: Option<String>,
    /// Set while it is kept out of every pool.
    pub quarantine: Option<Quarantine>,
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
}

impl Cluster {
    /// The node of that name.
    #[must_use]
    pub fn node(&self, name: &NodeName) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == *name)
    }

    /// Every node but the primary.
    pub fn replicas(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.name != self.primary)
    }
}
