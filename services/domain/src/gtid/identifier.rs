//! One transaction's name: where it was first committed and its number there.

use uuid::Uuid;

use super::interval::is_number;

/// The longest tag MySQL accepts, in characters.
const MAX_TAG_LENGTH: usize = 32;

/// The tag of a GTID (MySQL ≥ 8.3): 1 to 32 ASCII letters, digits and
/// underscores, not starting with a digit, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

impl Tag {
    /// The tag in lower case, as MySQL stores it; `None` if MySQL would refuse it.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let valid = text.len() <= MAX_TAG_LENGTH
            && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        valid.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The tag's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What numbers transactions: a server and, where it was given one, a tag.
///
/// Numbers under different tags of one server are unrelated. Sources sort as
/// MySQL prints them: by UUID, then the untagged before the tags.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// The `server_uuid`, or the group's name under Group Replication.
    pub uuid: Uuid,
    /// The tag, if the transaction was given one.
    pub tag: Option<Tag>,
}

impl From<Uuid> for Source {
    fn from(uuid: Uuid) -> Self {
        Self { uuid, tag: None }
    }
}

/// The identifier of one transaction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gtid {
    source: Source,
    number: u64,
}

impl Gtid {
    /// The transaction `number` of `source`; `None` unless the number is in
    /// 1..=[`MAX_NUMBER`](super::MAX_NUMBER).
    #[must_use]
    pub fn new(source: Source, number: u64) -> Option<Self> {
        is_number(number).then_some(Self { source, number })
    }

    /// Where the transaction was first committed.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The transaction's number at its source.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn into_parts(self) -> (Source, u64) {
        (self.source, self.number)
    }
}
