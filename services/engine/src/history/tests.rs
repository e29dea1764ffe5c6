use std::collections::BTreeSet;

use lictor_domain::{Pause, Phase, ProbeOutcome, RouteState, Step, Writability};
use uuid::Uuid;

use super::*;
use crate::fixture::{Fixture, TIMING, at, ms, name};
use crate::{analysis, health, pool, routing};

/// A chronicle that is shown one picture after the other.
struct Stage {
    chronicle: Chronicle,
    told: Vec<Happening>,
    spans: Vec<Span>,
}

/// What is beside the nodes in a picture.
#[derive(Clone, Default)]
struct Beside {
    running: Option<Recovery>,
    ended: Option<Recovery>,
    state: Option<RouteState>,
}

impl Stage {
    fn new(past: Past) -> Self {
        let cluster = Fixture::healthy(2).cluster.name;
        Self {
            chronicle: Chronicle::new(cluster, "lictor-1".to_owned(), past),
            told: vec![],
            spans: vec![],
        }
    }

    /// One that has seen a healthy cluster for two seconds.
    fn watching() -> Self {
        let mut stage = Self::new(Past::default());
        stage.is(&Fixture::healthy(2), 0..=2_000);
        assert_eq!(stage.kinds(), [HappeningKind::Observation]);
        stage.told.clear();
        stage
    }

    /// Shows these nodes each 100 ms of a time.
    fn is(&mut self, fixture: &Fixture, millis: std::ops::RangeInclusive<u64>) {
        for millis in millis.step_by(100) {
            self.shows(fixture, millis, &Beside::default());
        }
    }

    fn shows(&mut self, fixture: &Fixture, millis: u64, beside: &Beside) {
        let (view, now) = fixture.lasting(ms(millis));
        let serving = beside.state.is_none();
        let readers = pool::readers(&view, &TIMING, &BTreeSet::new(), now);
        let mut route = routing::route(&view, &TIMING, serving, &readers, now);
        if let Some(state) = &beside.state {
            route.state = state.clone();
        }
        let problems = analysis::problems(&view, &TIMING, now);
        let health = health::of_cluster(&view, &TIMING, &route, now);
        let notes = self.chronicle.see(&Picture {
            view: &view,
            timing: &TIMING,
            problems: &problems,
            health: &health,
            route: &route,
            recovery: beside.running.as_ref(),
            ended: beside.ended.as_ref(),
            complete: true,
            now: at(millis),
        });
        self.note(notes);
    }

    fn note(&mut self, notes: Vec<Note>) {
        for note in notes {
            match note {
                Note::Happened(happening) => self.told.push(*happening),
                Note::Observed(_, span) if span.from == span.until => {}
                Note::Observed(_, span) => self.spans.push(span),
            }
        }
    }

    fn kinds(&self) -> Vec<HappeningKind> {
        self.told.iter().map(|happening| happening.kind).collect()
    }

    fn of(&self, kind: HappeningKind) -> Vec<&Happening> {
        self.told.iter().filter(|it| it.kind == kind).collect()
    }

    fn codes(&self, kind: HappeningKind) -> Vec<&str> {
        self.of(kind).iter().map(|it| it.code.as_str()).collect()
    }
}

/// A recovery that began `began` ms after the start, and opened number 2 then.
fn recovery(kind: RecoveryKind, began: u64, opened: Option<u64>) -> Recovery {
    let steps = opened.map(|opened| Step {
        phase: Phase::Promote,
        began: Duration::ZERO,
        took: Some(ms(opened - began)),
        sentence: "open orders-2 for writes".to_owned(),
    });
    let fixture = Fixture::healthy(2);
    let verdict = Problem {
        code: match kind {
            RecoveryKind::Failover => ProblemCode::DeadPrimary,
            RecoveryKind::Switchover => ProblemCode::SwitchoverOrdered,
        },
        severity: Severity::Critical,
        node: Some(name(1)),
        sentence: "orders-1 is lost".to_owned(),
        response: String::new(),
        evidence: vec![],
    };
    Recovery {
        id: RecoveryId(Uuid::from_u128(u128::from(began))),
        cluster: fixture.cluster.name,
        kind,
        epoch: fixture.cluster.epoch,
        started_at: at(began).wall,
        old_primary: name(1),
        new_primary: opened.map(|_| name(2)),
        verdict,
        fencing: Some(FencingProof::ProcessDead),
        candidates: vec![],
        steps: steps.into_iter().collect(),
        outcome: RecoveryOutcome::Running,
    }
}

fn done(recovery: &Recovery) -> Recovery {
    Recovery {
        outcome: RecoveryOutcome::Done,
        ..recovery.clone()
    }
}

/// Number 2 leads, and number 1 is gone.
fn after_failover() -> Fixture {
    let mut fixture = Fixture::healthy(2)
        .report(2, |report| report.replication = None)
        .writability(2, Writability::Writable)
        .semi_sync(2, |s| (s.source_enabled, s.source_active) = (true, true))
        .follows(3, 2)
        .silent(1, ProbeOutcome::Refused, ms(100));
    fixture.cluster.primary = name(2);
    fixture
}

#[test]
fn a_failover_is_told_from_its_first_sign_to_the_first_write() {
    let mut stage = Stage::watching();
    let begun = recovery(RecoveryKind::Failover, 2_050, None);
    let opened = recovery(RecoveryKind::Failover, 2_050, Some(2_070));
    let running = |recovery: &Recovery| Beside {
        running: Some(recovery.clone()),
        ..Beside::default()
    };
    stage.shows(&Fixture::healthy(2).dead_primary(), 2_060, &running(&begun));
    stage.shows(&after_failover(), 2_080, &running(&opened));
    let ended = Beside {
        ended: Some(done(&opened)),
        ..Beside::default()
    };
    for millis in (2_100..4_000).step_by(100) {
        stage.shows(&after_failover(), millis, &ended);
    }
    let [down] = stage.of(HappeningKind::Unavailable)[..] else {
        panic!("{:?}", stage.told);
    };
    assert_eq!(down.at, at(2_050).wall);
    assert_eq!((down.code.as_str(), down.planned), ("DeadPrimary", false));
    assert_eq!(down.recovery, Some(begun.id));
    let [up] = stage.of(HappeningKind::Available)[..] else {
        panic!("{:?}", stage.told);
    };
    assert_eq!(up.at, at(2_070).wall);
    assert_eq!(up.recovery, Some(begun.id));
    assert_eq!(up.sentence, "orders takes writes again, after 20 ms");
    let [change] = stage.of(HappeningKind::PrimaryChanged)[..] else {
        panic!("{:?}", stage.told);
    };
    assert_eq!(change.code, change::FAILOVER);
    assert_eq!(change.node, Some(name(2)));
    assert_eq!(
        change.sentence,
        "orders-2 took over from orders-1 by failover"
    );
    assert!(
        stage
            .codes(HappeningKind::ProblemOpened)
            .contains(&"DeadPrimary")
    );
}

#[test]
fn a_failover_of_an_async_cluster_proves_nothing_of_what_was_lost() {
    let mut stage = Stage::watching();
    let opened = recovery(RecoveryKind::Failover, 2_050, Some(2_070));
    let beside = Beside {
        ended: Some(done(&opened)),
        ..Beside::default()
    };
    stage.shows(&after_failover().acks(0), 2_100, &beside);
    assert_eq!(
        stage.codes(HappeningKind::PrimaryChanged),
        [change::UNPROVEN]
    );

    let mut stage = Stage::watching();
    let unfenced = Recovery {
        fencing: Some(FencingProof::Unfenced),
        ..done(&opened)
    };
    let beside = Beside {
        ended: Some(unfenced),
        ..Beside::default()
    };
    stage.shows(&after_failover(), 2_100, &beside);
    assert_eq!(
        stage.codes(HappeningKind::PrimaryChanged),
        [change::UNPROVEN]
    );
}

#[test]
fn a_switchover_is_a_planned_outage() {
    let mut stage = Stage::watching();
    let held = Beside {
        running: Some(recovery(RecoveryKind::Switchover, 2_050, None)),
        state: Some(RouteState::Held),
        ..Beside::default()
    };
    stage.shows(&Fixture::healthy(2), 2_100, &held);
    stage.is(&Fixture::healthy(2), 2_150..=4_000);
    let planned: Vec<_> = stage.told.iter().map(|it| (it.kind, it.planned)).collect();
    assert_eq!(
        planned,
        [
            (HappeningKind::Unavailable, true),
            (HappeningKind::Available, true)
        ]
    );
    assert_eq!(stage.told[1].at, at(2_150).wall);
}

#[test]
fn a_switchover_that_prepares_keeps_nobody_from_writing() {
    let mut stage = Stage::watching();
    let preparing = Beside {
        running: Some(recovery(RecoveryKind::Switchover, 2_050, None)),
        ..Beside::default()
    };
    stage.shows(&Fixture::healthy(2), 2_100, &preparing);
    assert_eq!(stage.told, []);
}

#[test]
fn a_primary_lost_in_the_middle_of_a_switchover_is_a_failure_of_its_own() {
    let mut stage = Stage::watching();
    let held = Beside {
        running: Some(recovery(RecoveryKind::Switchover, 2_050, None)),
        state: Some(RouteState::Held),
        ..Beside::default()
    };
    stage.shows(&Fixture::healthy(2), 2_100, &held);
    let failing = Beside {
        running: Some(recovery(RecoveryKind::Failover, 2_200, None)),
        ..Beside::default()
    };
    stage.shows(&Fixture::healthy(2).dead_primary(), 2_210, &failing);
    let outages: Vec<_> = stage
        .told
        .iter()
        .filter(|it| {
            matches!(
                it.kind,
                HappeningKind::Unavailable | HappeningKind::Available
            )
        })
        .map(|it| (it.kind, it.planned, it.at))
        .collect();
    let (down, up) = (HappeningKind::Unavailable, HappeningKind::Available);
    assert_eq!(
        outages,
        [
            (down, true, at(2_100).wall),
            (up, true, at(2_200).wall),
            (down, false, at(2_200).wall)
        ]
    );
}

#[test]
fn what_happens_while_the_cluster_is_paused_is_planned() {
    let mut stage = Stage::watching();
    let mut fixture = Fixture::healthy(2).dead_primary();
    fixture.cluster.pause = Some(Pause {
        owner: "ada".to_owned(),
        reason: "a network change".to_owned(),
        until: None,
    });
    stage.is(&fixture, 2_100..=2_200);
    let [down] = stage.of(HappeningKind::Unavailable)[..] else {
        panic!("{:?}", stage.told);
    };
    assert!(down.planned);
}

#[test]
fn a_primary_that_takes_no_writes_is_an_outage_until_it_does() {
    let closed = Fixture::healthy(2).writability(1, Writability::SuperReadOnly);
    let mut stage = Stage::watching();
    stage.is(&closed, 2_100..=3_000);
    stage.is(&Fixture::healthy(2), 3_100..=4_500);
    assert_eq!(stage.codes(HappeningKind::Unavailable), ["PrimaryReadOnly"]);
    let [up] = stage.of(HappeningKind::Available)[..] else {
        panic!("{:?}", stage.told);
    };
    assert_eq!(up.at, at(3_100).wall);
}

#[test]
fn a_process_that_is_gone_is_no_outage_before_its_replicas_were_asked() {
    let suspect = Fixture::healthy(2).silent(1, ProbeOutcome::Refused, ms(10));
    let mut stage = Stage::watching();
    stage.shows(&suspect, 2_050, &Beside::default());
    assert_eq!(stage.of(HappeningKind::Unavailable).len(), 0);
    let refused = Beside {
        state: Some(RouteState::NoPrimary),
        ..Beside::default()
    };
    stage.shows(&suspect, 2_100, &refused);
    assert_eq!(stage.codes(HappeningKind::Unavailable), ["NoPrimary"]);
}

#[test]
fn writes_that_are_taken_for_a_moment_end_no_outage() {
    let closed = Fixture::healthy(2).writability(1, Writability::SuperReadOnly);
    let mut stage = Stage::watching();
    stage.is(&closed, 2_100..=2_500);
    stage.is(&Fixture::healthy(2), 2_600..=3_000);
    stage.is(&closed, 3_100..=3_500);
    assert_eq!(stage.of(HappeningKind::Unavailable).len(), 1);
    assert_eq!(stage.of(HappeningKind::Available).len(), 0);
}

#[test]
fn where_we_are_cut_off_nothing_is_observed() {
    let unreachable = ProbeOutcome::Unreachable {
        reason: "no route to host".to_owned(),
    };
    let mut cut_off = Fixture::healthy(2);
    for n in 1..=3 {
        cut_off = cut_off.silent(n, unreachable.clone(), Duration::from_secs(20));
    }
    let mut stage = Stage::watching();
    stage.is(&cut_off, 2_100..=3_000);
    assert_eq!(
        stage.codes(HappeningKind::Observation),
        [observation::ENDED]
    );
    assert_eq!(stage.of(HappeningKind::Unavailable).len(), 0);
    let span = Span {
        from: at(0).wall,
        until: at(2_000).wall,
    };
    assert_eq!(stage.spans, [span]);
    stage.is(&Fixture::healthy(2), 3_100..=3_500);
    let begun = stage.of(HappeningKind::Observation)[1];
    assert_eq!(
        begun.sentence,
        "lictor-1 watches orders; nobody did for the 1100 ms before"
    );
    assert_eq!(stage.chronicle.observed().unwrap().from, at(3_100).wall);
}

#[test]
fn a_leader_that_stood_still_did_not_observe_meanwhile() {
    let mut stage = Stage::watching();
    stage.is(&Fixture::healthy(2), 60_000..=60_100);
    let seen = |from, until| Span {
        from: at(from).wall,
        until: at(until).wall,
    };
    assert_eq!(stage.spans, [seen(0, 2_000)]);
    assert_eq!(stage.chronicle.observed(), Some(seen(60_000, 60_100)));
}

#[test]
fn a_problem_is_told_once_however_its_sentence_changes_and_its_end_too() {
    let mut stage = Stage::watching();
    for (millis, lag) in [(2_100, 60), (2_200, 61), (2_300, 62)] {
        let behind = Fixture::healthy(2).lag(2, Some(Duration::from_secs(lag)));
        stage.shows(&behind, millis, &Beside::default());
    }
    assert_eq!(
        stage.codes(HappeningKind::ProblemOpened),
        ["ReplicaLagging"]
    );
    let key = (ProblemCode::ReplicaLagging, Some(name(2)));
    assert_eq!(stage.chronicle.open()[&key], at(2_100).wall);
    stage.is(&Fixture::healthy(2), 2_400..=8_000);
    let [closed] = stage.of(HappeningKind::ProblemClosed)[..] else {
        panic!("{:?}", stage.told);
    };
    assert_eq!(closed.at, at(2_400).wall);
    assert!(
        closed.sentence.starts_with("over after 300 ms: orders-2"),
        "{closed:?}"
    );
    assert_eq!(stage.chronicle.open().len(), 0);
}

#[test]
fn a_node_that_is_worse_for_a_moment_was_never_worse() {
    let refusing = Fixture::healthy(2).silent(3, ProbeOutcome::Refused, ms(100));
    let mut stage = Stage::watching();
    stage.is(&refusing, 2_100..=2_900);
    stage.is(&Fixture::healthy(2), 3_000..=3_500);
    assert_eq!(stage.of(HappeningKind::NodeHealth).len(), 0);
    stage.is(&refusing, 3_600..=4_700);
    let [worse] = stage.of(HappeningKind::NodeHealth)[..] else {
        panic!("{:?}", stage.told);
    };
    assert_eq!(
        (worse.code.as_str(), worse.at),
        ("critical", at(3_600).wall)
    );
    assert_eq!(
        worse.sentence,
        "orders-3 refuses connections: its process is gone"
    );
}

#[test]
fn a_next_leader_tells_what_ended_between_the_two_and_nothing_twice() {
    let past = Past {
        problems: vec![(
            (ProblemCode::DeadPrimary, Some(name(1))),
            at(0).wall - ms(9_000),
            "orders-1 is dead".to_owned(),
        )],
        nodes: BTreeMap::from([(name(3), Status::Critical)]),
        outage: Some(PastOutage {
            since: at(0).wall - ms(9_000),
            code: "DeadPrimary".to_owned(),
            planned: false,
            recovery: None,
        }),
        change: Some(recovery(RecoveryKind::Failover, 50, Some(60)).id),
        observed_until: Some(at(0).wall - ms(4_000)),
    };
    let mut stage = Stage::new(past);
    let beside = Beside {
        ended: Some(done(&recovery(RecoveryKind::Failover, 50, Some(60)))),
        ..Beside::default()
    };
    for millis in (0..6_000).step_by(100) {
        stage.shows(&Fixture::healthy(2), millis, &beside);
    }
    let mut kinds = stage.kinds();
    kinds.sort();
    assert_eq!(
        kinds,
        [
            HappeningKind::ProblemClosed,
            HappeningKind::NodeHealth,
            HappeningKind::Available,
            HappeningKind::Observation
        ]
    );
}

#[test]
fn before_every_node_was_looked_at_nothing_is_told() {
    let mut stage = Stage::new(Past::default());
    let fixture = Fixture::healthy(2).unseen(3);
    let view = fixture.view();
    let now = at(0);
    let route = routing::route(&view, &TIMING, true, &BTreeSet::new(), now.mono);
    let problems = analysis::problems(&view, &TIMING, now.mono);
    let health = health::of_cluster(&view, &TIMING, &route, now.mono);
    let notes = stage.chronicle.see(&Picture {
        view: &view,
        timing: &TIMING,
        problems: &problems,
        health: &health,
        route: &route,
        recovery: None,
        ended: None,
        complete: false,
        now,
    });
    assert_eq!(notes, []);
    assert_eq!(stage.chronicle.observed(), None);
}

#[test]
fn who_ends_its_watch_says_so_and_settles_what_was_open() {
    let closed = Fixture::healthy(2).writability(1, Writability::SuperReadOnly);
    let mut stage = Stage::watching();
    stage.is(&closed, 2_100..=2_500);
    stage.is(&Fixture::healthy(2), 2_600..=2_700);
    stage.told.clear();
    let notes = stage.chronicle.end();
    stage.note(notes);
    let expected = [HappeningKind::Available, HappeningKind::Observation];
    assert_eq!(stage.kinds(), expected);
    assert_eq!(stage.spans.len(), 1);
    assert_eq!(stage.chronicle.end(), []);
}

#[test]
fn the_past_is_put_together_from_what_was_told() {
    let fixture = Fixture::healthy(2);
    let told = |kind, code: &str, node: Option<u32>| Happening {
        node: node.map(name),
        recovery: Some(RecoveryId(Uuid::from_u128(7))),
        ..happening(&fixture.cluster.name, kind, code, at(0).wall)
    };
    let until = BTreeMap::from([(fixture.cluster.name.clone(), at(5).wall)]);
    let pasts = Past::of_all(
        [
            told(HappeningKind::ProblemOpened, "DeadPrimary", Some(1)),
            told(HappeningKind::ProblemOpened, "WhatANewerOneKnows", Some(1)),
            told(HappeningKind::NodeHealth, "warning", Some(2)),
            told(HappeningKind::Unavailable, "DeadPrimary", Some(1)),
            told(HappeningKind::PrimaryChanged, change::FAILOVER, Some(2)),
        ],
        until,
    );
    let past = &pasts[&fixture.cluster.name];
    let keys: Vec<_> = past.problems.iter().map(|(key, ..)| key.clone()).collect();
    assert_eq!(keys, [(ProblemCode::DeadPrimary, Some(name(1)))]);
    assert_eq!(past.nodes, BTreeMap::from([(name(2), Status::Warning)]));
    assert_eq!(past.outage.as_ref().unwrap().code, "DeadPrimary");
    assert_eq!(past.change, Some(RecoveryId(Uuid::from_u128(7))));
    assert_eq!(past.observed_until, Some(at(5).wall));
}
