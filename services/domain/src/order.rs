//! The numbers that only rise: term, epoch, revision. Each orders the views of
//! the world so that an older one can be refused wherever it arrives.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One leadership of the control plane. Zero means none yet.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Term(pub u64);

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Not `term.number`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not TERM.NUMBER, two whole numbers with a dot between")]
pub struct OrderParseError(String);

macro_rules! pair {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize,
            Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $type {
            /// The leadership it was made in.
            pub term: Term,
            /// Its number within the term, from 1; 0 is before the first.
            pub n: u64,
        }

        impl $type {
            /// The first one that `term` may make after `self`.
            ///
            /// A leader of an older term than `self` can make none; it is told
            /// so by getting one that does not rise.
            #[must_use]
            pub fn next(self, term: Term) -> Self {
                if term > self.term {
                    Self { term, n: 1 }
                } else {
                    Self { term, n: self.n + 1 }
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}.{}", self.term, self.n)
            }
        }

        impl FromStr for $type {
            type Err = OrderParseError;

            fn from_str(text: &str) -> Result<Self, OrderParseError> {
                let wrong = || OrderParseError(text.chars().take(60).collect());
                let (term, n) = text.split_once('.').ok_or_else(wrong)?;
                Ok(Self {
                    term: Term(term.parse().map_err(|_| wrong())?),
                    n: n.parse().map_err(|_| wrong())?,
                })
            }
        }

        impl TryFrom<String> for $type {
            type Error = OrderParseError;

            fn try_from(text: String) -> Result<Self, OrderParseError> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    };
}

pair! {
    /// One primacy of a cluster: a new one begins whenever the primary changes.
    Epoch
}

pair! {
    /// One state of the routing table.
    Revision
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_term_orders_above_any_number_of_an_earlier_one() {
        let old = Epoch {
            term: Term(1),
            n: 900,
        };
        let new = old.next(Term(2));
        assert_eq!(
            new,
            Epoch {
                term: Term(2),
                n: 1
            }
        );
        assert!(new > old);
        assert!(new.next(Term(2)) > new);
    }

    #[test]
    fn it_reads_back_as_written() {
        let revision = Revision {
            term: Term(3),
            n: 7,
        };
        assert_eq!(revision.to_string(), "3.7");
        assert_eq!("3.7".parse::<Revision>().unwrap(), revision);
        assert!("3".parse::<Revision>().is_err());
        assert!("3.x".parse::<Revision>().is_err());
    }
}
