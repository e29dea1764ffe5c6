//! A dump of ProxySQL's tables as SQL, as `sqlite3 proxysql.db .dump` or
//! `mysqldump` of the admin interface gives it, or as people write it by hand.
//!
//! Only what puts rows into tables is read. A statement that changes or deletes
//! rows of a table that matters is refused: what it would leave is not known
//! here.

use std::collections::BTreeMap;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Insert, ObjectName, SetExpr,
    Statement, TableObject, UnaryOperator, Value,
};
use sqlparser::dialect::{Dialect, MySqlDialect, SQLiteDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::super::{bounded, shown};
use super::TABLES;
use super::tables::Tables;
use crate::error::{DocumentError, Position};

/// Whether a text that is not empty is SQL, by its first word.
pub(super) fn is_sql(text: &str) -> bool {
    const FIRST: [&str; 15] = [
        "alter", "begin", "create", "delete", "drop", "insert", "load", "lock", "pragma",
        "replace", "save", "set", "start", "update", "use",
    ];
    let mut lines = text.lines().map(str::trim);
    let comment = |line: &str| ["--", "#", "/*"].iter().any(|sign| line.starts_with(sign));
    let first = lines.find(|line| !line.is_empty() && !comment(line));
    let word = first.and_then(|line| line.split(|c: char| !c.is_ascii_alphabetic()).next());
    word.is_some_and(|word| FIRST.contains(&word.to_ascii_lowercase().as_str()))
}

/// Reads a dump.
///
/// # Errors
/// What is no SQL, and a statement about a table that matters which does
/// something else than add rows.
pub fn read_sql(text: &str, name: &str) -> Result<Tables, DocumentError> {
    bounded(text, name)?;
    let dialect = dialect(text);
    let tokens = Tokenizer::new(&*dialect, text)
        .tokenize_with_location()
        .map_err(|error| DocumentError::Syntax {
            document: name.to_owned(),
            at: position(error.location),
            why: error.message,
        })?;
    let mut dump = Dump {
        dialect: &*dialect,
        name,
        columns: BTreeMap::new(),
        tables: Tables::new(name),
    };
    for statement in tokens.split(|token| token.token == Token::SemiColon) {
        dump.statement(statement)?;
    }
    Ok(dump.tables)
}

/// `mysqldump` escapes with backslashes; to `SQLite` a backslash is a character
/// like any other.
fn dialect(text: &str) -> Box<dyn Dialect> {
    let head: String = text.chars().take(4096).collect();
    let by_mysqldump = ["-- MySQL dump", "-- MariaDB dump", "/*!40"];
    if by_mysqldump.iter().any(|sign| head.contains(sign)) {
        Box::new(MySqlDialect {})
    } else {
        Box::new(SQLiteDialect {})
    }
}

fn position(at: Location) -> Option<Position> {
    let (line, column) = (usize::try_from(at.line), usize::try_from(at.column));
    match (line, column) {
        (Ok(line @ 1..), Ok(column)) => Some(Position { line, column }),
        _ => None,
    }
}

/// The columns of a table as this version of ProxySQL has them, for a statement
/// that names none.
type Columns = Vec<String>;

struct Dump<'a> {
    dialect: &'a dyn Dialect,
    name: &'a str,
    columns: BTreeMap<String, Columns>,
    tables: Tables,
}

impl Dump<'_> {
    fn statement(&mut self, tokens: &[TokenWithSpan]) -> Result<(), DocumentError> {
        let words: Vec<_> = tokens
            .iter()
            .filter(|token| !matches!(token.token, Token::Whitespace(_)))
            .take(12)
            .collect();
        let Some(first) = words.first() else {
            return Ok(());
        };
        let at = position(first.span.start);
        let keyword = match &first.token {
            Token::Word(word) => word.keyword,
            _ => Keyword::NoKeyword,
        };
        let table = words.iter().find_map(|token| match &token.token {
            Token::Word(word) => known(&word.value),
            _ => None,
        });
        match (keyword, table) {
            (Keyword::INSERT | Keyword::REPLACE, _) => self.insert(tokens, at, table),
            (Keyword::CREATE, Some(table)) => {
                self.create(tokens, table);
                Ok(())
            }
            (Keyword::DELETE | Keyword::UPDATE | Keyword::ALTER, Some(table)) => {
                let why = format!(
                    "a statement changes `{table}`, and what it leaves is not known here; load it \
                     into ProxySQL and dump the table"
                );
                Err(self.wrong(at, why))
            }
            _ => Ok(()),
        }
    }

    fn parse(&self, tokens: &[TokenWithSpan]) -> Result<Statement, String> {
        Parser::new(self.dialect)
            .with_tokens_with_locations(tokens.to_vec())
            .parse_statement()
            .map_err(|error| error.to_string())
    }

    /// Learns the order of a table's columns. A definition that cannot be read is
    /// no harm as long as no statement needs it.
    fn create(&mut self, tokens: &[TokenWithSpan], table: &str) {
        self.tables.mention(table);
        if let Ok(Statement::CreateTable(create)) = self.parse(tokens) {
            let columns = create.columns.into_iter();
            let columns = columns.map(|column| column.name.value).collect();
            self.columns.insert(table.to_owned(), columns);
        }
    }

    fn insert(
        &mut self,
        tokens: &[TokenWithSpan],
        at: Option<Position>,
        known: Option<&'static str>,
    ) -> Result<(), DocumentError> {
        let insert = match (self.parse(tokens), known) {
            (Ok(Statement::Insert(insert)), _) => insert,
            // A row of a table that does not matter may be anything.
            (_, None) => return Ok(()),
            (Ok(_), Some(_)) => return Err(self.wrong(at, "it is no INSERT or REPLACE")),
            // The parser's own words may have a password in them.
            (Err(_), Some("mysql_users")) => {
                return Err(self.wrong(at, "a row of `mysql_users` cannot be read"));
            }
            (Err(error), Some(_)) => return Err(self.wrong(at, error)),
        };
        let Some(table) = table_name(&insert) else {
            return Ok(());
        };
        self.rows(&insert, &table, at)
    }

    fn rows(
        &mut self,
        insert: &Insert,
        table: &str,
        at: Option<Position>,
    ) -> Result<(), DocumentError> {
        let matters = known(table).is_some();
        let source = insert.source.as_deref().map(|query| query.body.as_ref());
        let Some(SetExpr::Values(values)) = source else {
            if matters {
                return Err(self.wrong(
                    at,
                    format!("`{table}` is filled by something else than VALUES"),
                ));
            }
            self.tables.mention(table);
            return Ok(());
        };
        let columns = if insert.columns.is_empty() {
            self.columns.get(table).cloned()
        } else {
            Some(insert.columns.iter().filter_map(last).collect())
        };
        for row in &values.rows {
            if !matters {
                self.tables.add(table, at, []);
                continue;
            }
            let columns = columns.as_ref().ok_or_else(|| {
                let why = format!(
                    "`{table}` is filled without the names of its columns, and there is no CREATE \
                     TABLE before it that tells them"
                );
                self.wrong(at, why)
            })?;
            if columns.len() != row.content.len() {
                let why = format!(
                    "a row of `{table}` has {} values for {} columns",
                    row.content.len(),
                    columns.len()
                );
                return Err(self.wrong(at, why));
            }
            let cells = columns.iter().zip(&row.content);
            let cells = cells.filter(|(column, _)| *column != "password");
            let cells = cells.map(|(column, value)| {
                let text = cell(value).ok_or_else(|| {
                    let why = format!(
                        "`{}` is no plain value of `{table}.{column}`",
                        shown(&value.to_string())
                    );
                    self.wrong(at, why)
                })?;
                Ok((column.clone(), text.text()))
            });
            let cells = cells.collect::<Result<Vec<_>, DocumentError>>()?;
            self.tables.add(table, at, cells);
        }
        Ok(())
    }

    fn wrong(&self, at: Option<Position>, why: impl Into<String>) -> DocumentError {
        DocumentError::Syntax {
            document: self.name.to_owned(),
            at,
            why: why.into(),
        }
    }
}

/// A table that matters, by the name it has here.
fn known(name: &str) -> Option<&'static str> {
    TABLES.into_iter().find(|table| *table == name)
}

fn table_name(insert: &Insert) -> Option<String> {
    match &insert.table {
        TableObject::TableName(name) => last(name),
        _ => None,
    }
}

/// `mysql_servers` of `main.mysql_servers`.
fn last(name: &ObjectName) -> Option<String> {
    let part = name.0.last()?.as_ident()?;
    Some(part.value.clone())
}

/// A plain value.
enum Cell {
    Null,
    Text(String),
}

impl Cell {
    fn text(self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(text),
        }
    }
}

/// A value as it is written; `None` for what has to be computed.
/// `SQLite` takes a name in double quotes that is none for a text.
fn cell(value: &Expr) -> Option<Cell> {
    match value {
        Expr::Value(value) => match &value.value {
            Value::Null => Some(Cell::Null),
            Value::Number(number, _) => Some(Cell::Text(number.clone())),
            Value::Boolean(truth) => Some(Cell::Text(u8::from(*truth).to_string())),
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => {
                Some(Cell::Text(text.clone()))
            }
            _ => None,
        },
        Expr::Identifier(name) if name.quote_style == Some('"') => {
            Some(Cell::Text(name.value.clone()))
        }
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => Some(Cell::Text(format!("-{}", cell(expr)?.text()?))),
        Expr::Function(function) => replaced(function).map(Cell::Text),
        _ => None,
    }
}

/// How `SQLite`'s dump writes a text with line breaks:
/// `replace('a\nb','\n',char(10))`.
fn replaced(function: &Function) -> Option<String> {
    let [text, sign, by] = arguments(function, "replace")?;
    let Expr::Function(by) = by else { return None };
    let [code] = arguments(by, "char")?;
    let code: u32 = cell(code)?.text()?.parse().ok()?;
    let by = char::from_u32(code)?;
    Some(
        cell(text)?
            .text()?
            .replace(&cell(sign)?.text()?, by.encode_utf8(&mut [0; 4])),
    )
}

fn arguments<'a, const N: usize>(function: &'a Function, name: &str) -> Option<[&'a Expr; N]> {
    let called = last(&function.name)?;
    let FunctionArguments::List(list) = &function.args else {
        return None;
    };
    let plain = list.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    let plain: Vec<_> = plain.collect::<Option<_>>()?;
    let plain = plain.try_into().ok()?;
    called.eq_ignore_ascii_case(name).then_some(plain)
}
