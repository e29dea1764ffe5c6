//! Writers that listen to nobody: one for each node, which writes to that node
//! whatever its role. A primary that was deposed must not acknowledge them, and
//! what is acknowledged to them must not be lost either.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lictor_integration::Ledger;
use lictor_lab::{APP, Node, Server};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Between two writes to a node, and after one that failed.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a login may take, and a write.
const LOGIN: Duration = Duration::from_secs(2);
const WRITE: Duration = Duration::from_secs(20);
/// Between the ids of two nodes' writers.
const IDS: u64 = 1_000_000_000_000;

/// Writers at work; they end when it is dropped.
pub(crate) struct Stubborn {
    ledger: Arc<Ledger>,
    writers: JoinSet<()>,
}

impl Stubborn {
    /// Starts one writer for each node.
    pub(crate) fn start(nodes: &[Node]) -> Self {
        let ledger = Arc::new(Ledger::default());
        let mut writers = JoinSet::new();
        for (node, number) in nodes.iter().zip(1_u64..) {
            writers.spawn(write_on(node.clone(), ledger.clone(), number * IDS));
        }
        Self { ledger, writers }
    }

    /// Ends the writers; what was acknowledged to them.
    pub(crate) async fn stop(mut self) -> Arc<Ledger> {
        self.writers.shutdown().await;
        self.ledger
    }
}

async fn write_on(node: Node, ledger: Arc<Ledger>, first: u64) {
    let mut id = first;
    loop {
        let login = timeout(LOGIN, Conn::new(node.opts(APP)));
        if let Ok(Ok(mut conn)) = login.await {
            write_while_it_lasts(&mut conn, &node, &ledger, &mut id).await;
        }
        sleep(PAUSE).await;
    }
}

/// Returns when the connection is of no use any more. A refusal is no reason:
/// the node may be opened later.
async fn write_while_it_lasts(conn: &mut Conn, node: &Node, ledger: &Ledger, id: &mut u64) {
    loop {
        *id += 1;
        let sent = Instant::now();
        let insert = conn.exec_drop("INSERT INTO app.writes (id) VALUES (?)", (*id,));
        match timeout(WRITE, insert).await {
            Ok(Ok(())) => ledger.acknowledge(*id, node.address().ip().to_string(), sent),
            Ok(Err(mysql_async::Error::Server(_))) => {}
            Ok(Err(_)) | Err(_) => return,
        }
        sleep(PAUSE).await;
    }
}
