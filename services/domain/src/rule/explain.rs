//! Why a statement goes where it goes: each rule, with why it matched or not.

use std::fmt;

use super::{Outcome, RuleId};
use crate::hostgroup::HostgroupId;

/// What the rules say of a statement, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The statement's digest.
    pub digest: String,
    /// Every rule, in order.
    pub steps: Vec<Step>,
    /// What comes of it.
    pub outcome: Outcome,
}

/// One rule, and whether it matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rule.
    pub rule: RuleId,
    /// Whether it matched.
    pub verdict: Verdict,
}

/// Whether a rule matched a statement, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It matched.
    Matched {
        /// The hostgroup that it names.
        hostgroup: Option<HostgroupId>,
        /// The flag that is carried from here on.
        flag_out: Option<u32>,
        /// Whether it refuses the statement with an error.
        error: bool,
        /// Whether the evaluation ends with it.
        applied: bool,
    },
    /// It is not active.
    Inactive,
    /// Another flag was carried to it.
    OtherFlag {
        /// Its `flagIN`.
        wanted: u32,
        /// The flag that was carried.
        carried: u32,
    },
    /// It is for another user.
    OtherUser {
        /// Its `username`.
        wanted: String,
        /// Who sends the statement.
        is: String,
    },
    /// It is for another schema.
    OtherSchema {
        /// Its `schemaname`.
        wanted: String,
        /// The statement's default schema.
        is: String,
    },
    /// Its `match_digest` is not as it should be.
    OtherDigest {
        /// The pattern.
        pattern: String,
        /// Whether it was not to match, but did.
        negated: bool,
    },
    /// Its `match_pattern` is not as it should be.
    OtherText {
        /// The pattern.
        pattern: String,
        /// Whether it was not to match, but did.
        negated: bool,
    },
    /// An earlier rule had ended the evaluation.
    NotReached {
        /// That rule.
        by: RuleId,
    },
}

impl Verdict {
    /// Whether the rule matched.
    #[must_use]
    pub const fn matched(&self) -> bool {
        matches!(self, Self::Matched { .. })
    }

    /// The stable name in the API.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Matched { .. } => "matched",
            Self::Inactive => "inactive",
            Self::OtherFlag { .. } => "other_flag",
            Self::OtherUser { .. } => "other_user",
            Self::OtherSchema { .. } => "other_schema",
            Self::OtherDigest { .. } => "other_digest",
            Self::OtherText { .. } => "other_text",
            Self::NotReached { .. } => "not_reached",
        }
    }
}

/// The sentence.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matched {
                hostgroup,
                flag_out,
                error,
                applied,
            } => {
                f.write_str("it matches")?;
                if let Some(hostgroup) = hostgroup {
                    write!(f, "; the statement goes to hostgroup {hostgroup}")?;
                }
                if *error {
                    f.write_str("; the statement is refused with its error_msg")?;
                }
                if let Some(flag) = flag_out {
                    write!(f, "; flag {flag} is carried on")?;
                }
                f.write_str(if *applied {
                    "; no further rule is tried"
                } else {
                    "; the rules after it are tried too"
                })
            }
            Self::Inactive => f.write_str("it is not active"),
            Self::OtherFlag { wanted, carried } => {
                write!(
                    f,
                    "its flagIN is {wanted}, the flag carried to it {carried}"
                )
            }
            Self::OtherUser { wanted, is } => {
                write!(f, "it is for user `{wanted}`, the statement of `{is}`")
            }
            Self::OtherSchema { wanted, is } if is.is_empty() => write!(
                f,
                "it is for schema `{wanted}`, the statement without a default schema"
            ),
            Self::OtherSchema { wanted, is } => {
                write!(f, "it is for schema `{wanted}`, the statement in `{is}`")
            }
            Self::OtherDigest { pattern, negated } => {
                unlike(f, "match_digest", "digest", pattern, *negated)
            }
            Self::OtherText { pattern, negated } => {
                unlike(f, "match_pattern", "text", pattern, *negated)
            }
            Self::NotReached { by } => write!(f, "rule {by} had ended the evaluation"),
        }
    }
}

fn unlike(
    f: &mut fmt::Formatter<'_>,
    field: &str,
    text: &str,
    pattern: &str,
    negated: bool,
) -> fmt::Result {
    if negated {
        write!(
            f,
            "its {field} `{pattern}` matches the {text}, and negate_match_pattern is set"
        )
    } else {
        write!(f, "its {field} `{pattern}` does not match the {text}")
    }
}
