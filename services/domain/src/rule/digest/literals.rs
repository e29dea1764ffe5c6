//! First step: comments go, literals become `?`, white space one blank.

use super::is_word;
use super::spaces::Spaces;

/// Bytes of an executable comment that ProxySQL looks at.
const COMMENT_MAX: usize = 1021;

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Reads `sql` and hands on what is left of it.
pub(super) fn scan(sql: &[u8], next: &mut Spaces<'_>) {
    let mut scanner = Scanner {
        sql,
        at: 0,
        before: 0,
        last: None,
        next,
    };
    while let Some(&byte) = sql.get(scanner.at) {
        scanner.step(byte);
    }
}

struct Scanner<'s, 'd> {
    sql: &'s [u8],
    at: usize,
    /// The byte before, as far as the meaning of the next one depends on it.
    before: u8,
    /// The last byte handed on.
    last: Option<u8>,
    next: &'s mut Spaces<'d>,
}

impl Scanner<'_, '_> {
    fn step(&mut self, byte: u8) {
        match byte {
            b'\'' | b'"' => self.string(byte),
            b'0'..=b'9' if !is_word(self.before) => self.number(),
            b'/' if self.sql.get(self.at + 1) == Some(&b'*') => self.comment(),
            b'#' => self.line_comment(),
            b'-' if self.opens_line_comment() => self.line_comment(),
            _ if is_space(byte) => self.space(),
            _ if is_word(byte) => self.word(),
            _ => {
                self.put(byte);
                self.at += 1;
                self.before = byte;
            }
        }
    }

    fn put(&mut self, byte: u8) {
        self.last = Some(byte);
        self.next.put(byte);
    }

    /// The bytes of a name, or of a keyword.
    fn word(&mut self) {
        let rest = &self.sql[self.at..];
        let word = &rest[..rest.iter().take_while(|byte| is_word(**byte)).count()];
        self.next.put_word(word);
        self.at += word.len();
        self.before = word[word.len() - 1];
        self.last = Some(self.before);
    }

    /// A blank, unless it would be the first byte or the second blank.
    fn blank(&mut self) {
        if self.last.is_some_and(|last| last != b' ') {
            self.put(b' ');
        }
        self.before = b' ';
    }

    fn space(&mut self) {
        if !is_space(self.before) && self.last.is_some() {
            self.put(b' ');
        }
        self.before = b' ';
        self.at += 1;
    }

    fn string(&mut self, quote: u8) {
        let mut at = self.at + 1;
        while let Some(&byte) = self.sql.get(at) {
            if byte == b'\\' {
                at += 2;
            } else if byte != quote {
                at += 1;
            } else if self.sql.get(at + 1) == Some(&quote) {
                at += 2;
            } else {
                self.put(b'?');
                self.before = 0;
                self.at = at + 1;
                return;
            }
        }
        self.at = self.sql.len();
    }

    /// A number, or a name that begins like one. ProxySQL looks at all but the
    /// last byte of the statement to tell them apart.
    fn number(&mut self) {
        let rest = &self.sql[self.at..];
        let goes_on = |&at: &usize| {
            let byte = rest[at];
            is_word(byte)
                || byte == b'.'
                || (matches!(byte, b'+' | b'-') && matches!(rest[at - 1], b'e' | b'E'))
        };
        let length = 1 + (1..rest.len()).take_while(goes_on).count();
        let judged = length.min(rest.len() - 1);
        if is_number(&rest[..judged]) {
            self.put(b'?');
            self.before = b'?';
            let ends_in_word = rest.get(judged).copied().is_some_and(is_word);
            self.at += judged + usize::from(ends_in_word);
        } else {
            for &byte in &rest[..judged] {
                self.put(byte);
                self.before = byte;
            }
            self.at += judged;
        }
    }

    fn comment(&mut self) {
        let rest = &self.sql[self.at + 2..];
        let executable = rest.first() == Some(&b'!');
        let inside = &rest[usize::from(executable)..];
        let Some(length) = inside.windows(2).position(|two| two == b"*/") else {
            self.at = self.sql.len();
            return;
        };
        if executable {
            self.executed(&inside[..length.min(COMMENT_MAX)]);
        }
        self.blank();
        self.at = self.sql.len() - (inside.len() - length - 2);
    }

    /// What the server executes of a comment: all but the version.
    fn executed(&mut self, inside: &[u8]) {
        let version = |byte: &&u8| matches!(byte, b'/' | b'*' | b'!' | b' ' | b'0'..=b'9');
        for &byte in inside.iter().skip_while(version) {
            self.put(byte);
        }
    }

    fn opens_line_comment(&self) -> bool {
        let opens = matches!(self.sql[self.at..], [b'-', b'-', third, ..] if is_space(third));
        opens && self.before != b'-'
    }

    fn line_comment(&mut self) {
        let rest = &self.sql[self.at..];
        self.at += rest
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .map_or(rest.len(), |end| end + 1);
        self.blank();
    }
}

/// Whether a text that begins with a digit is a number. So is the empty one: it
/// is what comes before the last byte where a single digit ends the statement.
fn is_number(text: &[u8]) -> bool {
    if let [b'0', b'x' | b'X', digits @ ..] = text {
        return digits.iter().all(u8::is_ascii_hexdigit);
    }
    let mut before = 0;
    text.iter().all(|&byte| {
        let fits = match byte {
            b'0'..=b'9' | b'.' | b'e' | b'E' => true,
            b'+' | b'-' => matches!(before, b'e' | b'E'),
            _ => false,
        };
        before = byte;
        fits
    })
}
