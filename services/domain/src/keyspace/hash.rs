//! From a key to a number, the same in every language and for ever.
//!
//! **`hash`**: XXH3-64 with seed 0 over the key's *bytes*: a string's UTF-8
//! form, a byte string as it is, an integer of either sign as 8 bytes
//! big-endian in two's complement (so that 5 hashes alike, signed or not), a
//! UUID's 16 bytes in the order of its text. The hash is a [`Position`] in a
//! space of 2⁶⁴.
//!
//! **`md5_mod`**: MD5 over the key's *text*, all 128 bits as one big-endian
//! number, modulo n: `int(md5(key).hexdigest(), 16) % n`. A string is its UTF-8
//! form, a byte string itself, an integer its decimal digits with a leading `-`
//! when negative, a UUID its 36 characters with hyphens in lower case.
//!
//! `testdata/keyspace-vectors.json` has examples for implementations elsewhere.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use twox_hash::XxHash3_64;

use super::key::Key;
use super::span::{Bound, Point, Span};
use crate::policy::words;

/// A stable hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HashAlgorithm {
    /// XXH3 of 64 bits, seed 0.
    #[default]
    #[serde(rename = "xxh3_64")]
    Xxh3,
}
words!(HashAlgorithm, "hash", Xxh3 => "xxh3_64");

/// Longest of a UUID's text and an integer's.
type Buffer = [u8; 36];

/// The bytes that are hashed; `buffer` is where they are put if need be.
pub(super) fn bytes<'a>(key: &'a Key<'_>, buffer: &'a mut Buffer) -> &'a [u8] {
    let mut put = |bytes: &[u8]| {
        buffer[..bytes.len()].copy_from_slice(bytes);
        bytes.len()
    };
    let length = match key {
        Key::String(text) => return text.as_bytes(),
        Key::Bytes(bytes) => return bytes,
        Key::Integer(number) => put(&number.to_be_bytes()),
        Key::Unsigned(number) => put(&number.to_be_bytes()),
        Key::Uuid(uuid) => put(uuid.as_bytes()),
    };
    &buffer[..length]
}

/// The text that is hashed by MD5; `buffer` is where it is put if need be.
pub(super) fn text<'a>(key: &'a Key<'_>, buffer: &'a mut Buffer) -> &'a [u8] {
    let room = buffer.len();
    let mut rest = buffer.as_mut_slice();
    // Neither an integer nor a UUID is longer than the buffer.
    let _ = match key {
        Key::String(text) => return text.as_bytes(),
        Key::Bytes(bytes) => return bytes,
        Key::Integer(number) => write!(rest, "{number}"),
        Key::Unsigned(number) => write!(rest, "{number}"),
        Key::Uuid(uuid) => write!(rest, "{}", uuid.hyphenated()),
    };
    let length = room - rest.len();
    &buffer[..length]
}

impl HashAlgorithm {
    /// Where the hash of `key` lies.
    #[must_use]
    pub fn position(self, key: &Key<'_>) -> Position {
        let mut buffer = [0; 36];
        let bytes = bytes(key, &mut buffer);
        match self {
            Self::Xxh3 => Position(XxHash3_64::oneshot(bytes)),
        }
    }
}

/// The MD5 of `key` as a number.
#[must_use]
pub fn md5_number(key: &Key<'_>) -> u128 {
    let mut buffer = [0; 36];
    u128::from_be_bytes(Md5::digest(text(key, &mut buffer)).into())
}

/// A hash: a place in the space that shards divide.
///
/// Its text is hexadecimal, two digits for each byte, where zero bytes at the
/// end are left out: `40` is 0x4000000000000000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// A text that is no place in the space of hashes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("it is not 1 to 8 bytes in hexadecimal, two digits for each, such as 40 or 4a80")]
pub struct NotAPosition;

impl FromStr for Position {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let bytes = hex::decode(text).map_err(|_| NotAPosition)?;
        let mut place = [0; 8];
        if bytes.is_empty() || bytes.len() > place.len() {
            return Err(NotAPosition);
        }
        place[..bytes.len()].copy_from_slice(&bytes);
        Ok(Self(u64::from_be_bytes(place)))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.to_be_bytes();
        let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
        let length = (bytes.len() - zeros).max(1);
        f.write_str(&hex::encode(&bytes[..length]))
    }
}

impl Point for Position {
    #[inline]
    fn rank(&self) -> u64 {
        self.0
    }
}

impl Bound for Position {
    type Point = Self;

    fn least() -> Self {
        Self(0)
    }

    /// As it is written: `40-80`, `-40`, `80-`, `-`.
    fn show(span: &Span<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bound: Option<&Self>| bound.map(Self::to_string).unwrap_or_default();
        write!(f, "{}-{}", text(span.begin()), text(span.below.as_ref()))
    }
}

impl FromStr for Span<Position> {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let (from, below) = text.split_once('-').ok_or(NotAPosition)?;
        let bound = |text: &str| {
            let text = Some(text).filter(|text| !text.is_empty());
            text.map(str::parse).transpose()
        };
        Ok(Self::new(bound(from)?, bound(below)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_range_of_hashes_reads_back_as_shown(from: u64, below: Option<u64>) {
            let span = Span::new(Some(Position(from)), below.map(Position));
            prop_assert_eq!(span.to_string().parse(), Ok(span));
        }
    }

    #[test]
    fn a_bound_is_read_from_the_left() {
        assert_eq!("40".parse(), Ok(Position(0x4000_0000_0000_0000)));
        assert_eq!("0001".parse(), Ok(Position(0x0001_0000_0000_0000)));
        for bad in ["", "4", "4g", "000000000000000000"] {
            assert_eq!(bad.parse::<Position>(), Err(NotAPosition), "{bad}");
        }
    }
}
