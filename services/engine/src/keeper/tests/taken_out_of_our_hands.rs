//! Maintenance of nodes and a pause of the cluster.

use lictor_domain::{Maintenance, Pause};

use super::*;

fn paused_for(seconds: u64) -> Fixture {
    let mut fixture = auto();
    let end = now(Duration::from_secs(seconds)).wall;
    fixture.cluster.pause = Some(Pause {
        owner: "ada".to_owned(),
        reason: "a network change".to_owned(),
        until: Some(end),
    });
    fixture
}

#[test]
fn a_paused_cluster_is_not_failed_over_until_it_is_resumed() {
    let mut bench = Bench::watching(paused_for(3_600));
    assert!(!begins(&bench.primary_dies()));
    assert!(bench.code(ProblemCode::ClusterPaused));
    assert!(bench.code(ProblemCode::ActionWithheld));
    let mut resumed = bench.keeper.cluster().clone();
    resumed.pause = None;
    assert!(begins(&bench.step(Event::Redefined(resumed))));
    assert!(!bench.code(ProblemCode::ClusterPaused));
}

#[test]
fn a_pause_ends_by_itself() {
    let mut bench = Bench::watching(paused_for(60));
    assert!(!begins(&bench.primary_dies()));
    bench
        .later(Duration::from_mins(1))
        .probed(1, ProbeOutcome::Refused);
    let mut commands = bench.answers(2);
    commands.extend(bench.answers(3));
    assert!(begins(&commands));
}

#[test]
fn a_failover_that_runs_is_finished_although_the_cluster_is_paused() {
    let mut bench = Bench::watching(auto());
    assert!(begins(&bench.primary_dies()));
    let mut paused = bench.keeper.cluster().clone();
    paused.pause = paused_for(3_600).cluster.pause;
    bench.step(Event::Redefined(paused));
    assert!(bench.keeper.recovery().is_some());
}

#[test]
fn a_node_in_maintenance_is_left_alone_and_taken_up_again_when_it_is_over() {
    let end = now(Duration::from_mins(1)).wall;
    let fixture = auto()
        .definition(2, |node| {
            node.maintenance = Some(Maintenance {
                owner: "ada".to_owned(),
                reason: "a new disk".to_owned(),
                until: end,
            });
        })
        .replication(2, |replication| {
            replication.receiver = ReceiverState::Stopped;
            replication.applier_running = false;
        });
    let mut bench = Bench::watching(fixture);
    bench.later(ms(400)).answers(1);
    assert_eq!(cares(bench.answers(2)), []);
    assert!(bench.code(ProblemCode::Maintenance));
    assert!(!bench.code(ProblemCode::ReceiverDown));
    bench.later(Duration::from_mins(1)).answers(1);
    bench.later(ms(10)).answers(2);
    let commands = bench.later(ms(10)).answers(1);
    assert_eq!(cares(commands), [(name(2), Care::Resume)]);
}
