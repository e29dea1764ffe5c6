//! Server versions, compared as numbers and never as text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A MySQL server's version, as three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServerVersion {
    /// Major number: the 9 of 9.7.4.
    pub major: u16,
    /// Minor number: the 7 of 9.7.4.
    pub minor: u16,
    /// Patch number: the 4 of 9.7.4.
    pub patch: u16,
}

impl ServerVersion {
    /// The oldest MySQL whose `REPLICA` statements and columns Lictor speaks.
    pub const OLDEST_SUPPORTED: Self = Self::new(8, 0, 22);

    /// A version from its numbers.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// Whether a replica of this version can follow a source of version
    /// `source`: MySQL supports replicating to the same or a newer one.
    #[must_use]
    pub fn can_follow(self, source: Self) -> bool {
        (self.major, self.minor) >= (source.major, source.minor)
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Not a server version.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no server version such as 9.7.4")]
pub struct VersionParseError(String);

impl FromStr for ServerVersion {
    type Err = VersionParseError;

    /// Reads the numbers at the start: `9.7.4-2`, `8.0.36-0ubuntu0.22.04.1`.
    fn from_str(text: &str) -> Result<Self, VersionParseError> {
        let wrong = || VersionParseError(text.chars().take(60).collect());
        let numbers = text
            .split(|c: char| c != '.' && !c.is_ascii_digit())
            .next()
            .ok_or_else(wrong)?;
        let mut parts = numbers.split('.').map(str::parse);
        let mut next = || parts.next().ok_or_else(wrong)?.map_err(|_| wrong());
        Ok(Self::new(next()?, next()?, next()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        let read = |text: &str| text.parse::<ServerVersion>().unwrap();
        assert!(read("9.10.0") > read("9.9.1"));
        assert!(read("8.0.22") > read("8.0.3-log"));
        assert_eq!(read("9.7.4-2"), ServerVersion::new(9, 7, 4));
        assert!("MariaDB".parse::<ServerVersion>().is_err());
    }

    #[test]
    fn a_replica_follows_the_same_or_an_older_series() {
        let (old, new) = (ServerVersion::new(8, 4, 9), ServerVersion::new(9, 7, 0));
        assert!(new.can_follow(old));
        assert!(!old.can_follow(new));
        assert!(ServerVersion::new(8, 4, 1).can_follow(old));
    }
}
