//! What the catalog says, read back as it is.
//!
//! Anyone may have written there, so nothing here is taken to be well-formed:
//! tags, meta and statuses stay text.

use std::collections::{BTreeMap, BTreeSet};

use lictor_domain::{ClusterName, NodeName};
use reqwest::{Method, Url};
use serde::Deserialize;

use crate::client::Consul;
use crate::error::ConsulError;

/// One instance of a service, whoever registered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The Consul node that it is on.
    pub consul_node: String,
    /// The service's name.
    pub service: String,
    /// The service's id on that node.
    pub service_id: String,
    /// Where clients are sent, as `host:port`.
    pub address: String,
    /// The service's tags.
    pub tags: BTreeSet<String>,
    /// The service's meta.
    pub meta: BTreeMap<String, String>,
    /// The Consul node's meta.
    pub node_meta: BTreeMap<String, String>,
    /// The checks of the service and of its node, by id.
    pub checks: BTreeMap<String, ObservedCheck>,
}

/// A check that decides whether an instance is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedCheck {
    /// Consul's word, or whatever was written.
    pub status: String,
    /// The sentence.
    pub output: String,
    /// The service it is bound to; empty for a check of the whole node.
    pub service_id: String,
}

/// The MySQL node that a Consul node stands for, if it is named like one.
pub(crate) fn mysql_node(consul_node: &str) -> Option<NodeName> {
    consul_node.strip_prefix("mysql-")?.parse().ok()
}

impl Consul {
    /// Every instance of a cluster's service, as a quorum of Consul's servers
    /// knows it. A token without the right to read gets an empty list from
    /// Consul, not an error.
    pub async fn observed(&self, cluster: &ClusterName) -> Result<Vec<Instance>, ConsulError> {
        let doing = format!("reading the catalog of {cluster}");
        let url = self.consistent(&format!("v1/health/service/{cluster}"));
        self.instances(url, &doing).await
    }

    /// Every instance of a service, as the server that the agent asks knows it: it
    /// may be a moment old, and is told even while Consul has no leader.
    pub async fn registered(&self, service: &str) -> Result<Vec<Instance>, ConsulError> {
        let doing = format!("asking who serves {service}");
        let mut url = self.url(&format!("v1/health/service/{service}"));
        url.set_query(Some("stale"));
        self.instances(url, &doing).await
    }

    async fn instances(&self, url: Url, doing: &str) -> Result<Vec<Instance>, ConsulError> {
        let answer = self.send(Method::GET, url, doing).await?;
        let found: Vec<HealthEntry> = answer.json(doing)?;
        Ok(found.into_iter().map(Instance::from).collect())
    }

    /// Every MySQL node that has a Consul node, in order of name, whether or
    /// not it has a service.
    pub async fn observed_nodes(&self) -> Result<BTreeSet<NodeName>, ConsulError> {
        let names = self.our_node_names("listing the catalog's nodes").await?;
        Ok(names.iter().filter_map(|name| mysql_node(name)).collect())
    }
}

/// `/v1/health/service/…`, the parts we read. Consul writes `null` for empty.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HealthEntry {
    node: HealthNode,
    service: HealthService,
    checks: Option<Vec<HealthCheck>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HealthNode {
    node: String,
    address: String,
    meta: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HealthService {
    #[serde(rename = "ID")]
    id: String,
    service: String,
    tags: Option<BTreeSet<String>>,
    address: String,
    port: i64,
    meta: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HealthCheck {
    #[serde(rename = "CheckID")]
    check_id: String,
    status: String,
    output: String,
    #[serde(rename = "ServiceID")]
    service_id: String,
}

impl From<HealthEntry> for Instance {
    fn from(entry: HealthEntry) -> Self {
        let HealthEntry {
            node,
            service,
            checks,
        } = entry;
        let host = if service.address.is_empty() {
            node.address
        } else {
            service.address
        };
        Self {
            consul_node: node.node,
            service: service.service,
            service_id: service.id,
            address: host_port(&host, service.port),
            tags: service.tags.unwrap_or_default(),
            meta: service.meta.unwrap_or_default(),
            node_meta: node.meta.unwrap_or_default(),
            checks: checks
                .unwrap_or_default()
                .into_iter()
                .map(observed_check)
                .collect(),
        }
    }
}

fn host_port(host: &str, port: i64) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

fn observed_check(check: HealthCheck) -> (String, ObservedCheck) {
    let observed = ObservedCheck {
        status: check.status,
        output: check.output,
        service_id: check.service_id,
    };
    (check.check_id, observed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nulls_and_strange_values_are_read_as_they_are() {
        let entry: HealthEntry = serde_json::from_value(json!({
            "Node": {"Node": "web-1", "Address": "::1", "Meta": null},
            "Service": {"ID": "x", "Service": "x", "Tags": null, "Address": "", "Port": 70000, "Meta": null},
            "Checks": [{"CheckID": "c", "Status": "odd", "Output": "", "ServiceID": ""}],
        }))
        .unwrap();
        let instance = Instance::from(entry);
        assert_eq!(instance.address, "[::1]:70000");
        assert_eq!(instance.checks["c"].status, "odd");
        assert!(instance.tags.is_empty() && instance.meta.is_empty());
    }

    #[test]
    fn only_a_node_named_like_ours_is_a_mysql_node() {
        let node = mysql_node("mysql-orders-1").unwrap();
        assert_eq!(node.consul_node(), "mysql-orders-1");
        for other in [
            "web-1",
            "mysql-",
            "mysql-Orders",
            "mysql",
            "amysql-orders-1",
        ] {
            assert_eq!(mysql_node(other), None, "{other}");
        }
    }
}
