//! From a statement to its hostgroup, by query rules: the digest, every rule up
//! to the last, and the hostgroup in the table. And, for a client without
//! rules, whether the statement only reads.

use std::collections::BTreeMap;
use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use lictor_domain::hostgroup::HostgroupKind;
use lictor_domain::rule::{Query, RuleSet};
use lictor_domain::{
    HostgroupId, HostgroupRoute, QueryRule, RoutingTable, RuleFields, RuleId, Statement,
};

use crate::measure::{Figure, Measure};

/// Characters of each statement.
const LENGTH: usize = 120;
/// So many statements, with other values, in turn.
const STATEMENTS: u64 = 256;
/// Rules that do not match, before the two that split reads from writes.
const OTHERS: u32 = 48;
const WRITER: HostgroupId = HostgroupId(10);
const READER: HostgroupId = HostgroupId(11);

pub(crate) fn figures(measure: &mut Measure) -> Result<Vec<Figure>> {
    let statements: Vec<String> = (0..STATEMENTS).map(statement).collect();
    let rules = RuleSet::new(&rules()?)?;
    let table = RoutingTable {
        hostgroups: [WRITER, READER]
            .map(|id| Ok((id, hostgroup(id)?)))
            .into_iter()
            .collect::<Result<_>>()?,
        ..RoutingTable::default()
    };
    let mut buffer = Vec::with_capacity(LENGTH);
    let mut route = |sql: &str| {
        let query = Query {
            sql: sql.as_bytes(),
            username: "app",
            schemaname: "shop",
        };
        let outcome = rules.evaluate(&query, &mut buffer);
        outcome
            .destination_hostgroup
            .and_then(|id| table.hostgroups.get(&id))
    };
    for sql in &statements {
        ensure!(sql.len() == LENGTH, "{} characters: {sql}", sql.len());
        let found = route(sql).context("no hostgroup")?;
        ensure!(found.id == READER, "hostgroup {} for {sql}", found.id);
    }
    let mut turn = statements.iter().cycle();
    let mut next = || turn.next().map_or("", String::as_str);
    let routed = measure.ns("route_sql_us", |bencher| {
        bencher.iter(|| route(black_box(next())).is_some());
    })?;
    let classified = measure.ns("classify_sql_us", |bencher| {
        bencher.iter(|| Statement::classify(black_box(next()).as_bytes()).is_read());
    })?;
    Ok(vec![
        Figure {
            what: "a statement of 120 characters → its digest → its hostgroup, by the last of 50 rules",
            key: "route_sql_us",
            median: routed / 1000.0,
        },
        Figure {
            what: "the same statement, without rules: does it only read?",
            key: "classify_sql_us",
            median: classified / 1000.0,
        },
    ])
}

fn statement(number: u64) -> String {
    let customer = 10_000 + number * 37 % 90_000;
    format!(
        "SELECT id, total, created_at FROM orders WHERE customer_id = {customer} AND \
         status IN ('open', 'paid') ORDER BY id LIMIT 5, 9"
    )
}

/// What people write: statements told by their digests, tables, users, and at
/// the end the split.
fn rules() -> Result<BTreeMap<RuleId, QueryRule>> {
    let others = (1..=OTHERS).map(|number| {
        let digest = match number % 6 {
            0 => format!(r"^SELECT c FROM sbtest{number} WHERE id=\?$"),
            1 => format!(r"^SELECT .* FROM (archive|report)_{number}\b"),
            2 => format!("^INSERT INTO log_{number} "),
            3 => format!(r"\bevents_{number}\b.*FOR UPDATE$"),
            4 => format!("^UPDATE stock_{number} SET"),
            _ => "^SELECT".to_owned(),
        };
        let username = (number % 6 == 5).then(|| format!("batch{number}"));
        (username, digest, WRITER)
    });
    let split = [
        (None, "^SELECT.*FOR UPDATE$".to_owned(), WRITER),
        (None, "^SELECT".to_owned(), READER),
    ];
    let rules = others.chain(split).zip(1..).map(|(rule, id)| {
        let (username, match_digest, hostgroup) = rule;
        let rule = QueryRule::new(RuleFields {
            username,
            match_digest: Some(match_digest),
            destination_hostgroup: Some(hostgroup),
            apply: true,
            ..RuleFields::new(RuleId(id))
        })?;
        Ok((rule.id(), rule))
    });
    rules.collect()
}

fn hostgroup(id: HostgroupId) -> Result<HostgroupRoute> {
    Ok(HostgroupRoute {
        id,
        name: format!("hostgroup-{id}").parse()?,
        kind: HostgroupKind::Custom,
        filled_by: None,
        servers: vec![],
    })
}
