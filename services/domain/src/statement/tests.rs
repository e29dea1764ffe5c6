use proptest::prelude::*;

use super::*;

#[track_caller]
fn reads(statements: &[&str]) {
    for sql in statements {
        assert_eq!(
            Statement::classify(sql.as_bytes()),
            Statement::Read,
            "{sql}"
        );
    }
}

#[track_caller]
fn writes(reason: &WriteReason, statements: &[&str]) {
    for sql in statements {
        let expected = Statement::Write(reason.clone());
        assert_eq!(Statement::classify(sql.as_bytes()), expected, "{sql}");
    }
}

#[track_caller]
fn begins_with_what_writes(verbs: &[(&str, &str)]) {
    for (verb, sql) in verbs {
        writes(&WriteReason::Verb((*verb).to_owned()), &[sql]);
    }
}

#[test]
fn queries_read() {
    reads(&[
        "SELECT 1",
        "SELECT 1;;",
        "select * from orders where id = 7;",
        "  \n\tSELECT 1 ; ",
        "SELECT a.id, COUNT(*) FROM a JOIN b USING (id) GROUP BY a.id HAVING COUNT(*) > 2",
        "SELECT IF(a, REPLACE(b, 'x', 'y'), INSERT(c, 1, 2, 'z')) FROM t",
        "SELECT DATE_FORMAT(NOW(), '%Y'), USER(), DATABASE(), ST_X(p) FROM t",
        "SELECT CAST(a AS DECIMAL(10, 2)), CONVERT(b, CHAR(10)) FROM t",
        "SELECT a, RANK() OVER (PARTITION BY b ORDER BY c) FROM t WINDOW w AS (ORDER BY d)",
        "SELECT * FROM t USE INDEX FOR ORDER BY (i) WHERE a IN (SELECT b FROM u) LIMIT 5",
        "SELECT SUBSTRING('abc' FROM 1 FOR 2)",
        "SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a INT PATH '$')) AS j (a)",
        "(SELECT 1) UNION ALL (SELECT 2) ORDER BY 1",
        "((SELECT 1))",
        "TABLE orders",
        "VALUES ROW(1, 2), ROW(3, 4)",
        "SELECT ?, :named FROM t WHERE a = 'x@y;z'",
    ]);
}

#[test]
fn what_only_looks_like_a_keyword_reads() {
    reads(&[
        "SELECT 'FOR UPDATE', \"INTO\", `update`, `into` FROM `lock`",
        "SELECT t.into, t.update, t.for FROM t",
        "SELECT updated_at, deleted, insert_time, settings FROM t",
        "SELECT a -- FOR UPDATE\nFROM t",
        "SELECT a /* FOR UPDATE; DELETE FROM t */ FROM t # INTO @x",
        "SELECT 'it''s', 'a\\'b; DELETE', \"say \"\"INTO\"\"\" FROM t",
        "SELECT 'LAST_INSERT_ID()', last_insert_id FROM t",
        "SELECT `LAST_INSERT_ID` FROM t",
    ]);
}

#[test]
fn comments_before_a_statement_do_not_hide_it() {
    reads(&[
        "/* app:shop */ SELECT 1",
        "-- why\nSELECT 1",
        "# why\n/* and */\n  (SELECT 1)",
        "SELECT /*+ MAX_EXECUTION_TIME(1000) */ 1",
    ]);
    begins_with_what_writes(&[
        ("DELETE", "/* SELECT */ DELETE FROM t"),
        ("UPDATE", "-- SELECT 1\nUPDATE t SET a = 1"),
        ("INSERT", "/**/INSERT INTO t SELECT 1"),
    ]);
}

#[test]
fn a_query_that_locks_rows_writes() {
    writes(
        &WriteReason::RowLock,
        &[
            "SELECT * FROM t FOR UPDATE",
            "select * from t for\n  update skip locked",
            "SELECT * FROM t FOR /* why */ UPDATE NOWAIT",
            "SELECT * FROM t FOR SHARE OF t",
            "SELECT * FROM t LOCK IN SHARE MODE",
            "SELECT * FROM (SELECT * FROM t FOR UPDATE) AS d",
            "(SELECT * FROM t FOR UPDATE)",
            "WITH c AS (SELECT 1) SELECT * FROM c FOR UPDATE",
            "TABLE t FOR UPDATE",
            "EXPLAIN ANALYZE SELECT * FROM t FOR UPDATE",
        ],
    );
}

#[test]
fn a_query_that_puts_its_result_elsewhere_writes() {
    writes(
        &WriteReason::Into,
        &[
            "SELECT * INTO OUTFILE '/tmp/x' FROM t",
            "SELECT * FROM t INTO DUMPFILE '/tmp/x'",
            "SELECT a INTO @x FROM t",
            "SELECT a FROM t LIMIT 1 INTO x",
            "TABLE t INTO OUTFILE '/tmp/x'",
        ],
    );
}

#[test]
fn variables_belong_to_the_session() {
    writes(
        &WriteReason::UserVariable,
        &[
            "SELECT @a",
            "SELECT @a := 1",
            "SELECT (@`a b` := @n + 1) FROM t",
            "SELECT @'a'",
        ],
    );
    writes(
        &WriteReason::SystemVariable,
        &[
            "SELECT @@hostname",
            "SELECT 1, @@session.insert_id",
            "SHOW TABLES WHERE @@read_only",
        ],
    );
}

#[test]
fn functions_of_the_session_go_where_the_session_is() {
    for (name, sql) in [
        ("LAST_INSERT_ID", "SELECT LAST_INSERT_ID()"),
        (
            "LAST_INSERT_ID",
            "SELECT * FROM t WHERE id = last_insert_id ( )",
        ),
        ("GET_LOCK", "SELECT GET_LOCK('a', 10)"),
        ("RELEASE_LOCK", "SELECT RELEASE_LOCK('a')"),
        ("RELEASE_ALL_LOCKS", "SELECT RELEASE_ALL_LOCKS()"),
        ("IS_USED_LOCK", "SELECT 1 FROM t WHERE IS_USED_LOCK('a')"),
        ("IS_FREE_LOCK", "SELECT IS_FREE_LOCK('a')"),
        ("FOUND_ROWS", "SELECT FOUND_ROWS()"),
        ("ROW_COUNT", "SELECT ROW_COUNT()"),
        ("CONNECTION_ID", "SELECT CONNECTION_ID()"),
        ("LOAD_FILE", "SELECT LOAD_FILE('/etc/hosts')"),
        (
            "SQL_CALC_FOUND_ROWS",
            "SELECT SQL_CALC_FOUND_ROWS * FROM t LIMIT 1",
        ),
    ] {
        writes(&WriteReason::SessionFunction(name.to_owned()), &[sql]);
    }
}

#[test]
fn a_function_that_is_not_known_may_write() {
    for (name, sql) in [
        ("charge", "SELECT charge(7)"),
        ("charge", "SELECT shop.charge(7)"),
        ("count", "SELECT shop.count(7)"),
        ("charge", "SELECT `charge`(7)"),
        ("charge", "SELECT * FROM t WHERE a = charge (7)"),
        ("nextval", "SELECT nextval(s)"),
        ("charge", "WITH c (a) AS (SELECT charge(7)) SELECT * FROM c"),
        ("charge", "WITH c (a) AS (SELECT 1) SELECT charge(a) FROM c"),
    ] {
        writes(&WriteReason::UnknownFunction(name.to_owned()), &[sql]);
    }
    writes(
        &WriteReason::Sequence,
        &[
            "SELECT NEXT VALUE FOR s",
            "SELECT PREVIOUS VALUE FOR s",
            "SELECT s.nextval",
        ],
    );
}

#[test]
fn common_table_expressions_read_when_the_statement_does() {
    reads(&[
        "WITH c AS (SELECT 1) SELECT * FROM c",
        "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT n FROM c",
        "WITH a (x) AS (SELECT 1), b (y, z) AS (SELECT 2, 3) SELECT * FROM a, b",
        "WITH `a b` (x) AS (SELECT 1) TABLE `a b`",
        "(WITH c AS (SELECT 1) SELECT * FROM c)",
        "WITH c AS (SELECT 1) (SELECT * FROM c)",
    ]);
    begins_with_what_writes(&[
        ("UPDATE", "WITH c AS (SELECT 1) UPDATE t JOIN c SET a = 1"),
        (
            "DELETE",
            "WITH c (a) AS (SELECT 1) DELETE FROM t WHERE a IN (SELECT a FROM c)",
        ),
    ]);
}

#[test]
fn transactions_write() {
    writes(
        &WriteReason::Transaction,
        &[
            "BEGIN",
            "begin work;",
            "START TRANSACTION",
            "START TRANSACTION READ ONLY",
            "COMMIT",
            "commit work ;",
            "COMMIT AND CHAIN",
            "COMMIT /*! AND CHAIN */",
            "ROLLBACK /* x */",
            "ROLLBACK TO SAVEPOINT a",
            "SAVEPOINT a",
            "RELEASE SAVEPOINT a",
        ],
    );
}

#[test]
fn what_changes_the_session_writes() {
    for (verb, sql) in [
        ("SET", "SET autocommit = 0"),
        ("SET", "SET @a = 1"),
        ("SET", "set names utf8mb4"),
        ("USE", "USE shop"),
        ("LOCK", "LOCK TABLES t READ"),
        ("UNLOCK", "UNLOCK TABLES"),
        ("PREPARE", "PREPARE s FROM 'SELECT 1'"),
        ("EXECUTE", "EXECUTE s"),
        ("HANDLER", "HANDLER t OPEN"),
        ("XA", "XA START 'a'"),
    ] {
        writes(&WriteReason::SessionState(verb.to_owned()), &[sql]);
    }
}

#[test]
fn every_other_statement_writes() {
    begins_with_what_writes(&[
        ("INSERT", "INSERT INTO t SELECT * FROM u"),
        ("REPLACE", "REPLACE INTO t VALUES (1)"),
        ("UPDATE", "update t set a = 1"),
        ("DELETE", "DELETE FROM t"),
        ("CALL", "CALL p()"),
        ("DO", "DO SLEEP(1)"),
        ("CREATE", "CREATE TEMPORARY TABLE t AS SELECT 1"),
        ("ALTER", "ALTER TABLE t ADD a INT"),
        ("TRUNCATE", "TRUNCATE t"),
        ("LOAD", "LOAD DATA INFILE 'x' INTO TABLE t"),
        ("ANALYZE", "ANALYZE TABLE t"),
        ("START", "START REPLICA"),
        ("FLUSH", "FLUSH TABLES WITH READ LOCK"),
        ("KILL", "KILL 7"),
        ("SELECTED", "selected"),
    ]);
}

#[test]
fn the_data_dictionary_is_the_same_everywhere_and_the_state_of_a_server_is_not() {
    reads(&[
        "SHOW TABLES",
        "SHOW FULL TABLES FROM shop LIKE 'o%'",
        "show databases",
        "SHOW COLUMNS FROM t IN shop",
        "SHOW CREATE TABLE t",
        "SHOW INDEX FROM t",
        "SHOW TABLE STATUS WHERE name = 't'",
        "DESC t",
        "DESCRIBE shop.t a",
        "DESC `t` 'a%'",
        "EXPLAIN SELECT * FROM t",
        "EXPLAIN FORMAT=JSON SELECT * FROM t",
        "EXPLAIN FORMAT = 'tree' (SELECT 1)",
        "DESC EXTENDED SELECT 1",
        "EXPLAIN ANALYZE WITH c AS (SELECT 1) SELECT * FROM c",
        "EXPLAIN t",
    ]);
    for (what, sql) in [
        ("SHOW WARNINGS", "SHOW WARNINGS"),
        ("SHOW COUNT", "SHOW COUNT(*) ERRORS"),
        ("SHOW PROCESSLIST", "SHOW FULL PROCESSLIST"),
        ("SHOW MASTER", "SHOW MASTER STATUS"),
        ("SHOW REPLICA", "SHOW REPLICA STATUS"),
        ("SHOW GLOBAL", "SHOW GLOBAL STATUS"),
        ("SHOW VARIABLES", "SHOW VARIABLES LIKE 'read_only'"),
        ("SHOW ENGINE", "SHOW ENGINE INNODB STATUS"),
        ("SHOW OPEN", "SHOW OPEN TABLES"),
    ] {
        writes(&WriteReason::ServerState(what.to_owned()), &[sql]);
    }
    begins_with_what_writes(&[
        ("UPDATE", "EXPLAIN UPDATE t SET a = 1"),
        ("DELETE", "EXPLAIN FORMAT=JSON DELETE FROM t"),
        ("INSERT", "DESC INSERT INTO t SELECT 1"),
        ("FOR", "EXPLAIN FOR CONNECTION 7"),
        ("INTO", "EXPLAIN FORMAT=JSON INTO @x SELECT 1"),
        (
            "UPDATE",
            "EXPLAIN WITH c AS (SELECT 1) UPDATE t JOIN c SET a = 1",
        ),
    ]);
}

#[test]
fn what_is_not_one_clear_statement_writes() {
    writes(
        &WriteReason::Empty,
        &["", " ", ";", "-- nothing", "/* nothing */", "EXPLAIN"],
    );
    writes(
        &WriteReason::Several,
        &["SELECT 1; DELETE FROM t", "SELECT 1; SELECT 2", ";SELECT 1"],
    );
    writes(
        &WriteReason::ExecutableComment,
        &[
            "/*!50000 DELETE FROM t */",
            "SELECT /*!40001 SQL_NO_CACHE */ * FROM t",
            "SELECT * FROM t /*! FOR UPDATE */",
            "/*M!100100 DELETE FROM t */",
        ],
    );
    writes(
        &WriteReason::Unclear,
        &[
            "SELECT 'never closed",
            "SELECT `never closed",
            "SELECT 1 /* never closed",
            "SELECT 1.FOR UPDATE",
            "SELECT 1e5FOR UPDATE",
            "'SELECT 1'",
        ],
    );
}

#[test]
fn the_reason_is_told_in_a_sentence() {
    for (sql, sentence) in [
        ("SELECT 1", "it only reads"),
        ("DELETE FROM t", "`DELETE` is not known to only read"),
        ("SELECT 1 FOR UPDATE", "it locks the rows that it reads"),
        ("SELECT f(1)", "`f` may be a stored function that writes"),
        (
            "SELECT last_insert_id()",
            "`LAST_INSERT_ID` is about this session or this server",
        ),
    ] {
        assert_eq!(Statement::classify(sql.as_bytes()).to_string(), sentence);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_classified(sql in any::<Vec<u8>>()) {
        let _ = Statement::classify(&sql);
    }

    #[test]
    fn a_lock_at_the_end_is_never_missed(before in "[-a1e.x'\"\\\\ \n(),@*/#`;]{0,20}") {
        let sql = format!("SELECT {before}\n FOR UPDATE");
        prop_assert!(!Statement::classify(sql.as_bytes()).is_read(), "{sql:?}");
    }
}
