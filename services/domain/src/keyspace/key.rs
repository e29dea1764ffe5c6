//! Keys: what a statement is sent to a shard by. A key has a type, and its text
//! form is read for the type of its keyspace.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::policy::words;

/// The type of a keyspace's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyType {
    /// Text. Two texts that a collation calls equal are two keys.
    String,
    /// A byte string.
    Bytes,
    /// A signed integer of 64 bits.
    Integer,
    /// An unsigned integer of 64 bits.
    Unsigned,
    /// A UUID.
    Uuid,
}
words!(
    KeyType, "key type",
    String => "string", Bytes => "bytes", Integer => "integer", Unsigned => "unsigned",
    Uuid => "uuid",
);

impl KeyType {
    /// What a key's text may be, for people.
    #[must_use]
    pub const fn allowed(self) -> &'static str {
        match self {
            Self::String => "text (a number in quotes)",
            Self::Bytes => "text, or 0x and hexadecimal digits, two for each byte",
            Self::Integer => "an integer from -9223372036854775808 to 9223372036854775807",
            Self::Unsigned => "an integer from 0 to 18446744073709551615",
            Self::Uuid => "a UUID, such as 67e55044-10b1-426f-9247-bb680e5fe0c8",
        }
    }
}

/// A key. It borrows its text or bytes where it can, so that resolving one
/// allocates nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key<'a> {
    /// Text.
    String(Cow<'a, str>),
    /// A byte string.
    Bytes(Cow<'a, [u8]>),
    /// A signed integer.
    Integer(i64),
    /// An unsigned integer.
    Unsigned(u64),
    /// A UUID.
    Uuid(Uuid),
}

/// Why something is no key of a keyspace.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// A text that is no key of this type.
    #[error("`{found}` is no key of type {wanted}; {} is allowed", wanted.allowed())]
    Text {
        /// The text, shortened.
        found: String,
        /// The keyspace's key type.
        wanted: KeyType,
    },
    /// A key of another type.
    #[error("`{found}` is of type {given}, and the keys are of type {wanted}: {} is allowed", wanted.allowed())]
    Type {
        /// The key, shortened.
        found: String,
        /// Its type.
        given: KeyType,
        /// The keyspace's key type.
        wanted: KeyType,
    },
}

const SHOWN: usize = 60;

fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn bytes_from_text(text: &str) -> Option<Vec<u8>> {
    match text.strip_prefix("0x") {
        Some(digits) => hex::decode(digits).ok(),
        None => Some(text.as_bytes().to_vec()),
    }
}

/// Bytes as [`Key::parse`] reads them: as text where that is unmistakable.
pub(super) fn show_bytes(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let plain = !bytes.starts_with(b"0x") && bytes.iter().all(u8::is_ascii_graphic);
    match std::str::from_utf8(bytes) {
        Ok(text) if plain => f.write_str(text),
        _ => write!(f, "0x{}", hex::encode(bytes)),
    }
}

impl Key<'_> {
    /// The key of this type that `text` stands for.
    pub fn parse(wanted: KeyType, text: &str) -> Result<Key<'static>, KeyError> {
        let key = match wanted {
            KeyType::String => Some(Key::String(Cow::Owned(text.to_owned()))),
            KeyType::Bytes => bytes_from_text(text).map(|bytes| Key::Bytes(Cow::Owned(bytes))),
            KeyType::Integer => text.parse().ok().map(Key::Integer),
            KeyType::Unsigned => text.parse().ok().map(Key::Unsigned),
            KeyType::Uuid => text.parse().ok().map(Key::Uuid),
        };
        key.ok_or_else(|| KeyError::Text {
            found: shorten(text),
            wanted,
        })
    }

    /// Its type.
    #[must_use]
    pub const fn key_type(&self) -> KeyType {
        match self {
            Self::String(_) => KeyType::String,
            Self::Bytes(_) => KeyType::Bytes,
            Self::Integer(_) => KeyType::Integer,
            Self::Unsigned(_) => KeyType::Unsigned,
            Self::Uuid(_) => KeyType::Uuid,
        }
    }

    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::String(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Integer(_) | Self::Unsigned(_) => size_of::<u64>(),
            Self::Uuid(uuid) => uuid.as_bytes().len(),
        }
    }

    /// The key as a signed integer, if it is a number that fits.
    #[inline]
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Unsigned(number) => i64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The key as an unsigned integer, if it is a number that fits.
    #[inline]
    #[must_use]
    pub fn unsigned(&self) -> Option<u64> {
        match self {
            Self::Unsigned(number) => Some(*number),
            Self::Integer(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The key as a byte string, if it is one or text.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::String(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// Whether it is a key of type `wanted`: an integer whatever its sign says,
    /// as long as it fits, and text where byte strings are wanted.
    #[inline]
    #[must_use]
    pub fn fits(&self, wanted: KeyType) -> bool {
        match wanted {
            KeyType::String => matches!(self, Self::String(_)),
            KeyType::Bytes => self.bytes().is_some(),
            KeyType::Integer => self.integer().is_some(),
            KeyType::Unsigned => self.unsigned().is_some(),
            KeyType::Uuid => matches!(self, Self::Uuid(_)),
        }
    }

    /// The same key as one of type `wanted`, if it [fits](Self::fits).
    pub fn as_type(&self, wanted: KeyType) -> Result<Key<'_>, KeyError> {
        let same = match (wanted, self) {
            (KeyType::String, Self::String(text)) => Some(Key::from(text.as_ref())),
            (KeyType::Bytes, _) => self.bytes().map(Key::from),
            (KeyType::Integer, _) => self.integer().map(Key::from),
            (KeyType::Unsigned, _) => self.unsigned().map(Key::from),
            (KeyType::Uuid, Self::Uuid(uuid)) => Some(Key::from(*uuid)),
            _ => None,
        };
        same.ok_or_else(|| self.misfit(wanted))
    }

    #[cold]
    fn misfit(&self, wanted: KeyType) -> KeyError {
        KeyError::Type {
            found: shorten(&self.to_string()),
            given: self.key_type(),
            wanted,
        }
    }

    /// The same key, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Key<'static> {
        match self {
            Self::String(text) => Key::String(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Key::Bytes(Cow::Owned(bytes.into_owned())),
            Self::Integer(number) => Key::Integer(number),
            Self::Unsigned(number) => Key::Unsigned(number),
            Self::Uuid(uuid) => Key::Uuid(uuid),
        }
    }
}

/// As [`Key::parse`] reads it back for the key's type.
impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => f.write_str(text),
            Self::Bytes(bytes) => show_bytes(bytes, f),
            Self::Integer(number) => number.fmt(f),
            Self::Unsigned(number) => number.fmt(f),
            Self::Uuid(uuid) => uuid.hyphenated().fmt(f),
        }
    }
}

macro_rules! key_from {
    ($($type:ty => $variant:ident by $convert:expr),+ $(,)?) => {
        $(impl<'a> From<$type> for Key<'a> {
            fn from(value: $type) -> Self {
                Self::$variant($convert(value))
            }
        })+
    };
}

key_from!(
    &'a str => String by Cow::Borrowed,
    String => String by Cow::Owned,
    &'a [u8] => Bytes by Cow::Borrowed,
    Vec<u8> => Bytes by Cow::Owned,
    i32 => Integer by i64::from,
    i64 => Integer by i64::from,
    u32 => Unsigned by u64::from,
    u64 => Unsigned by u64::from,
    Uuid => Uuid by Uuid::from,
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys() -> impl Strategy<Value = Key<'static>> {
        prop_oneof![
            any::<String>().prop_map(Key::from),
            any::<Vec<u8>>().prop_map(Key::from),
            "(0x)?[0-9a-f]{0,6}".prop_map(|text| Key::from(text.into_bytes())),
            any::<i64>().prop_map(Key::from),
            any::<u64>().prop_map(Key::from),
            any::<u128>().prop_map(|bits| Key::from(Uuid::from_u128(bits))),
        ]
    }

    proptest! {
        #[test]
        fn a_key_reads_back_as_shown(key in keys()) {
            let read = Key::parse(key.key_type(), &key.to_string()).unwrap();
            prop_assert_eq!(read, key);
        }
    }

    #[test]
    fn a_text_that_is_no_key_says_what_is_allowed() {
        let error = Key::parse(KeyType::Unsigned, "-1").unwrap_err().to_string();
        assert_eq!(
            error,
            "`-1` is no key of type unsigned; an integer from 0 to 18446744073709551615 is allowed"
        );
        for (wanted, text) in [
            (KeyType::Integer, "9223372036854775808"),
            (KeyType::Integer, ""),
            (KeyType::Bytes, "0x123"),
            (KeyType::Uuid, "67e55044"),
        ] {
            assert!(Key::parse(wanted, text).is_err(), "{text} was taken");
        }
    }

    #[test]
    fn an_integer_is_the_same_key_with_and_without_a_sign() {
        let five = Key::from(5_i64);
        assert_eq!(five.as_type(KeyType::Unsigned), Ok(Key::Unsigned(5)));
        let five = Key::from(5_u64);
        assert_eq!(five.as_type(KeyType::Integer), Ok(Key::Integer(5)));
        assert!(Key::from(-5).as_type(KeyType::Unsigned).is_err());
        assert!(Key::from(u64::MAX).as_type(KeyType::Integer).is_err());
    }

    #[test]
    fn text_is_its_bytes_and_no_number() {
        let text = Key::from("5");
        assert_eq!(text.as_type(KeyType::Bytes), Ok(Key::from(b"5".as_slice())));
        let error = text.as_type(KeyType::Integer).unwrap_err().to_string();
        assert!(
            error.starts_with("`5` is of type string, and the keys are of type integer"),
            "{error}"
        );
    }
}
