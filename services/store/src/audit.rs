//! The audit log: who did what, why, and how it ended. Entries are only added.

use std::fmt;

use chrono::{DateTime, Utc};
use lictor_domain::access::Outcome;
use lictor_domain::{Actor, Term};
use serde::{Deserialize, Deserializer, Serialize};
use sqlx::types::Uuid;
use sqlx::{FromRow, PgConnection};

use crate::error::StoreError;
use crate::row::Place;
use crate::search::Search;
use crate::store::Store;

/// One deed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Who did it: an operator, or Lictor itself.
    #[serde(deserialize_with = "actor")]
    pub actor: Actor,
    /// What was done, as a word of the API.
    pub action: String,
    /// To what.
    pub target: String,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// How it ended, as a sentence.
    pub result: String,
    /// What came of it.
    #[serde(default)]
    pub outcome: Outcome,
}

/// Before there were tokens, an entry that waited on a disk had only a name.
fn actor<'de, D: Deserializer<'de>>(stored: D) -> Result<Actor, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Whole(Actor),
        Name(String),
    }
    Ok(match Stored::deserialize(stored)? {
        Stored::Whole(actor) => actor,
        Stored::Name(name) => Actor::called(name),
    })
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
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// That say this anywhere, whatever the case.
    pub text: Option<String>,
}

#[derive(FromRow)]
struct AuditRow {
    id: i64,
    at: DateTime<Utc>,
    actor: String,
    token: Option<String>,
    origin: Option<String>,
    action: String,
    target: String,
    reason: Option<String>,
    result: String,
    outcome: String,
}

impl TryFrom<AuditRow> for AuditRecord {
    type Error = StoreError;

    fn try_from(row: AuditRow) -> Result<Self, StoreError> {
        let place = Place {
            table: "audit",
            key: &row.id.to_string(),
        };
        let from = row.origin.map(|from| from.parse()).transpose();
        let outcome = Outcome::of_word(&row.outcome).ok_or("it is no outcome");
        Ok(Self {
            id: AuditId(row.id),
            at: row.at,
            entry: AuditEntry {
                actor: Actor {
                    name: row.actor,
                    token: row.token,
                    from: place.value("origin", from)?,
                },
                action: row.action,
                target: row.target,
                reason: row.reason,
                result: row.result,
                outcome: place.value("outcome", outcome)?,
            },
        })
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
        let select = "SELECT id, at, actor, token, origin, action, target, reason, result, outcome
                      FROM audit";
        let anywhere = [
            "actor", "token", "origin", "action", "target", "reason", "result",
        ];
        let mut query = Search::of(select)
            .only("actor =", filter.actor.as_deref())
            .only("action =", filter.action.as_deref())
            .only("target =", filter.target.as_deref())
            .only("outcome =", filter.outcome.map(Outcome::as_str))
            .only("id <", before.map(|id| id.0))
            .containing(&anywhere, filter.text.as_deref())
            .newest(limit);
        self.read(async |connection| {
            let rows: Vec<AuditRow> = query.build_query_as().fetch_all(connection).await?;
            rows.into_iter().map(AuditRecord::try_from).collect()
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
        "INSERT INTO audit (actor, action, target, reason, result, key, at, token, origin, outcome)
         VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, now()), $8, $9, $10)
         ON CONFLICT (key) DO NOTHING",
    )
    .bind(&entry.actor.name)
    .bind(&entry.action)
    .bind(&entry.target)
    .bind(&entry.reason)
    .bind(&entry.result)
    .bind(once.map(|(key, _)| key))
    .bind(once.map(|(_, at)| at))
    .bind(&entry.actor.token)
    .bind(entry.actor.from.map(|from| from.to_string()))
    .bind(entry.outcome.as_str())
    .execute(transaction)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_from_before_there_were_tokens_is_read() {
        let old = r#"{"actor":"ada","action":"cluster.set","target":"orders","reason":"why",
                      "result":"policy changed"}"#;
        let entry: AuditEntry = serde_json::from_str(old).unwrap();
        assert_eq!(entry.actor, Actor::called("ada"));
        assert_eq!(entry.outcome, Outcome::Done);
    }

    #[test]
    fn an_entry_that_waits_on_a_disk_keeps_what_proves_it() {
        let entry = AuditEntry {
            actor: Actor {
                name: "ada".to_owned(),
                token: Some("ci".to_owned()),
                from: Some([10, 0, 0, 9].into()),
            },
            action: "cluster.set".to_owned(),
            target: "orders".to_owned(),
            reason: None,
            result: "not changed".to_owned(),
            outcome: Outcome::Refused,
        };
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<AuditEntry>(&text).unwrap(), entry);
    }
}
