//! One row for each alteration of a healthy cluster: the codes it must give.

use std::collections::BTreeSet;
use std::time::Duration;

use lictor_domain::{ProbeOutcome, Problem, ProblemCode, ReceiverState, Severity, Writability};

use super::{MATCHERS, problems};
use crate::fixture::{Fixture, NOW, TIMING, gtids, ms, name, server_error};
use ProblemCode::{
    AgentSilent, ConfigurationDrift, DeadPrimary, DelayedReplica, DivergedReplica, ErrantGtid,
    HungPrimary, IntermediateReplicaDead, MultiplePrimaries, NoPrimary, NoViableCandidate,
    PrimaryAndReplicasUnreachable, PrimaryReadOnly, ReceiverDown, ReplicaIsWritable,
    ReplicaLagging, ReplicationBroken, SemiSyncNotEnforced, SemiSyncStarved, StalledPrimary,
    UnfencedPrimary, UnreachablePrimary, UnreachableReplica, WrongSource,
};

mod settings;
mod stalling;
mod told;

const LONG: Duration = ms(4000);

fn found(fixture: &Fixture) -> Vec<Problem> {
    problems(&fixture.view(), &TIMING, NOW)
}

fn codes(problems: &[Problem]) -> Vec<ProblemCode> {
    problems.iter().map(|problem| problem.code).collect()
}

fn only(fixture: &Fixture) -> Problem {
    let mut problems = found(fixture);
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

fn unreachable() -> ProbeOutcome {
    ProbeOutcome::Unreachable {
        reason: "no route to host".to_owned(),
    }
}

fn denied() -> ProbeOutcome {
    ProbeOutcome::Denied {
        reason: "Access denied for user 'lictor'".to_owned(),
    }
}

/// Alters number 2's stream.
fn receiver(state: ReceiverState) -> Fixture {
    healthy().replication(2, |replication| {
        replication.receiver = state;
        replication.receiver_error = Some(server_error(1045, "Access denied"));
    })
}

fn more_gtids() -> Fixture {
    let refusal = "Got fatal error 1236 from source when reading data from binary log: 'Replica \
                   has more GTIDs than the source has, using the source's SERVER_UUID.'";
    healthy().replication(2, |replication| {
        replication.receiver_error = Some(server_error(13114, refusal));
    })
}

fn applier(error: Option<u32>) -> Fixture {
    healthy().replication(2, |replication| {
        replication.applier_running = false;
        replication.applier_error = error.map(|number| server_error(number, "duplicate key"));
    })
}

fn healthy() -> Fixture {
    Fixture::healthy(2)
}

fn everyone(outcome: &ProbeOutcome) -> Fixture {
    (1..=3).fold(healthy(), |fixture, n| {
        fixture.silent(n, outcome.clone(), LONG)
    })
}

/// What was altered, the cluster, and the codes it must give, in any order.
type Row = (&'static str, Fixture, &'static [ProblemCode]);

fn assert_found<const N: usize>(rows: [Row; N]) {
    for (what, fixture, expected) in rows {
        let problems = found(&fixture);
        let mut codes = codes(&problems);
        let mut expected = expected.to_vec();
        codes.sort();
        expected.sort();
        assert_eq!(codes, expected, "{what}: {problems:#?}");
    }
}

/// Number 2 is below number 3, which is down.
fn cut_off() -> Fixture {
    Fixture::healthy(2)
        .below(2, 3)
        .replication(2, |r| r.receiver = ReceiverState::Connecting)
        .silent(3, ProbeOutcome::Refused, LONG)
}

#[test]
fn a_cluster_without_anything_wrong_has_no_problem() {
    assert_found([("nothing", healthy(), &[])]);
}

#[test]
fn what_ails_the_primary_is_found() {
    assert_found([
        (
            "killed",
            healthy().dead_primary(),
            &[DeadPrimary, NoPrimary],
        ),
        ("hung", healthy().hung_primary(LONG), &[HungPrimary]),
        (
            "hung, not for long yet",
            healthy().hung_primary(ms(1000)),
            &[],
        ),
        (
            "out of our reach, but heard",
            healthy().silent(1, ProbeOutcome::TimedOut, LONG),
            &[UnreachablePrimary],
        ),
        (
            "dead without a witness",
            Fixture::healthy(0)
                .acks(0)
                .silent(1, ProbeOutcome::Refused, LONG),
            &[DeadPrimary, NoPrimary],
        ),
        (
            "turns us away",
            healthy().silent(1, denied(), LONG),
            &[UnreachablePrimary],
        ),
        (
            "we are cut off",
            everyone(&ProbeOutcome::TimedOut),
            &[
                PrimaryAndReplicasUnreachable,
                UnreachableReplica,
                UnreachableReplica,
            ],
        ),
        (
            "read-only primary",
            healthy().writability(1, Writability::ReadOnly),
            &[PrimaryReadOnly],
        ),
        (
            "super-read-only primary",
            healthy().writability(1, Writability::SuperReadOnly),
            &[PrimaryReadOnly],
        ),
        (
            "offline primary",
            healthy().report(1, |report| report.offline = true),
            &[PrimaryReadOnly],
        ),
    ]);
}

#[test]
fn who_accepts_writes_and_should_not_is_found() {
    assert_found([
        (
            "two writable nodes",
            healthy().writability(2, Writability::Writable),
            &[MultiplePrimaries, ReplicaIsWritable],
        ),
        (
            "the wrong node writable",
            healthy()
                .writability(1, Writability::SuperReadOnly)
                .writability(2, Writability::Writable),
            &[PrimaryReadOnly, ReplicaIsWritable],
        ),
        (
            "writable for privileged accounts only",
            healthy().writability(2, Writability::ReadOnly),
            &[ConfigurationDrift],
        ),
    ]);
}

#[test]
fn what_hinders_replication_is_found() {
    assert_found([
        ("applier error", applier(Some(1062)), &[ReplicationBroken]),
        ("applier stopped", applier(None), &[ReplicationBroken]),
        (
            "receiver stopped",
            receiver(ReceiverState::Stopped),
            &[ReceiverDown],
        ),
        (
            "receiver connecting",
            receiver(ReceiverState::Connecting),
            &[ReceiverDown],
        ),
        ("lag at the limit", healthy().lag(2, Some(ms(5000))), &[]),
        (
            "lag above it",
            healthy().lag(2, Some(ms(5001))),
            &[ReplicaLagging],
        ),
        ("lag unknown", healthy().lag(2, None), &[ReplicaLagging]),
        (
            "delayed on purpose",
            healthy().replication(2, |replication| {
                replication.delay = ms(60_000);
                replication.lag = Some(ms(60_100));
            }),
            &[DelayedReplica],
        ),
    ]);
}

#[test]
fn whose_data_is_not_the_primarys_is_found() {
    assert_found([
        (
            "errant transactions",
            healthy().executed(2, &gtids(9, 1, 3)),
            &[ErrantGtid],
        ),
        (
            "newer than the primary's last words",
            healthy().executed(2, &gtids(1, 101, 200)),
            &[],
        ),
        (
            "quarantined, and so standing still",
            receiver(ReceiverState::Stopped).quarantined(2, "it diverged"),
            &[ErrantGtid],
        ),
        ("another source", healthy().follows(2, 8), &[WrongSource]),
        (
            "no source",
            healthy().report(2, |report| report.replication = None),
            &[WrongSource],
        ),
        ("through a replica", healthy().below(2, 3), &[]),
        (
            "through a replica that it is not to follow",
            healthy().follows(2, 3),
            &[WrongSource],
        ),
        (
            "through a replica that is down",
            cut_off(),
            &[
                ReceiverDown,
                UnreachableReplica,
                IntermediateReplicaDead,
                SemiSyncStarved,
                NoViableCandidate,
            ],
        ),
        (
            "away from a replica that is down",
            healthy()
                .wishes(2, 3)
                .silent(3, ProbeOutcome::Refused, LONG),
            &[UnreachableReplica, IntermediateReplicaDead],
        ),
        (
            "through a replica that only we do not reach",
            healthy()
                .below(2, 3)
                .silent(3, ProbeOutcome::TimedOut, LONG),
            &[UnreachableReplica, NoViableCandidate],
        ),
        (
            "replicas in a circle",
            healthy().follows(2, 3).follows(3, 2),
            &[WrongSource, WrongSource, SemiSyncStarved, NoViableCandidate],
        ),
        (
            "a closed primary that lost what a replica holds",
            healthy()
                .writability(1, Writability::SuperReadOnly)
                .executed(2, &gtids(1, 101, 105)),
            &[PrimaryReadOnly, DivergedReplica],
        ),
        (
            "a replica that was told so by an open primary",
            more_gtids(),
            &[DivergedReplica],
        ),
    ]);
}

#[test]
fn who_is_silent_is_found() {
    assert_found([
        (
            "replica refuses",
            healthy().silent(2, ProbeOutcome::Refused, ms(1)),
            &[UnreachableReplica, NoViableCandidate],
        ),
        (
            "replica turns us away",
            healthy().silent(2, denied(), ms(1)),
            &[UnreachableReplica, NoViableCandidate],
        ),
        (
            "replica missed a probe",
            healthy().silent(2, ProbeOutcome::TimedOut, ms(800)),
            &[],
        ),
        (
            "replica mute for long",
            healthy().silent(2, ProbeOutcome::TimedOut, LONG),
            &[UnreachableReplica, NoViableCandidate],
        ),
        (
            "replica out of reach",
            healthy().silent(2, unreachable(), LONG),
            &[UnreachableReplica, NoViableCandidate],
        ),
        (
            "replica never seen",
            healthy().unseen(2),
            &[UnreachableReplica, NoViableCandidate],
        ),
    ]);
}

#[test]
fn that_nobody_could_take_over_is_said_before_the_primary_dies() {
    let must_not = |node: &mut lictor_domain::Node| {
        node.promotion = lictor_domain::PromotionRule::MustNot.into();
    };
    assert_found([
        (
            "no replica",
            Fixture::healthy(0)
                .acks(0)
                .semi_sync(1, |semi_sync| semi_sync.source_enabled = false),
            &[NoViableCandidate],
        ),
        ("one of two may not", healthy().definition(2, must_not), &[]),
        (
            "neither may",
            healthy().definition(2, must_not).definition(3, must_not),
            &[NoViableCandidate],
        ),
        (
            "the only one has not been looked at yet",
            Fixture::healthy(1).unseen(2).watched_for(ms(100)),
            &[],
        ),
    ]);
    let fixture = healthy().definition(2, must_not).definition(3, must_not);
    let problem = only(&fixture);
    assert_eq!(
        problem.sentence,
        "if orders-1 died now, nobody could be promoted: none of its replicas is fit"
    );
    let evidence: Vec<_> = problem.evidence.iter().map(ToString::to_string).collect();
    assert_eq!(evidence.len(), 2, "{evidence:?}");
    assert!(evidence[0].starts_with("orders-2 cannot be promoted: "));
}

#[test]
fn what_endangers_durability_is_found() {
    assert_found([
        (
            "semi-sync off",
            healthy().semi_sync(1, |semi_sync| semi_sync.source_enabled = false),
            &[SemiSyncNotEnforced],
        ),
        (
            "semi-sync fell back",
            healthy().semi_sync(1, |semi_sync| semi_sync.source_active = false),
            &[SemiSyncNotEnforced],
        ),
        (
            "no plugin",
            healthy().report(1, |report| report.semi_sync = None),
            &[SemiSyncNotEnforced],
        ),
        (
            "semi-sync off, async policy",
            healthy()
                .acks(0)
                .semi_sync(1, |semi_sync| semi_sync.source_enabled = false),
            &[],
        ),
        (
            "nobody to acknowledge",
            healthy().semi_sync(1, |semi_sync| semi_sync.clients = 0),
            &[SemiSyncStarved],
        ),
    ]);
}

#[test]
fn a_former_primary_that_was_not_fenced_stands_as_a_problem_until_it_is_closed() {
    let former = |outcome: ProbeOutcome| {
        let gone = healthy().acks(0).writability(2, Writability::Writable);
        found(&gone.silent(2, outcome, LONG))
    };
    let says = |problems: &[Problem]| codes(problems).contains(&UnfencedPrimary);
    let silent = former(ProbeOutcome::TimedOut);
    assert!(says(&silent), "{silent:#?}");
    let sentence = &silent[0].sentence;
    assert!(
        sentence.contains("two writable primaries are possible"),
        "{sentence}"
    );
    assert!(!says(&former(ProbeOutcome::Refused)), "it boots closed");
    let closed = healthy().acks(0).silent(2, ProbeOutcome::TimedOut, LONG);
    assert!(!says(&found(&closed)), "it was seen closed");
    let unseen = |accept| {
        let unseen = healthy().acks(0).unseen(2);
        found(&unseen.policy(|policy| policy.accept_unfenced = accept))
    };
    assert!(says(&unseen(true)), "this leader never saw it closed");
    assert!(!says(&unseen(false)));
}

#[test]
fn every_matcher_has_its_own_code() {
    let codes: BTreeSet<_> = MATCHERS.iter().map(|matcher| matcher.code).collect();
    assert_eq!(codes.len(), MATCHERS.len());
}

#[test]
fn every_problem_says_what_is_done_about_it() {
    for fixture in [
        everyone(&unreachable()),
        healthy().dead_primary(),
        healthy().writability(2, Writability::Writable),
        receiver(ReceiverState::Stopped).follows(3, 8),
        applier(None).executed(3, &gtids(9, 1, 1)),
    ] {
        for problem in found(&fixture) {
            assert!(!problem.sentence.is_empty());
            assert!(!problem.response.is_empty(), "{problem}");
        }
    }
}

#[test]
fn the_gravest_come_first_then_by_code_and_node() {
    let fixture = healthy()
        .lag(3, None)
        .lag(2, None)
        .executed(2, &gtids(9, 1, 1))
        .semi_sync(1, |semi_sync| semi_sync.clients = 0);
    let order: Vec<_> = found(&fixture)
        .into_iter()
        .map(|problem| (problem.severity, problem.code, problem.node.unwrap()))
        .collect();
    assert_eq!(
        order,
        [
            (Severity::Critical, SemiSyncStarved, name(1)),
            (Severity::Warning, ReplicaLagging, name(2)),
            (Severity::Warning, ReplicaLagging, name(3)),
            (Severity::Warning, ErrantGtid, name(2)),
        ]
    );
}
