//! Leases of agents, and the failovers that wait for their end.

use lictor_domain::{FailoverOrder, Instance};

use super::*;
use crate::guard::{Answer, DYING, Refusal, Renewal};

const LEASE: Duration = Duration::from_secs(6);
/// How long a lease of `LEASE` is waited for.
const WAITED: Duration = Duration::from_millis(6_750).saturating_add(DYING);

fn start(n: u32) -> Instance {
    Instance(Uuid::from_u128(u128::from(n)))
}

/// An async cluster, of which every server was started by an agent.
fn guarded() -> Fixture {
    (1..=3).fold(auto().acks(0), |fixture, n| {
        fixture.report(n, |report| report.instance = Some(start(n)))
    })
}

impl Bench {
    /// The agent of number `n` asks for the `number`th time.
    fn renews(&mut self, n: u32, number: u64, holds: Option<Duration>) -> Answer {
        let renewal = Renewal {
            instance: start(n),
            number,
            holds,
        };
        self.keeper.renew(&name(n), &renewal, LEASE, now(self.at))
    }

    /// The primary's agent is bound, and has renewed just now.
    fn bound() -> Self {
        let mut bench = Self::watching(guarded());
        assert_eq!(bench.renews(1, 1, None), Answer::Bound(LEASE));
        assert_eq!(bench.renews(1, 2, Some(LEASE)), Answer::Bound(LEASE));
        bench
    }

    /// Nobody hears the primary any more, and its failover has stopped every
    /// receiver.
    fn cut_off_and_fencing(&mut self) -> Vec<Command> {
        for _ in 0..12 {
            self.later(ms(400));
            self.alter(|fixture| fixture.hung_primary(ms(4000)));
            self.probed(1, ProbeOutcome::TimedOut);
            let mut commands = self.answers(2);
            commands.extend(self.answers(3));
            if begins(&commands) {
                break;
            }
        }
        self.finished(stored(Standing::Begun));
        self.stopped(2, Ok(gtids(1, 1, 100)));
        self.stopped(3, Ok(gtids(1, 1, 100)))
    }

    fn proof(&self) -> Option<FencingProof> {
        self.keeper.recovery()?.fencing.clone()
    }
}

#[test]
fn the_agent_of_the_primary_is_bound_and_those_of_closed_nodes_are_free() {
    let mut bench = Bench::bound();
    assert_eq!(bench.renews(2, 1, Some(LEASE)), Answer::Free);
    assert_eq!(bench.keeper.view().node(&name(2)).guard.unwrap().ends, None);
}

#[test]
fn nobody_is_bound_where_lictor_would_not_open_the_primary_again() {
    for mode_ in [Mode::Observe, Mode::Manual] {
        let mut bench = Bench::watching(guarded().policy(|policy| policy.mode = mode_));
        assert_eq!(bench.renews(1, 1, Some(LEASE)), Answer::Free);
    }
}

#[test]
fn a_node_that_shows_another_start_or_none_gets_no_lease() {
    let mut bench = Bench::watching(auto());
    assert_eq!(bench.renews(1, 1, None), Answer::Refused(Refusal::Unknown));
    let mut bench = Bench::bound();
    bench.alter(|fixture| fixture.report(1, |report| report.instance = Some(start(9))));
    bench.answers(1);
    let refused = Answer::Refused(Refusal::Unknown);
    assert_eq!(bench.renews(1, 3, Some(LEASE)), refused);
}

#[test]
fn a_failover_without_another_proof_waits_for_the_end_of_the_lease() {
    let mut bench = Bench::bound();
    let renewed_at = bench.at;
    let commands = bench.cut_off_and_fencing();
    assert_eq!((commands, bench.proof()), (vec![], None));
    let told = |bench: &Bench| {
        let steps = &bench.keeper.recovery().unwrap().steps;
        let waits = steps
            .iter()
            .filter(|step| step.sentence.contains("its agent kills it"));
        waits.count()
    };
    assert_eq!(told(&bench), 1);
    bench.at = renewed_at + WAITED.saturating_sub(ms(1));
    bench.step(Event::Tick);
    let wakes = bench.keeper.wake_at(now(bench.at).mono);
    assert_eq!((bench.proof(), wakes), (None, now(bench.at + ms(1)).mono));
    assert_eq!(told(&bench), 1, "it is told once");
    bench.later(ms(1));
    bench.step(Event::Tick);
    assert_eq!(
        bench.proof(),
        Some(FencingProof::LeaseExpired {
            instance: start(1),
            heard_ago: WAITED,
        })
    );
    assert!(matches!(
        bench.keeper.recovery().unwrap().new_primary.as_ref(),
        Some(node) if *node == name(2)
    ));
}

#[test]
fn an_agent_that_can_still_ask_gets_no_more_than_it_holds() {
    let mut bench = Bench::bound();
    bench.cut_off_and_fencing();
    let recovery = bench.keeper.recovery().unwrap().id;
    let refused = Answer::Refused(Refusal::Fencing(recovery));
    assert_eq!(bench.renews(1, 3, Some(ms(800))), refused);
    bench.later(ms(900) + DYING);
    bench.step(Event::Tick);
    assert!(matches!(
        bench.proof(),
        Some(FencingProof::LeaseExpired { .. })
    ));
}

#[test]
fn a_rehearsal_tells_that_the_end_of_the_lease_would_be_waited_for() {
    let mut bench = Bench::bound();
    bench.later(ms(400));
    bench.probed(1, ProbeOutcome::TimedOut);
    let found = bench.keeper.rehearse_failover(&FailoverOrder {
        to: None,
        force: false,
        operator: "ann".to_owned(),
        reason: "it hangs".to_owned(),
    });
    assert_eq!(found.blockers, []);
    let waits = |step: &String| step.contains("agent of orders-1 has killed it");
    assert!(found.steps.iter().any(waits), "{:?}", found.steps);
}

#[test]
fn an_agent_that_is_not_known_to_be_bound_is_no_proof() {
    let mut bench = Bench::watching(guarded());
    assert_eq!(bench.renews(1, 1, None), Answer::Bound(LEASE));
    bench.cut_off_and_fencing();
    assert_eq!(bench.keeper.recovery(), None);
    assert!(bench.code(ProblemCode::FailoverBlocked));
}

#[test]
fn a_primary_that_answers_meanwhile_ends_the_failover_and_is_bound_again() {
    let mut bench = Bench::bound();
    bench.cut_off_and_fencing();
    bench.later(ms(400));
    bench.answers(1);
    assert_eq!(bench.keeper.recovery(), None);
    assert_eq!(bench.renews(1, 3, Some(ms(1000))), Answer::Bound(LEASE));
}

#[test]
fn a_deposed_primary_gets_no_lease_before_it_was_seen_closed() {
    let mut bench = Bench::bound();
    bench.fails_over();
    bench.finished(Done::Opened(Ok(())));
    let deposed = Answer::Refused(Refusal::Deposed);
    assert_eq!(bench.renews(1, 3, Some(LEASE)), deposed);
    bench.alter(|fixture| fixture.writability(1, Writability::SuperReadOnly));
    bench.later(ms(400));
    bench.answers(1);
    assert_eq!(bench.renews(1, 4, Some(LEASE)), Answer::Free);
}

#[test]
fn a_new_primacy_forgets_what_an_agent_was_bound_to_before() {
    let mut bench = Bench::bound();
    bench.alter(|fixture| fixture.writability(2, Writability::Writable));
    // Bound as a writable replica cannot be: refused, but it says what it holds.
    bench.answers(2);
    let deposed = Answer::Refused(Refusal::Deposed);
    assert_eq!(bench.renews(2, 1, Some(LEASE)), deposed);
    assert!(
        bench
            .keeper
            .view()
            .node(&name(2))
            .guard
            .unwrap()
            .ends
            .is_some()
    );
    bench.fails_over();
    bench.finished(Done::Opened(Ok(())));
    assert_eq!(bench.keeper.cluster().primary, name(2));
    assert_eq!(bench.keeper.view().node(&name(2)).guard.unwrap().ends, None);
}
