use chrono::DateTime;
use lictor_domain::{Policy, Writability};
use uuid::Uuid;

use super::*;
use crate::fixture::{Fixture, NOW, TIMING, address, gtids, name};

const ID: RebuildId = RebuildId(Uuid::from_u128(7));

fn now(after: Duration) -> Now {
    Now {
        mono: NOW + after,
        wall: DateTime::UNIX_EPOCH + after,
    }
}

const AT_ONCE: Duration = Duration::ZERO;

fn diverged(change: impl FnOnce(&mut Policy)) -> ClusterView {
    Fixture::healthy(3)
        .policy(|policy| {
            policy.mode = Mode::Auto;
            change(policy);
        })
        .executed(2, &gtids(9, 1, 2))
        .quarantined(2, "diverged")
        .view()
}

fn ordered(view: &ClusterView) -> (Desk, Vec<Command>) {
    let mut desk = Desk::default();
    let order = Order {
        node: name(2),
        donor: None,
        force: false,
        actor: "ada".to_owned(),
    };
    let commands = desk.order(&order, ID, (view, &TIMING), false, now(AT_ONCE));
    (desk, commands)
}

fn acts(commands: Vec<Command>) -> Vec<RebuildAct> {
    commands
        .into_iter()
        .map(|command| match command {
            Command::Rebuild { act, .. } => act,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn state(desk: &Desk) -> &'static str {
    desk.of(&name(2)).unwrap().state.as_str()
}

fn quarantine(view: &ClusterView) -> &Quarantine {
    let node = view.cluster.node(&name(2)).unwrap();
    node.quarantine.as_ref().unwrap()
}

/// A rebuild that has copied everything.
fn copied(view: &mut ClusterView, restarter: Restarter) -> Desk {
    let (mut desk, _) = ordered(view);
    for done in [
        RebuildDone::Checked(Ok(())),
        RebuildDone::Begun(Ok(())),
        RebuildDone::Copied(Ok(restarter)),
    ] {
        assert!(!desk.finished(ID, done, view, now(AT_ONCE)).is_empty());
    }
    desk
}

#[test]
fn a_rebuild_goes_from_the_check_to_the_node_that_takes_part() {
    let mut view = diverged(|_| {});
    let (mut desk, commands) = ordered(&view);
    let (node, donor) = (name(2), name(3));
    assert_eq!(acts(commands), [RebuildAct::Check { node, donor }]);

    let commands = desk.finished(ID, RebuildDone::Checked(Ok(())), &mut view, now(AT_ONCE));
    let [
        RebuildAct::Begin {
            quarantine: stored, ..
        },
    ] = &acts(commands)[..]
    else {
        panic!("nothing is stored");
    };
    assert!(stored.incomplete);
    assert_eq!(quarantine(&view), stored);
    assert_eq!(stored.errant, gtids(9, 1, 2));

    let commands = desk.finished(ID, RebuildDone::Begun(Ok(())), &mut view, now(AT_ONCE));
    let (node, donor) = (name(2), address(3));
    assert_eq!(acts(commands), [RebuildAct::Copy { node, donor }]);
    assert!(desk.holds(&name(2)) && desk.answered(&name(2)).is_empty());

    let done = RebuildDone::Copied(Ok(Restarter::Supervisor));
    desk.finished(ID, done, &mut view, now(AT_ONCE));
    assert_eq!(
        acts(desk.answered(&name(2))),
        [RebuildAct::Inspect { node: name(2) }]
    );
    assert!(desk.answered(&name(2)).is_empty(), "one question at a time");
    let still = RebuildDone::Inspected(Ok(RunsOn::Unfinished));
    assert!(desk.finished(ID, still, &mut view, now(AT_ONCE)).is_empty());
    assert!(quarantine(&view).incomplete);

    assert!(!desk.answered(&name(2)).is_empty());
    let runs = RebuildDone::Inspected(Ok(RunsOn::Copy));
    desk.finished(ID, runs, &mut view, now(AT_ONCE));
    assert!(!quarantine(&view).incomplete && desk.rejoins(&name(2)));
    assert!(!desk.holds(&name(2)));

    let commands = desk.took_part(&name(2), now(AT_ONCE));
    assert!(matches!(&acts(commands)[..], [RebuildAct::Save(_)]));
    assert_eq!(state(&desk), "done");
    assert_eq!(desk.running(), None);
}

#[test]
fn nothing_is_dropped_before_it_is_stored_that_the_data_is_incomplete() {
    let mut view = diverged(|_| {});
    let (mut desk, _) = ordered(&view);
    desk.finished(ID, RebuildDone::Checked(Ok(())), &mut view, now(AT_ONCE));
    let away = RebuildDone::Begun(Err("Postgres is unavailable".to_owned()));
    let mut commands = desk.finished(ID, away, &mut view, now(AT_ONCE));
    let saved = acts(commands.split_off(1));
    assert!(matches!(&saved[..], [RebuildAct::Save(_)]), "{saved:?}");
    assert_eq!(state(&desk), "failed");
    // It is as diverged as before, and has all its data.
    let quarantine = view.cluster.node(&name(2)).unwrap().quarantine.clone();
    let known = quarantine.clone().unwrap();
    assert_eq!((known.errant, known.incomplete), (gtids(9, 1, 2), false));
    let (node, care) = (name(2), Care::Quarantine(quarantine));
    assert_eq!(commands, [Command::Tend { node, care }]);
}

#[test]
fn a_failure_at_any_point_leaves_the_node_quarantined_and_is_told() {
    let why = || "the disk is full".to_owned();
    let steps = |n: usize| {
        [
            RebuildDone::Checked(Ok(())),
            RebuildDone::Begun(Ok(())),
            RebuildDone::Copied(Ok(Restarter::Supervisor)),
        ]
        .into_iter()
        .take(n)
    };
    let failures = [
        (0, RebuildDone::Checked(Err(why())), false),
        (2, RebuildDone::Copied(Err(why())), true),
        (
            3,
            RebuildDone::Inspected(Ok(RunsOn::FailedCopy(why()))),
            true,
        ),
    ];
    for (before, failure, incomplete) in failures {
        let mut view = diverged(|_| {});
        let (mut desk, _) = ordered(&view);
        for done in steps(before) {
            desk.finished(ID, done, &mut view, now(AT_ONCE));
        }
        desk.finished(ID, failure, &mut view, now(AT_ONCE));
        assert_eq!(state(&desk), "failed");
        assert_eq!(quarantine(&view).incomplete, incomplete);
        let problems = desk.problems(&view);
        assert!(
            problems[0].sentence.contains("the disk is full"),
            "{problems:?}"
        );
        assert_eq!(desk.running(), None);
    }
}

#[test]
fn a_server_that_nobody_starts_is_named_and_given_up_in_the_end() {
    let mut view = diverged(|_| {});
    let mut desk = copied(&mut view, Restarter::Somebody);
    let problems = desk.problems(&view);
    assert_eq!(problems[0].severity, Severity::Warning);
    assert!(problems[0].response.contains("start mysqld of orders-2"));
    let soon = RESTART_PATIENCE / 2;
    assert!(desk.ticked(now(soon)).is_empty());
    assert!(!desk.ticked(now(RESTART_PATIENCE)).is_empty());
    assert_eq!(state(&desk), "failed");
    assert!(quarantine(&view).incomplete);
}

#[test]
fn another_rebuild_and_a_failover_are_waited_for() {
    let view = diverged(|_| {});
    let (mut desk, _) = ordered(&view);
    let order = Order {
        node: name(3),
        donor: None,
        force: true,
        actor: "ada".to_owned(),
    };
    let other = RebuildId(Uuid::from_u128(8));
    desk.order(&order, other, (&view, &TIMING), false, now(AT_ONCE));
    assert_eq!(desk.running().unwrap().node, name(2));

    let mut desk = Desk::default();
    desk.order(&order, other, (&view, &TIMING), true, now(AT_ONCE));
    let refused = &desk.of(&name(3)).unwrap().state;
    let reason = "a failover runs".to_owned();
    assert_eq!(*refused, RebuildState::Failed { reason });
}

#[test]
fn a_stale_answer_moves_nothing() {
    let mut view = diverged(|_| {});
    let (mut desk, _) = ordered(&view);
    let before = desk.clone();
    let stranger = RebuildId(Uuid::from_u128(8));
    desk.finished(
        stranger,
        RebuildDone::Checked(Ok(())),
        &mut view,
        now(AT_ONCE),
    );
    let early = RebuildDone::Inspected(Ok(RunsOn::Copy));
    desk.finished(ID, early, &mut view, now(AT_ONCE));
    assert_eq!(desk, before);
    assert!(!quarantine(&view).incomplete);
}

mod inherited {
    use super::*;

    fn left(state: RebuildState) -> Desk {
        let view = diverged(|_| {});
        let mut record = ordered(&view).0.running().unwrap().clone();
        record.state = state;
        Desk::inherit(Some(record), now(AT_ONCE))
    }

    #[test]
    fn wherever_it_was_left_the_node_is_asked_what_it_runs_on() {
        let progress = CopyProgress::default();
        for state_ in [
            RebuildState::Copying { progress },
            RebuildState::Restarting { by_hand: true },
            RebuildState::Rejoining,
        ] {
            let mut desk = left(state_);
            assert_eq!(state(&desk), "restarting");
            assert_eq!(
                acts(desk.answered(&name(2))),
                [RebuildAct::Inspect { node: name(2) }]
            );
        }
    }
}

mod by_policy {
    use super::*;

    fn begun(view: &ClusterView, desk: &mut Desk) -> bool {
        !desk
            .begin_by_policy(ID, view, &TIMING, now(AT_ONCE))
            .is_empty()
    }

    fn auto() -> ClusterView {
        diverged(|policy| policy.rebuild = RebuildPolicy::Auto)
    }

    #[test]
    fn a_quarantined_node_is_rebuilt_once_until_it_takes_part() {
        let (mut desk, mut view) = (Desk::default(), auto());
        assert!(begun(&view, &mut desk));
        assert_eq!(desk.running().unwrap().actor, "lictor");
        assert!(!begun(&view, &mut desk), "one at a time");
        let failed = RebuildDone::Checked(Err("no plugin".to_owned()));
        desk.finished(ID, failed, &mut view, now(AT_ONCE));
        assert!(!begun(&view, &mut desk), "once is enough");
        desk.took_part(&name(2), now(AT_ONCE));
        assert!(begun(&view, &mut desk));
    }

    #[test]
    fn it_takes_the_policy_the_mode_and_a_primary_that_is_well() {
        let manual = diverged(|_| {});
        let observed = diverged(|policy| {
            policy.rebuild = RebuildPolicy::Auto;
            policy.mode = Mode::Manual;
        });
        let closed = Fixture::healthy(3)
            .policy(|policy| {
                policy.mode = Mode::Auto;
                policy.rebuild = RebuildPolicy::Auto;
            })
            .quarantined(2, "diverged")
            .writability(1, Writability::SuperReadOnly)
            .view();
        for view in [manual, observed, closed] {
            assert!(!begun(&view, &mut Desk::default()));
        }
    }

    #[test]
    fn a_sound_node_is_never_rebuilt() {
        let view = Fixture::healthy(3)
            .policy(|policy| {
                policy.mode = Mode::Auto;
                policy.rebuild = RebuildPolicy::Auto;
            })
            .executed(2, &gtids(9, 1, 2))
            .view();
        assert!(!begun(&view, &mut Desk::default()));
    }
}
