//! A configuration as it is written, not yet looked at as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fault::{Fault, Faults};
use super::{ClusterConfig, Config};
use crate::hostgroup::{Hostgroup, HostgroupId};
use crate::keyspace::{Keyspace, Keyspaces};
use crate::names::{ClusterName, KeyspaceName};
use crate::rule::{QueryRule, RuleId};

/// A configuration as it is written: each item is valid by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Draft {
    /// How each cluster is to be kept.
    pub clusters: BTreeMap<ClusterName, ClusterConfig>,
    /// The keyspaces.
    pub keyspaces: Keyspaces,
    /// The hostgroups.
    pub hostgroups: Vec<Hostgroup>,
    /// The query rules.
    pub query_rules: Vec<QueryRule>,
}

impl From<Config> for Draft {
    fn from(config: Config) -> Self {
        Self {
            clusters: config.clusters,
            keyspaces: config
                .keyspaces
                .into_values()
                .map(Arc::unwrap_or_clone)
                .collect(),
            hostgroups: config.hostgroups.into_values().collect(),
            query_rules: config.query_rules.into_values().collect(),
        }
    }
}

impl TryFrom<Draft> for Config {
    type Error = Faults;

    fn try_from(draft: Draft) -> Result<Self, Faults> {
        let mut inspection = Inspection {
            clusters: &draft.clusters,
            faults: vec![],
        };
        let keyspaces = inspection.keyspaces(&draft.keyspaces);
        let hostgroups = inspection.hostgroups(draft.hostgroups);
        let query_rules = inspection.query_rules(draft.query_rules, &hostgroups);
        match Faults::unless_none(inspection.faults) {
            Some(faults) => Err(faults),
            None => Ok(Self {
                clusters: draft.clusters,
                keyspaces,
                hostgroups,
                query_rules,
            }),
        }
    }
}

/// Looks at what items say of each other.
struct Inspection<'a> {
    clusters: &'a BTreeMap<ClusterName, ClusterConfig>,
    faults: Vec<Fault>,
}

impl Inspection<'_> {
    fn fault(&mut self, field: String, sentence: String) {
        self.faults.push(Fault { field, sentence });
    }

    fn keyspaces(&mut self, keyspaces: &Keyspaces) -> BTreeMap<KeyspaceName, Arc<Keyspace>> {
        for keyspace in keyspaces.iter() {
            for shard in keyspace.shards() {
                self.cluster(&shard.cluster, || {
                    format!("keyspaces.{}.shards[{}].cluster", keyspace.name, shard.name)
                });
            }
        }
        let whole = keyspaces.iter().cloned().map(Arc::new);
        whole.map(|one| (one.name.clone(), one)).collect()
    }

    fn hostgroups(&mut self, hostgroups: Vec<Hostgroup>) -> BTreeMap<HostgroupId, Hostgroup> {
        let mut names = BTreeMap::new();
        let mut whole = BTreeMap::new();
        for (at, hostgroup) in hostgroups.into_iter().enumerate() {
            if let Some(cluster) = hostgroup.cluster() {
                self.cluster(cluster, || format!("hostgroups[{at}].cluster"));
            }
            if let Some(other) = names.insert(hostgroup.name.clone(), hostgroup.id) {
                let sentence = format!(
                    "hostgroup {} is called {}, and so is hostgroup {other}; names are unique",
                    hostgroup.id, hostgroup.name
                );
                self.fault(format!("hostgroups[{at}].name"), sentence);
            }
            self.once(&hostgroup.id, whole.contains_key(&hostgroup.id), || {
                format!("hostgroups[{at}].id")
            });
            whole.insert(hostgroup.id, hostgroup);
        }
        whole
    }

    fn query_rules(
        &mut self,
        rules: Vec<QueryRule>,
        hostgroups: &BTreeMap<HostgroupId, Hostgroup>,
    ) -> BTreeMap<RuleId, QueryRule> {
        let flags: BTreeSet<_> = rules.iter().map(|rule| rule.fields().flag_in).collect();
        let mut whole = BTreeMap::new();
        for (at, rule) in rules.into_iter().enumerate() {
            let id = rule.id();
            let fields = rule.fields();
            if let Some(to) = fields.destination_hostgroup
                && !hostgroups.contains_key(&to)
            {
                let sentence = format!("there is no hostgroup {to}; {}", listed(hostgroups.keys()));
                self.fault(format!("query_rules[{at}].destination_hostgroup"), sentence);
            }
            // As in ProxySQL, a flag without a rule ends the evaluation; nobody
            // who writes one means that.
            if let Some(flag) = fields.flag_out.filter(|flag| !flags.contains(flag)) {
                let sentence = format!("rule {id} leads to flagIN {flag}, and no rule has that");
                self.fault(format!("query_rules[{at}].flagOUT"), sentence);
            }
            self.once(&id, whole.contains_key(&id), || {
                format!("query_rules[{at}].rule_id")
            });
            whole.insert(id, rule);
        }
        whole
    }

    fn once(&mut self, id: &impl Display, twice: bool, field: impl FnOnce() -> String) {
        if twice {
            self.fault(field(), format!("{id} is there twice; ids are unique"));
        }
    }

    fn cluster(&mut self, name: &ClusterName, field: impl FnOnce() -> String) {
        if !self.clusters.contains_key(name) {
            let known = listed(self.clusters.keys());
            let sentence = format!(
                "there is no cluster {name}; {known}, and `lictor cluster add` registers one"
            );
            self.fault(field(), sentence);
        }
    }
}

fn listed<T: Display>(known: impl Iterator<Item = T>) -> String {
    let known: Vec<_> = known.map(|one| one.to_string()).collect();
    if known.is_empty() {
        "there is none".to_owned()
    } else {
        format!("there are: {}", known.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told_at_once() {
        let draft = r#"{"clusters":{"orders":{}},"hostgroups":[
            {"id":1,"name":"a","kind":"writer","cluster":"users","role":"primary"},
            {"id":1,"name":"a","kind":"reader","cluster":"orders","role":"replica"}]}"#;
        let draft: Draft = serde_json::from_str(draft).unwrap();
        let faults = Config::try_from(draft).unwrap_err();
        let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "hostgroups[0].cluster: there is no cluster users; there are: orders, and `lictor cluster add` registers one",
                "hostgroups[1].name: hostgroup 1 is called a, and so is hostgroup 1; names are unique",
                "hostgroups[1].id: 1 is there twice; ids are unique",
            ]
        );
    }

    #[test]
    fn a_rule_leads_to_a_hostgroup_and_to_a_flag_that_are_there() {
        let draft = r#"{"query_rules":[
            {"rule_id":1,"active":true,"destination_hostgroup":7,"flagOUT":3},
            {"rule_id":1,"active":true,"flagOUT":0}]}"#;
        let draft: Draft = serde_json::from_str(draft).unwrap();
        let faults = Config::try_from(draft).unwrap_err();
        let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "query_rules[0].destination_hostgroup: there is no hostgroup 7; there is none",
                "query_rules[0].flagOUT: rule 1 leads to flagIN 3, and no rule has that",
                "query_rules[1].rule_id: 1 is there twice; ids are unique",
            ]
        );
    }
}
