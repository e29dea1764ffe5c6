//! The configuration, in versions. A version is never changed, and none is left
//! out: the newest is the one in force.
//!
//! Law: what the newest version says of clusters is what the tables of clusters
//! and nodes say. Whatever changes those does it through [`Store::reconfigure`],
//! which makes a version of it in the same transaction.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use lictor_domain::{Cluster, ClusterConfig, Config, Draft, Term, Version};
use sqlx::{FromRow, PgConnection};
use tokio::sync::watch;

use crate::audit::{self, AuditEntry};
use crate::cluster;
use crate::error::{Conflict, Kind, StoreError};
use crate::node;
use crate::row::{Place, bigint};
use crate::store::Store;

/// The configuration as it was at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigVersion {
    /// Its number.
    pub version: Version,
    /// When it was made, by the clock of Postgres.
    pub at: DateTime<Utc>,
    /// Who made it.
    pub author: String,
    /// What made it, as the audit log calls it.
    pub action: String,
    /// Why, in the author's words.
    pub reason: Option<String>,
    /// What it says.
    pub document: Draft,
}

impl ConfigVersion {
    /// What it says, as a whole.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is not whole: Lictor stores no such version.
    pub fn config(&self) -> Result<Config, StoreError> {
        let key = self.version.to_string();
        let place = Place {
            table: "config_version",
            key: &key,
        };
        place.value("document", Config::try_from(self.document.clone()))
    }
}

#[derive(FromRow)]
struct VersionRow {
    version: i64,
    at: DateTime<Utc>,
    author: String,
    action: String,
    reason: Option<String>,
    document: String,
}

impl TryFrom<VersionRow> for ConfigVersion {
    type Error = StoreError;

    fn try_from(row: VersionRow) -> Result<Self, StoreError> {
        let key = row.version.to_string();
        let place = Place {
            table: "config_version",
            key: &key,
        };
        Ok(Self {
            version: place.number("version", row.version)?,
            at: row.at,
            author: row.author,
            action: row.action,
            reason: row.reason,
            document: place.value("document", serde_json::from_str(&row.document))?,
        })
    }
}

impl Store {
    /// The newest version. Where there is none, what is stored becomes the first,
    /// made by `entry`.
    pub async fn config_begin(
        &self,
        term: Term,
        entry: &AuditEntry,
    ) -> Result<ConfigVersion, StoreError> {
        if let Some(head) = self.config_head().await? {
            return Ok(head);
        }
        self.reconfigure(term, entry, async |_| Ok(())).await?;
        let head = self.config_head().await?;
        head.ok_or_else(|| StoreError::not_found(Kind::Version, &1))
    }

    /// The newest version; `None` before the first leader made one.
    pub async fn config_head(&self) -> Result<Option<ConfigVersion>, StoreError> {
        self.read(async |connection| head(connection).await).await
    }

    /// A version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without it.
    pub async fn config_get(&self, version: Version) -> Result<ConfigVersion, StoreError> {
        let found = self.config_list(1, version.checked_add(1)).await?;
        let found = found.into_iter().find(|it| it.version == version);
        found.ok_or_else(|| StoreError::not_found(Kind::Version, &version))
    }

    /// At most `limit` versions, the newest first; those before `before`, to turn
    /// the page.
    pub async fn config_list(
        &self,
        limit: u32,
        before: Option<Version>,
    ) -> Result<Vec<ConfigVersion>, StoreError> {
        // Beyond what Postgres counts to, all are before it.
        let before = before.and_then(|before| i64::try_from(before).ok());
        self.read(async |connection| {
            let rows: Vec<VersionRow> = sqlx::query_as(
                "SELECT version, at, author, action, reason, document::text FROM config_version
                 WHERE $1::bigint IS NULL OR version < $1 ORDER BY version DESC LIMIT $2",
            )
            .bind(before)
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?;
            rows.into_iter().map(ConfigVersion::try_from).collect()
        })
        .await
    }

    /// Puts a configuration in force that was made from version `base`: the
    /// policies and placements of `clusters`, and whatever else `document` says.
    /// `None` when that changes nothing; then only the audit log is written.
    ///
    /// # Errors
    /// [`Conflict::ConfigMoved`] when `base` is not the newest version any more;
    /// [`StoreError::NotFound`] without a cluster or node.
    pub async fn config_apply(
        &self,
        term: Term,
        base: Version,
        document: &Draft,
        clusters: &[Cluster],
        entry: &AuditEntry,
    ) -> Result<Option<ConfigVersion>, StoreError> {
        let version = self
            .write(term, async |transaction| {
                let before = hold(transaction).await?;
                let head = before.as_ref().map_or(0, |head| head.version);
                if head != base {
                    return Err(Conflict::ConfigMoved { base, head }.into());
                }
                for cluster in clusters {
                    cluster::set_policy(transaction, &cluster.name, &cluster.policy).await?;
                    for it in &cluster.nodes {
                        let zone = it.zone.as_ref();
                        node::set_placement(transaction, &it.name, it.promotion, zone).await?;
                    }
                }
                audit::append(transaction, entry).await?;
                record(transaction, before, document.clone(), entry).await
            })
            .await?;
        self.tell_made(version.as_ref());
        Ok(version)
    }

    /// Tells each version that is made here, or the newest of several. One of which
    /// nobody knows whether Postgres took it is not told.
    #[must_use]
    pub fn config_made(&self) -> watch::Receiver<Option<Arc<ConfigVersion>>> {
        self.made.subscribe()
    }

    fn tell_made(&self, version: Option<&ConfigVersion>) {
        if let Some(version) = version {
            self.made.send_replace(Some(Arc::new(version.clone())));
        }
    }

    /// Runs a transaction that changes clusters or nodes, with its entry in the
    /// audit log. If that changes what is configured, there is a version of it.
    pub(crate) async fn reconfigure(
        &self,
        term: Term,
        entry: &AuditEntry,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let version = self
            .write(term, async |transaction| {
                let before = hold(transaction).await?;
                work(transaction).await?;
                audit::append(transaction, entry).await?;
                let head = before.as_ref();
                let document = head.map_or_else(Draft::default, |head| head.document.clone());
                record(transaction, before, document, entry).await
            })
            .await?;
        self.tell_made(version.as_ref());
        Ok(())
    }
}

/// The newest version, which stays the newest until the transaction makes
/// another or ends. Taken before any cluster or node is changed, so that no two
/// transactions wait for each other.
async fn hold(transaction: &mut PgConnection) -> Result<Option<ConfigVersion>, StoreError> {
    sqlx::query("LOCK TABLE config_version IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *transaction)
        .await?;
    head(transaction).await
}

/// Makes a version of `document`, with the clusters as they are stored now, if it
/// differs from the one before.
async fn record(
    transaction: &mut PgConnection,
    before: Option<ConfigVersion>,
    mut document: Draft,
    entry: &AuditEntry,
) -> Result<Option<ConfigVersion>, StoreError> {
    let clusters = cluster::select(transaction, None).await?;
    let clusters = clusters.iter();
    document.clusters = clusters
        .map(|cluster| (cluster.name.clone(), ClusterConfig::from(cluster)))
        .collect();
    if before.as_ref().is_some_and(|it| it.document == document) {
        return Ok(None);
    }
    let version = before.map_or(0, |it| it.version).saturating_add(1);
    let text = serde_json::to_string(&document);
    let at = sqlx::query_scalar(
        "INSERT INTO config_version (version, author, action, reason, document)
         VALUES ($1, $2, $3, $4, $5::jsonb) RETURNING at",
    )
    .bind(bigint(version)?)
    .bind(&entry.actor.name)
    .bind(&entry.action)
    .bind(&entry.reason)
    .bind(text.map_err(|error| StoreError::Internal(error.into()))?)
    .fetch_one(transaction)
    .await?;
    Ok(Some(ConfigVersion {
        version,
        at,
        author: entry.actor.name.clone(),
        action: entry.action.clone(),
        reason: entry.reason.clone(),
        document,
    }))
}

async fn head(connection: &mut PgConnection) -> Result<Option<ConfigVersion>, StoreError> {
    let row: Option<VersionRow> = sqlx::query_as(
        "SELECT version, at, author, action, reason, document::text FROM config_version
         ORDER BY version DESC LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    row.map(ConfigVersion::try_from).transpose()
}
