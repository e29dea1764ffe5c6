use lictor_domain::{ProbeOutcome, PromotionRule, ServerVersion, Writability};

use super::super::tests::{facts, of_replicas, order};
use super::*;
use crate::fixture::{Fixture, NOW, TIMING, gtids, name};

fn look(fixture: &Fixture, to: Option<u32>) -> Preflight {
    preflight(&fixture.view(), &order(to), &facts(), None, &TIMING, NOW)
}

fn blockers(found: &Preflight) -> Vec<CheckCode> {
    found.blockers().map(|check| check.code).collect()
}

#[test]
fn a_healthy_cluster_is_cleared_with_every_check_told() {
    let found = look(&of_replicas(2), Some(3));
    assert_eq!(found.cleared(), Some(&name(3)));
    let codes: Vec<_> = found.checks.iter().map(|check| check.code).collect();
    assert_eq!(codes, CheckCode::ALL);
    let fine = |check: &Check| check.finding == Finding::Ok && !check.sentence.is_empty();
    assert!(found.checks.iter().all(fine), "{:?}", found.checks);
}

#[test]
fn without_a_wish_the_best_replica_is_elected() {
    let fixture = of_replicas(3)
        .definition(4, |node| node.promotion = PromotionRule::Prefer.into())
        .definition(3, |node| node.promotion = PromotionRule::MustNot.into());
    let found = look(&fixture, None);
    assert_eq!(found.cleared(), Some(&name(4)));
    let ranks: Vec<_> = found
        .candidates
        .iter()
        .map(|c| (c.node.clone(), c.rank))
        .collect();
    assert_eq!(
        ranks,
        [(name(4), Some(1)), (name(2), Some(2)), (name(3), None)]
    );
}

#[test]
fn each_thing_that_is_not_as_it_should_be_blocks_by_name() {
    let healthy = || of_replicas(2);
    let ms = Duration::from_millis;
    let cases = [
        (
            healthy().hung_primary(ms(2700)),
            vec![CheckCode::PrimaryHealthy],
        ),
        (
            healthy().writability(1, Writability::SuperReadOnly),
            vec![CheckCode::PrimaryHealthy],
        ),
        (
            healthy().policy(|policy| policy.mode = Mode::Observe),
            vec![CheckCode::Mode],
        ),
        (
            healthy().silent(2, ProbeOutcome::TimedOut, ms(300)),
            vec![CheckCode::CandidateAnswers, CheckCode::CandidateFit],
        ),
        (healthy().follows(2, 3), vec![CheckCode::CandidateFollows]),
        (
            healthy().replication(2, |r| r.applier_running = false),
            vec![CheckCode::CandidateFit, CheckCode::CandidateFollows],
        ),
        (healthy().lag(2, None), vec![CheckCode::CandidateLag]),
        (
            healthy().lag(2, Some(ms(1001))),
            vec![CheckCode::CandidateLag],
        ),
        (
            healthy().definition(2, |node| node.promotion = PromotionRule::MustNot.into()),
            vec![CheckCode::CandidateFit],
        ),
        (
            healthy().quarantined(2, "diverged"),
            vec![CheckCode::CandidateFit],
        ),
        (
            healthy().replication(2, |r| r.delay = ms(60_000)),
            vec![CheckCode::CandidateFit],
        ),
        (
            healthy().executed(2, &gtids(9, 1, 1)),
            vec![CheckCode::CandidateFit, CheckCode::NoErrantGtids],
        ),
        (
            healthy().report(2, |report| report.semi_sync = None),
            vec![CheckCode::SemiSync],
        ),
        (healthy().acks(3), vec![CheckCode::SemiSync]),
    ];
    for (fixture, expected) in cases {
        let found = look(&fixture, Some(2));
        assert_eq!(blockers(&found), expected, "{:?}", found.checks);
        assert_eq!(found.cleared(), None);
    }
}

#[test]
fn the_primary_itself_and_strangers_are_no_candidates() {
    for to in [1, 9] {
        let found = look(&of_replicas(2), Some(to));
        assert_eq!(blockers(&found), [CheckCode::Candidate]);
    }
}

#[test]
fn what_is_under_way_blocks() {
    let view = of_replicas(2).view();
    let record = super::super::Beginning {
        id: lictor_domain::RecoveryId(uuid::Uuid::nil()),
        epoch: lictor_domain::Epoch::default(),
        cause: super::super::ordered(&order(Some(2)), &name(2)),
        order: order(Some(2)),
        candidate: name(2),
        preflight: look(&of_replicas(2), Some(2)),
    };
    let now = lictor_domain::Now {
        mono: NOW,
        wall: chrono::DateTime::UNIX_EPOCH,
    };
    let record = record.record(&view, now);
    let found = preflight(&view, &order(None), &facts(), Some(&record), &TIMING, NOW);
    assert_eq!(blockers(&found), [CheckCode::NoRecovery]);
}

#[test]
fn long_transactions_block_or_are_told_by_the_order() {
    let view = of_replicas(2).view();
    let open = OpenTransaction {
        session: 7,
        user: "report".to_owned(),
        age: Duration::from_secs(30),
    };
    let facts = Facts {
        transactions: Ok(vec![open]),
        subscribers: 0,
    };
    for how in LongTransactions::ALL {
        let order = Order {
            transactions: *how,
            ..order(None)
        };
        let found = preflight(&view, &order, &facts, None, &TIMING, NOW);
        let of = |code| {
            found
                .checks
                .iter()
                .find(|check| check.code == code)
                .unwrap()
        };
        let told = of(CheckCode::LongTransactions);
        let refused = *how == LongTransactions::Refuse;
        assert_eq!(told.finding == Finding::Blocker, refused);
        assert!(
            told.sentence.contains("session 7 of report, open for 30 s"),
            "{}",
            told.sentence
        );
        assert_eq!(of(CheckCode::Subscribers).finding, Finding::Warning);
    }
    let unknown = Facts {
        transactions: Err("denied".to_owned()),
        ..facts
    };
    let found = preflight(&view, &order(None), &unknown, None, &TIMING, NOW);
    assert_eq!(blockers(&found), [CheckCode::LongTransactions]);
}

#[test]
fn a_candidate_newer_than_its_followers_is_told() {
    let fixture = of_replicas(2).report(2, |report| report.version = ServerVersion::new(9, 8, 0));
    let found = look(&fixture, Some(2));
    let versions = found
        .checks
        .iter()
        .find(|check| check.code == CheckCode::VersionOrder);
    assert_eq!(versions.unwrap().finding, Finding::Warning);
    assert!(found.cleared().is_some());
}
