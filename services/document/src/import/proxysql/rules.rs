//! Query rules of the rows of `mysql_query_rules`.
//!
//! Law: a rule that is taken matches no statement that it did not match in
//! ProxySQL, and a statement that it takes is not treated worse in silence: what
//! cannot be kept of a rule is noted, or the rule is left out whole.

use lictor_domain::hostgroup::HostgroupId;
use lictor_domain::rule::{Multiplex, QueryRule, ReModifiers, RuleFields, RuleId};

use super::super::Notes;
use super::tables::{Row, Tables};
use crate::error::DocumentError;

/// The columns of `mysql_query_rules`.
pub(super) const COLUMNS: &[&str] = &[
    "rule_id",
    "active",
    "username",
    "schemaname",
    "flagIN",
    "client_addr",
    "proxy_addr",
    "proxy_port",
    "digest",
    "match_digest",
    "match_pattern",
    "negate_match_pattern",
    "re_modifiers",
    "flagOUT",
    "replace_pattern",
    "destination_hostgroup",
    "cache_ttl",
    "cache_empty_result",
    "cache_timeout",
    "reconnect",
    "timeout",
    "retries",
    "delay",
    "next_query_flagIN",
    "mirror_flagOUT",
    "mirror_hostgroup",
    "error_msg",
    "OK_msg",
    "sticky_conn",
    "multiplex",
    "gtid_from_hostgroup",
    "log",
    "apply",
    "attributes",
    "comment",
];

/// Columns without which a rule would match more, or do something else.
const DECISIVE: [(&str, &str); 6] = [
    (
        "client_addr",
        "there is no proxy that sees where clients are",
    ),
    ("proxy_addr", "there is no proxy"),
    ("proxy_port", "there is no proxy"),
    (
        "digest",
        "ProxySQL's hash of a digest is not computed here; `match_digest` with the digest's text \
         says the same",
    ),
    ("replace_pattern", "statements are not rewritten"),
    ("OK_msg", "statements are not answered without a server"),
];

/// Columns without which a rule still sends the same statements to the same
/// hostgroup.
const BESIDE: [(&str, &str); 9] = [
    ("next_query_flagIN", "flags do not outlive a statement"),
    ("mirror_flagOUT", "statements are not mirrored"),
    ("mirror_hostgroup", "statements are not mirrored"),
    (
        "gtid_from_hostgroup",
        "a client waits for the GTID of its own writes where it asks for that",
    ),
    ("sticky_conn", "it has no effect in ProxySQL either"),
    ("reconnect", "it has no effect in ProxySQL either"),
    ("log", "statements are not logged"),
    ("attributes", "rules have no attributes"),
    ("GLOBAL", "it belongs to replace_pattern"),
];

pub(super) fn read(tables: &Tables, notes: &mut Notes) -> Result<Vec<QueryRule>, DocumentError> {
    let mut rules: Vec<QueryRule> = vec![];
    for row in tables.rows("mysql_query_rules") {
        let id = RuleId(row.needed_number("rule_id")?);
        let about = format!("rule {id}");
        if let Some((column, why)) = DECISIVE.iter().find(|(column, _)| decides(row, column)) {
            notes.left_out(about, format!("it has `{column}`: {why}"));
            continue;
        }
        let fields = fields(row, id)?;
        let beside = BESIDE.iter().filter(|(column, _)| beside(row, column));
        let beside: Vec<_> = beside
            .map(|(column, why)| format!("without `{column}`: {why}"))
            .collect();
        match QueryRule::new(fields) {
            Err(error) => notes.left_out(about, error.to_string()),
            Ok(rule) => {
                if !beside.is_empty() {
                    notes.changed(about, format!("it is taken {}", beside.join("; ")));
                }
                rules.retain(|other| other.id() != id);
                rules.push(rule);
            }
        }
    }
    leads_nowhere(&mut rules, notes);
    rules.sort_by_key(QueryRule::id);
    Ok(rules)
}

fn decides(row: &Row, column: &str) -> bool {
    match column {
        // An empty one is what ProxySQL takes for none.
        "OK_msg" | "replace_pattern" => row.text(column).is_some(),
        _ => row.says(column),
    }
}

fn beside(row: &Row, column: &str) -> bool {
    match column {
        "GLOBAL" => modifiers(row).is_some_and(|found| has(&found, "GLOBAL")),
        "mirror_hostgroup" | "mirror_flagOUT" | "gtid_from_hostgroup" | "next_query_flagIN" => {
            row.text(column).is_some()
        }
        _ => row.says(column),
    }
}

/// A flag that no rule is left for ends the evaluation, in ProxySQL as here; a
/// configuration does not have one.
fn leads_nowhere(rules: &mut [QueryRule], notes: &mut Notes) {
    let flags: Vec<_> = rules.iter().map(|rule| rule.fields().flag_in).collect();
    for rule in rules {
        let flag = rule.fields().flag_out;
        if let Some(flag) = flag.filter(|flag| !flags.contains(flag)) {
            let fields = RuleFields {
                flag_out: None,
                apply: true,
                ..rule.fields().clone()
            };
            if let Ok(ends) = QueryRule::new(fields) {
                *rule = ends;
            }
            notes.changed(
                format!("rule {}", rule.id()),
                format!(
                    "no rule that is taken has flagIN {flag}, to which it leads; it ends there"
                ),
            );
        }
    }
}

fn modifiers(row: &Row) -> Option<String> {
    row.text("re_modifiers").map(str::to_ascii_uppercase)
}

fn has(modifiers: &str, wanted: &str) -> bool {
    modifiers.split(',').any(|one| one.trim() == wanted)
}

fn fields(row: &Row, id: RuleId) -> Result<RuleFields, DocumentError> {
    let text = |column| row.text(column).map(ToOwned::to_owned);
    let caseless = match modifiers(row) {
        Some(found) => has(&found, "CASELESS"),
        None => !row.is_null("re_modifiers"),
    };
    let multiplex = row.number::<u32>("multiplex")?.map(|number| {
        Multiplex::try_from(number).map_err(|error| row.wrong("multiplex", error.to_string()))
    });
    Ok(RuleFields {
        active: row.flag("active")?.unwrap_or(false),
        username: text("username"),
        schemaname: text("schemaname"),
        flag_in: row.number("flagIN")?.unwrap_or(0),
        match_digest: text("match_digest"),
        match_pattern: text("match_pattern"),
        negate_match_pattern: row.flag("negate_match_pattern")?.unwrap_or(false),
        re_modifiers: if caseless {
            ReModifiers::Caseless
        } else {
            ReModifiers::None
        },
        flag_out: row.number("flagOUT")?,
        destination_hostgroup: row.number("destination_hostgroup")?.map(HostgroupId),
        cache_ttl: row.number("cache_ttl")?,
        cache_empty_result: row.flag("cache_empty_result")?,
        cache_timeout: row.number("cache_timeout")?,
        timeout: row.number("timeout")?,
        retries: row.number("retries")?,
        delay: row.number("delay")?,
        multiplex: multiplex.transpose()?,
        error_msg: text("error_msg"),
        apply: row.flag("apply")?.unwrap_or(false),
        comment: text("comment"),
        ..RuleFields::new(id)
    })
}
