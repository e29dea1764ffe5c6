//! Requests that are to happen once: a key that the caller chose is claimed before
//! anything is done, and the answer is kept beside it for a day.
//!
//! A claim without an answer is never given to another request: whether it was
//! carried out, nobody knows.

use lictor_domain::Term;
use sqlx::{FromRow, PgConnection};

use crate::error::StoreError;
use crate::row::bigint;
use crate::store::Store;

/// Claims that are forgotten with each new one, at most; so the table is bounded
/// by what a day brings.
const FORGOTTEN: i64 = 100;

/// What a key stands for already, or from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// For this request, from now on.
    Fresh,
    /// For this request, which was answered so.
    Answered(String),
    /// For this request, which is being carried out.
    Running,
    /// For this request, whose leader was lost: whether it was carried out is not
    /// known.
    Lost,
    /// For another request.
    Taken,
}

#[derive(FromRow)]
struct OnceRow {
    request: Vec<u8>,
    term: i64,
    answer: Option<String>,
}

impl Store {
    /// Claims a key for the request of this SHA-256, or tells what it stands for.
    pub async fn once_claim(
        &self,
        term: Term,
        key: &str,
        request: [u8; 32],
    ) -> Result<Claim, StoreError> {
        self.write(term, async |transaction| {
            forget(transaction).await?;
            let claimed = sqlx::query(
                "INSERT INTO once (key, request, term) VALUES ($1, $2, $3)
                 ON CONFLICT (key) DO NOTHING",
            )
            .bind(key)
            .bind(request.as_slice())
            .bind(bigint(term.0)?)
            .execute(&mut *transaction)
            .await?;
            if claimed.rows_affected() == 1 {
                return Ok(Claim::Fresh);
            }
            let row: OnceRow =
                sqlx::query_as("SELECT request, term, answer FROM once WHERE key = $1")
                    .bind(key)
                    .fetch_one(transaction)
                    .await?;
            Ok(row.read(request, bigint(term.0)?))
        })
        .await
    }

    /// Keeps what a claimed request was answered.
    pub async fn once_answer(&self, term: Term, key: &str, answer: &str) -> Result<(), StoreError> {
        self.write(term, async |transaction| {
            sqlx::query("UPDATE once SET answer = $2 WHERE key = $1 AND term = $3")
                .bind(key)
                .bind(answer)
                .bind(bigint(term.0)?)
                .execute(transaction)
                .await?;
            Ok(())
        })
        .await
    }

    /// Gives a claimed key back, because nothing was done.
    pub async fn once_free(&self, term: Term, key: &str) -> Result<(), StoreError> {
        self.write(term, async |transaction| {
            sqlx::query("DELETE FROM once WHERE key = $1 AND term = $2 AND answer IS NULL")
                .bind(key)
                .bind(bigint(term.0)?)
                .execute(transaction)
                .await?;
            Ok(())
        })
        .await
    }
}

impl OnceRow {
    fn read(self, request: [u8; 32], term: i64) -> Claim {
        match self.answer {
            _ if self.request != request => Claim::Taken,
            Some(answer) => Claim::Answered(answer),
            None if self.term == term => Claim::Running,
            None => Claim::Lost,
        }
    }
}

async fn forget(transaction: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM once WHERE key IN (
             SELECT key FROM once WHERE claimed_at < now() - interval '1 day'
             ORDER BY claimed_at LIMIT $1 FOR UPDATE SKIP LOCKED)",
    )
    .bind(FORGOTTEN)
    .execute(transaction)
    .await?;
    Ok(())
}
