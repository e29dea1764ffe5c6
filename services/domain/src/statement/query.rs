//! What there is in a statement that makes it a write.

use super::functions::{Meaning, meaning};
use super::{Lexer, Token, WriteReason};

/// Longest keyword that matters, in bytes.
const KEYWORD_MAX: usize = 24;

/// Why a statement is no read; `None` when it is one.
pub(super) fn reason(sql: &[u8]) -> Option<WriteReason> {
    let mut tokens = Lexer::new(sql);
    match beginning(&mut tokens) {
        Beginning::Query { with } => Scan::new(tokens, with).find(),
        Beginning::Write(reason) => Some(reason),
    }
}

/// How a statement begins.
enum Beginning {
    /// It is a query, or shows something; what follows decides.
    Query {
        /// Whether names of common table expressions come first.
        with: bool,
    },
    Write(WriteReason),
}

/// A word in upper case.
struct Keyword {
    bytes: [u8; KEYWORD_MAX],
    length: usize,
}

impl Keyword {
    /// Longer words are no keywords; they come out empty.
    fn new(word: &[u8]) -> Self {
        let mut bytes = [0; KEYWORD_MAX];
        let length = if word.len() <= KEYWORD_MAX {
            word.len()
        } else {
            0
        };
        bytes[..length].copy_from_slice(&word[..length]);
        bytes.make_ascii_uppercase();
        Self { bytes, length }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

fn upper(word: &[u8]) -> String {
    String::from_utf8_lossy(word).to_ascii_uppercase()
}

/// Whether there is more than semicolons.
fn goes_on(tokens: &mut Lexer<'_>) -> bool {
    tokens.any(|token| token != Token::Sign(b';'))
}

/// The next word, when the next token is one.
fn word<'a>(tokens: &mut Lexer<'a>) -> Option<&'a [u8]> {
    match tokens.clone().next() {
        Some(Token::Word(word)) => {
            tokens.next();
            Some(word)
        }
        _ => None,
    }
}

fn beginning(tokens: &mut Lexer<'_>) -> Beginning {
    let mut first = tokens.next();
    while first == Some(Token::Sign(b'(')) {
        first = tokens.next();
    }
    match first {
        Some(Token::Word(verb)) => by_verb(verb, tokens),
        Some(Token::Executable) => Beginning::Write(WriteReason::ExecutableComment),
        Some(Token::Sign(b';')) => Beginning::Write(if goes_on(tokens) {
            WriteReason::Several
        } else {
            WriteReason::Empty
        }),
        Some(_) => Beginning::Write(WriteReason::Unclear),
        None => Beginning::Write(WriteReason::Empty),
    }
}

fn by_verb(verb: &[u8], tokens: &mut Lexer<'_>) -> Beginning {
    let reason = match Keyword::new(verb).as_bytes() {
        b"SELECT" | b"TABLE" | b"VALUES" => return Beginning::Query { with: false },
        b"WITH" => return Beginning::Query { with: true },
        b"SHOW" => return shown(tokens),
        b"EXPLAIN" | b"DESCRIBE" | b"DESC" => return explained(tokens),
        b"BEGIN" | b"COMMIT" | b"ROLLBACK" | b"SAVEPOINT" | b"RELEASE" => WriteReason::Transaction,
        b"START" if word(tokens).is_some_and(|word| word.eq_ignore_ascii_case(b"TRANSACTION")) => {
            WriteReason::Transaction
        }
        b"SET" | b"USE" | b"PREPARE" | b"EXECUTE" | b"DEALLOCATE" | b"HANDLER" | b"LOCK"
        | b"UNLOCK" | b"RESET" | b"XA" => WriteReason::SessionState(upper(verb)),
        _ => WriteReason::Verb(upper(verb)),
    };
    Beginning::Write(reason)
}

/// `SHOW` of what is in the data dictionary is the same on every server.
fn shown(tokens: &mut Lexer<'_>) -> Beginning {
    let mut last = Vec::new();
    while let Some(next) = word(tokens) {
        last = next.to_ascii_uppercase();
        match last.as_slice() {
            b"FULL" | b"EXTENDED" => {}
            b"TABLES" | b"DATABASES" | b"SCHEMAS" | b"COLUMNS" | b"FIELDS" | b"INDEX"
            | b"INDEXES" | b"KEYS" | b"TRIGGERS" | b"EVENTS" | b"TABLE" | b"CREATE"
            | b"PROCEDURE" | b"FUNCTION" | b"CHARACTER" | b"CHARSET" | b"COLLATION" | b"GRANTS"
            | b"PRIVILEGES" => return Beginning::Query { with: false },
            _ => break,
        }
    }
    Beginning::Write(WriteReason::ServerState(format!("SHOW {}", upper(&last))))
}

/// `EXPLAIN` of a query, or of a table.
fn explained(tokens: &mut Lexer<'_>) -> Beginning {
    loop {
        let mut ahead = tokens.clone();
        let Some(Token::Word(next)) = ahead.next() else {
            return beginning_of_explained(tokens);
        };
        match Keyword::new(next).as_bytes() {
            b"ANALYZE" | b"EXTENDED" | b"PARTITIONS" => *tokens = ahead,
            b"FORMAT" if ahead.next() == Some(Token::Sign(b'=')) => {
                ahead.next();
                *tokens = ahead;
            }
            _ => return beginning_of_explained(tokens),
        }
    }
}

fn beginning_of_explained(tokens: &mut Lexer<'_>) -> Beginning {
    let ahead = tokens.clone();
    let begins = match beginning(tokens) {
        // A verb that is none may be a table.
        Beginning::Write(WriteReason::Verb(verb)) if !is_change(verb.as_bytes()) => None,
        Beginning::Write(WriteReason::Unclear) => None,
        begins => Some(begins),
    };
    begins.unwrap_or_else(|| table(ahead))
}

fn is_change(verb: &[u8]) -> bool {
    matches!(
        verb,
        b"INSERT" | b"REPLACE" | b"UPDATE" | b"DELETE" | b"FOR" | b"INTO"
    )
}

/// The name of a table, and perhaps of a column, and nothing else.
fn table(tokens: Lexer<'_>) -> Beginning {
    let tokens: Vec<Token<'_>> = tokens
        .filter(|token| !matches!(token, Token::Sign(b'.' | b';')))
        .take(4)
        .collect();
    match tokens.as_slice() {
        [Token::Word(_) | Token::Name(_), rest @ ..]
            if rest.len() < 3
                && rest.iter().all(|token| {
                    matches!(token, Token::Word(_) | Token::Name(_) | Token::Literal(_))
                }) =>
        {
            Beginning::Query { with: false }
        }
        _ => Beginning::Write(WriteReason::Unclear),
    }
}

/// A walk through the rest of a query.
struct Scan<'a> {
    tokens: Lexer<'a>,
    /// Open parentheses.
    depth: usize,
    /// Whether the names of common table expressions come next.
    with: bool,
    /// The word before, in upper case.
    before: Keyword,
}

impl<'a> Scan<'a> {
    fn new(tokens: Lexer<'a>, with: bool) -> Self {
        Self {
            tokens,
            depth: 0,
            with,
            before: Keyword::new(b""),
        }
    }

    fn find(mut self) -> Option<WriteReason> {
        while let Some(token) = self.tokens.next() {
            let reason = self.judge(token);
            if reason.is_some() {
                return reason;
            }
            self.before = match token {
                Token::Word(word) => Keyword::new(word),
                _ => Keyword::new(b""),
            };
        }
        None
    }

    fn judge(&mut self, token: Token<'a>) -> Option<WriteReason> {
        match token {
            Token::Word(word) => self.word(word),
            Token::Name(name) => self.name(name),
            Token::Sign(b'(') => {
                self.depth += 1;
                None
            }
            Token::Sign(b')') => {
                self.depth = self.depth.saturating_sub(1);
                None
            }
            Token::Sign(b'@') => Some(match self.tokens.next() {
                Some(Token::Sign(b'@')) => WriteReason::SystemVariable,
                _ => WriteReason::UserVariable,
            }),
            Token::Sign(b';') => goes_on(&mut self.tokens).then_some(WriteReason::Several),
            Token::Sign(_) | Token::Literal(_) => None,
            Token::Executable => Some(WriteReason::ExecutableComment),
            Token::Unclear => Some(WriteReason::Unclear),
        }
    }

    fn is_call(&self) -> bool {
        self.tokens.is_before(b'(')
    }

    /// Names of common table expressions and of derived tables stand before the
    /// names of their columns.
    fn names_columns(&self) -> bool {
        (self.with && self.depth == 0) || self.before.as_bytes() == b"AS"
    }

    fn name(&self, name: &[u8]) -> Option<WriteReason> {
        // A sequence of MariaDB, in its Oracle mode.
        if name.eq_ignore_ascii_case(b"NEXTVAL") {
            return Some(WriteReason::Sequence);
        }
        (self.is_call() && !self.names_columns())
            .then(|| WriteReason::UnknownFunction(String::from_utf8_lossy(name).into_owned()))
    }

    fn word(&mut self, word: &[u8]) -> Option<WriteReason> {
        let keyword = Keyword::new(word);
        match (self.before.as_bytes(), keyword.as_bytes()) {
            (b"FOR", b"UPDATE" | b"SHARE") | (b"LOCK", b"IN") => Some(WriteReason::RowLock),
            (b"VALUE", b"FOR") => Some(WriteReason::Sequence),
            (_, b"INTO") => Some(WriteReason::Into),
            (_, b"SQL_CALC_FOUND_ROWS") => Some(WriteReason::SessionFunction(upper(word))),
            (_, b"SELECT" | b"TABLE" | b"VALUES") => {
                self.with &= self.depth > 0;
                None
            }
            _ if self.is_call() => self.call(word),
            (_, b"INSERT" | b"REPLACE" | b"UPDATE" | b"DELETE") => {
                Some(WriteReason::Verb(upper(word)))
            }
            _ => None,
        }
    }

    fn call(&self, name: &[u8]) -> Option<WriteReason> {
        match meaning(name) {
            Meaning::Reads => None,
            Meaning::Session => Some(WriteReason::SessionFunction(upper(name))),
            Meaning::Unknown if self.names_columns() => None,
            Meaning::Unknown => {
                let name = String::from_utf8_lossy(name).into_owned();
                Some(WriteReason::UnknownFunction(name))
            }
        }
    }
}
