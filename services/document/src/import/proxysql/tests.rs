//! Samples of each source, and what becomes of them.

use proptest::prelude::*;

use super::super::samples::{comes_to, damaged, orders};
use super::*;

const DUMP: &str = include_str!("../../../testdata/proxysql/dump.sql");
const MYSQLDUMP: &str = include_str!("../../../testdata/proxysql/mysqldump.sql");
const CNF: &str = include_str!("../../../testdata/proxysql/proxysql.cnf");

fn taken(text: &str, name: &str) -> Result<Import, DocumentError> {
    import(&read(text, name)?, &orders())
}

fn told(text: &str, name: &str) -> String {
    taken(text, name).unwrap_err().to_string()
}

#[test]
fn a_dump_by_sqlite_becomes_a_whole_draft_and_nothing_is_dropped_silently() {
    comes_to(
        &taken(DUMP, "dump.sql").unwrap(),
        include_str!("../../../testdata/proxysql/dump.yaml"),
        include_str!("../../../testdata/proxysql/dump.notes"),
    );
}

#[test]
fn a_dump_by_mysqldump_has_its_backslashes_read_as_escapes() {
    comes_to(
        &taken(MYSQLDUMP, "mysqldump.sql").unwrap(),
        include_str!("../../../testdata/proxysql/mysqldump.yaml"),
        include_str!("../../../testdata/proxysql/mysqldump.notes"),
    );
}

#[test]
fn a_configuration_file_becomes_a_whole_draft_and_nothing_is_dropped_silently() {
    comes_to(
        &taken(CNF, "proxysql.cnf").unwrap(),
        include_str!("../../../testdata/proxysql/proxysql.yaml"),
        include_str!("../../../testdata/proxysql/proxysql.notes"),
    );
}

#[test]
fn a_dump_is_told_from_a_configuration_file_by_its_first_word() {
    for sql in [
        "PRAGMA foreign_keys=OFF;",
        "\n-- a\nINSERT INTO x",
        "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\nDROP TABLE x",
        "/* a */\n# b\nreplace into x",
    ] {
        assert!(sql::is_sql(sql), "{sql}");
    }
    for cnf in [
        "",
        "# INSERT\ndatadir=\"/\"",
        "/* SET */\nmysql_servers=()",
        "inserted=1",
    ] {
        assert!(!sql::is_sql(cnf), "{cnf}");
    }
}

#[test]
fn servers_that_are_partly_of_a_cluster_are_listed() {
    let sql = "INSERT INTO mysql_servers (hostgroup_id, hostname) VALUES (1, '10.0.0.11'), (2, '10.0.0.99');
        INSERT INTO mysql_replication_hostgroups (writer_hostgroup, reader_hostgroup) VALUES (1, 2);";
    let import = taken(sql, "hand.sql").unwrap();
    assert!(
        import
            .draft
            .hostgroups
            .iter()
            .all(|one| one.cluster().is_none())
    );
    assert_eq!(
        import.notes[0].to_string(),
        "to do: hostgroups 1 and 2: 10.0.0.99:3306 is no node of cluster orders, as the others \
         are; their servers are listed, and no failover changes that"
    );
}

#[test]
fn what_is_wrong_in_a_dump_is_told_with_its_place() {
    for (name, text, error) in [
        (
            "a.sql",
            "CREATE TABLE x (a INT);",
            "a.sql: there is nothing to take: no row of mysql_servers, mysql_replication_hostgroups, mysql_query_rules, mysql_users",
        ),
        (
            "a.sql",
            "-- x\n\nINSERT INTO mysql_servers VALUES (1, 'a');",
            "a.sql:3:1: `mysql_servers` is filled without the names of its columns, and there is no CREATE TABLE before it that tells them",
        ),
        (
            "a.sql",
            "INSERT INTO mysql_servers (hostgroup_id) VALUES (1, 'a');",
            "a.sql:1:1: a row of `mysql_servers` has 2 values for 1 columns",
        ),
        (
            "a.sql",
            "INSERT INTO mysql_servers (hostgroup_id, hostname, port)\nVALUES (1, 'a', 'x');",
            "a.sql:1:1: mysql_servers[0].port: `x` is no whole number that is not negative, or too large",
        ),
        (
            "a.sql",
            "INSERT INTO mysql_servers (hostgroup_id, hostname) VALUES (1, 'a b');",
            "a.sql:1:1: mysql_servers[0].hostname: address `a b:3306` is not host:port: the host has a character no host name has",
        ),
        (
            "a.sql",
            "INSERT INTO mysql_servers (hostgroup_id) VALUES (1);",
            "a.sql:1:1: mysql_servers[0].hostname: it is missing",
        ),
        (
            "a.sql",
            "INSERT INTO mysql_servers (hostname, status) VALUES ('a', 'UP');",
            "a.sql:1:1: mysql_servers[0].status: `up` is none of ONLINE, SHUNNED, OFFLINE_SOFT and OFFLINE_HARD",
        ),
        (
            "a.sql",
            "INSERT INTO mysql_servers (hostname) VALUES (concat('a'));",
            "a.sql:1:1: `concat('a')` is no plain value of `mysql_servers.hostname`",
        ),
        (
            "a.sql",
            "UPDATE mysql_servers SET weight = 2;",
            "a.sql:1:1: a statement changes `mysql_servers`, and what it leaves is not known here; load it into ProxySQL and dump the table",
        ),
        (
            "a.sql",
            "INSERT INTO mysql_users (username, password) VALUES ('a', 'secret'",
            "a.sql:1:1: a row of `mysql_users` cannot be read",
        ),
        (
            "a.sql",
            "INSERT INTO mysql_servers (hostname) VALUES ('a",
            "a.sql:1:46: Unterminated string literal",
        ),
        (
            "a.sql",
            "INSERT INTO mysql_query_rules (rule_id, active) VALUES (1, 2);",
            "a.sql:1:1: mysql_query_rules[0].active: `2` is neither 0 nor 1",
        ),
    ] {
        assert_eq!(told(text, name), error);
    }
    let deep = format!("INSERT INTO mysql_servers VALUES ({}", "(".repeat(10_000));
    assert!(told(&deep, "deep.sql").starts_with("deep.sql:1:1: "));
}

#[test]
fn what_is_wrong_in_a_configuration_file_is_told_with_its_place() {
    for (name, text, error) in [
        (
            "a.cnf",
            "mysql_servers = (\n  { address=\"a\" hostgroup=1 port= }\n)",
            "a.cnf:2:35: a value is expected here",
        ),
        (
            "a.cnf",
            "mysql_servers = (\n  { address=\"a\"",
            "a.cnf:2:16: a setting or `}` is expected here",
        ),
        (
            "a.cnf",
            "mysql_servers = (\n  { address=\"a",
            "a.cnf:2:15: `\"` at the end of a text is expected here",
        ),
        (
            "a.cnf",
            "mysql_servers = ( 1 )",
            "a.cnf:1:19: mysql_servers[0]: it is no group of settings in `{ }`",
        ),
        (
            "a.cnf",
            "mysql_servers = ( { address = ( ) } )",
            "a.cnf:1:19: mysql_servers[0].address: it is a list or a group; a text or a number is allowed",
        ),
        (
            "a.cnf",
            "{}",
            "a.cnf:1:1: a setting, such as `name = value` is expected here",
        ),
        (
            "a.cnf",
            "mysql_query_rules = ( { active=1 } )",
            "a.cnf:1:23: mysql_query_rules[0].rule_id: it is missing",
        ),
    ] {
        assert_eq!(told(text, name), error);
    }
    let deep = format!("a = {}", "(".repeat(10_000));
    assert_eq!(
        told(&deep, "deep.cnf"),
        "deep.cnf:1:21: less depth is expected here"
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        text in prop_oneof![damaged(DUMP), damaged(MYSQLDUMP), damaged(CNF)],
    ) {
        let _ = taken(&text, "any");
        let _ = read_sql(&text, "any").and_then(|tables| import(&tables, &orders()));
        let _ = read_cnf(&text, "any").and_then(|tables| import(&tables, &orders()));
    }
}
