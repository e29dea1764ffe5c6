//! A query rule: its fields as they are written, and what each may be.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::RuleId;
use super::pattern::{self, PatternError};
use crate::hostgroup::HostgroupId;

/// ProxySQL takes no more retries.
const MAX_RETRIES: u32 = 1000;

/// A query rule as it is written: ProxySQL's fields, with its defaults. Only
/// `active` has none here: ProxySQL's is off, which is easily taken for on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFields {
    /// Its number: rules are tried in this order.
    pub rule_id: RuleId,
    /// Whether it is tried at all.
    pub active: bool,
    /// Only statements of this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Only statements in this default schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schemaname: Option<String>,
    /// Only while the evaluation carries this flag; it begins with 0.
    #[serde(default, rename = "flagIN")]
    pub flag_in: u32,
    /// Only statements whose digest has a match of this pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_digest: Option<String>,
    /// Only statements whose text has a match of this pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_pattern: Option<String>,
    /// Only statements where the patterns do not match; each of them.
    #[serde(default)]
    pub negate_match_pattern: bool,
    /// How the patterns are read.
    #[serde(default)]
    pub re_modifiers: ReModifiers,
    /// The flag to carry from here on.
    #[serde(default, rename = "flagOUT", skip_serializing_if = "Option::is_none")]
    pub flag_out: Option<u32>,
    /// Where the statement goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_hostgroup: Option<HostgroupId>,
    /// For how many milliseconds its result may be cached; at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_ttl: Option<u32>,
    /// Whether a result without rows may be cached too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_empty_result: Option<bool>,
    /// For how many milliseconds to wait for a result that is being cached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_timeout: Option<u32>,
    /// After how many milliseconds the statement is ended; 0 for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
    /// How often it is tried again when it fails; at most 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// For how many milliseconds it is held back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<u32>,
    /// Whether its connection may serve other sessions between statements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiplex: Option<Multiplex>,
    /// The statement is not sent anywhere, and this is the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_msg: Option<String>,
    /// Whether a match of this rule ends the evaluation.
    #[serde(default)]
    pub apply: bool,
    /// What people say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl RuleFields {
    /// An active rule that matches every statement and does nothing yet.
    #[must_use]
    pub const fn new(rule_id: RuleId) -> Self {
        Self {
            rule_id,
            active: true,
            username: None,
            schemaname: None,
            flag_in: 0,
            match_digest: None,
            match_pattern: None,
            negate_match_pattern: false,
            re_modifiers: ReModifiers::Caseless,
            flag_out: None,
            destination_hostgroup: None,
            cache_ttl: None,
            cache_empty_result: None,
            cache_timeout: None,
            timeout: None,
            retries: None,
            delay: None,
            multiplex: None,
            error_msg: None,
            apply: false,
            comment: None,
        }
    }
}

/// How the patterns of a rule are read: ProxySQL's `re_modifiers`. Its `GLOBAL`
/// belongs to `replace_pattern`, which Lictor does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ReModifiers {
    /// `CASELESS`: letters match in either case.
    #[default]
    Caseless,
    /// Empty: letters match as they are.
    None,
}

impl fmt::Display for ReModifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Caseless => "CASELESS",
            Self::None => "",
        })
    }
}

impl FromStr for ReModifiers {
    type Err = UnknownModifiers;

    fn from_str(text: &str) -> Result<Self, UnknownModifiers> {
        if text.is_empty() {
            Ok(Self::None)
        } else if text.eq_ignore_ascii_case("CASELESS") {
            Ok(Self::Caseless)
        } else {
            Err(UnknownModifiers {
                found: text.chars().take(60).collect(),
            })
        }
    }
}

impl TryFrom<String> for ReModifiers {
    type Error = UnknownModifiers;

    fn try_from(text: String) -> Result<Self, UnknownModifiers> {
        text.parse()
    }
}

impl From<ReModifiers> for String {
    fn from(modifiers: ReModifiers) -> Self {
        modifiers.to_string()
    }
}

/// A text that is no `re_modifiers`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("re_modifiers `{found}` is not known; it is `CASELESS` or empty")]
pub struct UnknownModifiers {
    /// The text, shortened.
    pub found: String,
}

/// Whether a statement's connection may serve other sessions between
/// statements: ProxySQL's `multiplex`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum Multiplex {
    /// 0: from now on it may not.
    Off,
    /// 1: it may, if nothing else stands against it.
    On,
    /// 2: as before; a `@` in this statement does not change it.
    Unchanged,
}

impl From<Multiplex> for u32 {
    fn from(multiplex: Multiplex) -> Self {
        match multiplex {
            Multiplex::Off => 0,
            Multiplex::On => 1,
            Multiplex::Unchanged => 2,
        }
    }
}

impl TryFrom<u32> for Multiplex {
    type Error = UnknownMultiplex;

    fn try_from(number: u32) -> Result<Self, UnknownMultiplex> {
        match number {
            0 => Ok(Self::Off),
            1 => Ok(Self::On),
            2 => Ok(Self::Unchanged),
            found => Err(UnknownMultiplex { found }),
        }
    }
}

impl fmt::Display for Multiplex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        u32::from(*self).fmt(f)
    }
}

/// A number that is no `multiplex`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("multiplex {found} is not known; it is 0 (off), 1 (on) or 2 (a `@` changes nothing)")]
pub struct UnknownMultiplex {
    /// The number.
    pub found: u32,
}

/// Why fields are no query rule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("query rule {rule}: `{field}` {problem}")]
pub struct RuleError {
    /// The rule.
    pub rule: RuleId,
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: RuleProblem,
}

/// What is wrong with a field of a query rule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RuleProblem {
    /// A text is empty.
    #[error("is empty; leave it out to match everything")]
    Empty,
    /// A number is not in its range.
    #[error("is {found}; {min} to {max} is allowed")]
    OutOfRange {
        /// The number.
        found: u32,
        /// The lowest allowed.
        min: u32,
        /// The highest allowed.
        max: u32,
    },
    /// A pattern cannot be used.
    #[error("is no usable pattern: {0}")]
    Pattern(PatternError),
}

/// A query rule that is valid by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RuleFields", into = "RuleFields")]
pub struct QueryRule(RuleFields);

impl QueryRule {
    /// A rule, if every field makes sense.
    pub fn new(fields: RuleFields) -> Result<Self, RuleError> {
        check(&fields).map_err(|(field, problem)| RuleError {
            rule: fields.rule_id,
            field,
            problem,
        })?;
        Ok(Self(fields))
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> RuleId {
        self.0.rule_id
    }

    /// All it says.
    #[must_use]
    pub const fn fields(&self) -> &RuleFields {
        &self.0
    }
}

impl TryFrom<RuleFields> for QueryRule {
    type Error = RuleError;

    fn try_from(fields: RuleFields) -> Result<Self, RuleError> {
        Self::new(fields)
    }
}

impl From<QueryRule> for RuleFields {
    fn from(rule: QueryRule) -> Self {
        rule.0
    }
}

fn check(rule: &RuleFields) -> Result<(), (&'static str, RuleProblem)> {
    let ranges = [
        ("rule_id", Some(rule.rule_id.0), 1, u32::MAX),
        ("cache_ttl", rule.cache_ttl, 1, u32::MAX),
        ("retries", rule.retries, 0, MAX_RETRIES),
    ];
    for (field, value, min, max) in ranges {
        if let Some(found) = value.filter(|found| !(min..=max).contains(found)) {
            return Err((field, RuleProblem::OutOfRange { found, min, max }));
        }
    }
    let texts = [
        ("username", &rule.username),
        ("schemaname", &rule.schemaname),
        ("match_digest", &rule.match_digest),
        ("match_pattern", &rule.match_pattern),
    ];
    for (field, text) in texts {
        if text.as_ref().is_some_and(String::is_empty) {
            return Err((field, RuleProblem::Empty));
        }
    }
    let caseless = rule.re_modifiers == ReModifiers::Caseless;
    for (field, text) in &texts[2..] {
        if let Some(text) = text {
            pattern::compile(text, caseless)
                .map_err(|error| (*field, RuleProblem::Pattern(error)))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(rule: serde_json::Value) -> Result<QueryRule, String> {
        serde_json::from_value(rule).map_err(|error| error.to_string())
    }

    #[test]
    fn a_rule_is_written_with_the_names_of_proxysql_and_has_its_defaults() {
        let rule = read(json!({
            "rule_id": 1, "active": true, "match_digest": "^SELECT.*FOR UPDATE$",
            "destination_hostgroup": 10, "apply": true
        }))
        .unwrap();
        let fields = RuleFields {
            match_digest: Some("^SELECT.*FOR UPDATE$".to_owned()),
            destination_hostgroup: Some(HostgroupId(10)),
            apply: true,
            ..RuleFields::new(RuleId(1))
        };
        assert_eq!(rule.fields(), &fields);
        assert_eq!(rule.fields().flag_in, 0);
        assert!(!rule.fields().negate_match_pattern);
        assert_eq!(rule.fields().re_modifiers, ReModifiers::Caseless);
    }

    #[test]
    fn every_field_reads_back_as_written() {
        let written = json!({
            "rule_id": 7, "active": false, "username": "app", "schemaname": "shop",
            "flagIN": 3, "match_digest": "a", "match_pattern": "b",
            "negate_match_pattern": true, "re_modifiers": "", "flagOUT": 4,
            "destination_hostgroup": 10, "cache_ttl": 1, "cache_empty_result": false,
            "cache_timeout": 0, "timeout": 2000, "retries": 1000, "delay": 5,
            "multiplex": 2, "error_msg": "no", "apply": true, "comment": "why"
        });
        let rule = read(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&rule).unwrap(), written);
    }

    #[test]
    fn what_is_wrong_is_named_with_the_rule_and_the_field() {
        for (field, value, said) in [
            (
                "rule_id",
                json!(0),
                "query rule 0: `rule_id` is 0; 1 to 4294967295 is allowed",
            ),
            (
                "cache_ttl",
                json!(0),
                "query rule 7: `cache_ttl` is 0; 1 to 4294967295 is allowed",
            ),
            (
                "retries",
                json!(1001),
                "query rule 7: `retries` is 1001; 0 to 1000 is allowed",
            ),
            (
                "multiplex",
                json!(3),
                "multiplex 3 is not known; it is 0 (off), 1 (on) or 2",
            ),
            (
                "username",
                json!(""),
                "query rule 7: `username` is empty; leave it out",
            ),
            (
                "re_modifiers",
                json!("GLOBAL"),
                "re_modifiers `GLOBAL` is not known; it is `CASELESS` or empty",
            ),
            (
                "replace_pattern",
                json!("x"),
                "unknown field `replace_pattern`, expected one of `rule_id`",
            ),
            (
                "match_digest",
                json!("é(?!a)"),
                "query rule 7: `match_digest` is no usable pattern: look-around (`(?=`, `(?!`, `(?<=`, `(?<!`) at \
                 character 2 of `é(?!a)`; patterns have RE2's syntax, without look-around and \
                 back-references",
            ),
        ] {
            let mut rule = json!({ "rule_id": 7, "active": true });
            rule[field] = value;
            let error = read(rule).unwrap_err();
            assert!(error.starts_with(said), "{field}: {error}");
        }
    }

    #[test]
    fn a_rule_has_to_say_whether_it_is_active() {
        let error = read(json!({ "rule_id": 7 })).unwrap_err();
        assert_eq!(error, "missing field `active`");
    }

    proptest! {
        #[test]
        fn any_text_as_a_pattern_is_taken_or_refused_and_never_panics(text in any::<String>()) {
            let _ = QueryRule::new(RuleFields {
                match_pattern: Some(text),
                ..RuleFields::new(RuleId(1))
            });
        }
    }
}
