//! The words of a statement, as MySQL and MariaDB read them.
//!
//! Only as much as tells a keyword from what merely looks like one: comments
//! and strings are skipped, quoted names are no keywords, and neither is a name
//! after a dot. Where the server's reading depends on what cannot be seen here
//! (its version, an end that is missing), the token says so.
//!
//! Taken for granted: the character set extends ASCII byte by byte, as UTF-8
//! and Latin-1 do, and `sql_mode` is without `NO_BACKSLASH_ESCAPES`.

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword, or a name that is not quoted.
    Word(&'a [u8]),
    /// What can only be a name: quoted in backquotes, or after a dot.
    Name(&'a [u8]),
    /// A string, with its quotes, or a number.
    Literal(&'a [u8]),
    /// `@`, `(`, `;` or another sign.
    Sign(u8),
    /// A comment that some servers execute.
    Executable,
    /// Something that has no end, or that versions read differently.
    Unclear,
}

/// Reads tokens from left to right.
#[derive(Clone)]
pub(super) struct Lexer<'a> {
    sql: &'a [u8],
    at: usize,
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(sql: &'a [u8]) -> Self {
        Self { sql, at: 0 }
    }

    /// Whether the next token is this sign.
    pub(super) fn is_before(&self, sign: u8) -> bool {
        let mut ahead = self.clone();
        ahead.skip_blank().is_none() && ahead.rest().first() == Some(&sign)
    }

    fn rest(&self) -> &'a [u8] {
        &self.sql[self.at..]
    }

    fn word_length(&self) -> usize {
        self.rest()
            .iter()
            .take_while(|byte| is_word(**byte))
            .count()
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let taken = &self.rest()[..length];
        self.at += length;
        taken
    }

    /// Up to and with `end`, or `None` when it is missing.
    fn take_through(&mut self, end: &[u8]) -> Option<()> {
        let found = self.rest().windows(end.len()).position(|part| part == end);
        self.at = found.map_or(self.sql.len(), |at| self.at + at + end.len());
        found.map(|_| ())
    }

    /// Skips white space and comments; what is no mere comment is a token.
    fn skip_blank(&mut self) -> Option<Token<'a>> {
        loop {
            match self.rest() {
                [byte, ..] if is_space(*byte) => self.at += 1,
                [b'#', ..] | [b'-', b'-'] => self.skip_line(),
                [b'-', b'-', after, ..] if is_space(*after) || after.is_ascii_control() => {
                    self.skip_line();
                }
                [b'/', b'*', inside @ ..] => {
                    self.at += 2;
                    let executable = matches!(inside, [b'!', ..] | [b'M', b'!', ..]);
                    if self.take_through(b"*/").is_none() {
                        return Some(Token::Unclear);
                    }
                    if executable {
                        return Some(Token::Executable);
                    }
                }
                _ => return None,
            }
        }
    }

    fn skip_line(&mut self) {
        // A comment to the end of the line that is the last has no end.
        let _ended = self.take_through(b"\n");
    }

    fn string(&mut self, quote: u8) -> Token<'a> {
        let from = self.at;
        self.at += 1;
        loop {
            match self.rest() {
                [] | [b'\\'] => return self.unfinished(),
                [b'\\', _, ..] => self.at += 2,
                [first, second, ..] if *first == quote && *second == quote => self.at += 2,
                [byte, ..] => {
                    self.at += 1;
                    if *byte == quote {
                        return Token::Literal(&self.sql[from..self.at]);
                    }
                }
            }
        }
    }

    fn unfinished(&mut self) -> Token<'a> {
        self.at = self.sql.len();
        Token::Unclear
    }

    fn quoted_name(&mut self) -> Token<'a> {
        self.at += 1;
        let from = self.at;
        loop {
            match self.rest() {
                [] => return self.unfinished(),
                [b'`', b'`', ..] => self.at += 2,
                [b'`', ..] => {
                    self.at += 1;
                    return Token::Name(&self.sql[from..self.at - 1]);
                }
                _ => self.at += 1,
            }
        }
    }

    fn digits(&mut self, is_digit: fn(&u8) -> bool) -> usize {
        let length = self.rest().iter().take_while(|byte| is_digit(byte)).count();
        self.at += length;
        length
    }

    /// A number. Servers read a name that begins with a digit, or a keyword
    /// that follows a number without a blank, by rules of their own.
    fn number(&mut self) -> Token<'a> {
        let from = self.at;
        match self.rest() {
            [b'0', b'x' | b'X', ..] => {
                self.at += 2;
                self.digits(u8::is_ascii_hexdigit);
            }
            [b'0', b'b' | b'B', ..] => {
                self.at += 2;
                self.digits(|byte| matches!(byte, b'0' | b'1'));
            }
            _ => {
                self.digits(u8::is_ascii_digit);
                if self.rest().first() == Some(&b'.') {
                    self.at += 1;
                    self.digits(u8::is_ascii_digit);
                }
                self.exponent();
            }
        }
        let length = self.word_length();
        if length == 0 {
            Token::Literal(&self.sql[from..self.at])
        } else {
            self.at += length;
            Token::Unclear
        }
    }

    fn exponent(&mut self) {
        let begin = self.at;
        if let [b'e' | b'E', ..] = self.rest() {
            self.at += 1;
            if let [b'+' | b'-', ..] = self.rest() {
                self.at += 1;
            }
            if self.digits(u8::is_ascii_digit) == 0 {
                self.at = begin;
            }
        }
    }

    /// A dot, and the name after it.
    fn dotted(&mut self) -> Token<'a> {
        self.at += 1;
        let length = self.word_length();
        if length == 0 {
            Token::Sign(b'.')
        } else {
            Token::Name(self.take(length))
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(token) = self.skip_blank() {
            return Some(token);
        }
        let after_word = self.at.checked_sub(1).map(|at| self.sql[at]);
        let begins_name = after_word.is_some_and(|byte| is_word(byte) || byte == b'`');
        let token = match *self.rest() {
            [] => return None,
            [quote @ (b'\'' | b'"'), ..] => self.string(quote),
            [b'`', ..] => self.quoted_name(),
            [b'0'..=b'9', ..] => self.number(),
            [b'.', b'0'..=b'9', ..] if !begins_name => self.number(),
            [b'.', ..] => self.dotted(),
            [byte, ..] if is_word(byte) => {
                let length = self.word_length();
                Token::Word(self.take(length))
            }
            [byte, ..] => {
                self.at += 1;
                Token::Sign(byte)
            }
        };
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::Token::{Executable, Literal, Name, Sign, Unclear, Word};
    use super::*;

    #[test]
    fn a_statement_is_read_as_the_server_reads_it() {
        for (sql, expected) in [
            (
                "SELECT a.for, `it's`.`b`, 'x''\\'y' FROM t",
                vec![
                    Word(b"SELECT"),
                    Word(b"a"),
                    Name(b"for"),
                    Sign(b','),
                    Name(b"it's"),
                    Sign(b'.'),
                    Name(b"b"),
                    Sign(b','),
                    Literal(b"'x''\\'y'"),
                    Word(b"FROM"),
                    Word(b"t"),
                ],
            ),
            (
                "1.5e-3 .5 0x1F 0b01 7 1.",
                vec![
                    Literal(b"1.5e-3"),
                    Literal(b".5"),
                    Literal(b"0x1F"),
                    Literal(b"0b01"),
                    Literal(b"7"),
                    Literal(b"1."),
                ],
            ),
            ("1.FOR", vec![Unclear]),
            ("1e5FOR", vec![Unclear]),
            (".5FOR", vec![Unclear]),
            ("2nd", vec![Unclear]),
            ("db.2nd", vec![Word(b"db"), Name(b"2nd")]),
            ("`db`.2nd", vec![Name(b"db"), Name(b"2nd")]),
            ("t. for", vec![Word(b"t"), Sign(b'.'), Word(b"for")]),
            ("a--b", vec![Word(b"a"), Sign(b'-'), Sign(b'-'), Word(b"b")]),
            ("a-- b\nc", vec![Word(b"a"), Word(b"c")]),
            ("a--\nc#d", vec![Word(b"a"), Word(b"c")]),
            ("a--", vec![Word(b"a")]),
            ("a/* b /* c */d", vec![Word(b"a"), Word(b"d")]),
            ("/*+ hint */ a /*!80000 b */", vec![Word(b"a"), Executable]),
            ("/*M!100100 a */", vec![Executable]),
            ("a /* b", vec![Word(b"a"), Unclear]),
            ("'a\\", vec![Unclear]),
            ("\"a'", vec![Unclear]),
            ("`a``b", vec![Unclear]),
            ("`a``b`", vec![Name(b"a``b")]),
            (
                "@a := @@b",
                vec![
                    Sign(b'@'),
                    Word(b"a"),
                    Sign(b':'),
                    Sign(b'='),
                    Sign(b'@'),
                    Sign(b'@'),
                    Word(b"b"),
                ],
            ),
            ("né", vec![Word("né".as_bytes())]),
        ] {
            let read: Vec<Token<'_>> = Lexer::new(sql.as_bytes()).collect();
            assert_eq!(read, expected, "{sql}");
        }
    }
}
