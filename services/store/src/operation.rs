//! Operations: recoveries and rebuilds, read together.

use lictor_domain::{Operation, OperationId, OperationState, Scope};
use sqlx::FromRow;
use sqlx::types::Uuid;

use crate::error::{Kind, StoreError};
use crate::row::{Place, named};
use crate::store::Store;

#[derive(FromRow)]
struct OperationRow {
    id: Uuid,
    recovers: bool,
    document: String,
}

impl TryFrom<OperationRow> for Operation {
    type Error = StoreError;

    fn try_from(row: OperationRow) -> Result<Self, StoreError> {
        let table = if row.recovers { "recovery" } else { "rebuild" };
        let key = row.id.to_string();
        let place = Place { table, key: &key };
        let document = row.document.as_str();
        if row.recovers {
            let recovery = serde_json::from_str(document);
            return Ok(Self::Recovery(place.value("document", recovery)?));
        }
        let rebuild = serde_json::from_str(document);
        Ok(Self::Rebuild(place.value("document", rebuild)?))
    }
}

impl Store {
    /// At most `limit` operations, of these clusters, in one state or in any,
    /// the newest first; those older than `before`, to turn the page.
    pub async fn operation_list(
        &self,
        of: &Scope,
        state: Option<OperationState>,
        limit: u32,
        before: Option<OperationId>,
    ) -> Result<Vec<Operation>, StoreError> {
        self.read(async |connection| {
            let rows: Vec<OperationRow> = sqlx::query_as(
                "SELECT id, recovers, document::text FROM operation
                 WHERE ($1::text[] IS NULL OR cluster = ANY($1)) AND ($2::text IS NULL OR state = $2)
                   AND ($3::uuid IS NULL OR id < $3)
                 ORDER BY id DESC LIMIT $4",
            )
            .bind(named(of))
            .bind(state.map(OperationState::as_str))
            .bind(before.map(|id| id.0))
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?;
            rows.into_iter().map(Operation::try_from).collect()
        })
        .await
    }

    /// The operation of that identity.
    pub async fn operation_get(&self, id: OperationId) -> Result<Operation, StoreError> {
        self.read(async |connection| {
            let row: Option<OperationRow> =
                sqlx::query_as("SELECT id, recovers, document::text FROM operation WHERE id = $1")
                    .bind(id.0)
                    .fetch_optional(connection)
                    .await?;
            row.ok_or_else(|| StoreError::not_found(Kind::Operation, &id))?
                .try_into()
        })
        .await
    }
}
