//! ProxySQL's tables as any of its sources gives them: rows of texts.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::super::shown;
use crate::error::{DocumentError, Position};

/// The tables of a ProxySQL.
#[derive(Clone, Debug)]
pub struct Tables {
    document: String,
    rows: BTreeMap<String, Vec<Row>>,
}

impl Tables {
    /// No tables yet; `document` is what errors call their source.
    #[must_use]
    pub fn new(document: &str) -> Self {
        Self {
            document: document.to_owned(),
            rows: BTreeMap::new(),
        }
    }

    /// Adds a row: its columns by name, `None` for NULL. A password is not kept.
    pub fn add(
        &mut self,
        table: &str,
        at: Option<Position>,
        cells: impl IntoIterator<Item = (String, Option<String>)>,
    ) {
        let rows = self.rows.entry(table.to_owned()).or_default();
        rows.push(Row {
            document: self.document.clone(),
            at,
            name: format!("{table}[{}]", rows.len()),
            cells: cells
                .into_iter()
                .filter(|(column, _)| column != "password")
                .collect(),
        });
    }

    /// The table is there, even if it has no rows.
    pub fn mention(&mut self, table: &str) {
        self.rows.entry(table.to_owned()).or_default();
    }

    pub(super) fn document(&self) -> &str {
        &self.document
    }

    pub(super) fn rows(&self, table: &str) -> &[Row] {
        self.rows.get(table).map_or(&[], Vec::as_slice)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &[Row])> {
        let tables = self.rows.iter();
        tables.map(|(table, rows)| (table.as_str(), rows.as_slice()))
    }
}

/// A row: its columns, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Row {
    document: String,
    at: Option<Position>,
    name: String,
    cells: BTreeMap<String, Option<String>>,
}

impl Row {
    /// Why a column cannot be taken.
    pub(super) fn wrong(&self, column: &str, why: impl Into<String>) -> DocumentError {
        DocumentError::Field {
            document: self.document.clone(),
            at: self.at,
            field: format!("{}.{column}", self.name),
            why: why.into(),
        }
    }

    /// The names of its columns that are not NULL.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        let cells = self.cells.iter().filter(|(_, cell)| cell.is_some());
        cells.map(|(column, _)| column.as_str())
    }

    /// Whether a column is there and NULL.
    pub(super) fn is_null(&self, column: &str) -> bool {
        self.cells.get(column).is_some_and(Option::is_none)
    }

    /// A column that has something in it.
    pub(super) fn text(&self, column: &str) -> Option<&str> {
        let cell = self.cells.get(column)?.as_deref()?;
        Some(cell).filter(|text| !text.is_empty())
    }

    /// A column that must have something in it.
    pub(super) fn needed(&self, column: &str) -> Result<&str, DocumentError> {
        self.text(column)
            .ok_or_else(|| self.wrong(column, "it is missing"))
    }

    /// A column with a number from 0.
    pub(super) fn number<T: FromStr>(&self, column: &str) -> Result<Option<T>, DocumentError> {
        let read = |text: &str| {
            text.parse().map_err(|_| {
                let why = format!(
                    "`{}` is no whole number that is not negative, or too large",
                    shown(text)
                );
                self.wrong(column, why)
            })
        };
        self.text(column).map(read).transpose()
    }

    /// A column with a number from 0 that must be there.
    pub(super) fn needed_number<T: FromStr>(&self, column: &str) -> Result<T, DocumentError> {
        self.number(column)?
            .ok_or_else(|| self.wrong(column, "it is missing"))
    }

    /// A column with a truth value.
    pub(super) fn flag(&self, column: &str) -> Result<Option<bool>, DocumentError> {
        match self.text(column) {
            None => Ok(None),
            Some("0" | "false") => Ok(Some(false)),
            Some("1" | "true") => Ok(Some(true)),
            Some(other) => {
                let why = format!("`{}` is neither 0 nor 1", shown(other));
                Err(self.wrong(column, why))
            }
        }
    }

    /// Whether a column says anything that matters: not NULL, empty or 0.
    pub(super) fn says(&self, column: &str) -> bool {
        self.text(column)
            .is_some_and(|text| !matches!(text, "0" | "false"))
    }
}
