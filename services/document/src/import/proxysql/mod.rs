//! ProxySQL: its servers, replication hostgroups and query rules, from a dump of
//! its tables, from `proxysql.cnf`, or from rows that were read elsewhere.
//!
//! A pair of hostgroups for writers and readers whose servers are the nodes of a
//! known cluster is filled by role, so that a failover changes it. Any other
//! hostgroup lists its servers.

mod cnf;
mod hostgroups;
mod rules;
mod sql;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use lictor_domain::config::Draft;
use lictor_domain::hostgroup::{Hostgroup, HostgroupId, HostgroupKind, Members};
use lictor_domain::rule::QueryRule;

pub use self::cnf::read_cnf;
use self::hostgroups::Hostgroups;
pub use self::sql::read_sql;
pub use self::tables::Tables;
use super::{Clusters, Import, Notes, count, list};
use crate::error::DocumentError;

/// The tables that are taken. Whoever reads a live ProxySQL reads these.
pub const TABLES: [&str; 4] = [
    "mysql_servers",
    "mysql_replication_hostgroups",
    "mysql_query_rules",
    "mysql_users",
];

/// Reads a dump or a configuration file, whichever it is.
///
/// # Errors
/// What is neither, and what is wrong in it.
pub fn read(text: &str, name: &str) -> Result<Tables, DocumentError> {
    if sql::is_sql(text) {
        read_sql(text, name)
    } else {
        read_cnf(text, name)
    }
}

/// A draft of what the tables say. It says nothing of the clusters themselves, so
/// that they are kept as they are.
///
/// # Errors
/// Values that ProxySQL itself would not have, and tables that say nothing that
/// could be taken.
pub fn import(tables: &Tables, clusters: &Clusters) -> Result<Import, DocumentError> {
    if TABLES.iter().all(|table| tables.rows(table).is_empty()) {
        return Err(DocumentError::Syntax {
            document: tables.document().to_owned(),
            at: None,
            why: format!("there is nothing to take: no row of {}", list(TABLES)),
        });
    }
    let mut notes = Notes::default();
    let hostgroups = Hostgroups::read(tables, &mut notes)?;
    let mut hostgroups = hostgroups.assign(clusters, &mut notes);
    let query_rules = rules::read(tables, &mut notes)?;
    add_targets(&mut hostgroups, &query_rules, &mut notes);
    users(tables, &mut notes)?;
    strangers(tables, &mut notes);
    others(tables, &mut notes);
    Ok(notes.with(Draft {
        hostgroups: hostgroups.into_values().collect(),
        query_rules,
        ..Draft::default()
    }))
}

/// A rule may send statements to a hostgroup that has no servers yet.
fn add_targets(
    hostgroups: &mut BTreeMap<HostgroupId, Hostgroup>,
    rules: &[QueryRule],
    notes: &mut Notes,
) {
    for rule in rules {
        let Some(id) = rule.fields().destination_hostgroup else {
            continue;
        };
        hostgroups.entry(id).or_insert_with(|| {
            notes.changed(
                format!("hostgroup {id}"),
                format!(
                    "rule {} leads to it and it has no servers; it is empty",
                    rule.id()
                ),
            );
            hostgroups::unnamed(id, HostgroupKind::Custom, Members::Listed(vec![]))
        });
    }
}

/// Lictor has no users: who may connect is MySQL's to say. Where their statements
/// go by default is worth a note; their passwords are never looked at.
fn users(tables: &Tables, notes: &mut Notes) -> Result<(), DocumentError> {
    let mut by_default: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for row in tables.rows("mysql_users") {
        let hostgroup = row.number("default_hostgroup")?.unwrap_or(0);
        let users = by_default.entry(hostgroup).or_default();
        let user = row.needed("username")?;
        if !users.contains(&user) {
            users.push(user);
        }
    }
    for (hostgroup, users) in by_default {
        notes.left_out(
            format!("mysql_users with default_hostgroup {hostgroup}"),
            format!(
                "statements of {} go to hostgroup {hostgroup} when no rule says otherwise; Lictor \
                 keeps no users and no passwords: a last rule with `destination_hostgroup: \
                 {hostgroup}`, and `username` where users differ, says the same",
                list(users)
            ),
        );
    }
    Ok(())
}

/// Columns that no version known here has, such as one that is misspelt.
fn strangers(tables: &Tables, notes: &mut Notes) {
    for (table, known) in [
        ("mysql_servers", hostgroups::COLUMNS),
        ("mysql_replication_hostgroups", hostgroups::PAIR_COLUMNS),
        ("mysql_query_rules", rules::COLUMNS),
    ] {
        let columns = tables.rows(table).iter().flat_map(tables::Row::columns);
        let strangers: BTreeSet<_> = columns.filter(|column| !known.contains(column)).collect();
        for column in strangers {
            notes.left_out(format!("{table}.{column}"), "no such column is known");
        }
    }
}

fn others(tables: &Tables, notes: &mut Notes) {
    for (table, rows) in tables.all() {
        if TABLES.contains(&table) || rows.is_empty() {
            continue;
        }
        notes.left_out(
            format!("{table} ({})", count(rows.len(), "row")),
            why_not(table),
        );
    }
}

fn why_not(table: &str) -> &'static str {
    match table {
        "global_variables" | "admin_variables" | "mysql_variables" | "pgsql_variables"
        | "global_settings" | "settings" => "ProxySQL's own settings",
        "mysql_query_rules_fast_routing" => {
            "Lictor has no second table of rules; write rules with `username`, `schemaname` and \
             `destination_hostgroup` instead"
        }
        "mysql_group_replication_hostgroups"
        | "mysql_galera_hostgroups"
        | "mysql_aws_aurora_hostgroups" => {
            "ProxySQL moves servers between these hostgroups by itself; they are taken as they are \
             listed now"
        }
        "mysql_hostgroup_attributes" => "hostgroups of Lictor have no such attributes",
        "scheduler" => "Lictor runs no scripts",
        "proxysql_servers" => "the proxies' own cluster",
        "mysql_servers_ssl_params" => "how clients encrypt is the clients' to say",
        "mysql_firewall_whitelist_rules"
        | "mysql_firewall_whitelist_users"
        | "mysql_firewall_whitelist_sqli_fingerprints" => "Lictor is no firewall",
        other if other.starts_with("pgsql_") => "it is about PostgreSQL",
        other if other.starts_with("runtime_") => "what runs; the configuration is taken",
        _ => "nothing in Lictor is like it",
    }
}
