//! What a server answered, read by column name.

use std::fmt::Display;
use std::str::FromStr;

use lictor_domain::GtidSet;
use mysql_async::Row;
use mysql_async::prelude::FromValue;

use crate::error::MysqlError;

/// The rows of each statement of one text, in order.
#[derive(Debug)]
pub(crate) struct Reply {
    sets: std::vec::IntoIter<Vec<Row>>,
}

impl Reply {
    pub(crate) fn new(sets: Vec<Vec<Row>>) -> Self {
        Self {
            sets: sets.into_iter(),
        }
    }

    /// Passes over a statement without rows.
    pub(crate) fn skip_first(&mut self) {
        self.sets.next();
    }

    /// The rows of the next statement.
    pub(crate) fn rows(&mut self) -> Result<Vec<Fields>, MysqlError> {
        let set = self.sets.next().ok_or_else(|| missing("a result"))?;
        Ok(set.into_iter().map(Fields).collect())
    }

    /// The only row of the last statement, after others without rows.
    pub(crate) fn last_row(&mut self) -> Result<Fields, MysqlError> {
        let set = self.sets.next_back().ok_or_else(|| missing("a result"))?;
        set.into_iter()
            .next()
            .map(Fields)
            .ok_or_else(|| missing("a row"))
    }

    /// The only row of the next statement.
    pub(crate) fn row(&mut self) -> Result<Fields, MysqlError> {
        self.rows()?.pop().ok_or_else(|| missing("a row"))
    }
}

fn missing(what: &str) -> MysqlError {
    MysqlError::broken(format!("the answer lacks {what}"))
}

/// One row.
#[derive(Debug)]
pub(crate) struct Fields(Row);

impl Fields {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.columns_ref().iter().any(|c| c.name_str() == name)
    }

    /// A value that may be NULL.
    pub(crate) fn maybe<T: FromValue>(&self, name: &str) -> Result<Option<T>, MysqlError> {
        match self.0.get_opt::<Option<T>, _>(name) {
            Some(Ok(value)) => Ok(value),
            Some(Err(_)) => Err(missing(&format!("a readable {name}"))),
            None => Err(missing(name)),
        }
    }

    /// A value.
    pub(crate) fn get<T: FromValue>(&self, name: &str) -> Result<T, MysqlError> {
        self.maybe(name)?.ok_or_else(|| missing(name))
    }

    /// A value of the column so many from the last, where names differ between
    /// versions.
    pub(crate) fn nth_last<T: FromValue>(&self, back: usize) -> Result<T, MysqlError> {
        let what = || missing(&format!("a readable column, {back} from the last"));
        let at = self.0.len().checked_sub(back + 1).ok_or_else(what)?;
        match self.0.get_opt::<Option<T>, _>(at) {
            Some(Ok(Some(value))) => Ok(value),
            _ => Err(what()),
        }
    }

    /// Text that reads as a `T`.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, MysqlError> {
        self.get::<String>(name)?
            .parse()
            .map_err(|error| MysqlError::broken(format!("{name}: {error}")))
    }

    /// A switch, whether the server says `1`, `ON` or `YES`.
    pub(crate) fn switch(&self, name: &str) -> Result<bool, MysqlError> {
        Ok(is_on(&self.get::<String>(name)?))
    }

    /// A GTID set; none at all is the empty one.
    pub(crate) fn gtids(&self, name: &str) -> Result<GtidSet, MysqlError> {
        self.maybe::<String>(name)?
            .unwrap_or_default()
            .parse()
            .map_err(|error| MysqlError::broken(format!("{name}: {error}")))
    }
}

/// Whether MySQL's word for a switch means on.
pub(crate) fn is_on(word: &str) -> bool {
    matches!(word, "1" | "ON" | "YES")
}
