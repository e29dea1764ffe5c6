use proptest::prelude::*;

use super::*;

fn digest_of(sql: &str) -> String {
    let mut buffer = Vec::new();
    digest(sql.as_bytes(), &mut buffer);
    String::from_utf8(buffer).unwrap()
}

/// Statements with the digests that ProxySQL gives them.
#[track_caller]
fn same(cases: &[(&str, &str)]) {
    for (sql, expected) in cases {
        assert_eq!(&digest_of(sql), expected, "{sql}");
    }
}

#[test]
fn literals_become_question_marks() {
    same(&[
        (
            "SELECT * FROM t WHERE id = 7",
            "SELECT * FROM t WHERE id = ?",
        ),
        ("SELECT 1.5, 1e9, 2E-3, 0x1F, .5", "SELECT ?,?,?,?,.?"),
        (r"SELECT 'a', 'it''s', 'a\'b', '\\', ''", "SELECT ?,?,?,?,?"),
        (r#"SELECT "a", "say ""hi""", "\"""#, "SELECT ?,?,?"),
        (
            "SELECT N'x', _utf8'y', x'4D', b'01'",
            "SELECT N?,_utf8?,x?,b?",
        ),
        ("SELECT NULL, TRUE", "SELECT NULL,TRUE"),
        ("SELECT 'never closed", "SELECT"),
    ]);
}

#[test]
fn names_stay_as_they_are() {
    same(&[
        (
            "SELECT c1 FROM t_25 WHERE 2nd = 3",
            "SELECT c1 FROM t_25 WHERE 2nd = ?",
        ),
        (
            "SELECT `order` FROM `my-db`.`t`",
            "SELECT `order` FROM `my-db`.`t`",
        ),
        ("SELECT `a 1`, `it's` FROM t", "SELECT `a ?`,`it"),
        ("SELECT naïve FROM Ünïcode", "SELECT naïve FROM Ünïcode"),
        ("SELECT @a, @@sql_mode, t.c", "SELECT @a,@@sql_mode,t.c"),
        ("SELECT 0b01 FROM 1t", "SELECT 0b01 FROM ?"),
    ]);
}

#[test]
fn white_space_becomes_one_blank_or_none() {
    same(&[
        (
            "  SELECT\t\r\n  a  ,b ,\n c  FROM t\n",
            "SELECT a,b,c FROM t",
        ),
        ("SELECT f( a ) , ( 1 )", "SELECT f(a),(?)"),
        ("SELECT 1 + 2, 3*4, a * 5, a*b", "SELECT ?+?,?*?,a *?,a*b"),
        ("SELECT 1 ;; ; ", "SELECT ?"),
        ("SELECT 1; SELECT 2;", "SELECT ?; SELECT ?"),
        (";", ";"),
        ("", ""),
        (" \n", ""),
    ]);
}

#[test]
fn a_sign_goes_with_its_number() {
    same(&[
        ("SELECT -1, +2, - 3", "SELECT ?,?,?"),
        (
            "SELECT a FROM t WHERE b = -5 AND c=-6",
            "SELECT a FROM t WHERE b = ? AND c=?",
        ),
        ("SELECT NOW() - 1", "SELECT NOW() -?"),
        ("SELECT (-1), 2-3, 4 - 5", "SELECT (?),?-?,?-?"),
    ]);
}

#[test]
fn the_peculiarities_of_proxysql_are_kept() {
    same(&[
        // A word and a blank before it make a sign.
        ("UPDATE t SET k = k + 1", "UPDATE t SET k = k ?"),
        ("UPDATE t SET k=k+1", "UPDATE t SET k=k+?"),
        // One dropped blank before makes another difference.
        ("SELECT a, NOW() - 1", "SELECT a,NOW() ?"),
        // The last byte of a statement does not matter for a number.
        ("SELECT 12a", "SELECT ?"),
        ("SELECT 12a ", "SELECT 12a"),
        ("SELECT 1.", "SELECT ?."),
        // Any single byte ends a list.
        ("(1,2,3,4,5,x)", "(?,?,?,...)"),
    ]);
}

#[test]
fn comments_go_and_what_the_server_executes_of_them_stays() {
    same(&[
        ("/* app:shop */ SELECT 1", "SELECT ?"),
        ("SELECT/* c */1", "SELECT ?"),
        (
            "SELECT a -- why\nFROM t # there\n WHERE b",
            "SELECT a FROM t WHERE b",
        ),
        ("SELECT 1 -- the end", "SELECT ?"),
        ("SELECT a--1", "SELECT a-?"),
        ("SELECT /*+ NO_ICP(t) */ a FROM t", "SELECT a FROM t"),
        (
            "SELECT /*!40001 SQL_NO_CACHE 15 */ a FROM t",
            "SELECT SQL_NO_CACHE 15 a FROM t",
        ),
        ("/*!50003 CREATE*/ /*!50017 X*/ TRIGGER", "CREATE X TRIGGER"),
        ("SELECT 1 /* never closed", "SELECT ?"),
    ]);
}

#[test]
fn where_proxysql_loses_track_comments_are_what_the_server_takes_for_comments() {
    for (sql, expected) in [
        ("SELECT a#c\nFROM t", "SELECT a FROM t"),
        ("SELECT a-- c\n  FROM t", "SELECT a FROM t"),
        ("--\nSELECT 1", "SELECT ?"),
        ("SELECT 1 #ab", "SELECT ?"),
        ("SELECT /* a /* b */ 1", "SELECT ?"),
        ("SELECT /* a /*/ 1", "SELECT ?"),
        ("SELECT a /* /*! b */ FROM t", "SELECT a FROM t"),
    ] {
        assert_eq!(digest_of(sql), expected, "{sql}");
    }
}

#[test]
fn of_a_long_list_three_values_are_shown() {
    same(&[
        ("a IN (1)", "a IN (?)"),
        ("a IN (1,2,3,4)", "a IN (?,?,?,?)"),
        ("a IN (1, 2, 3, 4, 5)", "a IN (?,?,?,...)"),
        (
            "a IN (1,-2,'c',4,5,6,7) FOR UPDATE",
            "a IN (?,?,?,...) FOR UPDATE",
        ),
        ("VALUES (1,2,3,4,5,NULL,7,8)", "VALUES (?,?,?,...,NULL,?,?)"),
        (
            "VALUES (1,2,3,4,5+6,7,8,9,10,11)",
            "VALUES (?,?,?,?,?+?,?,?,?,...)",
        ),
        ("SELECT 1,2,3,4,5,6", "SELECT ?,?,?,?,?,?"),
        ("(f(1),2,3,4,5,6)", "(f(?),?,?,?,?,?)"),
        ("(1,2,3,4,5", "(?,?,?,?,?"),
        ("(1,2,3,4,5,6", "(?,?,?,...,?"),
    ]);
}

#[test]
fn of_many_long_lists_ten_are_shown() {
    let insert = |rows: usize, after: &str| {
        let rows = vec!["(1,2,3,4,5)"; rows].join(",");
        digest_of(&format!("INSERT INTO t VALUES {rows}{after}"))
    };
    let ten = ["(?,?,?,...)"; 10].join(",");
    let all = |after: &str| format!("INSERT INTO t VALUES {ten}{after}");
    assert_eq!(insert(10, " x"), all(" x"));
    assert_eq!(insert(11, ""), all(",..."));
    assert_eq!(
        insert(30_000, " ON DUPLICATE KEY UPDATE a = 1"),
        all(",... ON DUPLICATE KEY UPDATE a = ?")
    );
    assert_eq!(insert(12, ",(a,b)"), all(",...(a,b)"));
}

#[test]
fn a_digest_is_no_longer_than_65000_bytes() {
    let rows = vec!["(1,2)"; 20_000].join(",");
    let shown = digest_of(&format!("INSERT INTO t VALUES {rows}"));
    assert_eq!(shown.len(), MAX_LENGTH);
    let names = vec!["names"; 20_000].join(" ");
    assert_eq!(digest_of(&names).len(), MAX_LENGTH);
}

#[test]
fn a_buffer_that_is_large_enough_is_used_again() {
    let sql = b"SELECT * FROM t WHERE id IN (1,2,3,4,5,6,7,8)";
    let mut buffer = Vec::with_capacity(sql.len());
    let (place, capacity) = (buffer.as_ptr(), buffer.capacity());
    for _ in 0..3 {
        digest(sql, &mut buffer);
        assert_eq!(buffer, b"SELECT * FROM t WHERE id IN (?,?,?,...)");
    }
    assert_eq!((buffer.as_ptr(), buffer.capacity()), (place, capacity));
}

proptest! {
    #[test]
    fn any_bytes_have_a_digest_that_is_no_longer(sql in any::<Vec<u8>>()) {
        let mut buffer = Vec::new();
        digest(&sql, &mut buffer);
        prop_assert!(buffer.len() <= sql.len());
    }

    #[test]
    fn so_have_texts_of_what_matters(sql in "[-a1e.0x'\"\\\\ \n(),?+*/%;#`!]{0,60}") {
        let mut buffer = Vec::new();
        digest(sql.as_bytes(), &mut buffer);
        prop_assert!(buffer.len() <= sql.len());
    }

    #[test]
    fn the_values_make_no_difference(a in 0_u64.., b in 0_u64.., text in "[a-z ,;()?]*") {
        let sql = |a: u64, b: u64, text: &str| {
            digest_of(&format!("SELECT c FROM t{} WHERE a = {a} AND b IN ('{text}', {b})", 1))
        };
        prop_assert_eq!(sql(a, b, &text), sql(b, 0, "x"));
    }

    #[test]
    fn a_list_of_any_length_from_five_on_makes_no_difference(values in 5_usize..200) {
        let list = vec!["7"; values].join(", ");
        let shown = digest_of(&format!("SELECT c FROM t WHERE a IN ({list}) LOCK IN SHARE MODE"));
        prop_assert_eq!(shown, "SELECT c FROM t WHERE a IN (?,?,?,...) LOCK IN SHARE MODE");
    }
}
