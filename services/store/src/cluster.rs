//! Clusters, each with its nodes.

use chrono::{DateTime, Utc};
use lictor_domain::{Cluster, ClusterName, Epoch, Node, NodeName, Pause, Policy, Term};
use sqlx::{FromRow, PgConnection};

use crate::audit::{self, AuditEntry};
use crate::error::{Conflict, Kind, StoreError};
use crate::node::{self, NodeRow};
use crate::row::{Place, bigint};
use crate::store::Store;

/// A cluster beside one of its nodes.
#[derive(FromRow)]
struct ClusterRow {
    name: String,
    policy: String,
    epoch_term: i64,
    epoch_n: i64,
    primary_node: String,
    pause_owner: Option<String>,
    pause_reason: Option<String>,
    pause_until: Option<DateTime<Utc>>,
    #[sqlx(flatten)]
    node: NodeRow,
}

impl TryFrom<ClusterRow> for Cluster {
    type Error = StoreError;

    fn try_from(row: ClusterRow) -> Result<Self, StoreError> {
        let place = Place {
            table: "cluster",
            key: &row.name,
        };
        Ok(Self {
            name: place.value("name", row.name.parse())?,
            policy: place.value("policy", serde_json::from_str(&row.policy))?,
            epoch: place.epoch(row.epoch_term, row.epoch_n)?,
            primary: place.value("primary_node", row.primary_node.parse())?,
            nodes: vec![row.node.try_into()?],
            // A check of the table keeps these two together.
            pause: row
                .pause_owner
                .zip(row.pause_reason)
                .map(|(owner, reason)| Pause {
                    owner,
                    reason,
                    until: row.pause_until,
                }),
        })
    }
}

impl Store {
    /// Adds a cluster with its nodes, the entry of it in the audit log and the
    /// version of the configuration that it makes.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when its name, or the name, address or server
    /// of a node, is known already; [`StoreError::NotFound`] when its primary
    /// is none of its nodes.
    pub async fn cluster_add(
        &self,
        term: Term,
        cluster: &Cluster,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        if cluster.node(&cluster.primary).is_none() {
            return Err(StoreError::not_found(Kind::Node, &cluster.primary));
        }
        self.reconfigure(term, entry, async |transaction| {
            node::lock(transaction).await?;
            insert(transaction, cluster).await?;
            for node in &cluster.nodes {
                node::insert(transaction, &cluster.name, node).await?;
            }
            Ok(())
        })
        .await
    }

    /// Every cluster, in order of name.
    pub async fn cluster_list(&self) -> Result<Vec<Cluster>, StoreError> {
        self.read(async |connection| select(connection, None).await)
            .await
    }

    /// The cluster of that name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without it.
    pub async fn cluster_get(&self, name: &ClusterName) -> Result<Cluster, StoreError> {
        self.read(async |connection| {
            let found = select(connection, Some(name)).await?;
            found
                .into_iter()
                .next()
                .ok_or_else(|| StoreError::not_found(Kind::Cluster, name))
        })
        .await
    }

    /// Gives a cluster another policy, with the entry of it in the audit log and the
    /// version of the configuration that it makes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the cluster.
    pub async fn cluster_set_policy(
        &self,
        term: Term,
        name: &ClusterName,
        policy: &Policy,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.reconfigure(term, entry, async |transaction| {
            set_policy(transaction, name, policy).await
        })
        .await
    }

    /// Pauses a cluster, or ends its pause, with the entry of it in the audit log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the cluster.
    pub async fn cluster_set_pause(
        &self,
        term: Term,
        name: &ClusterName,
        pause: Option<&Pause>,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(term, async |transaction| {
            let updated = sqlx::query(
                "UPDATE cluster SET pause_owner = $2, pause_reason = $3, pause_until = $4
                 WHERE name = $1",
            )
            .bind(name.as_str())
            .bind(pause.map(|pause| &pause.owner))
            .bind(pause.map(|pause| &pause.reason))
            .bind(pause.and_then(|pause| pause.until))
            .execute(&mut *transaction)
            .await?;
            if updated.rows_affected() == 0 {
                return Err(StoreError::not_found(Kind::Cluster, name));
            }
            audit::append(transaction, entry).await
        })
        .await
    }

    /// Makes a node of the cluster its primary in a new epoch. Doing the same
    /// again changes nothing, so that an uncertain write can be repeated.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the epoch does not rise;
    /// [`StoreError::NotFound`] without the cluster or the node.
    pub async fn cluster_set_primary(
        &self,
        term: Term,
        name: &ClusterName,
        epoch: Epoch,
        primary: &NodeName,
    ) -> Result<(), StoreError> {
        self.write(term, async |transaction| {
            node::belongs(transaction, name, primary).await?;
            let updated = sqlx::query(
                "UPDATE cluster SET epoch_term = $2, epoch_n = $3, primary_node = $4
                 WHERE name = $1
                   AND ((epoch_term, epoch_n) < ($2, $3)
                     OR (epoch_term, epoch_n, primary_node) = ($2, $3, $4))",
            )
            .bind(name.as_str())
            .bind(bigint(epoch.term.0)?)
            .bind(bigint(epoch.n)?)
            .bind(primary.as_str())
            .execute(&mut *transaction)
            .await?;
            match updated.rows_affected() {
                0 => Err(not_rising(transaction, name, epoch).await),
                _ => Ok(()),
            }
        })
        .await
    }
}

pub(crate) async fn set_policy(
    transaction: &mut PgConnection,
    name: &ClusterName,
    policy: &Policy,
) -> Result<(), StoreError> {
    let updated = sqlx::query("UPDATE cluster SET policy = $2::jsonb WHERE name = $1")
        .bind(name.as_str())
        .bind(document(policy)?)
        .execute(transaction)
        .await?;
    match updated.rows_affected() {
        0 => Err(StoreError::not_found(Kind::Cluster, name)),
        _ => Ok(()),
    }
}

async fn insert(transaction: &mut PgConnection, cluster: &Cluster) -> Result<(), StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO cluster (name, policy, epoch_term, epoch_n, primary_node)
         VALUES ($1, $2::jsonb, $3, $4, $5) ON CONFLICT DO NOTHING",
    )
    .bind(cluster.name.as_str())
    .bind(document(&cluster.policy)?)
    .bind(bigint(cluster.epoch.term.0)?)
    .bind(bigint(cluster.epoch.n)?)
    .bind(cluster.primary.as_str())
    .execute(transaction)
    .await?;
    match inserted.rows_affected() {
        0 => {
            let name = cluster.name.clone();
            Err(Conflict::ClusterExists { name }.into())
        }
        _ => Ok(()),
    }
}

fn document(policy: &Policy) -> Result<String, StoreError> {
    serde_json::to_string(policy).map_err(|error| StoreError::Internal(error.into()))
}

/// The clusters of that name, or all. One statement, so that what it shows was
/// true at one moment.
pub(crate) async fn select(
    connection: &mut PgConnection,
    name: Option<&ClusterName>,
) -> Result<Vec<Cluster>, StoreError> {
    let rows: Vec<ClusterRow> = sqlx::query_as(
        "SELECT cluster.name, policy::text, epoch_term, epoch_n, primary_node,
                node.name AS node, address, server_uuid, promotion, promotion_until, zone,
                follows,
                quarantine_reason, quarantine_errant, quarantine_incomplete,
                maintenance_owner, maintenance_reason, maintenance_until,
                pause_owner, pause_reason, pause_until
         FROM cluster JOIN node ON node.cluster = cluster.name
         WHERE $1::text IS NULL OR cluster.name = $1
         ORDER BY cluster.name, node.name",
    )
    .bind(name.map(ClusterName::as_str))
    .fetch_all(connection)
    .await?;
    let mut clusters: Vec<Cluster> = Vec::new();
    for row in rows {
        match clusters.last_mut() {
            Some(last) if last.name.as_str() == row.name => {
                last.nodes.push(Node::try_from(row.node)?);
            }
            _ => clusters.push(row.try_into()?),
        }
    }
    Ok(clusters)
}

async fn not_rising(
    transaction: &mut PgConnection,
    name: &ClusterName,
    offered: Epoch,
) -> StoreError {
    let current = async {
        let (term, n) = sqlx::query_as("SELECT epoch_term, epoch_n FROM cluster WHERE name = $1")
            .bind(name.as_str())
            .fetch_one(transaction)
            .await?;
        let place = Place {
            table: "cluster",
            key: name.as_str(),
        };
        place.epoch(term, n)
    };
    match current.await {
        Ok(current) => Conflict::EpochNotRising { offered, current }.into(),
        Err(error) => error,
    }
}

/// Whether the cluster is there, and stays until the transaction ends.
pub(crate) async fn exists(
    transaction: &mut PgConnection,
    name: &ClusterName,
) -> Result<(), StoreError> {
    let held = sqlx::query("SELECT FROM cluster WHERE name = $1 FOR KEY SHARE")
        .bind(name.as_str())
        .execute(transaction)
        .await?;
    match held.rows_affected() {
        0 => Err(StoreError::not_found(Kind::Cluster, name)),
        _ => Ok(()),
    }
}
