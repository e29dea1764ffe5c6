//! The quorum rule put to random histories of a semi-sync cluster: what the
//! engine proves and elects, by what it could see, beside what really happened.
//!
//! That the property is worth something is shown by mistakes bent into what the
//! engine sees: each must be caught.

mod world;

use lictor_domain::FencingProof;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use self::world::{Ending, Flaw, Happening, History, Judgement};

/// Where a history goes one step on, or several that belong together.
fn chapter() -> impl Strategy<Value = Vec<Happening>> {
    let replica = 0usize..4;
    let goes = prop_oneof![
        3 => Just(Happening::Kill as fn(usize) -> Happening),
        1 => Just(Happening::StopByHand as fn(usize) -> Happening),
    ];
    prop_oneof![
        12 => happening().prop_map(|happening| vec![happening]),
        4 => replica.clone().prop_map(commits),
        4 => (replica.clone(), any::<bool>(), goes, any::<bool>()).prop_map(
            |(i, arrives, goes, settles)| {
                let mut chapter = commits(i);
                chapter.truncate(if arrives { 3 } else { 2 });
                chapter.extend([goes(i), Happening::See(i + 1)]);
                if settles {
                    chapter.extend([Happening::HangUp(i), Happening::See(0)]);
                }
                chapter
            }
        ),
        2 => replica.prop_map(|i| {
            [vec![Happening::Move(i), Happening::Moves(i)], commits(i)].concat()
        }),
        3 => Just(vec![Happening::See(0)]),
        2 => Just(vec![Happening::Ask(0), Happening::Look(0)]),
        2 => Just(vec![Happening::Hear(0)]),
    ]
}

/// A commit, and a replica's acknowledgement of it.
fn commits(i: usize) -> Vec<Happening> {
    vec![
        Happening::Write,
        Happening::Fetch(i),
        Happening::AckArrives(i),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    let replica = 0usize..5;
    let one = |of: fn(usize) -> Happening| replica.clone().prop_map(of);
    let acks = || prop_oneof![1 => Just(0u32), 4 => 1u32..3];
    prop_oneof![
        4 => Just(Happening::Write),
        6 => one(Happening::Fetch),
        6 => one(Happening::AckArrives),
        4 => one(Happening::HangUp),
        6 => (1usize..6).prop_map(Happening::See),
        2 => one(Happening::Apply),
        1 => (1u64..400).prop_map(Happening::Pass),
        1 => Just(Happening::Pass(4_000)),
        2 => (1usize..6).prop_map(Happening::Ask),
        2 => (1usize..6).prop_map(Happening::Look),
        2 => (1usize..6).prop_map(Happening::Hear),
        2 => one(Happening::Boot),
        1 => one(Happening::StartByHand),
        3 => one(Happening::Move),
        3 => one(Happening::Moves),
        3 => (replica.clone(), any::<bool>()).prop_map(|(i, ok)| Happening::MoveEnds(i, ok)),
        1 => one(Happening::MovesLate),
        1 => acks().prop_map(Happening::Enforce),
        2 => Just(Happening::Enforces),
        2 => any::<bool>().prop_map(Happening::EnforcingEnds),
        1 => Just(Happening::EnforcesLate),
        1 => acks().prop_map(Happening::SetByHand),
        1 => (1u32..3).prop_map(Happening::Redefine),
    ]
}

fn history() -> impl Strategy<Value = History> {
    let dead = prop_oneof![2 => Just(0u8), 1 => 0u8..16];
    let start = (1usize..=3, 1u32..=2, any::<bool>(), dead);
    let ending = (
        any::<bool>(),
        proptest::collection::vec((0u8..8, 0u8..6), 3),
        proptest::collection::vec(happening(), 0..12),
    );
    let happenings = proptest::collection::vec(chapter(), 0..20);
    (start, happenings, ending).prop_map(|(start, happenings, ending)| {
        let (replicas, acks, ours, dead) = start;
        let (killed, stops, meanwhile) = ending;
        History {
            replicas,
            acks: acks.min(u32::try_from(replicas).unwrap_or(1)),
            began_under_us: ours,
            dead_at_first: dead,
            happenings: happenings.concat(),
            ending: Ending {
                killed,
                stops,
                meanwhile,
            },
        }
    })
}

proptest! {
    #![proptest_config(Config { cases: 1_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn whatever_happened_a_proof_loses_nothing_and_lets_nothing_more_through(
        history in history()
    ) {
        let judgement = history.judged(Flaw::None);
        prop_assert_eq!(judgement.breach, None);
    }
}

/// How often the premises were met in histories that are always the same.
#[derive(Debug, Default)]
struct Tally {
    revoked: u32,
    revoked_with_a_winner: u32,
    revoked_leaving_one_out: u32,
    dead_with_a_winner: u32,
}

impl Tally {
    fn note(&mut self, judgement: &Judgement) {
        let won = u32::from(judgement.elected);
        match &judgement.proof {
            Some(FencingProof::QuorumRevoked { stopped, .. }) => {
                self.revoked += 1;
                self.revoked_with_a_winner += won;
                self.revoked_leaving_one_out += u32::from(stopped.len() < judgement.replicas);
            }
            Some(FencingProof::ProcessDead) => self.dead_with_a_winner += won,
            _ => {}
        }
    }
}

/// Runs so many histories, the same ones each time, and says what was found.
fn examine(flaw: Flaw, cases: u32) -> (Tally, Option<String>) {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let tally = std::cell::RefCell::new(Tally::default());
    let result = TestRunner::new_with_rng(config, rng).run(&history(), |history| {
        let judgement = history.judged(flaw);
        tally.borrow_mut().note(&judgement);
        judgement
            .breach
            .map_or(Ok(()), |breach| Err(TestCaseError::fail(breach)))
    });
    let breach = match result {
        Ok(()) => None,
        Err(TestError::Fail(reason, _)) => Some(reason.message().to_owned()),
        Err(TestError::Abort(reason)) => Some(format!("aborted: {reason}")),
    };
    (tally.into_inner(), breach)
}

#[test]
fn the_histories_come_to_proofs_of_every_kind() {
    let (tally, breach) = examine(Flaw::None, 1_000);
    assert_eq!(breach, None);
    assert!(tally.revoked > 100, "{tally:?}");
    assert!(tally.revoked_with_a_winner > 100, "{tally:?}");
    assert!(tally.revoked_leaving_one_out > 50, "{tally:?}");
    assert!(tally.dead_with_a_winner > 100, "{tally:?}");
}

#[test]
fn every_mistake_is_caught() {
    for flaw in Flaw::ALL {
        let (tally, breach) = examine(flaw, 20_000);
        assert!(breach.is_some(), "{flaw:?} was not caught: {tally:?}");
    }
}
