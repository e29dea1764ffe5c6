//! A Consul of its own for each test, and a cluster to register in it.

use lictor_consul::{Check, CheckKind, Consul, ConsulConfig, NodeEntry, Role, Status, TermGuard};
use lictor_domain::{ClusterName, Epoch, NodeAddress, NodeName, ServerVersion, Term};
use lictor_lab::Lab;
use serde_json::Value;

pub(crate) const TERM_KEY: &str = "lictor/term";

/// A running Consul and our client of it.
pub(crate) struct Fixture {
    pub(crate) lab: Lab,
    pub(crate) consul: Consul,
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        let lab = Box::pin(Lab::builder().consul().start()).await.unwrap();
        let consul = client(&lab.consul().url());
        Self { lab, consul }
    }

    /// The guard of `term`, taken now.
    pub(crate) async fn guard(&self, term: u64) -> TermGuard {
        let term = Term(term);
        self.consul.advance_term(TERM_KEY, term, "a").await.unwrap()
    }

    /// Last parts of the addresses that DNS gives for a name, in order.
    pub(crate) async fn found(&self, name: &str) -> Vec<u8> {
        let found = self.lab.consul().dns_a(name).await.unwrap();
        let mut last: Vec<u8> = found.iter().map(|ip| ip.octets()[3]).collect();
        last.sort_unstable();
        last
    }

    /// Does to the catalog what anyone else with access could do.
    pub(crate) async fn meddle(&self, call: &str, body: &Value) {
        let url = format!("{}/v1/catalog/{call}", self.lab.consul().url());
        let request = reqwest::Client::new().put(url).body(body.to_string());
        request.send().await.unwrap().error_for_status().unwrap();
    }
}

pub(crate) fn client(url: &str) -> Consul {
    Consul::new(ConsulConfig::new(url.parse().unwrap())).unwrap()
}

pub(crate) fn cluster(name: &str) -> ClusterName {
    name.parse().unwrap()
}

/// The `number`th node of a cluster, all checks passing.
pub(crate) fn entry(name: &str, number: u8, role: Role) -> NodeEntry {
    let cluster = cluster(name);
    NodeEntry {
        node: NodeName::numbered(&cluster, number.into()),
        cluster,
        address: NodeAddress::new(&format!("127.9.9.{number}"), 3306).unwrap(),
        roles: [role].into(),
        zone: Some("eu-1".to_owned()),
        epoch: Epoch {
            term: Term(1),
            n: 1,
        },
        version: Some(ServerVersion::new(9, 7, 0)),
        checks: CheckKind::ALL.map(passing).into(),
    }
}

fn passing(kind: CheckKind) -> Check {
    Check {
        kind,
        status: Status::Passing,
        output: "All is well.".to_owned(),
    }
}

/// A primary and two replicas.
pub(crate) fn trio(name: &str) -> Vec<NodeEntry> {
    let role = |number| {
        if number == 1 {
            Role::Primary
        } else {
            Role::Replica
        }
    };
    (1..=3)
        .map(|number| entry(name, number, role(number)))
        .collect()
}

/// The same nodes with another primary.
pub(crate) fn led_by(number: usize, nodes: &[NodeEntry]) -> Vec<NodeEntry> {
    let mut nodes = nodes.to_vec();
    for (index, node) in nodes.iter_mut().enumerate() {
        let leads = index + 1 == number;
        node.roles = [if leads { Role::Primary } else { Role::Replica }].into();
        node.epoch = node.epoch.next(Term(1));
    }
    nodes
}
