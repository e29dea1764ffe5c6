//! The rules together: which hostgroup a statement goes to.
//!
//! They are tried once, in order of their numbers, as ProxySQL does by default
//! (`mysql-query_processor_iterations` 0): a rule that matches sets what it
//! names, over what an earlier one has set; its `flagOUT` is carried to the
//! rules after it; its `apply` ends the evaluation. So no chain of flags can go
//! in circles, and one that leads to a lower number leads nowhere.
//!
//! All patterns are looked for in one pass over the text, however many rules
//! there are.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use regex::bytes::{RegexSet, RegexSetBuilder, SetMatches};
use thiserror::Error;

use super::explain::{Explanation, Step, Verdict};
use super::fields::{Multiplex, QueryRule, ReModifiers, RuleFields};
use super::{RuleId, digest};
use crate::hostgroup::HostgroupId;

/// Bytes that the compiled patterns of all rules may take.
const SIZE_LIMIT: usize = 64 << 20;

/// Bytes that a thread may remember of its way through the patterns.
const CACHE_LIMIT: usize = 16 << 20;

/// A statement, and who sends it.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The text, in any character set that extends ASCII.
    pub sql: &'a [u8],
    /// The user.
    pub username: &'a str,
    /// The default schema; empty when there is none.
    pub schemaname: &'a str,
}

/// What the rules say of a statement. What no rule has set is the sender's
/// choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Where it goes.
    pub destination_hostgroup: Option<HostgroupId>,
    /// The rule that said so.
    pub chosen_by: Option<RuleId>,
    /// For how many milliseconds its result may be cached.
    pub cache_ttl: Option<u32>,
    /// Whether a result without rows may be cached too.
    pub cache_empty_result: Option<bool>,
    /// For how many milliseconds to wait for a result that is being cached.
    pub cache_timeout: Option<u32>,
    /// After how many milliseconds it is ended; 0 for never.
    pub timeout: Option<u32>,
    /// How often it is tried again when it fails.
    pub retries: Option<u32>,
    /// For how many milliseconds it is held back.
    pub delay: Option<u32>,
    /// Whether its connection may serve other sessions between statements.
    pub multiplex: Option<Multiplex>,
    /// It is not to be sent anywhere, and this is the error.
    pub error_msg: Option<Arc<str>>,
    /// The rule whose `apply` ended the evaluation.
    pub applied: Option<RuleId>,
}

/// Why rules make no set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "compiled, the patterns of the query rules (`{field}`) would take more than {SIZE_LIMIT} bytes"
)]
pub struct TooManyPatterns {
    /// The field.
    pub field: &'static str,
}

/// Query rules, ready to be asked.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Vec<Ready>,
    digests: RegexSet,
    patterns: RegexSet,
}

#[derive(Clone, Debug)]
struct Ready {
    rule: QueryRule,
    digest: Option<usize>,
    pattern: Option<usize>,
    error_msg: Option<Arc<str>>,
}

/// Why a rule does not match.
#[derive(Clone, Copy)]
enum Miss {
    Inactive,
    Flag,
    User,
    Schema,
    Digest,
    Pattern,
}

/// The patterns found in a text; looked for when they are first needed.
struct Matches<'a> {
    patterns: &'a RegexSet,
    text: &'a [u8],
    found: OnceCell<SetMatches>,
}

impl<'a> Matches<'a> {
    const fn new(patterns: &'a RegexSet, text: &'a [u8]) -> Self {
        Self {
            patterns,
            text,
            found: OnceCell::new(),
        }
    }

    fn has(&self, pattern: usize) -> bool {
        self.found
            .get_or_init(|| self.patterns.matches(self.text))
            .matched(pattern)
    }
}

/// Patterns of many rules.
#[derive(Default)]
struct Patterns(Vec<String>);

impl Patterns {
    fn add(&mut self, pattern: Option<&String>, modifiers: ReModifiers) -> Option<usize> {
        let flags = match modifiers {
            ReModifiers::Caseless => "(?i)",
            ReModifiers::None => "",
        };
        self.0.push(format!("{flags}{}", pattern?));
        Some(self.0.len() - 1)
    }

    fn compile(&self, field: &'static str) -> Result<RegexSet, TooManyPatterns> {
        RegexSetBuilder::new(&self.0)
            .unicode(false)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(CACHE_LIMIT)
            .build()
            .map_err(|_| TooManyPatterns { field })
    }
}

impl RuleSet {
    /// The rules, compiled together.
    pub fn new(rules: &BTreeMap<RuleId, QueryRule>) -> Result<Self, TooManyPatterns> {
        let mut digests = Patterns::default();
        let mut patterns = Patterns::default();
        let ready = rules.values().map(|rule| {
            let fields = rule.fields();
            Ready {
                digest: digests.add(fields.match_digest.as_ref(), fields.re_modifiers),
                pattern: patterns.add(fields.match_pattern.as_ref(), fields.re_modifiers),
                error_msg: fields.error_msg.as_deref().map(Arc::from),
                rule: rule.clone(),
            }
        });
        Ok(Self {
            rules: ready.collect(),
            digests: digests.compile("match_digest")?,
            patterns: patterns.compile("match_pattern")?,
        })
    }

    /// What the rules say of a statement. `buffer` is for the digest and can be
    /// used again; see [`digest`].
    #[must_use]
    pub fn evaluate(&self, query: &Query<'_>, buffer: &mut Vec<u8>) -> Outcome {
        if self.digests.is_empty() {
            buffer.clear();
        } else {
            digest(query.sql, buffer);
        }
        self.walk(query, buffer, |_, _, _| ())
    }

    /// What the rules say of a statement, and of each rule why.
    #[must_use]
    pub fn explain(&self, query: &Query<'_>) -> Explanation {
        let mut text = Vec::new();
        digest(query.sql, &mut text);
        let mut steps = Vec::with_capacity(self.rules.len());
        let outcome = self.walk(query, &text, |rule, flag, miss| {
            steps.push(Step {
                rule: rule.rule_id,
                verdict: verdict(rule, query, flag, miss),
            });
        });
        if let Some(by) = outcome.applied {
            let unreached = self.rules[steps.len()..].iter().map(|ready| Step {
                rule: ready.rule.id(),
                verdict: Verdict::NotReached { by },
            });
            steps.extend(unreached);
        }
        Explanation {
            digest: String::from_utf8_lossy(&text).into_owned(),
            steps,
            outcome,
        }
    }

    /// Tries each rule, and tells `note` of each that was tried, with the flag
    /// that was carried to it.
    fn walk(
        &self,
        query: &Query<'_>,
        digest: &[u8],
        mut note: impl FnMut(&RuleFields, u32, Option<Miss>),
    ) -> Outcome {
        let digests = Matches::new(&self.digests, digest);
        let patterns = Matches::new(&self.patterns, query.sql);
        let mut outcome = Outcome::default();
        let mut flag = 0;
        for ready in &self.rules {
            let rule = ready.rule.fields();
            let miss = ready.miss(query, flag, &digests, &patterns);
            note(rule, flag, miss);
            if miss.is_some() {
                continue;
            }
            outcome.take(ready);
            flag = rule.flag_out.unwrap_or(flag);
            if rule.apply {
                outcome.applied = Some(rule.rule_id);
                break;
            }
        }
        outcome
    }
}

impl Ready {
    fn miss(
        &self,
        query: &Query<'_>,
        flag: u32,
        digests: &Matches<'_>,
        patterns: &Matches<'_>,
    ) -> Option<Miss> {
        let rule = self.rule.fields();
        let other = |wanted: &Option<String>, is: &str| {
            wanted.as_deref().is_some_and(|wanted| wanted != is)
        };
        let unlike = |pattern: Option<usize>, matches: &Matches<'_>| {
            pattern.is_some_and(|pattern| matches.has(pattern) == rule.negate_match_pattern)
        };
        if !rule.active {
            Some(Miss::Inactive)
        } else if rule.flag_in != flag {
            Some(Miss::Flag)
        } else if other(&rule.username, query.username) {
            Some(Miss::User)
        } else if other(&rule.schemaname, query.schemaname) {
            Some(Miss::Schema)
        } else if unlike(self.digest, digests) {
            Some(Miss::Digest)
        } else if unlike(self.pattern, patterns) {
            Some(Miss::Pattern)
        } else {
            None
        }
    }
}

impl Outcome {
    /// Sets what the rule names.
    fn take(&mut self, ready: &Ready) {
        let rule = ready.rule.fields();
        if rule.destination_hostgroup.is_some() {
            self.destination_hostgroup = rule.destination_hostgroup;
            self.chosen_by = Some(rule.rule_id);
        }
        self.cache_ttl = rule.cache_ttl.or(self.cache_ttl);
        self.cache_empty_result = rule.cache_empty_result.or(self.cache_empty_result);
        self.cache_timeout = rule.cache_timeout.or(self.cache_timeout);
        self.timeout = rule.timeout.or(self.timeout);
        self.retries = rule.retries.or(self.retries);
        self.delay = rule.delay.or(self.delay);
        self.multiplex = rule.multiplex.or(self.multiplex);
        if ready.error_msg.is_some() {
            self.error_msg.clone_from(&ready.error_msg);
        }
    }
}

/// Why, with what it rests on.
fn verdict(rule: &RuleFields, query: &Query<'_>, flag: u32, miss: Option<Miss>) -> Verdict {
    let negated = rule.negate_match_pattern;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    match miss {
        None => Verdict::Matched {
            hostgroup: rule.destination_hostgroup,
            flag_out: rule.flag_out,
            error: rule.error_msg.is_some(),
            applied: rule.apply,
        },
        Some(Miss::Inactive) => Verdict::Inactive,
        Some(Miss::Flag) => Verdict::OtherFlag {
            wanted: rule.flag_in,
            carried: flag,
        },
        Some(Miss::User) => Verdict::OtherUser {
            wanted: text(&rule.username),
            is: query.username.to_owned(),
        },
        Some(Miss::Schema) => Verdict::OtherSchema {
            wanted: text(&rule.schemaname),
            is: query.schemaname.to_owned(),
        },
        Some(Miss::Digest) => Verdict::OtherDigest {
            pattern: text(&rule.match_digest),
            negated,
        },
        Some(Miss::Pattern) => Verdict::OtherText {
            pattern: text(&rule.match_pattern),
            negated,
        },
    }
}

#[cfg(test)]
mod tests;
