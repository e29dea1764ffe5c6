//! Reading the text of GTIDs and GTID sets: all that MySQL reads.
//!
//! Grammar (MySQL's `Gtid_set::add_gtid_text` of 8.4 and `libs/mysql/gtids` of
//! 9.6; whitespace is free around every token):
//! ```text
//! set      = [uuid_set] *("," [uuid_set])
//! uuid_set = uuid *(":" (tag / interval))      a tag holds until the next one
//! interval = number ["-" number]               reversed: empty, not an error
//! gtid     = uuid [":" tag] ":" number
//! ```
//! Numbers with a leading zero are refused: MySQL 8.4 takes them, but as octal or
//! hexadecimal, and no server ever writes one. Work and memory are bounded by the
//! length of the text (n log n at worst), whatever numbers it contains.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::identifier::{Gtid, Source, Tag};
use super::interval::{Interval, IntervalSet, MAX_NUMBER, is_number};
use super::set::GtidSet;

/// How much of an offending piece an error repeats, in characters.
const MAX_PIECE: usize = 40;

/// Text that is not a GTID or a GTID set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at byte {offset}, found {found}")]
pub struct GtidParseError {
    /// What would have been right.
    pub expected: Expected,
    /// Where, in bytes from the start of the text.
    pub offset: usize,
    /// What was there instead: quoted, escaped and cut to a few characters.
    pub found: String,
}

/// What may stand at a place in the text of a GTID or a GTID set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The UUID of a server.
    Uuid,
    /// A tag, a number or an interval.
    TagOrNumber,
    /// A tag: the piece begins as one.
    Tag,
    /// A number: the piece begins as one, or ends an interval.
    Number,
    /// The colon between the parts of a GTID.
    Colon,
    /// What may follow a part of a set.
    ColonCommaOrEnd,
    /// The end of the text.
    End,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid => f.write_str("a UUID (32 hexadecimal digits, with or without dashes)"),
            Self::TagOrNumber => f.write_str("a number, an interval (1-5) or a tag"),
            Self::Tag => f.write_str("a tag (at most 32 letters, digits and underscores)"),
            Self::Number => write!(f, "a number (1 to {MAX_NUMBER}, no leading zeros)"),
            Self::Colon => f.write_str("\":\""),
            Self::ColonCommaOrEnd => f.write_str("\":\", \",\" or the end"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// A reader of text; `rest` is always a suffix of `text`.
struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let mut parser = Self { text, rest: text };
        parser.skip_space();
        parser
    }

    fn skip_space(&mut self) {
        // Tab, line feed, vertical tab, form feed, carriage return.
        self.rest = self
            .rest
            .trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    }

    /// Passes this character and the space after it, if it is next.
    fn eat(&mut self, wanted: char) -> bool {
        let Some(rest) = self.rest.strip_prefix(wanted) else {
            return false;
        };
        self.rest = rest;
        self.skip_space();
        true
    }

    /// The word at hand: everything up to the first character that is no part of
    /// one. Nothing is passed.
    fn word(&self, is_part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        self.rest.split_at(end).0
    }

    /// Passes `word`, which [`Self::word`] gave, and the space after it.
    fn pass(&mut self, word: &str) {
        self.rest = self.rest.strip_prefix(word).unwrap_or(self.rest);
        self.skip_space();
    }

    fn uuid(&mut self) -> Result<Uuid, GtidParseError> {
        let word = self.word(|c| c.is_ascii_hexdigit() || "-{}".contains(c));
        let uuid = Uuid::try_parse(word).map_err(|_| self.error(Expected::Uuid))?;
        self.pass(word);
        Ok(uuid)
    }

    fn at_tag(&self) -> bool {
        self.rest
            .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    }

    fn tag(&mut self) -> Result<Tag, GtidParseError> {
        let word = self.word(is_word_character);
        let tag = Tag::new(word).ok_or_else(|| self.error(Expected::Tag))?;
        self.pass(word);
        Ok(tag)
    }

    /// What `accept` makes of the decimal number at hand.
    fn number<T>(&mut self, accept: impl FnOnce(u64) -> Option<T>) -> Result<T, GtidParseError> {
        let word = self.word(is_word_character);
        let decimal = word == "0" || !word.starts_with('0');
        let number = decimal.then(|| word.parse().ok()).flatten();
        let accepted = number
            .and_then(accept)
            .ok_or_else(|| self.error(Expected::Number))?;
        self.pass(word);
        Ok(accepted)
    }

    /// An interval; `None` if its ends are reversed.
    fn interval(&mut self) -> Result<Option<Interval>, GtidParseError> {
        let start = self.number(|number| is_number(number).then_some(number))?;
        let end = if self.eat('-') {
            // MySQL takes `1-0` for the empty interval too.
            self.number(|number| (number <= MAX_NUMBER).then_some(number))?
        } else {
            start
        };
        Ok(Interval::new(start, end))
    }

    /// One UUID with its tags and intervals, added to `found`.
    fn uuid_set(
        &mut self,
        found: &mut BTreeMap<Source, Vec<Interval>>,
    ) -> Result<(), GtidParseError> {
        let uuid = self.uuid()?;
        let mut intervals = found.entry(Source::from(uuid)).or_default();
        while self.eat(':') {
            if self.at_tag() {
                let tag = Some(self.tag()?);
                intervals = found.entry(Source { uuid, tag }).or_default();
            } else if self.rest.starts_with(|c: char| c.is_ascii_digit()) {
                intervals.extend(self.interval()?);
            } else {
                return Err(self.error(Expected::TagOrNumber));
            }
        }
        Ok(())
    }

    fn set(&mut self) -> Result<GtidSet, GtidParseError> {
        let mut found = BTreeMap::new();
        loop {
            while self.eat(',') {}
            if self.rest.is_empty() {
                break;
            }
            self.uuid_set(&mut found)?;
            if !self.rest.is_empty() && !self.rest.starts_with(',') {
                return Err(self.error(Expected::ColonCommaOrEnd));
            }
        }
        let parts = found.into_iter();
        Ok(GtidSet::from_parts(parts.map(|(source, intervals)| {
            (source, IntervalSet::from_unordered(intervals))
        })))
    }

    fn colon(&mut self) -> Result<(), GtidParseError> {
        let found = self.eat(':');
        found
            .then_some(())
            .ok_or_else(|| self.error(Expected::Colon))
    }

    fn gtid(&mut self) -> Result<Gtid, GtidParseError> {
        let mut source = Source::from(self.uuid()?);
        self.colon()?;
        if self.at_tag() {
            source.tag = Some(self.tag()?);
            self.colon()?;
        }
        let gtid = self.number(|number| Gtid::new(source, number))?;
        if self.rest.is_empty() {
            Ok(gtid)
        } else {
            Err(self.error(Expected::End))
        }
    }

    /// That something else stands at the present place.
    fn error(&self, expected: Expected) -> GtidParseError {
        GtidParseError {
            expected,
            offset: self.text.len() - self.rest.len(),
            found: piece(self.rest),
        }
    }
}

fn is_word_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The first piece of `rest`, up to the next separator, for people to read.
fn piece(rest: &str) -> String {
    let mut characters = rest.chars();
    let Some(first) = characters.next() else {
        return "the end".to_owned();
    };
    let is_inner = |c: &char| !c.is_whitespace() && !":,".contains(*c);
    let more = characters.take_while(is_inner).take(MAX_PIECE);
    let piece: String = std::iter::once(first).chain(more).collect();
    match piece.char_indices().nth(MAX_PIECE) {
        Some((cut, _)) => format!("{:?}…", piece.split_at(cut).0),
        None => format!("{piece:?}"),
    }
}

impl FromStr for GtidSet {
    type Err = GtidParseError;

    /// Accepts sources and intervals in any order, repeated and overlapping; the
    /// empty text is the empty set.
    fn from_str(text: &str) -> Result<Self, GtidParseError> {
        Parser::new(text).set()
    }
}

impl FromStr for Gtid {
    type Err = GtidParseError;

    fn from_str(text: &str) -> Result<Self, GtidParseError> {
        Parser::new(text).gtid()
    }
}
