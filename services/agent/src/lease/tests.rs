use lictor_engine::guard::{self, DYING, Guard, Refusal};
use lictor_wire::domain::Instance;
use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(time: Duration) -> Mono {
    Mono::from_origin(time)
}

#[test]
fn a_lease_counts_from_before_it_was_asked_for() {
    let mut lease = Lease::default();
    assert!(!lease.has_ended(at(SECOND * 100)), "nothing binds it yet");
    let renewal = lease.renewal(at(SECOND));
    assert_eq!((renewal.number, renewal.holds), (1, None));
    lease.take(&renewal, Answer::Bound(SECOND * 6));
    assert!(!lease.has_ended(at(Duration::from_millis(6_999))));
    assert!(lease.has_ended(at(SECOND * 7)));
    assert_eq!(lease.renewal(at(SECOND * 3)).holds, Some(SECOND * 4));
}

#[test]
fn who_is_refused_keeps_what_it_has_and_who_is_free_keeps_nothing() {
    let mut lease = Lease::default();
    let renewal = lease.renewal(at(SECOND));
    lease.take(&renewal, Answer::Bound(SECOND * 6));
    let renewal = lease.renewal(at(SECOND * 2));
    lease.take(&renewal, Answer::Refused);
    assert!(lease.has_ended(at(SECOND * 7)));
    let renewal = lease.renewal(at(SECOND * 3));
    lease.take(&renewal, Answer::Free);
    assert!(!lease.has_ended(at(SECOND * 100)));
}

#[test]
fn an_answer_to_an_earlier_renewal_is_passed_over() {
    let mut lease = Lease::default();
    let first = lease.renewal(at(SECOND));
    lease.renewal(at(SECOND * 2));
    lease.take(&first, Answer::Bound(SECOND));
    assert!(!lease.has_ended(at(SECOND * 100)));
}

/// One renewal, and what becomes of it.
#[derive(Clone, Debug)]
struct Round {
    pause: Duration,
    there: Duration,
    back: Duration,
    lost: bool,
    /// The leader gets it only after the next one.
    overtaken: bool,
    answer: guard::Answer,
}

fn round() -> impl Strategy<Value = Round> {
    let answer = prop_oneof![
        4 => (500_u64..8_000).prop_map(|ms| guard::Answer::Bound(Duration::from_millis(ms))),
        1 => Just(guard::Answer::Free),
        1 => Just(guard::Answer::Refused(Refusal::Deposed)),
    ];
    let millis = || (0_u64..2_000).prop_map(Duration::from_millis);
    let fates = (prop::bool::weighted(0.3), prop::bool::weighted(0.2));
    (millis(), millis(), millis(), fates, answer).prop_map(
        |(pause, there, back, (lost, overtaken), answer)| Round {
            pause,
            there,
            back,
            lost: lost || overtaken,
            overtaken,
            answer,
        },
    )
}

fn told(answer: guard::Answer) -> Answer {
    match answer {
        guard::Answer::Bound(lease) => Answer::Bound(lease),
        guard::Answer::Free => Answer::Free,
        guard::Answer::Refused(_) => Answer::Refused,
    }
}

/// The leader's part, as its keeper does it; whether it took the renewal.
fn hears(guard: &mut Guard, renewal: &Renewal, answer: guard::Answer, now: Mono) -> bool {
    let heard = guard::Renewal {
        instance: guard.instance,
        number: renewal.number,
        holds: renewal.holds,
    };
    let expected = guard.expects(&heard).is_ok();
    if expected {
        guard.renewed(&heard, answer, now);
    }
    expected
}

proptest! {
    /// Clocks are up to five percent off, answers are lost, renewals overtake one
    /// another: whenever the leader takes the server for dead at a time, its agent
    /// has killed it by then.
    #[test]
    fn the_leader_never_counts_a_lease_as_ended_before_its_agent_does(
        rounds in prop::collection::vec(round(), 1..30),
        agents_pace in 0.95_f64..=1.05,
        leaders_pace in 0.95_f64..=1.05,
    ) {
        let on = |pace: f64, time: Duration| at(time.mul_f64(pace) + SECOND);
        let real = |pace: f64, time: Mono| time.since(at(SECOND)).div_f64(pace);
        let mut guard = Guard::new(Instance(uuid::Uuid::from_u128(1)), at(SECOND));
        let (mut lease, mut time) = (Lease::default(), SECOND);
        let mut late: Option<(Renewal, guard::Answer)> = None;
        for round in rounds {
            time += round.pause;
            let renewal = lease.renewal(on(agents_pace, time));
            time += round.there;
            let now = on(leaders_pace, time);
            if round.overtaken {
                late = Some((renewal, round.answer));
            } else {
                prop_assert!(hears(&mut guard, &renewal, round.answer, now));
                if let Some((renewal, answer)) = late.take() {
                    prop_assert!(!hears(&mut guard, &renewal, answer, now));
                }
            }
            time += round.back;
            if !round.lost {
                lease.take(&renewal, told(round.answer));
            }
            let Some(ends) = guard.ends else { continue };
            prop_assert!(lease.ends.is_some(), "it counts on one that is not bound");
            let killed = real(agents_pace, lease.ends.unwrap_or_default());
            let counted = real(leaders_pace, ends);
            prop_assert!(killed + DYING.mul_f64(0.9) <= counted, "{killed:?} {counted:?}");
        }
    }
}
