//! The configuration: what operators want routed where, and how clusters are to
//! be kept. One document, stored in versions.
//!
//! Law: a [`Config`] is whole. Whatever one item says of another is true in it:
//! clusters and hostgroups that are named exist, ids and names are unique. The
//! only way to one is a [`Draft`], whose faults are all told at once.

mod diff;
mod draft;
mod fault;
mod fleet;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use self::diff::{Change, Edit, FieldChange, Item};
pub use self::draft::Draft;
pub use self::fault::{Fault, Faults};
use crate::hostgroup::{Hostgroup, HostgroupId};
use crate::keyspace::Keyspace;
use crate::names::{ClusterName, KeyspaceName, NodeAddress, Zone};
use crate::policy::{Policy, Promotion, PromotionRule};
use crate::rule::{QueryRule, RuleId};

/// A version's number: 1, 2, 3, … in order of time.
pub type Version = u64;

/// How one cluster is to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterConfig {
    /// Its policy.
    pub policy: Policy,
    /// Where its nodes stand and how gladly they are promoted. A node that is
    /// not here has neither a zone nor a promotion rule.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub nodes: BTreeMap<NodeAddress, Placement>,
}

/// Where a node stands, and how gladly it is promoted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Placement {
    /// How gladly it is promoted.
    pub promotion: PromotionRule,
    /// Until when that holds; without an end, until it is changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promotion_until: Option<DateTime<Utc>>,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
}

impl Placement {
    /// The promotion rule with its end.
    #[must_use]
    pub const fn promotion(&self) -> Promotion {
        Promotion {
            rule: self.promotion,
            until: self.promotion_until,
        }
    }
}

/// A configuration that is whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    clusters: BTreeMap<ClusterName, ClusterConfig>,
    keyspaces: BTreeMap<KeyspaceName, Arc<Keyspace>>,
    hostgroups: BTreeMap<HostgroupId, Hostgroup>,
    query_rules: BTreeMap<RuleId, QueryRule>,
}

impl Config {
    /// How each cluster is to be kept.
    #[must_use]
    pub const fn clusters(&self) -> &BTreeMap<ClusterName, ClusterConfig> {
        &self.clusters
    }

    /// The keyspaces.
    #[must_use]
    pub const fn keyspaces(&self) -> &BTreeMap<KeyspaceName, Arc<Keyspace>> {
        &self.keyspaces
    }

    /// The hostgroups.
    #[must_use]
    pub const fn hostgroups(&self) -> &BTreeMap<HostgroupId, Hostgroup> {
        &self.hostgroups
    }

    /// The query rules, in the order in which they are tried.
    #[must_use]
    pub const fn query_rules(&self) -> &BTreeMap<RuleId, QueryRule> {
        &self.query_rules
    }

    /// What leads from this configuration to the other, in order of kind and
    /// key.
    #[must_use]
    pub fn diff(&self, to: &Self) -> Vec<Change> {
        diff::between(self, to)
    }
}
