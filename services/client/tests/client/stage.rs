//! Real MySQL servers, and a control plane in this process that names them.

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_client::domain::{
    ClusterRoute, Endpoint, Epoch, Reader, RouteState, RoutingTable, Term,
};
use lictor_client::mysql_async::prelude::{FromRow, Queryable};
use lictor_client::{ClientConfig, Credentials, Lictor};
use lictor_lab::{APP, APP_DATABASE, Cluster, Lab, Node, Server};

use crate::control_plane::{ControlPlane, PATIENCE, revision};

pub(crate) struct Stage {
    pub(crate) lab: Lab,
    pub(crate) plane: ControlPlane,
}

impl Stage {
    /// Clusters of a primary and so many replicas; the table names all of them.
    pub(crate) async fn with(clusters: &[(&str, u8)]) -> Self {
        let plan = clusters
            .iter()
            .fold(Lab::builder(), |plan, (name, n)| plan.cluster(name, *n));
        let lab = plan.start().await.unwrap();
        let plane = ControlPlane::start(vec![table(&lab, 1)]).await;
        Self { lab, plane }
    }

    /// Cluster orders with so many replicas.
    pub(crate) async fn orders(replicas: u8) -> Self {
        Self::with(&[("orders", replicas)]).await
    }

    pub(crate) fn node(&self, number: usize) -> &Node {
        self.lab.cluster("orders").node(number)
    }

    pub(crate) fn config(&self) -> ClientConfig {
        let credentials = Credentials {
            user: APP.user.to_owned(),
            password: APP.password.into(),
            database: Some(APP_DATABASE.to_owned()),
        };
        let mut config = ClientConfig::new("shop-1", vec![self.plane.url()], credentials);
        config.pool.connection_timeout = PATIENCE;
        config
    }

    /// A client with the usual limits, but patient.
    pub(crate) async fn client(&self) -> Lictor {
        Lictor::connect(self.config()).await.unwrap()
    }

    /// Makes a table of the application, and waits until every node has it.
    pub(crate) async fn create(&self, cluster: &str, definition: &str) {
        let cluster = self.lab.cluster(cluster);
        let create = format!("CREATE TABLE app.{definition}");
        cluster.node(1).sql(&create).await.unwrap();
        let gtids = cluster.node(1).gtid_executed().await.unwrap();
        let caught_up = format!("SELECT WAIT_FOR_EXECUTED_GTID_SET('{gtids}', 20)");
        for node in cluster.nodes() {
            assert_eq!(node.value(&caught_up).await.unwrap(), "0");
        }
    }
}

fn endpoint(node: &Node) -> Endpoint {
    Endpoint {
        node: node.name().parse().unwrap(),
        address: node.address().to_string().parse().unwrap(),
    }
}

/// The first node of a cluster takes its writes, the others serve its reads.
fn route(cluster: &Cluster) -> ClusterRoute {
    let (primary, replicas) = cluster.nodes().split_first().unwrap();
    let readers = replicas.iter().map(|replica| Reader {
        endpoint: endpoint(replica),
        weight: 1,
    });
    ClusterRoute {
        name: cluster.name().parse().unwrap(),
        epoch: Epoch {
            term: Term(1),
            n: 1,
        },
        state: RouteState::Serving {
            writer: endpoint(primary),
        },
        readers: readers.collect(),
    }
}

/// The table that names the servers of the laboratory.
pub(crate) fn table(lab: &Lab, n: u64) -> RoutingTable {
    let routes = lab.clusters().iter().map(route);
    RoutingTable {
        revision: revision(n),
        clusters: routes
            .map(|route| (route.name.clone(), route))
            .collect::<BTreeMap<_, _>>(),
        ..RoutingTable::default()
    }
}

/// The only value of the only row.
pub(crate) async fn value<T: FromRow + Send + 'static>(
    conn: &mut lictor_client::Connection,
    sql: &str,
) -> T {
    conn.query_first(sql).await.unwrap().unwrap()
}

/// How many connections the application has to a node.
pub(crate) async fn connections(node: &Node) -> usize {
    let count = format!(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{}'",
        APP.user
    );
    node.value(&count).await.unwrap().parse().unwrap()
}

pub(crate) const SHORT: Duration = Duration::from_millis(300);
