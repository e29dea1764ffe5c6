//! Query rules. What is sent reads back as the same value. What they say of a
//! statement, and why, is for people and goes one way.

use lictor_domain as domain;

use crate::error::{WireError, parse};
use crate::v1;

impl From<domain::QueryRule> for v1::QueryRule {
    fn from(rule: domain::QueryRule) -> Self {
        let fields = domain::RuleFields::from(rule);
        Self {
            rule_id: fields.rule_id.0,
            active: fields.active,
            username: fields.username,
            schemaname: fields.schemaname,
            flag_in: fields.flag_in,
            match_digest: fields.match_digest,
            match_pattern: fields.match_pattern,
            negate_match_pattern: fields.negate_match_pattern,
            re_modifiers: fields.re_modifiers.to_string(),
            flag_out: fields.flag_out,
            destination_hostgroup: fields.destination_hostgroup.map(|id| id.0),
            cache_ttl: fields.cache_ttl,
            cache_empty_result: fields.cache_empty_result,
            cache_timeout: fields.cache_timeout,
            timeout: fields.timeout,
            retries: fields.retries,
            delay: fields.delay,
            multiplex: fields.multiplex.map(u32::from),
            error_msg: fields.error_msg,
            apply: fields.apply,
            comment: fields.comment,
        }
    }
}

impl TryFrom<v1::QueryRule> for domain::QueryRule {
    type Error = WireError;

    fn try_from(rule: v1::QueryRule) -> Result<Self, WireError> {
        let multiplex = rule.multiplex.map(domain::Multiplex::try_from).transpose();
        let fields = domain::RuleFields {
            rule_id: domain::RuleId(rule.rule_id),
            active: rule.active,
            username: rule.username,
            schemaname: rule.schemaname,
            flag_in: rule.flag_in,
            match_digest: rule.match_digest,
            match_pattern: rule.match_pattern,
            negate_match_pattern: rule.negate_match_pattern,
            re_modifiers: parse(&rule.re_modifiers, "re_modifiers")?,
            flag_out: rule.flag_out,
            destination_hostgroup: rule.destination_hostgroup.map(domain::HostgroupId),
            cache_ttl: rule.cache_ttl,
            cache_empty_result: rule.cache_empty_result,
            cache_timeout: rule.cache_timeout,
            timeout: rule.timeout,
            retries: rule.retries,
            delay: rule.delay,
            multiplex: multiplex.map_err(|error| WireError::invalid("multiplex", error))?,
            error_msg: rule.error_msg,
            apply: rule.apply,
            comment: rule.comment,
        };
        Self::new(fields).map_err(|error| WireError::invalid(error.field, error))
    }
}

impl From<domain::rule::Explanation> for v1::RuleExplanation {
    fn from(explanation: domain::rule::Explanation) -> Self {
        Self {
            digest: explanation.digest,
            steps: explanation.steps.into_iter().map(Into::into).collect(),
            outcome: Some(explanation.outcome.into()),
        }
    }
}

impl From<domain::rule::Step> for v1::RuleStep {
    fn from(step: domain::rule::Step) -> Self {
        Self {
            rule_id: step.rule.0,
            matched: step.verdict.matched(),
            code: step.verdict.code().to_owned(),
            sentence: step.verdict.to_string(),
        }
    }
}

impl From<domain::rule::Outcome> for v1::RuleOutcome {
    fn from(outcome: domain::rule::Outcome) -> Self {
        Self {
            destination_hostgroup: outcome.destination_hostgroup.map(|id| id.0),
            chosen_by: outcome.chosen_by.map(|rule| rule.0),
            applied: outcome.applied.map(|rule| rule.0),
            cache_ttl: outcome.cache_ttl,
            cache_empty_result: outcome.cache_empty_result,
            cache_timeout: outcome.cache_timeout,
            timeout: outcome.timeout,
            retries: outcome.retries,
            delay: outcome.delay,
            multiplex: outcome.multiplex.map(u32::from),
            error_msg: outcome.error_msg.as_deref().map(str::to_owned),
        }
    }
}

impl From<domain::Statement> for v1::StatementClass {
    fn from(statement: domain::Statement) -> Self {
        Self {
            reads: statement.is_read(),
            code: statement.code().to_owned(),
            sentence: statement.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_field() -> v1::QueryRule {
        v1::QueryRule {
            rule_id: 7,
            active: true,
            username: Some("app".to_owned()),
            schemaname: Some("shop".to_owned()),
            flag_in: 3,
            match_digest: Some("^SELECT".to_owned()),
            match_pattern: Some("x".to_owned()),
            negate_match_pattern: true,
            re_modifiers: "CASELESS".to_owned(),
            flag_out: Some(4),
            destination_hostgroup: Some(10),
            cache_ttl: Some(1),
            cache_empty_result: Some(false),
            cache_timeout: Some(2),
            timeout: Some(3),
            retries: Some(4),
            delay: Some(5),
            multiplex: Some(2),
            error_msg: Some("no".to_owned()),
            apply: true,
            comment: Some("why".to_owned()),
        }
    }

    #[test]
    fn every_field_reads_back_as_sent() {
        for rule in [
            every_field(),
            v1::QueryRule {
                rule_id: 1,
                ..v1::QueryRule::default()
            },
        ] {
            let read = domain::QueryRule::try_from(rule.clone()).unwrap();
            assert_eq!(v1::QueryRule::from(read), rule);
        }
    }

    #[test]
    fn an_error_names_the_field_it_is_about() {
        let wrong = |change: fn(&mut v1::QueryRule)| {
            let mut rule = every_field();
            change(&mut rule);
            let error = domain::QueryRule::try_from(rule).unwrap_err();
            error.field().to_owned()
        };
        assert_eq!(wrong(|rule| rule.rule_id = 0), "rule_id");
        assert_eq!(wrong(|rule| rule.multiplex = Some(9)), "multiplex");
        assert_eq!(wrong(|rule| rule.re_modifiers.push('X')), "re_modifiers");
        let broken = |rule: &mut v1::QueryRule| rule.match_digest = Some("(".to_owned());
        assert_eq!(wrong(broken), "match_digest");
    }

    #[test]
    fn an_explanation_has_every_rule_and_all_that_they_set() {
        let rule = domain::QueryRule::try_from(v1::QueryRule {
            flag_in: 0,
            flag_out: None,
            negate_match_pattern: false,
            ..every_field()
        })
        .unwrap();
        let after = domain::QueryRule::new(domain::RuleFields::new(domain::RuleId(8))).unwrap();
        let rules = [rule, after].map(|rule| (rule.id(), rule)).into();
        let query = domain::rule::Query {
            sql: b"SELECT x FROM t WHERE a = 1",
            username: "app",
            schemaname: "shop",
        };
        let explanation = domain::rule::RuleSet::new(&rules).unwrap().explain(&query);
        let sent = v1::RuleExplanation::from(explanation);
        assert_eq!(sent.digest, "SELECT x FROM t WHERE a = ?");
        let step = |rule_id, matched, code: &str, sentence: &str| v1::RuleStep {
            rule_id,
            matched,
            code: code.to_owned(),
            sentence: sentence.to_owned(),
        };
        let matches = "it matches; the statement goes to hostgroup 10; the statement is refused \
                       with its error_msg; no further rule is tried";
        assert_eq!(
            sent.steps,
            [
                step(7, true, "matched", matches),
                step(8, false, "not_reached", "rule 7 had ended the evaluation"),
            ]
        );
        assert_eq!(
            sent.outcome,
            Some(v1::RuleOutcome {
                destination_hostgroup: Some(10),
                chosen_by: Some(7),
                applied: Some(7),
                cache_ttl: Some(1),
                cache_empty_result: Some(false),
                cache_timeout: Some(2),
                timeout: Some(3),
                retries: Some(4),
                delay: Some(5),
                multiplex: Some(2),
                error_msg: Some("no".to_owned()),
            })
        );
    }

    #[test]
    fn a_statement_says_why_it_goes_where_it_goes() {
        let sent = v1::StatementClass::from(domain::Statement::classify(b"SELECT 1 FOR UPDATE"));
        assert!(!sent.reads);
        assert_eq!(sent.code, "row_lock");
        assert_eq!(sent.sentence, "it locks the rows that it reads");
    }
}
