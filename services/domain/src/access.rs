//! Who may call: tokens, their roles, and who is said to have done something.
//!
//! A token's text is a secret and never here: only what it stands for.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::names::ClusterName;

/// What a token lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Receive the routing table, and nothing else.
    Subscriber,
    /// Ask for the lease of a MySQL server, and nothing else.
    Agent,
    /// See everything but tokens, change nothing.
    Viewer,
    /// See, and order what keeps clusters writable.
    Operator,
    /// Do everything.
    Admin,
}

impl Role {
    /// Each of them, the least first.
    pub const ALL: [Self; 5] = [
        Self::Subscriber,
        Self::Agent,
        Self::Viewer,
        Self::Operator,
        Self::Admin,
    ];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subscriber => "subscriber",
            Self::Agent => "agent",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is no part of a token.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AccessError {
    /// It is no role.
    #[error("`{0}` is no role; there are subscriber, agent, viewer, operator and admin")]
    NoRole(String),
    /// It is no name of a token.
    #[error("a token's name must be 1 to 64 characters of a-z, A-Z, 0-9 and -_.@")]
    NoName,
    /// It is no id of a token.
    #[error("a token's id is {} characters of 0-9 and a-f", TokenId::LENGTH)]
    NoId,
}

impl FromStr for Role {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, AccessError> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == text);
        known.ok_or_else(|| AccessError::NoRole(text.chars().take(40).collect()))
    }
}

/// What a token is revoked by: 12 hexadecimal digits, no secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenId(String);

impl TokenId {
    /// Characters of an id.
    pub const LENGTH: usize = 12;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenId {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, AccessError> {
        let digits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != Self::LENGTH || !text.bytes().all(digits) {
            return Err(AccessError::NoId);
        }
        Ok(Self(text.to_owned()))
    }
}

/// What people call a token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenName(String);

impl TokenName {
    const MAX: usize = 64;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenName {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, AccessError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
        if text.is_empty() || text.len() > Self::MAX || !text.chars().all(fits) {
            return Err(AccessError::NoName);
        }
        Ok(Self(text.to_owned()))
    }
}

macro_rules! text {
    ($type:ident) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = AccessError;

            fn try_from(text: String) -> Result<Self, AccessError> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.0
            }
        }
    };
}

text!(TokenId);
text!(TokenName);

/// Which clusters a token is good for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Every cluster, and what belongs to none.
    #[default]
    All,
    /// These alone; never none.
    Only(BTreeSet<ClusterName>),
}

impl Scope {
    /// These clusters; all of them when none is named.
    #[must_use]
    pub fn of(clusters: BTreeSet<ClusterName>) -> Self {
        if clusters.is_empty() {
            return Self::All;
        }
        Self::Only(clusters)
    }

    /// Whether it has the cluster.
    #[must_use]
    pub fn has(&self, cluster: &ClusterName) -> bool {
        match self {
            Self::All => true,
            Self::Only(clusters) => clusters.contains(cluster),
        }
    }

    /// The clusters, where only some are meant.
    pub fn clusters(&self) -> impl Iterator<Item = &ClusterName> {
        match self {
            Self::All => None,
            Self::Only(clusters) => Some(clusters),
        }
        .into_iter()
        .flatten()
    }
}

/// A token, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Its name, unique among those that are not revoked.
    pub name: TokenName,
    /// What it is for.
    pub role: Role,
    /// Which clusters it is good for.
    pub scope: Scope,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Who made it.
    pub created_by: String,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked, and by whom.
    pub revoked: Option<Revoked>,
    /// When it was used last, and from where.
    pub last_use: Option<LastUse>,
}

impl Token {
    /// The longest time one with an end can be made for: ten years.
    pub const LONGEST_LIFE: Duration = Duration::from_hours(10 * 365 * 24);

    /// Whether it lets anybody in at that moment.
    #[must_use]
    pub fn is_good_at(&self, now: DateTime<Utc>) -> bool {
        self.revoked.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// The end of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
}

/// The last use of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub at: DateTime<Utc>,
    /// From which address, where that is known.
    pub from: Option<IpAddr>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Who says so: the person, where a token's holder named one; else the token's
    /// name; else `lictor`.
    pub name: String,
    /// The name of the token that proves it; none of what Lictor does itself, and of
    /// those who were turned away.
    #[serde(default)]
    pub token: Option<String>,
    /// From which address.
    #[serde(default)]
    pub from: Option<IpAddr>,
}

impl Actor {
    /// Lictor itself.
    #[must_use]
    pub fn lictor() -> Self {
        Self::called("lictor")
    }

    /// Somebody of whom only the name is known.
    #[must_use]
    pub fn called(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            token: None,
            from: None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// What came of a deed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done, or begun.
    #[default]
    Done,
    /// It was looked at, and not done.
    Refused,
    /// Who asked may not.
    Denied,
}

impl Outcome {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Denied];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Denied => "denied",
        }
    }

    /// The one of that word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ids_and_roles_are_what_they_say() {
        for good in ["ci", "ann@example.org", "a-b_c.d"] {
            assert_eq!(good.parse::<TokenName>().unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a\n", "\u{e4}", &"x".repeat(65)] {
            assert!(bad.parse::<TokenName>().is_err(), "{bad:?}");
        }
        assert!("0123456789ab".parse::<TokenId>().is_ok());
        for bad in ["", "0123456789AB", "0123456789a", "0123456789abc"] {
            assert!(bad.parse::<TokenId>().is_err(), "{bad:?}");
        }
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert!("root".parse::<Role>().is_err());
    }

    #[test]
    fn a_scope_without_clusters_is_every_cluster() {
        let orders: ClusterName = "orders".parse().unwrap();
        assert_eq!(Scope::of(BTreeSet::new()), Scope::All);
        let only = Scope::of([orders.clone()].into());
        assert!(only.has(&orders) && !only.has(&"users".parse().unwrap()));
        assert_eq!(only.clusters().collect::<Vec<_>>(), [&orders]);
        assert_eq!(Scope::All.clusters().count(), 0);
    }

    #[test]
    fn a_token_is_good_until_it_ends() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let mut token = Token {
            id: "0123456789ab".parse().unwrap(),
            name: "ci".parse().unwrap(),
            role: Role::Viewer,
            scope: Scope::All,
            created_at: at("2026-01-01T00:00:00Z"),
            created_by: "ann".to_owned(),
            expires_at: Some(at("2026-01-02T00:00:00Z")),
            revoked: None,
            last_use: None,
        };
        assert!(token.is_good_at(at("2026-01-01T23:59:59Z")));
        assert!(!token.is_good_at(at("2026-01-02T00:00:00Z")));
        token.expires_at = None;
        assert!(token.is_good_at(at("2036-01-02T00:00:00Z")));
        token.revoked = Some(Revoked {
            at: at("2026-01-01T12:00:00Z"),
            by: "ann".to_owned(),
        });
        assert!(!token.is_good_at(at("2026-01-01T13:00:00Z")));
    }
}
