//! Tokens: what stands for a caller, and the hash by which its text is known. None
//! is ever removed: the audit log speaks of it.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use lictor_domain::access::{LastUse, Revoked};
use lictor_domain::{ClusterName, Scope, Term, Token, TokenId};
use sqlx::{FromRow, PgConnection};

use crate::audit::{self, AuditEntry};
use crate::error::{Conflict, Kind, StoreError};
use crate::row::Place;
use crate::store::Store;

/// A token, and what its text is known by.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// The token.
    pub token: Token,
    /// SHA-256 of its text.
    pub hash: [u8; 32],
}

impl fmt::Debug for StoredToken {
    /// Leaves the hash out: it belongs into no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredToken")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

#[derive(FromRow)]
struct TokenRow {
    id: String,
    name: String,
    hash: Vec<u8>,
    role: String,
    clusters: Vec<String>,
    created_at: DateTime<Utc>,
    created_by: String,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_by: Option<String>,
    last_used_at: Option<DateTime<Utc>>,
    last_used_from: Option<String>,
}

impl TryFrom<TokenRow> for StoredToken {
    type Error = StoreError;

    fn try_from(row: TokenRow) -> Result<Self, StoreError> {
        let place = Place {
            table: "token",
            key: &row.id,
        };
        let clusters = row.clusters.iter().map(|name| name.parse());
        let clusters: Result<BTreeSet<ClusterName>, _> = clusters.collect();
        // A check of the table keeps these two together.
        let revoked = row.revoked_at.zip(row.revoked_by);
        let from = row.last_used_from.map(|from| from.parse()).transpose();
        let from = place.value("last_used_from", from)?;
        let hash = row.hash.as_slice().try_into();
        Ok(Self {
            hash: place.value("hash", hash)?,
            token: Token {
                id: place.value("id", row.id.parse())?,
                name: place.value("name", row.name.parse())?,
                role: place.value("role", row.role.parse())?,
                scope: Scope::of(place.value("clusters", clusters)?),
                created_at: row.created_at,
                created_by: row.created_by,
                expires_at: row.expires_at,
                revoked: revoked.map(|(at, by)| Revoked { at, by }),
                last_use: row.last_used_at.map(|at| LastUse { at, from }),
            },
        })
    }
}

impl Store {
    /// Every token, also those that let nobody in any more; those that were not
    /// revoked first, in order of name.
    pub async fn token_list(&self) -> Result<Vec<StoredToken>, StoreError> {
        self.read(async |connection| {
            let rows: Vec<TokenRow> = sqlx::query_as(
                "SELECT * FROM token ORDER BY revoked_at IS NOT NULL, name, created_at, id",
            )
            .fetch_all(connection)
            .await?;
            rows.into_iter().map(StoredToken::try_from).collect()
        })
        .await
    }

    /// Adds a token, with the entry of it in the audit log.
    ///
    /// # Errors
    /// [`Conflict::TokenExists`] when one that was not revoked has its name.
    pub async fn token_add(
        &self,
        term: Term,
        token: &Token,
        hash: &[u8; 32],
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(term, async |transaction| {
            insert(transaction, token, hash).await?;
            audit::append(transaction, entry).await
        })
        .await
    }

    /// Adds the first token, with the entry of it in the audit log; whether it did:
    /// not where there is any, be it a revoked one.
    pub async fn token_begin(
        &self,
        term: Term,
        token: &Token,
        hash: &[u8; 32],
        entry: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.write(term, async |transaction| {
            sqlx::query("LOCK TABLE token IN SHARE ROW EXCLUSIVE MODE")
                .execute(&mut *transaction)
                .await?;
            let any: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM token)")
                .fetch_one(&mut *transaction)
                .await?;
            if any {
                return Ok(false);
            }
            insert(transaction, token, hash).await?;
            audit::append(transaction, entry).await?;
            Ok(true)
        })
        .await
    }

    /// Revokes a token for good, with the entry of it in the audit log, and gives it
    /// as it is stored then. One that was revoked before stays as it is, and there is
    /// no entry.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the token.
    pub async fn token_revoke(
        &self,
        term: Term,
        id: &TokenId,
        by: &str,
        entry: &AuditEntry,
    ) -> Result<Token, StoreError> {
        self.write(term, async |transaction| {
            let revoked = sqlx::query(
                "UPDATE token SET revoked_at = now(), revoked_by = $2
                 WHERE id = $1 AND revoked_at IS NULL",
            )
            .bind(id.as_str())
            .bind(by)
            .execute(&mut *transaction)
            .await?;
            if revoked.rows_affected() > 0 {
                audit::append(transaction, entry).await?;
            }
            let row: Option<TokenRow> = sqlx::query_as("SELECT * FROM token WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(transaction)
                .await?;
            let row = row.ok_or_else(|| StoreError::not_found(Kind::Token, id))?;
            Ok(StoredToken::try_from(row)?.token)
        })
        .await
    }

    /// Notes when tokens were used last; an earlier use than is known changes
    /// nothing.
    ///
    /// It belongs to no term: every instance is called, leads it or not, and nothing
    /// is decided by it.
    pub async fn token_used(&self, uses: &[(TokenId, LastUse)]) -> Result<(), StoreError> {
        let ids: Vec<_> = uses.iter().map(|(id, _)| id.as_str()).collect();
        let times: Vec<_> = uses.iter().map(|(_, used)| used.at).collect();
        let origins = uses.iter().map(|(_, used)| used.from);
        let origins: Vec<_> = origins.map(|from| from.map(|it| it.to_string())).collect();
        self.read(async |connection| {
            // Rows are taken in one order, for several instances do this at once.
            sqlx::query(
                "WITH used AS (
                     SELECT DISTINCT ON (id) id, at, origin
                     FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS u (id, at, origin)
                     ORDER BY id, at DESC
                 ), held AS (
                     SELECT id FROM token WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE
                 )
                 UPDATE token SET last_used_at = used.at, last_used_from = used.origin
                 FROM used JOIN held USING (id)
                 WHERE token.id = used.id
                   AND (token.last_used_at IS NULL OR token.last_used_at < used.at)",
            )
            .bind(ids)
            .bind(times)
            .bind(origins)
            .execute(connection)
            .await?;
            Ok(())
        })
        .await
    }
}

async fn insert(
    transaction: &mut PgConnection,
    token: &Token,
    hash: &[u8; 32],
) -> Result<(), StoreError> {
    let clusters = token.scope.clusters().map(ClusterName::as_str);
    let added = sqlx::query(
        "INSERT INTO token (id, name, hash, role, clusters, created_at, created_by, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING",
    )
    .bind(token.id.as_str())
    .bind(token.name.as_str())
    .bind(hash.as_slice())
    .bind(token.role.as_str())
    .bind(clusters.collect::<Vec<_>>())
    .bind(token.created_at)
    .bind(&token.created_by)
    .bind(token.expires_at)
    .execute(transaction)
    .await?;
    match added.rows_affected() {
        0 => {
            let name = token.name.clone();
            Err(Conflict::TokenExists { name }.into())
        }
        _ => Ok(()),
    }
}
