//! Rebuilds: each is one document, saved whole at every step.

use lictor_domain::{Operation, Quarantine, Rebuild, Term};
use sqlx::types::Uuid;
use sqlx::{FromRow, PgConnection};

use crate::audit::{self, AuditEntry};
use crate::error::StoreError;
use crate::node;
use crate::row::Place;
use crate::store::Store;

#[derive(FromRow)]
struct RebuildRow {
    id: Uuid,
    document: String,
}

impl TryFrom<RebuildRow> for Rebuild {
    type Error = StoreError;

    fn try_from(row: RebuildRow) -> Result<Self, StoreError> {
        let place = Place {
            table: "rebuild",
            key: &row.id.to_string(),
        };
        place.value("document", serde_json::from_str(&row.document))
    }
}

impl Store {
    /// Writes a rebuild that begins, with the quarantine of its node: no data is
    /// replaced before both are stored.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the node.
    pub async fn rebuild_begin(
        &self,
        term: Term,
        rebuild: &Rebuild,
        quarantine: &Quarantine,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(term, async |transaction| {
            node::set_quarantine(transaction, &rebuild.node, Some(quarantine)).await?;
            save(transaction, rebuild).await?;
            audit::append(transaction, entry).await
        })
        .await
    }

    /// Writes how a rebuild stands, in the place of an earlier state of it; with
    /// an entry of its end.
    pub async fn rebuild_save(
        &self,
        term: Term,
        rebuild: &Rebuild,
        entry: Option<&AuditEntry>,
    ) -> Result<(), StoreError> {
        self.write(term, async |transaction| {
            save(transaction, rebuild).await?;
            match entry {
                Some(entry) => audit::append(transaction, entry).await,
                None => Ok(()),
            }
        })
        .await
    }

    /// The rebuilds that run, the oldest first: what a new leader takes up.
    pub async fn rebuild_unfinished(&self) -> Result<Vec<Rebuild>, StoreError> {
        self.read(async |connection| {
            let rows: Vec<RebuildRow> = sqlx::query_as(
                "SELECT id, document::text FROM rebuild
                 WHERE finished_at IS NULL ORDER BY started_at, id",
            )
            .fetch_all(connection)
            .await?;
            rows.into_iter().map(Rebuild::try_from).collect()
        })
        .await
    }
}

async fn save(transaction: &mut PgConnection, rebuild: &Rebuild) -> Result<(), StoreError> {
    let document =
        serde_json::to_string(rebuild).map_err(|error| StoreError::Internal(error.into()))?;
    sqlx::query(
        "INSERT INTO rebuild (id, cluster, node, started_at, finished_at, state, document)
         VALUES ($1, $2, $3, $4, $5, $6, $7::json)
         ON CONFLICT (id) DO UPDATE SET
             finished_at = excluded.finished_at, state = excluded.state,
             document = excluded.document",
    )
    .bind(rebuild.id.0)
    .bind(rebuild.cluster.as_str())
    .bind(rebuild.node.as_str())
    .bind(rebuild.started_at)
    .bind(rebuild.finished_at)
    .bind(Operation::from(rebuild.clone()).state().as_str())
    .bind(document)
    .execute(transaction)
    .await?;
    Ok(())
}
