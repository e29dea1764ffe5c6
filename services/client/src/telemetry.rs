//! What the library tells about itself: metrics through the crate `metrics`,
//! and spans and events through `tracing`.
//!
//! Install the recorder before [`Lictor::connect`](crate::Lictor::connect):
//! handles are taken once for each node, so that a checkout builds no label.
//! Node, cluster and keyspace are the only labels that grow, and only with the
//! routing table.

use std::sync::Once;
use std::time::Duration;

use lictor_domain::{ClusterName, NodeAddress, Revision};
use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

use crate::error::CheckoutError;
use crate::uses::Subject;

/// Connections asked for, by `node` and `outcome` (`ok`, `exhausted`,
/// `no_answer`, `failed`, `denied`).
pub const CHECKOUTS: &str = "lictor_client_checkouts_total";
/// How long callers waited for a connection of a `node`, in seconds.
pub const CHECKOUT_SECONDS: &str = "lictor_client_checkout_seconds";
/// Connections that are open, by `node` and `state` (`idle`, `in_use`).
pub const CONNECTIONS: &str = "lictor_client_connections";
/// Connections that may be open, by `node`.
pub const CONNECTIONS_LIMIT: &str = "lictor_client_connections_limit";
/// Connections that were opened, by `node`.
pub const CONNECTIONS_OPENED: &str = "lictor_client_connections_opened_total";
/// Work that was done again, by `cluster` and `reason` (`not_writer`,
/// `rolled_back`, `cut_off`).
pub const RETRIES: &str = "lictor_client_retries_total";
/// How long writers of a `cluster` waited for its primary, in seconds.
pub const WRITER_WAIT_SECONDS: &str = "lictor_client_writer_wait_seconds";
/// Holds of writes that reached this client, by what is held (`subject`: a
/// cluster, or `keyspace/shard`).
pub const HOLDS: &str = "lictor_client_holds_total";
/// The term of the routing table's revision.
pub const TABLE_TERM: &str = "lictor_client_table_revision_term";
/// The number of the routing table's revision within its term.
pub const TABLE_N: &str = "lictor_client_table_revision_n";
/// Since when no control plane stands behind the routing table, in seconds; 0
/// while one does.
pub const TABLE_AGE: &str = "lictor_client_table_age_seconds";
/// Routing updates that were refused.
pub const TABLE_REFUSALS: &str = "lictor_client_table_refusals_total";

/// Says what each metric is, once in a process.
pub(crate) fn describe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        describe_counter!(CHECKOUTS, "Connections asked for, by node and outcome.");
        describe_histogram!(
            CHECKOUT_SECONDS,
            Unit::Seconds,
            "How long callers waited for a connection of a node."
        );
        describe_gauge!(CONNECTIONS, "Open connections, by node and state.");
        describe_gauge!(CONNECTIONS_LIMIT, "Connections that may be open, by node.");
        describe_counter!(CONNECTIONS_OPENED, "Connections opened, by node.");
        describe_counter!(
            RETRIES,
            "Work that was done again, by cluster and by what went wrong before."
        );
        describe_histogram!(
            WRITER_WAIT_SECONDS,
            Unit::Seconds,
            "How long writers waited for a primary."
        );
        describe_counter!(HOLDS, "Holds of writes that came here.");
        describe_gauge!(TABLE_TERM, "The term of the routing table's revision.");
        describe_gauge!(TABLE_N, "The routing table's revision within its term.");
        describe_gauge!(
            TABLE_AGE,
            Unit::Seconds,
            "For how long no control plane has stood behind the routing table."
        );
        describe_counter!(TABLE_REFUSALS, "Routing updates that were refused.");
    });
}

/// The metrics of one node's pool.
pub(crate) struct PoolMeter {
    node: String,
    ok: Counter,
    opened: Counter,
    waited: Histogram,
    idle: Gauge,
    in_use: Gauge,
    limit: Gauge,
}

impl PoolMeter {
    pub(crate) fn new(node: &NodeAddress) -> Self {
        let node = node.to_string();
        let open = |state| gauge!(CONNECTIONS, "node" => node.clone(), "state" => state);
        Self {
            ok: counter!(CHECKOUTS, "node" => node.clone(), "outcome" => "ok"),
            opened: counter!(CONNECTIONS_OPENED, "node" => node.clone()),
            waited: histogram!(CHECKOUT_SECONDS, "node" => node.clone()),
            idle: open("idle"),
            in_use: open("in_use"),
            limit: gauge!(CONNECTIONS_LIMIT, "node" => node.clone()),
            node,
        }
    }

    /// A checkout ended.
    pub(crate) fn checkout<T>(&self, result: &Result<T, CheckoutError>, waited: Duration) {
        self.waited.record(waited);
        let outcome = match result {
            Ok(_) => return self.ok.increment(1),
            Err(CheckoutError::Exhausted(_)) => "exhausted",
            Err(CheckoutError::NoAnswer(_)) => "no_answer",
            Err(CheckoutError::Failed(_)) => "failed",
            Err(CheckoutError::Denied(_)) => "denied",
        };
        counter!(CHECKOUTS, "node" => self.node.clone(), "outcome" => outcome).increment(1);
    }

    pub(crate) fn opened(&self) {
        self.opened.increment(1);
    }

    /// How the pool stands now.
    pub(crate) fn stands(&self, idle: usize, in_use: usize, limit: usize) {
        self.idle.set(count(idle));
        self.in_use.set(count(in_use));
        self.limit.set(count(limit));
    }
}

pub(crate) fn retried(cluster: &ClusterName, reason: &'static str) {
    counter!(RETRIES, "cluster" => cluster.to_string(), "reason" => reason).increment(1);
}

pub(crate) fn waited_for_writer(cluster: &ClusterName, waited: Duration) {
    histogram!(WRITER_WAIT_SECONDS, "cluster" => cluster.to_string()).record(waited);
}

pub(crate) fn held(subject: &Subject) {
    counter!(HOLDS, "subject" => subject.to_string()).increment(1);
}

pub(crate) fn table_taken(revision: Revision) {
    gauge!(TABLE_TERM).set(number(revision.term.0));
    gauge!(TABLE_N).set(number(revision.n));
}

pub(crate) fn table_refused() {
    counter!(TABLE_REFUSALS).increment(1);
}

pub(crate) fn table_age(age: Duration) {
    gauge!(TABLE_AGE).set(age);
}

fn count(count: usize) -> f64 {
    number(u64::try_from(count).unwrap_or(u64::MAX))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no count here comes near the 2^52 that a gauge holds exactly"
)]
fn number(number: u64) -> f64 {
    number as f64
}
