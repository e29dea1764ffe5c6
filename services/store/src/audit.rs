//! The audit log: who did what, why, and how it ended. Entries are only added.

use std::fmt;

use chrono::{DateTime, Utc};
use lictor_domain::Term;
use serde::{Deserialize, Serialize};
use sqlx::types::Uuid;
use sqlx::{FromRow, PgConnection};

use crate::error::StoreError;
use crate::search::Search;
use crate::store::Store;

/// One deed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// When it was written, by the clock of Postgres; when it was done, where
    /// Postgres was away then.
    pub at: DateTime<Utc>,
    /// The deed.
    pub entry: AuditEntry,
}

/// Which entries are meant: those that meet every condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this actor.
    pub actor: Option<String>,
    /// Of this action.
    pub action: Option<String>,
    /// Of this target.
    pub target: Option<String>,
    /// That say this anywhere, whatever the case.
    pub text: Option<String>,
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
        filter: &AuditFilter,
        limit: u32,
        before: Option<AuditId>,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let select = "SELECT id, at, actor, action, target, reason, result FROM audit";
        let anywhere = ["actor", "action", "target", "reason", "result"];
        let mut query = Search::of(select)
            .only("actor =", filter.actor.as_deref())
            .only("action =", filter.action.as_deref())
            .only("target =", filter.target.as_deref())
            .only("id <", before.map(|id| id.0))
            .containing(&anywhere, filter.text.as_deref())
            .newest(limit);
        self.read(async |connection| {
            let rows: Vec<AuditRow> = query.build_query_as().fetch_all(connection).await?;
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
    append_as(transaction, entry, None).await
}

/// The same, of a deed that was done at that moment; nothing is added when the
/// entry with that key was.
pub(crate) async fn append_as(
    transaction: &mut PgConnection,
    entry: &AuditEntry,
    once: Option<(Uuid, DateTime<Utc>)>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (actor, action, target, reason, result, key, at)
         VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, now())) ON CONFLICT (key) DO NOTHING",
    )
    .bind(&entry.actor)
    .bind(&entry.action)
    .bind(&entry.target)
    .bind(&entry.reason)
    .bind(&entry.result)
    .bind(once.map(|(key, _)| key))
    .bind(once.map(|(_, at)| at))
    .execute(transaction)
    .await?;
    Ok(())
}
