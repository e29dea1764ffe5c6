//! One row for each alteration of a healthy cluster: the codes it must give.

use std::collections::BTreeSet;
use std::time::Duration;

use lictor_domain::report::{SemiSync, Stall, StallCause};
use lictor_domain::{
    Evidence, GtidRole, Mode, Mono, ProbeOutcome, Problem, ProblemCode, ReceiverState,
    ServerVersion, Severity, Writability,
};

use super::{MATCHERS, problems, wrong_settings};
use crate::fixture::{Fixture, NOW, TIMING, address, gtids, name, server_error};
use ProblemCode::{
    ConfigurationDrift, DeadPrimary, DelayedReplica, DivergedReplica, ErrantGtid, HungPrimary,
    IntermediateReplicaDead, MultiplePrimaries, NoPrimary, NoViableCandidate,
    PrimaryAndReplicasUnreachable, PrimaryReadOnly, ReceiverDown, ReplicaIsWritable,
    ReplicaLagging, ReplicationBroken, SemiSyncNotEnforced, SemiSyncStarved, StalledPrimary,
    UnreachablePrimary, UnreachableReplica, WrongSource,
};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

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
        ("through a replica", healthy().follows(2, 3), &[]),
        (
            "through a replica that is down",
            healthy()
                .follows(2, 3)
                .silent(3, ProbeOutcome::Refused, LONG),
            &[
                UnreachableReplica,
                IntermediateReplicaDead,
                WrongSource,
                NoViableCandidate,
            ],
        ),
        (
            "replicas in a circle",
            healthy().follows(2, 3).follows(3, 2),
            &[WrongSource, WrongSource, NoViableCandidate],
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
        node.promotion = lictor_domain::PromotionRule::MustNot;
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

fn stall(cause: StallCause) -> Stall {
    Stall {
        cause,
        sessions: 3,
        longest: ms(4000),
    }
}

/// A primary whose sessions wait for `cause` at each look for so long, while it
/// commits something before the look at `commit`.
fn waiting(cause: &StallCause, looks: u64, commit: Option<u64>) -> Vec<Problem> {
    let mut fixture = healthy().report(1, |report| report.stalls = vec![stall(cause.clone())]);
    let mut view = healthy().view();
    let mut now = NOW;
    for look in 1..=looks {
        now = NOW + TIMING.probe_interval * u32::try_from(look).unwrap();
        if commit == Some(look) {
            fixture = fixture.executed(1, &gtids(1, 101, 101));
        }
        for n in [1, 2, 3] {
            view.probed(&name(n), fixture.answer(n), now);
        }
    }
    problems(&view, &TIMING, now)
}

#[test]
fn a_primary_that_answers_and_commits_nothing_is_stalled() {
    for (cause, what) in [
        (StallCause::Acknowledgements, "acknowledgements of replicas"),
        (StallCause::GlobalReadLock, "a global read lock"),
        (
            StallCause::DiskSpace("Disk is full writing 'binlog.000001'".to_owned()),
            "disk space",
        ),
        (StallCause::Turn, "a commit that does not end"),
    ] {
        let found = waiting(&cause, 9, None);
        assert_eq!(codes(&found), [StalledPrimary]);
        assert_eq!(
            found[0].sentence,
            format!("orders-1 answers, but no commit passes: it waits for {what}")
        );
        let evidence: Vec<_> = found[0].evidence.iter().map(ToString::to_string).collect();
        assert_eq!(
            evidence,
            [
                "orders-1 has committed nothing for 3200 ms (threshold 3000 ms)".to_owned(),
                format!("orders-1: 3 session(s) wait for {cause}, the longest for 4 s"),
            ]
        );
    }
}

#[test]
fn a_busy_primary_is_not_stalled() {
    let cause = StallCause::Turn;
    assert_eq!(waiting(&cause, 3, None), []);
    assert_eq!(waiting(&cause, 9, Some(5)), []);
    assert_eq!(codes(&waiting(&cause, 13, Some(5))), [StalledPrimary]);
}

#[test]
fn settings_that_a_failover_relies_on_are_watched() {
    let drift = &[ConfigurationDrift];
    assert_found([
        (
            "super_read_only lost",
            healthy().writability(2, Writability::ReadOnly),
            drift,
        ),
        (
            "boots writable",
            healthy().report(1, |report| report.settings.boots_read_only = Some(false)),
            drift,
        ),
        (
            "cannot be told how it boots",
            healthy().report(1, |report| report.settings.boots_read_only = None),
            &[],
        ),
        (
            "replicates by itself after its boot",
            healthy().report(2, |report| {
                report.settings.skips_replica_start = Some(false);
            }),
            drift,
        ),
        (
            "long replica_net_timeout",
            healthy().report(2, |report| {
                report.settings.replica_net_timeout = Duration::from_mins(1);
            }),
            drift,
        ),
        (
            "no heartbeats",
            healthy().replication(2, |replication| {
                replication.heartbeat_period = Duration::ZERO;
            }),
            drift,
        ),
        (
            "acknowledges nothing",
            healthy().semi_sync(2, |semi_sync| semi_sync.replica_enabled = false),
            drift,
        ),
        (
            "acknowledges nothing, async",
            healthy()
                .acks(0)
                .semi_sync(2, |semi_sync| semi_sync.replica_enabled = false),
            &[],
        ),
    ]);
}

#[test]
fn of_drifted_settings_the_operator_is_told_those_that_lictor_leaves_alone() {
    let drifted = healthy()
        .policy(|policy| policy.mode = Mode::Auto)
        .semi_sync(2, |semi_sync| semi_sync.replica_enabled = false);
    assert_eq!(
        only(&drifted).response,
        "Lictor sets it right while the primary accepts writes"
    );
    let both = drifted.report(2, |report| {
        report.settings.replica_net_timeout = Duration::from_mins(1);
    });
    assert_eq!(
        only(&both).response,
        "on orders-2: SET PERSIST replica_net_timeout = 4"
    );
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

#[test]
fn the_evidence_of_a_broken_applier_is_the_servers_error() {
    let problem = only(&applier(Some(1062)));
    assert_eq!(
        problem.evidence,
        [Evidence::ServerSays {
            node: name(2),
            number: 1062,
            message: "duplicate key".to_owned(),
        }]
    );
}

#[test]
fn a_stopped_receiver_and_one_that_cannot_connect_are_told_apart() {
    let stopped = only(&receiver(ReceiverState::Stopped)).sentence;
    assert_eq!(stopped, "the receiver of orders-2 is stopped");
    let connecting = only(&receiver(ReceiverState::Connecting)).sentence;
    assert_eq!(
        connecting,
        "the receiver of orders-2 cannot connect to 10.0.0.1:3306"
    );
}

#[test]
fn unknown_lag_is_evidence_without_a_number() {
    let problem = only(&healthy().lag(2, None));
    assert_eq!(
        problem.evidence,
        [Evidence::Lag {
            replica: name(2),
            lag: None,
            allowed: ms(5000),
        }]
    );
}

#[test]
fn lag_is_unknown_only_when_the_last_known_one_no_longer_bounds_it() {
    let mut view = healthy().view();
    let unknown = healthy().lag(2, None).answer(2);
    let lagging_at = |view: &mut crate::view::ClusterView, now: Mono| {
        for n in [1, 3] {
            view.probed(&name(n), healthy().answer(n), now);
        }
        view.probed(&name(2), unknown.clone(), now);
        codes(&problems(view, &TIMING, now))
    };
    assert_eq!(lagging_at(&mut view, NOW + ms(4000)), []);
    assert_eq!(lagging_at(&mut view, NOW + ms(5200)), [ReplicaLagging]);
}

#[test]
fn the_errant_set_is_named() {
    let errant = gtids(9, 1, 3);
    let problem = only(&healthy().executed(2, &errant));
    assert_eq!(
        problem.evidence,
        [Evidence::Gtids {
            node: name(2),
            role: GtidRole::Errant,
            set: errant,
        }]
    );
}

#[test]
fn a_quarantine_shows_its_reason() {
    let problem = only(&healthy().quarantined(2, "it diverged"));
    assert_eq!(problem.sentence, "orders-2 is quarantined: it diverged");
}

#[test]
fn a_wrong_source_is_shown_and_put_right_by_lictor_only_in_auto() {
    let astray = healthy().follows(2, 8);
    let by_hand = only(&astray);
    assert_eq!(
        by_hand.evidence,
        [Evidence::Follows {
            replica: name(2),
            source: address(8),
        }]
    );
    assert_eq!(
        by_hand.response,
        "on orders-2: STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_HOST = '10.0.0.1', \
         SOURCE_PORT = 3306, SOURCE_AUTO_POSITION = 1; START REPLICA"
    );
    let by_lictor = only(&astray.policy(|policy| policy.mode = Mode::Auto));
    assert_eq!(by_lictor.response, "Lictor makes it follow the primary");
}

#[test]
fn each_wrong_semi_sync_setting_is_evidence_with_its_remedy() {
    let problem = only(&healthy().acks(2).semi_sync(1, |semi_sync| {
        semi_sync.source_enabled = false;
        semi_sync.source_active = false;
        semi_sync.timeout = ms(10_000);
        semi_sync.wait_no_replica = false;
        semi_sync.after_sync = false;
    }));
    let settings: Vec<_> = problem.evidence.iter().map(ToString::to_string).collect();
    assert_eq!(
        settings,
        [
            "orders-1 has rpl_semi_sync_source_wait_for_replica_count=1, wanted 2",
            "orders-1 has rpl_semi_sync_source_timeout=10000, wanted 31536000000",
            "orders-1 has rpl_semi_sync_source_wait_no_replica=OFF, wanted ON",
            "orders-1 has rpl_semi_sync_source_wait_point=AFTER_COMMIT, wanted AFTER_SYNC",
            "orders-1 has rpl_semi_sync_source_enabled=OFF, wanted ON",
        ]
    );
    assert!(
        problem
            .response
            .ends_with("SET GLOBAL rpl_semi_sync_source_enabled = ON")
    );
}

#[test]
fn the_plugins_are_named_as_the_version_names_them() {
    let old = healthy().report(1, |report| {
        report.version = ServerVersion::new(8, 0, 25);
        report.semi_sync = None;
    });
    assert!(only(&old).response.contains("semisync_master.so"));
    let new = healthy().report(1, |report| report.semi_sync = None);
    assert!(only(&new).response.contains("semisync_source.so"));
}

#[test]
fn a_read_only_primary_names_the_switches_that_stand_wrong() {
    let problem = only(&healthy().report(1, |report| {
        report.writability = Writability::SuperReadOnly;
        report.offline = true;
    }));
    let settings: Vec<_> = problem.evidence.iter().map(ToString::to_string).collect();
    assert_eq!(
        settings,
        [
            "orders-1 has super_read_only=ON, wanted OFF",
            "orders-1 has offline_mode=ON, wanted OFF",
        ]
    );
    assert_eq!(
        problem.response,
        "on orders-1: SET GLOBAL read_only = OFF; SET GLOBAL offline_mode = OFF"
    );
}

#[test]
fn no_setting_is_wrong_exactly_when_semi_sync_enforces_the_policy() {
    for bits in 0..32_u32 {
        let is = |bit: u32| bits & (1 << bit) != 0;
        for (timeout, acks) in [(SemiSync::NEVER, 1), (SemiSync::NEVER, 2), (LONG, 1)] {
            let semi_sync = SemiSync {
                replica_enabled: is(0),
                replica_active: false,
                source_enabled: is(1),
                source_active: is(2),
                wait_for_acks: 1,
                timeout,
                wait_no_replica: is(3),
                after_sync: is(4),
                clients: 2,
                waiting_sessions: 0,
            };
            let none_wrong = wrong_settings(&semi_sync, acks).is_empty();
            assert_eq!(none_wrong, semi_sync.enforces(acks), "{semi_sync:?}");
        }
    }
}
