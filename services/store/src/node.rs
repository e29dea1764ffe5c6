//! Nodes: rows of their cluster. Name, address and `server_uuid` are each
//! unique over all clusters, so that no server is led twice.

use chrono::{DateTime, Utc};
use lictor_domain::{
    ClusterName, Maintenance, Node, NodeName, Promotion, Quarantine, ServerUuid, Term, Zone,
};
use sqlx::types::Uuid;
use sqlx::{FromRow, PgConnection};

use crate::audit::{self, AuditEntry};
use crate::cluster;
use crate::error::{Conflict, Kind, StoreError};
use crate::row::Place;
use crate::store::Store;

/// The columns of [`NodeRow`], but for the name of its cluster.
#[derive(FromRow)]
pub(crate) struct NodeRow {
    node: String,
    address: String,
    server_uuid: Uuid,
    promotion: String,
    promotion_until: Option<DateTime<Utc>>,
    zone: Option<String>,
    follows: Option<String>,
    quarantine_reason: Option<String>,
    quarantine_errant: Option<String>,
    quarantine_incomplete: bool,
    maintenance_owner: Option<String>,
    maintenance_reason: Option<String>,
    maintenance_until: Option<DateTime<Utc>>,
}

impl TryFrom<NodeRow> for Node {
    type Error = StoreError;

    fn try_from(row: NodeRow) -> Result<Self, StoreError> {
        let place = Place {
            table: "node",
            key: &row.node,
        };
        let quarantine = match (row.quarantine_reason, row.quarantine_errant) {
            (Some(reason), Some(errant)) => Some(Quarantine {
                reason,
                errant: place.value("quarantine_errant", errant.parse())?,
                incomplete: row.quarantine_incomplete,
            }),
            // A check of the table keeps these two together.
            _ => None,
        };
        let maintenance = (
            row.maintenance_owner,
            row.maintenance_reason,
            row.maintenance_until,
        );
        // A check of the table keeps these three together.
        let maintenance = match maintenance {
            (Some(owner), Some(reason), Some(until)) => Some(Maintenance {
                owner,
                reason,
                until,
            }),
            _ => None,
        };
        let follows = row.follows.map(|name| place.value("follows", name.parse()));
        Ok(Self {
            name: place.value("name", row.node.parse())?,
            address: place.value("address", row.address.parse())?,
            server_uuid: ServerUuid(row.server_uuid),
            promotion: Promotion {
                rule: place.value("promotion", row.promotion.parse())?,
                until: row.promotion_until,
            },
            zone: row
                .zone
                .map(|zone| place.value("zone", zone.parse()))
                .transpose()?,
            follows: follows.transpose()?,
            quarantine,
            maintenance,
        })
    }
}

impl Store {
    /// Adds a node to a cluster, with the entry of it in the audit log and, if it has
    /// a placement, the version of the configuration that it makes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the cluster; [`StoreError::Conflict`]
    /// when the name, address or server is known already.
    pub async fn node_add(
        &self,
        term: Term,
        cluster: &ClusterName,
        node: &Node,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.reconfigure(term, entry, async |transaction| {
            lock(transaction).await?;
            cluster::exists(transaction, cluster).await?;
            insert(transaction, cluster, node).await
        })
        .await
    }

    /// Gives a node of the cluster another address, server, promotion rule and
    /// zone, with the entry of it in the audit log and the version of the
    /// configuration that it may make. Its quarantine stays: an update made from an
    /// older reading must not lift one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the cluster has no node of that name;
    /// [`StoreError::Conflict`] when the address or server is another node's.
    pub async fn node_update(
        &self,
        term: Term,
        cluster: &ClusterName,
        node: &Node,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.reconfigure(term, entry, async |transaction| {
            lock(transaction).await?;
            let known = known(transaction, node).await?;
            if let Some(other) = known.iter().find(|other| other.name != node.name.as_str()) {
                return Err(other.conflict(node));
            }
            let updated = sqlx::query(
                "UPDATE node SET address = $3, server_uuid = $4, promotion = $5, zone = $6,
                                 promotion_until = $7
                 WHERE name = $1 AND cluster = $2",
            )
            .bind(node.name.as_str())
            .bind(cluster.as_str())
            .bind(node.address.to_string())
            .bind(node.server_uuid.0)
            .bind(node.promotion.rule.as_str())
            .bind(node.zone.as_ref().map(Zone::as_str))
            .bind(node.promotion.until)
            .execute(transaction)
            .await?;
            found(updated.rows_affected(), &node.name)
        })
        .await
    }

    /// Gives a node another promotion rule and zone, with the entry of it in the
    /// audit log and the version of the configuration that it makes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the node.
    pub async fn node_set_placement(
        &self,
        term: Term,
        node: &NodeName,
        promotion: Promotion,
        zone: Option<&Zone>,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.reconfigure(term, entry, async |transaction| {
            set_placement(transaction, node, promotion, zone).await
        })
        .await
    }

    /// Notes that an operator works on a node, or does not any more, with the entry
    /// of it in the audit log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the node.
    pub async fn node_set_maintenance(
        &self,
        term: Term,
        node: &NodeName,
        maintenance: Option<&Maintenance>,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(term, async |transaction| {
            let updated = sqlx::query(
                "UPDATE node SET maintenance_owner = $2, maintenance_reason = $3,
                                 maintenance_until = $4
                 WHERE name = $1",
            )
            .bind(node.as_str())
            .bind(maintenance.map(|maintenance| &maintenance.owner))
            .bind(maintenance.map(|maintenance| &maintenance.reason))
            .bind(maintenance.map(|maintenance| maintenance.until))
            .execute(&mut *transaction)
            .await?;
            found(updated.rows_affected(), node)?;
            audit::append(transaction, entry).await
        })
        .await
    }

    /// Notes which node a node is to follow, or that it is the primary, with the
    /// entry of it in the audit log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the node.
    pub async fn node_set_source(
        &self,
        term: Term,
        node: &NodeName,
        follows: Option<&NodeName>,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(term, async |transaction| {
            let updated = sqlx::query("UPDATE node SET follows = $2 WHERE name = $1")
                .bind(node.as_str())
                .bind(follows.map(NodeName::as_str))
                .execute(&mut *transaction)
                .await?;
            found(updated.rows_affected(), node)?;
            audit::append(transaction, entry).await
        })
        .await
    }

    /// Puts a node into quarantine, or takes it out.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the node.
    pub async fn node_set_quarantine(
        &self,
        term: Term,
        node: &NodeName,
        quarantine: Option<&Quarantine>,
    ) -> Result<(), StoreError> {
        self.write(term, async |transaction| {
            set_quarantine(transaction, node, quarantine).await
        })
        .await
    }
}

pub(crate) async fn set_placement(
    transaction: &mut PgConnection,
    node: &NodeName,
    promotion: Promotion,
    zone: Option<&Zone>,
) -> Result<(), StoreError> {
    let updated = sqlx::query(
        "UPDATE node SET promotion = $2, promotion_until = $3, zone = $4 WHERE name = $1",
    )
    .bind(node.as_str())
    .bind(promotion.rule.as_str())
    .bind(promotion.until)
    .bind(zone.map(Zone::as_str))
    .execute(transaction)
    .await?;
    found(updated.rows_affected(), node)
}

/// Puts a node into quarantine, or takes it out.
pub(crate) async fn set_quarantine(
    transaction: &mut PgConnection,
    node: &NodeName,
    quarantine: Option<&Quarantine>,
) -> Result<(), StoreError> {
    let updated = sqlx::query(
        "UPDATE node SET quarantine_reason = $2, quarantine_errant = $3,
                         quarantine_incomplete = $4
         WHERE name = $1",
    )
    .bind(node.as_str())
    .bind(quarantine.map(|quarantine| &quarantine.reason))
    .bind(quarantine.map(|quarantine| quarantine.errant.to_string()))
    .bind(quarantine.is_some_and(|quarantine| quarantine.incomplete))
    .execute(transaction)
    .await?;
    found(updated.rows_affected(), node)
}

/// Keeps others from adding or changing nodes until the transaction ends, so
/// that what was looked up for a conflict still holds when it is written.
pub(crate) async fn lock(transaction: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("LOCK TABLE node IN SHARE ROW EXCLUSIVE MODE")
        .execute(transaction)
        .await?;
    Ok(())
}

/// Adds a node, under [`lock`].
pub(crate) async fn insert(
    transaction: &mut PgConnection,
    cluster: &ClusterName,
    node: &Node,
) -> Result<(), StoreError> {
    if let Some(other) = known(transaction, node).await?.first() {
        return Err(other.conflict(node));
    }
    let quarantine = node.quarantine.as_ref();
    sqlx::query(
        "INSERT INTO node (name, cluster, address, server_uuid, promotion, zone,
                           quarantine_reason, quarantine_errant, quarantine_incomplete,
                           promotion_until, follows)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(node.name.as_str())
    .bind(cluster.as_str())
    .bind(node.address.to_string())
    .bind(node.server_uuid.0)
    .bind(node.promotion.rule.as_str())
    .bind(node.zone.as_ref().map(Zone::as_str))
    .bind(quarantine.map(|quarantine| &quarantine.reason))
    .bind(quarantine.map(|quarantine| quarantine.errant.to_string()))
    .bind(quarantine.is_some_and(|quarantine| quarantine.incomplete))
    .bind(node.promotion.until)
    .bind(node.follows.as_ref().map(NodeName::as_str))
    .execute(transaction)
    .await?;
    Ok(())
}

/// Whether the cluster has that node, which then stays until the transaction
/// ends.
pub(crate) async fn belongs(
    transaction: &mut PgConnection,
    cluster: &ClusterName,
    node: &NodeName,
) -> Result<(), StoreError> {
    cluster::exists(transaction, cluster).await?;
    let held = sqlx::query("SELECT FROM node WHERE cluster = $1 AND name = $2 FOR KEY SHARE")
        .bind(cluster.as_str())
        .bind(node.as_str())
        .execute(transaction)
        .await?;
    found(held.rows_affected(), node)
}

/// A stored node that shares a name, an address or a server with another.
#[derive(FromRow)]
struct KnownRow {
    name: String,
    cluster: String,
    address: String,
}

impl KnownRow {
    /// What keeps `node` from being stored beside this one.
    fn conflict(&self, node: &Node) -> StoreError {
        let place = Place {
            table: "node",
            key: &self.name,
        };
        let owner = match place.value("cluster", self.cluster.parse()) {
            Ok(owner) => owner,
            Err(corrupt) => return corrupt,
        };
        let conflict = if self.name == node.name.as_str() {
            let name = node.name.clone();
            Conflict::NodeExists { name, owner }
        } else if self.address == node.address.to_string() {
            let address = node.address.clone();
            Conflict::AddressTaken { address, owner }
        } else {
            let server_uuid = node.server_uuid;
            Conflict::ServerTaken { server_uuid, owner }
        };
        conflict.into()
    }
}

/// The stored nodes that share something with `node`.
async fn known(transaction: &mut PgConnection, node: &Node) -> Result<Vec<KnownRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT name, cluster, address FROM node
         WHERE name = $1 OR address = $2 OR server_uuid = $3 ORDER BY name",
    )
    .bind(node.name.as_str())
    .bind(node.address.to_string())
    .bind(node.server_uuid.0)
    .fetch_all(transaction)
    .await?;
    Ok(rows)
}

fn found(rows: u64, node: &NodeName) -> Result<(), StoreError> {
    match rows {
        0 => Err(StoreError::not_found(Kind::Node, node)),
        _ => Ok(()),
    }
}
