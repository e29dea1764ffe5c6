//! Recoveries: each is one document, saved whole at every step.
//!
//! The first saves are a failover's durable intent and wait on the critical
//! path, so a save is one statement, the checks included: that the term is the
//! current one, and that the record does not fall back to an earlier
//! [`Standing`](lictor_domain::Standing), however late a save arrives.

use chrono::{DateTime, Utc};
use lictor_domain::{ClusterName, NodeName, Recovery, RecoveryId, RecoveryOutcome, Scope, Term};
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::types::Uuid;
use sqlx::{FromRow, PgConnection, Postgres};

use crate::error::{Kind, StoreError};
use crate::row::{Place, bigint, named};
use crate::store::Store;
use crate::term;

#[derive(FromRow)]
struct RecoveryRow {
    id: Uuid,
    document: String,
}

impl TryFrom<RecoveryRow> for Recovery {
    type Error = StoreError;

    fn try_from(row: RecoveryRow) -> Result<Self, StoreError> {
        let place = Place {
            table: "recovery",
            key: &row.id.to_string(),
        };
        place.value("document", serde_json::from_str(&row.document))
    }
}

impl Store {
    /// Writes the recovery, in the place of an earlier state of it; one that has
    /// come further by now stays as it is.
    pub async fn recovery_save(&self, term: Term, recovery: &Recovery) -> Result<(), StoreError> {
        let statement = insert(
            "WITH fence AS (SELECT FROM control_term WHERE term = $1 FOR SHARE)
             INSERT INTO recovery (id, cluster, kind, state, epoch_term, epoch_n, started_at,
                                   finished_at, old_primary, new_primary, document)
             SELECT $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::json FROM fence
             ON CONFLICT (id) DO UPDATE SET
                 cluster = excluded.cluster, kind = excluded.kind, state = excluded.state,
                 epoch_term = excluded.epoch_term, epoch_n = excluded.epoch_n,
                 started_at = excluded.started_at, finished_at = excluded.finished_at,
                 old_primary = excluded.old_primary, new_primary = excluded.new_primary,
                 document = excluded.document
             WHERE excluded.state <> 'running'
                OR recovery.state = 'running'
                   AND (recovery.new_primary IS NULL OR excluded.new_primary IS NOT NULL)",
            term,
            recovery,
        )?;
        self.vital(async |connection| {
            match statement.execute(&mut *connection).await?.rows_affected() {
                // The term is another one, or the record has come further.
                0 => term::hold(connection, term).await,
                _ => Ok(()),
            }
        })
        .await
    }

    /// The recovery of that identity.
    pub async fn recovery_get(&self, id: RecoveryId) -> Result<Recovery, StoreError> {
        self.read(async |connection| {
            let row: Option<RecoveryRow> =
                sqlx::query_as("SELECT id, document::text FROM recovery WHERE id = $1")
                    .bind(id.0)
                    .fetch_optional(connection)
                    .await?;
            row.ok_or_else(|| StoreError::not_found(Kind::Recovery, &id))?
                .try_into()
        })
        .await
    }

    /// At most `limit` recoveries, of one cluster or of all, the newest first;
    /// those older than `before`, to turn the page. The order is that of their
    /// identities, which are given out in time; two can share a first sign.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no recovery `before`.
    pub async fn recovery_list(
        &self,
        of: &Scope,
        limit: u32,
        before: Option<RecoveryId>,
    ) -> Result<Vec<Recovery>, StoreError> {
        if let Some(before) = before {
            self.recovery_get(before).await?;
        }
        self.read(async |connection| {
            let rows: Vec<RecoveryRow> = sqlx::query_as(
                "SELECT id, document::text FROM recovery
                 WHERE ($1::text[] IS NULL OR cluster = ANY($1)) AND ($2::uuid IS NULL OR id < $2)
                 ORDER BY id DESC LIMIT $3",
            )
            .bind(named(of))
            .bind(before.map(|id| id.0))
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?;
            rows.into_iter().map(Recovery::try_from).collect()
        })
        .await
    }

    /// The recoveries that run, the oldest first: what a new leader takes up.
    pub async fn recovery_unfinished(&self) -> Result<Vec<Recovery>, StoreError> {
        self.read(async |connection| {
            let rows: Vec<RecoveryRow> = sqlx::query_as(
                "SELECT id, document::text FROM recovery
                 WHERE state = 'running' ORDER BY started_at, id",
            )
            .fetch_all(connection)
            .await?;
            rows.into_iter().map(Recovery::try_from).collect()
        })
        .await
    }

    /// The cluster's recoveries that were given up at `since` or later, the oldest
    /// first.
    pub async fn recovery_given_up_since(
        &self,
        cluster: &ClusterName,
        since: DateTime<Utc>,
    ) -> Result<Vec<Recovery>, StoreError> {
        self.read(async |connection| {
            let rows: Vec<RecoveryRow> = sqlx::query_as(
                "SELECT id, document::text FROM recovery
                 WHERE cluster = $1 AND finished_at >= $2 AND state = 'aborted'
                 ORDER BY finished_at, id",
            )
            .bind(cluster.as_str())
            .bind(since)
            .fetch_all(connection)
            .await?;
            rows.into_iter().map(Recovery::try_from).collect()
        })
        .await
    }

    /// The recovery that made the cluster's newest primacy, if one did.
    pub async fn recovery_last_done(
        &self,
        cluster: &ClusterName,
    ) -> Result<Option<Recovery>, StoreError> {
        self.read(async |connection| {
            let row: Option<RecoveryRow> = sqlx::query_as(
                "SELECT id, document::text FROM recovery
                 WHERE cluster = $1 AND state = 'done'
                 ORDER BY epoch_term DESC, epoch_n DESC LIMIT 1",
            )
            .bind(cluster.as_str())
            .fetch_optional(connection)
            .await?;
            row.map(Recovery::try_from).transpose()
        })
        .await
    }

    /// When each failover of the cluster was completed, at `since` or later;
    /// those given up do not count.
    pub async fn recovery_finished_since(
        &self,
        cluster: &ClusterName,
        since: DateTime<Utc>,
    ) -> Result<Vec<DateTime<Utc>>, StoreError> {
        self.read(async |connection| {
            let finished = sqlx::query_scalar(
                "SELECT finished_at FROM recovery
                 WHERE cluster = $1 AND finished_at >= $2
                   AND state = 'done' AND kind = 'failover'
                 ORDER BY finished_at",
            )
            .bind(cluster.as_str())
            .bind(since)
            .fetch_all(connection)
            .await?;
            Ok(finished)
        })
        .await
    }
}

/// The word that the column `state` and the migrations know the outcome by.
const fn state(outcome: &RecoveryOutcome) -> &'static str {
    match outcome {
        RecoveryOutcome::Running => "running",
        RecoveryOutcome::Done => "done",
        RecoveryOutcome::Aborted { .. } => "aborted",
    }
}

/// Adds it unless there is one with its identity.
pub(crate) async fn add_late(
    connection: &mut PgConnection,
    recovery: &Recovery,
) -> Result<(), StoreError> {
    let statement = insert(
        "INSERT INTO recovery (id, cluster, kind, state, epoch_term, epoch_n, started_at,
                               finished_at, old_primary, new_primary, document)
         SELECT $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::json WHERE $1::bigint >= 0
         ON CONFLICT (id) DO NOTHING",
        recovery.epoch.term,
        recovery,
    )?;
    statement.execute(connection).await?;
    Ok(())
}

/// The statement with a term and every column.
fn insert(
    statement: &'static str,
    term: Term,
    recovery: &Recovery,
) -> Result<Query<'static, Postgres, PgArguments>, StoreError> {
    let document =
        serde_json::to_string(recovery).map_err(|error| StoreError::Internal(error.into()))?;
    Ok(sqlx::query(statement)
        .bind(bigint(term.0)?)
        .bind(recovery.id.0)
        .bind(recovery.cluster.to_string())
        .bind(recovery.kind.as_str())
        .bind(state(&recovery.outcome))
        .bind(bigint(recovery.epoch.term.0)?)
        .bind(bigint(recovery.epoch.n)?)
        .bind(recovery.started_at)
        .bind(recovery.finished_at())
        .bind(recovery.old_primary.to_string())
        .bind(recovery.new_primary.as_ref().map(NodeName::to_string))
        .bind(document))
}
