//! From columns to values: each failure names its table, column and row.

use lictor_domain::{ClusterName, Epoch, Scope, Term};

use crate::error::{Cause, StoreError};

/// A row under conversion.
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) key: &'a str,
}

impl Place<'_> {
    /// The value of a column, or whose fault it is that there is none.
    pub(crate) fn value<T, E: Into<Cause>>(
        &self,
        column: &'static str,
        value: Result<T, E>,
    ) -> Result<T, StoreError> {
        value.map_err(|error| StoreError::Corrupt {
            table: self.table,
            column,
            row: self.key.to_owned(),
            source: error.into(),
        })
    }

    pub(crate) fn number(&self, column: &'static str, stored: i64) -> Result<u64, StoreError> {
        self.value(column, u64::try_from(stored))
    }

    /// The columns `epoch_term` and `epoch_n`.
    pub(crate) fn epoch(&self, term: i64, n: i64) -> Result<Epoch, StoreError> {
        Ok(Epoch {
            term: Term(self.number("epoch_term", term)?),
            n: self.number("epoch_n", n)?,
        })
    }
}

/// The names of the clusters, where only some are meant.
pub(crate) fn named(scope: &Scope) -> Option<Vec<&str>> {
    match scope {
        Scope::All => None,
        Scope::Only(clusters) => Some(clusters.iter().map(ClusterName::as_str).collect()),
    }
}

/// A number as Postgres keeps it. Those of Lictor count from zero and never
/// come near the bound.
pub(crate) fn bigint(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|error| StoreError::Internal(error.into()))
}
