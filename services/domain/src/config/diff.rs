//! What leads from one configuration to another, item by item and field by
//! field.
//!
//! Law: there is a change for an item if, and only if, it differs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Config;
use crate::hostgroup::HostgroupId;
use crate::names::{ClusterName, KeyspaceName};
use crate::rule::RuleId;

/// Which item of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", content = "key", rename_all = "snake_case")]
pub enum Item {
    /// How a cluster is to be kept.
    Cluster(ClusterName),
    /// A keyspace.
    Keyspace(KeyspaceName),
    /// A hostgroup.
    Hostgroup(HostgroupId),
    /// A query rule.
    QueryRule(RuleId),
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster(name) => write!(f, "cluster {name}"),
            Self::Keyspace(name) => write!(f, "keyspace {name}"),
            Self::Hostgroup(id) => write!(f, "hostgroup {id}"),
            Self::QueryRule(id) => write!(f, "query rule {id}"),
        }
    }
}

/// One field of an item, before and after; as JSON, `None` where it is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Its path within the item.
    pub field: String,
    /// Before.
    pub from: Option<Value>,
    /// After.
    pub to: Option<Value>,
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| match value {
            None => "nothing".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        write!(
            f,
            "{} {} → {}",
            self.field,
            shown(&self.from),
            shown(&self.to)
        )
    }
}

/// What happens to an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    /// It is new; its fields.
    Added {
        /// What it says.
        fields: Vec<FieldChange>,
    },
    /// It is gone; its fields.
    Removed {
        /// What it said.
        fields: Vec<FieldChange>,
    },
    /// Some of its fields are different.
    Changed {
        /// Those.
        fields: Vec<FieldChange>,
    },
}

/// One item that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which.
    pub item: Item,
    /// What happens to it.
    #[serde(flatten)]
    pub edit: Edit,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.edit {
            Edit::Added { .. } => write!(f, "{} is new", self.item),
            Edit::Removed { .. } => write!(f, "{} is gone", self.item),
            Edit::Changed { fields } => {
                let fields: Vec<_> = fields.iter().map(ToString::to_string).collect();
                write!(f, "{}: {}", self.item, fields.join(", "))
            }
        }
    }
}

pub(super) fn between(from: &Config, to: &Config) -> Vec<Change> {
    let mut changes = vec![];
    compare(&mut changes, &from.clusters, &to.clusters, Item::Cluster);
    compare(&mut changes, &from.keyspaces, &to.keyspaces, Item::Keyspace);
    compare(
        &mut changes,
        &from.hostgroups,
        &to.hostgroups,
        Item::Hostgroup,
    );
    compare(
        &mut changes,
        &from.query_rules,
        &to.query_rules,
        Item::QueryRule,
    );
    changes
}

fn compare<K: Ord + Clone, V: Serialize + PartialEq>(
    changes: &mut Vec<Change>,
    from: &BTreeMap<K, V>,
    to: &BTreeMap<K, V>,
    item: impl Fn(K) -> Item,
) {
    let keys: BTreeSet<_> = from.keys().chain(to.keys()).collect();
    for key in keys {
        let (before, after) = (from.get(key), to.get(key));
        if before != after {
            changes.push(Change {
                item: item(key.clone()),
                edit: edit(before, after),
            });
        }
    }
}

fn edit<V: Serialize>(before: Option<&V>, after: Option<&V>) -> Edit {
    let (from, to) = (leaves(before), leaves(after));
    let paths: BTreeSet<_> = from.keys().chain(to.keys()).cloned().collect();
    let changed = paths.into_iter().filter_map(|field| {
        let (from, to) = (from.get(&field).cloned(), to.get(&field).cloned());
        (from != to).then_some(FieldChange { field, from, to })
    });
    let fields = changed.collect();
    match (before, after) {
        (None, _) => Edit::Added { fields },
        (Some(_), None) => Edit::Removed { fields },
        (Some(_), Some(_)) => Edit::Changed { fields },
    }
}

/// A value's leaves by their paths.
type Leaves = BTreeMap<String, Value>;

fn leaves<V: Serialize>(value: Option<&V>) -> Leaves {
    let mut leaves = Leaves::new();
    // What is configured always has a form in JSON: its maps have texts as keys.
    let json = value.and_then(|value| serde_json::to_value(value).ok());
    if let Some(json) = json {
        collect(&mut leaves, String::new(), json);
    }
    leaves
}

fn collect(leaves: &mut Leaves, path: String, value: Value) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let path = match path.as_str() {
                    "" => name,
                    outer => format!("{outer}.{name}"),
                };
                collect(leaves, path, value);
            }
        }
        Value::Array(values) if values.iter().any(Value::is_object) => {
            for value in values {
                let path = format!("{path}[{}]", named(&value));
                collect(leaves, path, value);
            }
        }
        leaf => {
            leaves.insert(path, leaf);
        }
    }
}

/// What an element of a list is known by, so that another one in front of it is
/// no change of it.
fn named(value: &Value) -> String {
    let known = ["name", "address"].iter().find_map(|key| value.get(key));
    match known {
        Some(Value::String(name)) => name.clone(),
        Some(other) => other.to_string(),
        None => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Draft;

    fn config(json: &str) -> Config {
        let draft: Draft = serde_json::from_str(json).unwrap();
        draft.try_into().unwrap()
    }

    fn told(from: &str, to: &str) -> Vec<String> {
        let changes = config(from).diff(&config(to));
        changes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_difference_is_told_item_by_item_and_field_by_field() {
        let group = |id: u32, servers: &str| {
            format!(r#"{{"id":{id},"name":"g{id}","kind":"custom","servers":[{servers}]}}"#)
        };
        let one = r#"{"address":"a:1"}"#;
        let before = format!(
            r#"{{"clusters":{{"orders":{{}}}},"hostgroups":[{},{}]}}"#,
            group(1, one),
            group(2, one)
        );
        let after = format!(
            r#"{{"clusters":{{"orders":{{"policy":{{"mode":"auto"}}}}}},"hostgroups":[{},{}]}}"#,
            group(2, r#"{"address":"a0:1"},{"address":"a:1","weight":5}"#),
            group(3, one)
        );
        assert_eq!(
            told(&before, &after),
            [
                "cluster orders: policy.mode observe → auto",
                "hostgroup 1 is gone",
                "hostgroup 2: servers[a0:1].address nothing → a0:1, \
                 servers[a0:1].max_connections nothing → 1000, \
                 servers[a0:1].max_replication_lag nothing → 0, \
                 servers[a0:1].status nothing → online, \
                 servers[a0:1].weight nothing → 1, \
                 servers[a:1].weight 1 → 5",
                "hostgroup 3 is new",
            ]
        );
        assert_eq!(told(&before, &before), Vec::<String>::new());
    }
}
