use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::pattern;
use super::*;

fn rules(rules: Value) -> BTreeMap<RuleId, QueryRule> {
    let rules: Vec<QueryRule> = serde_json::from_value(rules).unwrap();
    rules.into_iter().map(|rule| (rule.id(), rule)).collect()
}

fn set(these: Value) -> RuleSet {
    RuleSet::new(&rules(these)).unwrap()
}

fn by<'a>(username: &'a str, schemaname: &'a str, sql: &'a str) -> Query<'a> {
    Query {
        sql: sql.as_bytes(),
        username,
        schemaname,
    }
}

fn evaluate(set: &RuleSet, sql: &str) -> Outcome {
    set.evaluate(&by("app", "shop", sql), &mut Vec::new())
}

fn hostgroup(set: &RuleSet, sql: &str) -> Option<u32> {
    evaluate(set, sql).destination_hostgroup.map(|id| id.0)
}

#[test]
fn the_first_rule_that_applies_decides() {
    let set = set(json!([
        { "rule_id": 2, "active": true, "match_digest": "^SELECT", "destination_hostgroup": 20, "apply": true },
        { "rule_id": 1, "active": true, "match_digest": "^SELECT.*FOR UPDATE", "destination_hostgroup": 10, "apply": true },
    ]));
    assert_eq!(
        hostgroup(&set, "select a from t where b = 'x' for update"),
        Some(10)
    );
    assert_eq!(hostgroup(&set, "SELECT 1"), Some(20));
    assert_eq!(hostgroup(&set, "DELETE FROM t"), None);
    let outcome = evaluate(&set, "SELECT 1");
    assert_eq!(
        (outcome.chosen_by, outcome.applied),
        (Some(RuleId(2)), Some(RuleId(2)))
    );
}

#[test]
fn without_apply_a_later_rule_sets_over_what_an_earlier_one_has_set() {
    let set = set(json!([
        { "rule_id": 1, "active": true, "destination_hostgroup": 10, "timeout": 500, "retries": 2 },
        { "rule_id": 2, "active": true, "match_digest": "report", "destination_hostgroup": 30, "cache_ttl": 60 },
        { "rule_id": 3, "active": true, "match_digest": "report", "timeout": 0, "multiplex": 2 },
    ]));
    let plain = evaluate(&set, "SELECT 1");
    assert_eq!(plain.destination_hostgroup, Some(HostgroupId(10)));
    assert_eq!(
        (plain.timeout, plain.retries, plain.cache_ttl),
        (Some(500), Some(2), None)
    );
    let report = evaluate(&set, "SELECT * FROM report");
    assert_eq!(
        report,
        Outcome {
            destination_hostgroup: Some(HostgroupId(30)),
            chosen_by: Some(RuleId(2)),
            cache_ttl: Some(60),
            timeout: Some(0),
            retries: Some(2),
            multiplex: Some(Multiplex::Unchanged),
            ..Outcome::default()
        }
    );
}

#[test]
fn a_flag_chains_rules_forwards_and_never_back() {
    let set = set(json!([
        { "rule_id": 1, "active": true, "flagIN": 7, "destination_hostgroup": 1 },
        { "rule_id": 2, "active": true, "username": "app", "flagOUT": 7 },
        { "rule_id": 3, "active": true, "destination_hostgroup": 3, "apply": true },
        { "rule_id": 4, "active": true, "flagIN": 7, "match_digest": "^SELECT", "destination_hostgroup": 4, "apply": true },
        { "rule_id": 5, "active": true, "flagIN": 7, "flagOUT": 0 },
        { "rule_id": 6, "active": true, "destination_hostgroup": 6 },
    ]));
    assert_eq!(hostgroup(&set, "SELECT 1"), Some(4));
    assert_eq!(hostgroup(&set, "UPDATE t SET a = 1"), Some(6));
    let other = set.evaluate(&by("web", "shop", "SELECT 1"), &mut Vec::new());
    assert_eq!(other.destination_hostgroup, Some(HostgroupId(3)));
}

#[test]
fn user_and_schema_are_compared_letter_by_letter() {
    let set = set(json!([
        { "rule_id": 1, "active": true, "username": "app", "schemaname": "shop", "destination_hostgroup": 1 },
    ]));
    let hit = |username, schemaname| {
        let outcome = set.evaluate(&by(username, schemaname, "SELECT 1"), &mut Vec::new());
        outcome.destination_hostgroup.is_some()
    };
    assert!(hit("app", "shop"));
    assert!(!hit("App", "shop"));
    assert!(!hit("app", "shop2"));
    assert!(!hit("app", ""));
}

#[test]
fn the_digest_is_matched_without_values_and_the_text_with_them() {
    let set = set(json!([
        { "rule_id": 1, "active": true, "match_pattern": "id = 7$", "destination_hostgroup": 1 },
        { "rule_id": 2, "active": true, "match_digest": "id = \\?$", "destination_hostgroup": 2, "flagOUT": 1 },
        { "rule_id": 3, "active": true, "match_digest": "id = 8$", "destination_hostgroup": 3 },
    ]));
    assert_eq!(hostgroup(&set, "SELECT a FROM t WHERE id = 7"), Some(2));
    assert_eq!(
        evaluate(&set, "SELECT a FROM t WHERE id = 8").chosen_by,
        Some(RuleId(2))
    );
}

#[test]
fn negated_patterns_match_what_does_not_match_each_of_them() {
    let set = set(json!([
        { "rule_id": 1, "active": true, "match_digest": "^SELECT", "match_pattern": "secret",
          "negate_match_pattern": true, "destination_hostgroup": 1 },
    ]));
    assert_eq!(hostgroup(&set, "UPDATE t SET a = 1"), Some(1));
    assert_eq!(hostgroup(&set, "SELECT 1"), None);
    assert_eq!(hostgroup(&set, "UPDATE secret SET a = 1"), None);
}

#[test]
fn case_matters_only_where_the_rule_says_so() {
    let set = set(json!([
        { "rule_id": 1, "active": true, "match_digest": "^select", "re_modifiers": "", "destination_hostgroup": 1, "apply": true },
        { "rule_id": 2, "active": true, "match_digest": "^SeLeCt", "destination_hostgroup": 2, "apply": true },
    ]));
    assert_eq!(hostgroup(&set, "select 1"), Some(1));
    assert_eq!(hostgroup(&set, "SELECT 1"), Some(2));
}

#[test]
fn a_rule_can_refuse_a_statement() {
    let set = set(json!([
        { "rule_id": 1, "active": true, "match_digest": "^DELETE FROM \\w+$", "error_msg": "a DELETE needs a WHERE", "apply": true },
    ]));
    let refused = evaluate(&set, "DELETE FROM orders");
    assert_eq!(refused.error_msg.as_deref(), Some("a DELETE needs a WHERE"));
    assert_eq!(
        evaluate(&set, "DELETE FROM orders WHERE id = 1").error_msg,
        None
    );
}

#[test]
fn text_that_is_no_utf8_is_matched_too() {
    let set = set(json!([
        { "rule_id": 1, "active": true, "match_digest": "^SELECT .*FROM t$", "destination_hostgroup": 1 },
    ]));
    let sql = b"SELECT \xff\xfe FROM t";
    let query = Query {
        sql,
        ..by("app", "", "")
    };
    let outcome = set.evaluate(&query, &mut Vec::new());
    assert_eq!(outcome.destination_hostgroup, Some(HostgroupId(1)));
    assert_eq!(set.explain(&query).digest, "SELECT \u{fffd}\u{fffd} FROM t");
}

#[test]
fn every_rule_is_explained_in_a_sentence() {
    let set = set(json!([
        { "rule_id": 1, "active": false },
        { "rule_id": 2, "active": true, "flagIN": 9 },
        { "rule_id": 3, "active": true, "username": "web" },
        { "rule_id": 4, "active": true, "schemaname": "crm" },
        { "rule_id": 5, "active": true, "match_digest": "^UPDATE" },
        { "rule_id": 6, "active": true, "match_digest": "^SELECT", "negate_match_pattern": true },
        { "rule_id": 7, "active": true, "match_pattern": "id = 8" },
        { "rule_id": 8, "active": true, "flagOUT": 2 },
        { "rule_id": 9, "active": true, "flagIN": 2, "destination_hostgroup": 20, "apply": true },
        { "rule_id": 10, "active": true },
    ]));
    let explanation = set.explain(&by("app", "shop", "SELECT a FROM t WHERE id = 7"));
    assert_eq!(explanation.digest, "SELECT a FROM t WHERE id = ?");
    let said: Vec<String> = explanation
        .steps
        .iter()
        .map(|step| format!("{}: {}", step.rule, step.verdict))
        .collect();
    assert_eq!(
        said,
        [
            "1: it is not active",
            "2: its flagIN is 9, the flag carried to it 0",
            "3: it is for user `web`, the statement of `app`",
            "4: it is for schema `crm`, the statement in `shop`",
            "5: its match_digest `^UPDATE` does not match the digest",
            "6: its match_digest `^SELECT` matches the digest, and negate_match_pattern is set",
            "7: its match_pattern `id = 8` does not match the text",
            "8: it matches; flag 2 is carried on; the rules after it are tried too",
            "9: it matches; the statement goes to hostgroup 20; no further rule is tried",
            "10: rule 9 had ended the evaluation",
        ]
    );
    assert_eq!(explanation.outcome.applied, Some(RuleId(9)));
}

#[test]
fn rules_whose_patterns_take_too_much_together_are_refused() {
    let large = r"\w{900}[a-z]{5000}";
    let many = (1..=200).map(|id| json!({ "rule_id": id, "active": true, "match_digest": large }));
    let error = RuleSet::new(&rules(many.collect())).unwrap_err();
    assert_eq!(error.field, "match_digest");
}

const USERS: [&str; 2] = ["app", "web"];
const PATTERNS: [&str; 6] = ["^SELECT", "from t$", "a+b", r"\?", "7", "UPDATE|x"];
const STATEMENTS: [&str; 6] = [
    "SELECT a FROM t",
    "select aab, 7 from t",
    "UPDATE t SET x = 7",
    "SELECT 1 FOR UPDATE",
    "b",
    "",
];

fn some_rule() -> impl Strategy<Value = RuleFields> {
    let pattern = || proptest::option::of(proptest::sample::select(&PATTERNS[..]));
    let small = || proptest::option::of(0..3_u32);
    let flags = (0..2_u32, small(), any::<[bool; 4]>());
    let user = proptest::option::weighted(0.2, proptest::sample::select(&USERS[..]));
    (flags, user, pattern(), pattern(), small(), small()).prop_map(
        |(
            (flag_in, flag_out, [active, negate, caseless, apply]),
            user,
            digest,
            text,
            group,
            retries,
        )| RuleFields {
            active,
            username: user.map(str::to_owned),
            flag_in,
            match_digest: digest.map(str::to_owned),
            match_pattern: text.map(str::to_owned),
            negate_match_pattern: negate,
            re_modifiers: if caseless {
                ReModifiers::Caseless
            } else {
                ReModifiers::None
            },
            flag_out,
            destination_hostgroup: group.map(HostgroupId),
            retries,
            apply,
            ..RuleFields::new(RuleId(1))
        },
    )
}

/// ProxySQL's loop, each pattern compiled for itself.
fn plainly(rules: &[RuleFields], user: &str, sql: &str) -> (Option<HostgroupId>, Option<u32>) {
    let mut text = Vec::new();
    digest(sql.as_bytes(), &mut text);
    let fits = |rule: &RuleFields, pattern: &Option<String>, text: &[u8]| {
        pattern.as_ref().is_none_or(|pattern| {
            let caseless = rule.re_modifiers == ReModifiers::Caseless;
            let found = pattern::compile(pattern, caseless).unwrap().is_match(text);
            found != rule.negate_match_pattern
        })
    };
    let (mut flag, mut group, mut retries) = (0, None, None);
    for rule in rules {
        if rule.active
            && rule.flag_in == flag
            && rule.username.as_ref().is_none_or(|wanted| wanted == user)
            && fits(rule, &rule.match_digest, &text)
            && fits(rule, &rule.match_pattern, sql.as_bytes())
        {
            group = rule.destination_hostgroup.or(group);
            retries = rule.retries.or(retries);
            flag = rule.flag_out.unwrap_or(flag);
            if rule.apply {
                break;
            }
        }
    }
    (group, retries)
}

proptest! {
    #[test]
    fn all_at_once_is_the_same_as_one_by_one(
        mut fields in proptest::collection::vec(some_rule(), 0..8),
        user in proptest::sample::select(&USERS[..]),
        sql in proptest::sample::select(&STATEMENTS[..]),
    ) {
        for (id, rule) in (1..).zip(&mut fields) {
            rule.rule_id = RuleId(id);
        }
        let rules = fields.iter().cloned().map(|rule| (rule.rule_id, QueryRule::new(rule).unwrap()));
        let set = RuleSet::new(&rules.collect()).unwrap();
        let query = by(user, "", sql);
        let outcome = set.evaluate(&query, &mut Vec::new());
        let expected = plainly(&fields, user, sql);
        prop_assert_eq!((outcome.destination_hostgroup, outcome.retries), expected);

        let explanation = set.explain(&query);
        prop_assert_eq!(&explanation.outcome, &outcome);
        let tried: Vec<RuleId> = explanation.steps.iter().map(|step| step.rule).collect();
        let all: Vec<RuleId> = fields.iter().map(|rule| rule.rule_id).collect();
        prop_assert_eq!(tried, all);
    }
}
