//! The audit log: who did what, why, and how it ended. Entries are only added.

use std::fmt;

use chrono::{DateTime, Utc};
use lictor_domain::Term;
use sqlx::{FromRow, PgConnection};

use crate::error::StoreError;
use crate::store::Store;

/// One deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who did it: an operator, or Lictor itself.
    pub actor: String,
    /// What was done, as a word of the API.
    pub action: String,
    /// To what.
    pub target: String,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// How it ended, as a sentence.
    pub result: String,
}

/// The place of an entry in the log. A later entry has a greater one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditId(pub i64);

impl fmt::Display for AuditId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its place.
    pub id: AuditId,
    /// When it was written, by the clock of Postgres.
    pub at: DateTime<Utc>,
    /// The deed.
    pub entry: AuditEntry,
}

#[derive(FromRow)]
struct AuditRow {
    id: i64,
    at: DateTime<Utc>,
    actor: String,
    action: String,
    target: String,
    reason: Option<String>,
    result: String,
}

impl From<AuditRow> for AuditRecord {
    fn from(row: AuditRow) -> Self {
        Self {
            id: AuditId(row.id),
            at: row.at,
            entry: AuditEntry {
                actor: row.actor,
                action: row.action,
                target: row.target,
                reason: row.reason,
                result: row.result,
            },
        }
    }
}

impl Store {
    /// Adds an entry.
    pub async fn audit_append(&self, term: Term, entry: &AuditEntry) -> Result<(), StoreError> {
        self.write(term, async |transaction| append(transaction, entry).await)
            .await
    }

    /// At most `limit` entries, the newest first; those before `before`, to
    /// turn the page.
    pub async fn audit_list(
        &self,
        limit: u32,
        before: Option<AuditId>,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        self.read(async |connection| {
            let rows: Vec<AuditRow> = sqlx::query_as(
                "SELECT id, at, actor, action, target, reason, result FROM audit
                 WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
            )
            .bind(before.map(|id| id.0))
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?;
            Ok(rows.into_iter().map(AuditRecord::from).collect())
        })
        .await
    }
}

/// Adds an entry to the transaction of the deed.
pub(crate) async fn append(
    transaction: &mut PgConnection,
    entry: &AuditEntry,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (actor, action, target, reason, result) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(&entry.actor)
    .bind(&entry.action)
    .bind(&entry.target)
    .bind(&entry.reason)
    .bind(&entry.result)
    .execute(transaction)
    .await?;
    Ok(())
}
