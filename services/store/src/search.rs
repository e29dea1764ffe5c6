//! What lists are searched by: conditions that hold together, each with its value
//! bound.

use sqlx::{Postgres, QueryBuilder};

/// A query that grows conditions.
pub(crate) struct Search {
    query: QueryBuilder<Postgres>,
}

impl Search {
    /// Of what is selected so.
    pub(crate) fn of(select: &'static str) -> Self {
        let mut query = QueryBuilder::new(select);
        query.push(" WHERE true");
        Self { query }
    }

    /// Only where `column operator value`, if there is a value.
    pub(crate) fn only<'t, T>(mut self, condition: &'static str, value: Option<T>) -> Self
    where
        T: sqlx::Encode<'t, Postgres> + sqlx::Type<Postgres>,
    {
        if let Some(value) = value {
            self.query.push(" AND ").push(condition).push(" ");
            self.query.push_bind(value);
        }
        self
    }

    /// Only where a column holds one of these, if there is any.
    pub(crate) fn only_any(mut self, column: &'static str, values: Vec<&'static str>) -> Self {
        if !values.is_empty() {
            self.query.push(" AND ").push(column).push(" = ANY(");
            self.query.push_bind(values).push(")");
        }
        self
    }

    /// Only where a column holds one of these, if they are all that is meant.
    pub(crate) fn among(mut self, column: &'static str, values: Option<Vec<&str>>) -> Self {
        if let Some(values) = values {
            self.query.push(" AND ").push(column).push(" = ANY(");
            self.query.push_bind(values).push(")");
        }
        self
    }

    /// Only where one of the columns contains a text, whatever the case.
    pub(crate) fn containing(mut self, columns: &[&'static str], text: Option<&str>) -> Self {
        let Some(text) = text else {
            return self;
        };
        let pattern = containing(text);
        self.query.push(" AND (false");
        for column in columns {
            self.query.push(" OR ").push(column).push(" ILIKE ");
            self.query.push_bind(pattern.clone());
        }
        self.query.push(")");
        self
    }

    /// At most so many, the newest first.
    pub(crate) fn newest(mut self, limit: u32) -> QueryBuilder<Postgres> {
        self.query.push(" ORDER BY id DESC LIMIT ");
        self.query.push_bind(i64::from(limit));
        self.query
    }
}

/// The pattern of LIKE for what contains this text as it stands.
fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_like_reads_in_its_own_way_stands_for_itself() {
        assert_eq!(containing(r"50% of a_b\c"), r"%50\% of a\_b\\c%");
    }
}
