//! Query rules, as in ProxySQL: which hostgroup a statement goes to, and what
//! else is to be done with it.
//!
//! A [`QueryRule`] that exists is valid by itself; that its hostgroup exists is
//! the configuration's business. Fields and their names are those of ProxySQL's
//! `mysql_query_rules`. Some are left out, because a rule that has them means
//! something that Lictor's clients do not do: `client_addr`, `proxy_addr` and
//! `proxy_port` (there is no proxy), `digest` (a hash that no well-kept crate
//! computes; `match_digest` says the same), `replace_pattern` (statements are
//! not rewritten), `next_query_flagIN`, `mirror_flagOUT`, `mirror_hostgroup`,
//! `gtid_from_hostgroup`, `OK_msg`, `attributes`, `reconnect`, `sticky_conn`
//! and `log`.

mod defaults;
mod digest;
mod explain;
mod fields;
mod pattern;
mod set;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use defaults::default_rules;
pub use digest::digest;
pub use explain::{Explanation, Step, Verdict};
pub use fields::{Multiplex, QueryRule, ReModifiers, RuleError, RuleFields, RuleProblem};
pub use pattern::PatternError;
pub use set::{Outcome, Query, RuleSet, TooManyPatterns};

/// A query rule's number, 1 or higher: rules are tried in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleId(pub u32);

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
