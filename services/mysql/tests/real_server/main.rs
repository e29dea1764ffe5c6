//! What Lictor's hand does to real MySQL servers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod fencing;
mod looking;
mod moving;
mod rebuilding;
mod stalling;
mod transactions;
mod variables;
mod writing;

use std::time::Duration;

use lictor_domain::{GtidSet, NodeAddress, NodeReport, Replication, Term};
use lictor_lab::{Account, CONTROL, Cluster, Lab, Node, Server, eventually};
use lictor_mysql::{Session, Target};

/// Longer than anything may take on a busy machine.
const AMPLE: Duration = Duration::from_secs(20);

async fn lab(replicas: u8) -> Lab {
    Lab::builder()
        .cluster("orders", replicas)
        .start()
        .await
        .unwrap()
}

fn nodes<const N: usize>(lab: &Lab) -> [&Node; N] {
    let cluster: &Cluster = lab.cluster("orders");
    std::array::from_fn(|index| cluster.node(index + 1))
}

fn address(node: &Node) -> NodeAddress {
    node.address().to_string().parse().unwrap()
}

fn account(of: Account) -> lictor_mysql::Account {
    lictor_mysql::Account {
        user: of.user.to_owned(),
        password: of.password.into(),
        tls: lictor_mysql::Tls::Disabled,
    }
}

fn target(node: &Node, term: u64) -> Target {
    Target {
        address: address(node),
        account: account(CONTROL),
        term: Term(term),
    }
}

async fn session(node: &Node) -> Session {
    Session::open(&target(node, 1), AMPLE).await.unwrap()
}

async fn replication(session: &mut Session) -> Replication {
    session.probe(AMPLE).await.unwrap().replication.unwrap()
}

async fn executed(node: &Node) -> GtidSet {
    node.gtid_executed().await.unwrap().parse().unwrap()
}

/// A table to write to.
async fn table(node: &Node) {
    let table = "CREATE TABLE app.t (id INT PRIMARY KEY)";
    node.sql(table).await.unwrap();
}

/// A session to a replica that has applied all its primary has committed.
async fn caught_up(replica: &Node, primary: &Node) -> Session {
    let mut session = session(replica).await;
    let committed = executed(primary).await;
    assert!(session.wait_applied(&committed, AMPLE).await.unwrap());
    session
}

/// Probes until the report is as wanted, and returns it.
async fn until(
    what: &str,
    session: &mut Session,
    wanted: impl Fn(&NodeReport) -> bool,
) -> NodeReport {
    let session = tokio::sync::Mutex::new(session);
    eventually(what, AMPLE, || async {
        let report = session.lock().await.probe(AMPLE).await.unwrap();
        if wanted(&report) {
            Ok(report)
        } else {
            Err(format!("{report:?}"))
        }
    })
    .await
    .unwrap()
}
