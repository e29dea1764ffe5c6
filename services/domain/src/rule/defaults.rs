//! Rules that split reads from writes, to begin with.
//!
//! They say in ProxySQL's words what [`Statement`](crate::Statement) says of a
//! statement, as far as patterns can: what any of the first rules finds goes to
//! the writer, then queries go to the readers, and all else to the writer. Where
//! the patterns are not sure they choose the writer, also for a column that is
//! named `into`. What they cannot tell is a stored function that writes: who
//! calls one in a query needs a rule for it, before these.

use super::{QueryRule, RuleError, RuleFields, RuleId};
use crate::hostgroup::HostgroupId;

/// What a rule of the split matches on.
enum On {
    Digest(&'static str),
    Text(&'static str),
    Everything,
}

/// The rules in order: comment, match, and whether it goes to the readers.
const SPLIT: [(&str, On, bool); 7] = [
    (
        "a comment that only some servers execute",
        On::Text(r"/\*M?!"),
        false,
    ),
    ("several statements", On::Digest(";"), false),
    (
        "rows that are locked or changed, results that go elsewhere, sequences",
        On::Digest(
            r"\b(UPDATE|DELETE|INTO)\b|\bFOR\s+SHARE\b|\bLOCK\s+IN\b|\bVALUE\s+FOR\b|\.\s*NEXTVAL\b",
        ),
        false,
    ),
    (
        "variables of the session or the server",
        On::Digest("@"),
        false,
    ),
    (
        "functions of the session",
        On::Digest(
            r"\b(LAST_INSERT_ID|GET_LOCK|RELEASE_LOCK|RELEASE_ALL_LOCKS|IS_FREE_LOCK|IS_USED_LOCK|FOUND_ROWS|SQL_CALC_FOUND_ROWS|ROW_COUNT|CONNECTION_ID|LOAD_FILE|NEXTVAL|LASTVAL|SETVAL|LAST_GTID)\b",
        ),
        false,
    ),
    (
        "queries",
        On::Digest(
            r"^[( ]*(SELECT|TABLE|VALUES|(DESC|DESCRIBE|EXPLAIN)\s[( ]*SELECT|SHOW\s+(FULL\s+)?(TABLES|DATABASES|SCHEMAS|COLUMNS|FIELDS|INDEX|INDEXES|KEYS|TRIGGERS|EVENTS|TABLE\s+STATUS|CREATE))\b",
        ),
        true,
    ),
    ("everything else", On::Everything, false),
];

/// Rules 100, 200 and so on, which send what only reads to `reader`, and
/// everything else to `writer`.
pub fn default_rules(
    writer: HostgroupId,
    reader: HostgroupId,
) -> Result<Vec<QueryRule>, RuleError> {
    let rules = SPLIT.iter().zip(1..).map(|((comment, on, reads), number)| {
        let (match_digest, match_pattern) = match on {
            On::Digest(pattern) => (Some((*pattern).to_owned()), None),
            On::Text(pattern) => (None, Some((*pattern).to_owned())),
            On::Everything => (None, None),
        };
        QueryRule::new(RuleFields {
            match_digest,
            match_pattern,
            destination_hostgroup: Some(if *reads { reader } else { writer }),
            apply: true,
            comment: Some((*comment).to_owned()),
            ..RuleFields::new(RuleId(number * 100))
        })
    });
    rules.collect()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::rule::{Query, RuleSet};
    use crate::{Statement, WriteReason};

    static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
        let rules = default_rules(HostgroupId(10), HostgroupId(20)).unwrap();
        RuleSet::new(&rules.into_iter().map(|rule| (rule.id(), rule)).collect()).unwrap()
    });

    fn hostgroup(sql: &str) -> Option<HostgroupId> {
        let query = Query {
            sql: sql.as_bytes(),
            username: "",
            schemaname: "",
        };
        RULES
            .evaluate(&query, &mut Vec::new())
            .destination_hostgroup
    }

    #[test]
    fn queries_go_to_the_readers() {
        for sql in [
            "SELECT 1",
            "  /* why */ select * from t where a in (1,2,3,4,5,6);",
            "(SELECT 1) UNION (SELECT 2)",
            "SELECT 'FOR UPDATE; @x' FROM t",
            "EXPLAIN SELECT 1",
            "DESC (SELECT 1)",
            "SHOW FULL COLUMNS FROM t",
            "TABLE t",
            "SELECT updated_at, `into_x` FROM t",
        ] {
            assert_eq!(hostgroup(sql), Some(HostgroupId(20)), "{sql}");
        }
    }

    const PARTS: [&str; 34] = [
        "SELECT",
        "FROM t",
        "(",
        ")",
        "FOR UPDATE",
        "for\nshare",
        "LOCK IN SHARE MODE",
        "INTO @x",
        "INTO OUTFILE 'x'",
        "@a",
        "@@b",
        "LAST_INSERT_ID()",
        "get_lock('a', 1)",
        "FOUND_ROWS()",
        "; DELETE FROM t",
        ";",
        "/*! FOR UPDATE */",
        "/* c */",
        "-- c\n",
        "WITH c AS (SELECT 1)",
        "UPDATE t SET a = 1",
        "DELETE",
        "SHOW",
        "TABLES",
        "WARNINGS",
        "EXPLAIN",
        "BEGIN",
        "SET",
        "'FOR UPDATE'",
        "a.b",
        "1.5",
        "COUNT(*)",
        "NEXT VALUE FOR s",
        "s.nextval",
    ];

    proptest! {
        /// Where both can tell.
        #[test]
        fn what_goes_to_the_readers_only_reads(
            parts in proptest::collection::vec(proptest::sample::select(&PARTS[..]), 1..6),
        ) {
            let sql = parts.join(" ");
            if hostgroup(&sql) == Some(HostgroupId(20)) {
                let statement = Statement::classify(sql.as_bytes());
                let agreed = matches!(
                    statement,
                    Statement::Read | Statement::Write(WriteReason::UnknownFunction(_))
                );
                prop_assert!(agreed, "{sql}: {statement}");
            }
        }
    }
}
