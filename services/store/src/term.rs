//! The fence: one row saying which term may write.
//!
//! A write holds the row against change until it has committed. So once
//! [`Store::term_advance`] has returned, no write of an older term is still to
//! come.

use lictor_domain::Term;
use sqlx::PgConnection;

use crate::error::StoreError;
use crate::row::{Place, bigint};
use crate::store::Store;

impl Store {
    /// Ends every term below `term`; for a new leader, before its first write.
    ///
    /// # Errors
    /// [`StoreError::StaleTerm`] when a higher term has begun.
    pub async fn term_advance(&self, term: Term) -> Result<(), StoreError> {
        self.vital(async |connection| {
            let advanced = sqlx::query("UPDATE control_term SET term = $1 WHERE term <= $1")
                .bind(bigint(term.0)?)
                .execute(&mut *connection)
                .await?;
            match advanced.rows_affected() {
                0 => Err(stale(connection, term).await),
                _ => Ok(()),
            }
        })
        .await
    }
}

/// Holds `term` as the current one until the transaction ends.
pub(crate) async fn hold(transaction: &mut PgConnection, term: Term) -> Result<(), StoreError> {
    let held = sqlx::query("SELECT FROM control_term WHERE term = $1 FOR SHARE")
        .bind(bigint(term.0)?)
        .execute(&mut *transaction)
        .await?;
    match held.rows_affected() {
        0 => Err(stale(transaction, term).await),
        _ => Ok(()),
    }
}

/// Says which term stands in the way of `held`.
pub(crate) async fn stale(connection: &mut PgConnection, held: Term) -> StoreError {
    let current = async {
        let stored = sqlx::query_scalar("SELECT term FROM control_term")
            .fetch_one(connection)
            .await?;
        let place = Place {
            table: "control_term",
            key: "true",
        };
        place.number("term", stored)
    };
    match current.await {
        Ok(current) => StoreError::StaleTerm {
            held,
            current: Term(current),
        },
        Err(error) => error,
    }
}
