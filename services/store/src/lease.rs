//! The lease record: one row, taken and renewed by compare-and-set.
//!
//! It is the only thing written without a term, for it is where terms begin.

use lictor_domain::Term;
use lictor_domain::lease::LeaseRecord;
use sqlx::FromRow;

use crate::error::StoreError;
use crate::row::{Place, bigint};
use crate::store::Store;

#[derive(FromRow)]
struct LeaseRow {
    holder: Option<String>,
    advertise: String,
    term: i64,
    counter: i64,
}

impl TryFrom<LeaseRow> for LeaseRecord {
    type Error = StoreError;

    fn try_from(row: LeaseRow) -> Result<Self, StoreError> {
        let place = Place {
            table: "lease",
            key: "true",
        };
        Ok(Self {
            holder: row.holder,
            advertise: row.advertise,
            term: Term(place.number("term", row.term)?),
            counter: place.number("counter", row.counter)?,
        })
    }
}

impl Store {
    /// The record, if one was ever written.
    pub async fn lease_read(&self) -> Result<Option<LeaseRecord>, StoreError> {
        self.vital(async |connection| {
            let row: Option<LeaseRow> =
                sqlx::query_as("SELECT holder, advertise, term, counter FROM lease")
                    .fetch_optional(connection)
                    .await?;
            row.map(LeaseRecord::try_from).transpose()
        })
        .await
    }

    /// Puts `new` in the place of `expected`, or of no record; `false` when
    /// the record is another one, which is then left as it is.
    pub async fn lease_compare_and_set(
        &self,
        expected: Option<&LeaseRecord>,
        new: &LeaseRecord,
    ) -> Result<bool, StoreError> {
        let mut statement = sqlx::query(match expected {
            None => {
                "INSERT INTO lease (holder, advertise, term, counter) VALUES ($1, $2, $3, $4)
                 ON CONFLICT DO NOTHING"
            }
            Some(_) => {
                "UPDATE lease SET holder = $1, advertise = $2, term = $3, counter = $4
                 WHERE holder IS NOT DISTINCT FROM $5 AND advertise = $6
                   AND term = $7 AND counter = $8"
            }
        });
        for record in [Some(new), expected].into_iter().flatten() {
            statement = statement
                .bind(&record.holder)
                .bind(&record.advertise)
                .bind(bigint(record.term.0)?)
                .bind(bigint(record.counter)?);
        }
        self.vital(async |connection| Ok(statement.execute(connection).await?.rows_affected() == 1))
            .await
    }
}
