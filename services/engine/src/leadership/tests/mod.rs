//! The rules of leadership, one by one.

mod bench;

use lictor_domain::{Mono, Term};

use self::bench::{Bench, advance, cas, ms, read, record};
use super::CasAnswer::{Held, Refused, Unknown};
use super::Store::{Consul, Postgres};
use super::*;

#[test]
fn at_the_start_both_stores_are_read() {
    let mut bench = Bench::new();
    bench.tick(0);
    assert_eq!(bench.commands, [read(Postgres), read(Consul)]);
    assert_eq!(bench.machine.wake_at(), None, "answers are awaited");
}

#[test]
fn free_records_are_taken_at_once_and_only_the_completed_pair_bears_a_new_term() {
    let mut bench = Bench::that_read(Some(record(None, 7, 40)), Some(record(None, 5, 90)));
    let claim = record(Some("a"), 7, 41);
    assert_eq!(
        bench.commands,
        [cas(Postgres, Some(record(None, 7, 40)), claim.clone())]
    );
    bench.answer_cas(Postgres, Held);
    assert_eq!(
        bench.commands,
        [cas(
            Consul,
            Some(record(None, 5, 90)),
            record(Some("a"), 8, 91)
        )]
    );
    bench.answer_cas(Consul, Held);
    assert_eq!(
        bench.commands,
        [cas(Postgres, Some(claim), record(Some("a"), 8, 92))]
    );
    bench.answer_cas(Postgres, Held);
    assert_eq!(bench.commands, [advance(Postgres, 8), advance(Consul, 8)]);
    assert_eq!(bench.status().role, RoleStatus::Contending);
    bench.answer_term(Consul, TermAnswer::Advanced);
    assert_eq!(bench.commands, []);
    assert_eq!(
        bench.valid_until(),
        None,
        "Postgres still takes older terms"
    );
    bench.answer_term(Postgres, TermAnswer::Advanced);
    assert_eq!(bench.commands[0], Command::Lead { term: Term(8) });
    assert_eq!(bench.valid_until(), Some(2200));
}

#[test]
fn where_neither_store_has_a_record_both_are_taken_at_once() {
    let mut bench = Bench::that_read(None, None);
    assert_eq!(
        bench.commands,
        [cas(Postgres, None, record(Some("a"), 0, 1))]
    );
    bench.answer_cas(Postgres, Held);
    assert_eq!(bench.commands, [cas(Consul, None, record(Some("a"), 1, 2))]);
}

#[test]
fn a_record_missing_in_one_store_only_is_waited_out_like_a_dead_holders() {
    let mut bench = Bench::that_read(None, Some(record(None, 5, 90)));
    assert_eq!(bench.commands, []);
    bench.tick(1499);
    assert!(bench.follows());
    for (store, seen) in [(Postgres, None), (Consul, Some(record(None, 5, 90)))] {
        bench.answer_read(store, Ok(seen));
    }
    bench.tick(1);
    assert_eq!(
        bench.commands,
        [cas(Postgres, None, record(Some("a"), 0, 1))]
    );
}

#[test]
fn a_holder_that_is_not_seen_to_renew_for_a_lease_is_replaced() {
    let dead = || Some(record(Some("b"), 7, 40));
    let mut bench = Bench::that_read(dead(), dead());
    assert_eq!(bench.commands, []);
    for _ in 0..7 {
        bench.tick(200);
        bench.answer_read(Postgres, Ok(dead()));
        bench.answer_read(Consul, Ok(dead()));
    }
    assert_eq!(bench.machine.wake_at(), Some(Mono::default() + ms(2500)));
    bench.tick(99);
    assert_eq!(bench.commands, []);
    bench.tick(1);
    assert_eq!(
        bench.commands,
        [cas(Postgres, dead(), record(Some("a"), 7, 41))]
    );
}

#[test]
fn each_renewal_seen_begins_the_wait_anew() {
    let renewed = |counter| Ok(Some(record(Some("b"), 7, counter)));
    let mut bench = Bench::that_read(None, None);
    bench.answer_cas(Postgres, Refused);
    for counter in 1..20 {
        bench.tick(200);
        bench.answer_read(Postgres, renewed(counter));
        bench.answer_read(Consul, renewed(counter));
        assert!(bench.follows());
    }
    bench.tick(200);
    bench.answer_read(Postgres, renewed(19));
    bench.answer_read(Consul, renewed(19));
    bench.tick(1299);
    bench.answer_read(Postgres, renewed(19));
    bench.answer_read(Consul, renewed(19));
    assert!(bench.follows());
    bench.tick(1);
    assert_eq!(bench.status().role, RoleStatus::Contending);
}

#[test]
fn nobody_bids_while_a_store_does_not_answer() {
    let free = Some(record(None, 7, 40));
    let mut bench = Bench::new();
    bench.tick(0);
    bench.answer_read(Postgres, Ok(free.clone()));
    bench.answer_read(Consul, Err(Unreachable));
    assert_eq!(bench.commands, []);
    bench.tick(200);
    assert_eq!(bench.commands, [read(Postgres), read(Consul)]);
    bench.answer_read(Consul, Ok(free.clone()));
    bench.answer_read(Postgres, Err(Unreachable));
    bench.tick(5000);
    assert_eq!(bench.commands, [read(Postgres), read(Consul)]);
}

#[test]
fn who_fails_to_get_consul_gives_postgres_back_with_its_term_and_backs_off() {
    let mut bench = Bench::that_read(Some(record(None, 7, 40)), Some(record(None, 5, 90)));
    bench.answer_cas(Postgres, Held);
    bench.answer_cas(Consul, Refused);
    let given_back = record(None, 7, 92);
    assert_eq!(
        bench.commands,
        [cas(
            Postgres,
            Some(record(Some("a"), 7, 41)),
            given_back.clone()
        )]
    );
    bench.answer_cas(Postgres, Held);
    bench.tick(200);
    bench.answer_read(Postgres, Ok(Some(given_back)));
    bench.answer_read(Consul, Ok(Some(record(None, 5, 91))));
    assert!(bench.follows(), "the jitter is not over");
    bench.tick(70);
    assert_eq!(bench.status().role, RoleStatus::Contending);
}

#[test]
fn a_claim_that_was_not_answered_is_looked_for_and_given_back() {
    let mut bench = Bench::that_read(Some(record(None, 7, 40)), Some(record(None, 5, 90)));
    bench.now += 350;
    bench.answer_cas(Postgres, Unknown);
    assert_eq!(bench.commands, [read(Postgres), read(Consul)]);
    bench.answer_read(Postgres, Ok(Some(record(Some("a"), 7, 41))));
    assert_eq!(
        bench.commands,
        [cas(
            Postgres,
            Some(record(Some("a"), 7, 41)),
            record(None, 7, 42)
        )]
    );
}

#[test]
fn a_claim_that_ran_out_before_consul_answered_leads_to_nothing() {
    let mut bench = Bench::that_read(Some(record(None, 7, 40)), Some(record(None, 5, 90)));
    bench.answer_cas(Postgres, Held);
    bench.now += 1200;
    bench.answer_cas(Consul, Held);
    let given_back = [
        cas(
            Postgres,
            Some(record(Some("a"), 7, 41)),
            record(None, 7, 92),
        ),
        cas(Consul, Some(record(Some("a"), 8, 91)), record(None, 8, 93)),
    ];
    assert_eq!(bench.commands, given_back);
}

#[test]
fn a_claim_whose_answer_comes_too_late_is_given_back_and_consul_left_alone() {
    let mut bench = Bench::that_read(Some(record(None, 7, 40)), Some(record(None, 5, 90)));
    bench.now += 1200;
    bench.answer_cas(Postgres, Held);
    let given_back = cas(
        Postgres,
        Some(record(Some("a"), 7, 41)),
        record(None, 7, 42),
    );
    assert_eq!(bench.commands, [given_back]);
}

#[test]
fn a_restarted_process_gives_its_predecessors_records_back_and_bids_at_once() {
    let own = || Some(record(Some("a"), 7, 40));
    let mut bench = Bench::that_read(own(), own());
    let given_back = record(None, 7, 42);
    assert_eq!(bench.commands, [cas(Consul, own(), given_back)]);
    bench.answer_cas(Postgres, Held);
    bench.answer_cas(Consul, Held);
    let free = Some(record(None, 7, 41));
    assert_eq!(
        bench.commands,
        [cas(Postgres, free, record(Some("a"), 7, 43))]
    );
}

#[test]
fn a_term_that_is_refused_is_surpassed_by_the_next_bid() {
    let free = || Some(record(None, 7, 40));
    let mut bench = Bench::that_read(free(), free());
    for store in [Postgres, Consul, Postgres] {
        bench.answer_cas(store, Held);
    }
    bench.answer_term(Consul, TermAnswer::Refused { by: Term(31) });
    bench.answer_cas(Postgres, Held);
    bench.answer_cas(Consul, Held);
    bench.tick(1000);
    for store in Store::BOTH {
        bench.answer_read(store, Ok(free()));
    }
    bench.answer_cas(Postgres, Held);
    assert!(matches!(
        &bench.commands[..],
        [Command::Cas { store: Consul, new, .. }] if new.term == Term(32)
    ));
}

#[test]
fn a_leader_renews_both_records_at_the_same_time_and_from_the_issue() {
    let mut bench = Bench::that_leads();
    assert_eq!(bench.machine.wake_at(), Some(Mono::default() + ms(1400)));
    bench.tick(400);
    assert_eq!(
        bench.commands,
        [
            cas(
                Postgres,
                Some(record(Some("a"), 8, 93)),
                record(Some("a"), 8, 95)
            ),
            cas(
                Consul,
                Some(record(Some("a"), 8, 94)),
                record(Some("a"), 8, 96)
            ),
        ]
    );
    bench.now += 300;
    bench.answer_cas(Consul, Held);
    assert_eq!(bench.valid_until(), Some(1400 + 1200));
}

#[test]
fn a_leader_without_an_answer_from_either_store_stops_when_its_leases_end() {
    let mut bench = Bench::that_leads();
    bench.tick(400);
    bench.tick(799);
    assert_eq!(bench.commands, []);
    assert_eq!(bench.machine.wake_at(), Some(Mono::default() + ms(2200)));
    bench.tick(1);
    let reason = StepDownReason::LeasesLost;
    assert_eq!(bench.commands, [Command::StepDown { reason }]);
    assert_eq!(bench.valid_until(), None);
}

#[test]
fn a_renewal_whose_answer_comes_after_the_gap_brings_nothing_back() {
    let mut bench = Bench::that_leads();
    bench.tick(400);
    bench.now += 800;
    bench.answer_cas(Postgres, Held);
    let reason = StepDownReason::LeasesLost;
    assert_eq!(bench.commands[0], Command::StepDown { reason });
    assert_eq!(bench.valid_until(), None);
}

#[test]
fn a_lost_renewal_is_looked_for_before_it_is_repeated_and_counts_for_nothing() {
    let mut bench = Bench::that_leads();
    bench.tick(400);
    bench.now += 350;
    bench.answer_cas(Consul, Unknown);
    assert_eq!(bench.commands, [read(Consul)]);
    let made = record(Some("a"), 8, 96);
    bench.answer_read(Consul, Ok(Some(made.clone())));
    assert_eq!(bench.valid_until(), Some(2200));
    assert_eq!(
        bench.commands,
        [cas(Consul, Some(made), record(Some("a"), 8, 97))]
    );
    bench.answer_cas(Consul, Held);
    assert_eq!(bench.valid_until(), Some(1750 + 1200));
}

#[test]
fn a_store_whose_writes_fail_at_once_is_tried_no_more_than_once_a_poll() {
    let mut bench = Bench::that_leads();
    let mut writes = 0;
    while bench.now < 5000 {
        bench.tick(10);
        bench.serve(|bench, command| match command {
            Command::Read { store } => {
                bench.answer_read(store, Ok(Some(record(Some("a"), 8, 94))));
            }
            Command::Cas { store: Consul, .. } => {
                writes += 1;
                bench.answer_cas(Consul, Unknown);
            }
            _ => bench.answer_cas(Postgres, Held),
        });
    }
    assert!((16..=20).contains(&writes), "{writes} writes in 4 s");
}

#[test]
fn a_record_that_another_has_taken_is_lost_at_once_and_taken_again_after_a_lease() {
    let mut bench = Bench::that_leads();
    bench.tick(400);
    bench.answer_cas(Consul, Held);
    bench.answer_cas(Postgres, Refused);
    bench.tick(200);
    assert_eq!(bench.commands, [read(Postgres)]);
    let claimed = record(Some("b"), 8, 95);
    bench.answer_read(Postgres, Ok(Some(claimed.clone())));
    assert_eq!(bench.commands, []);
    assert_eq!(bench.status().stores.postgres.valid_for, None);
    assert_eq!(bench.valid_until(), Some(2600), "Consul is still held");
    let mut again = None;
    while again.is_none() {
        bench.tick(100);
        bench.serve(|bench, command| match command {
            Command::Read { store } => bench.answer_read(store, Ok(Some(claimed.clone()))),
            Command::Cas { store: Consul, .. } => bench.answer_cas(Consul, Held),
            other => again = Some(other),
        });
    }
    assert_eq!(bench.now, 3200, "the first look after a lease since 1600");
    assert!(matches!(
        &again,
        Some(Command::Cas { store: Postgres, expected, new, .. })
            if expected.as_ref() == Some(&claimed) && new.term == Term(8)
    ));
}

#[test]
fn a_leader_that_finds_another_in_both_stores_stops_at_once() {
    let mut bench = Bench::that_leads();
    bench.tick(400);
    for store in Store::BOTH {
        bench.answer_cas(store, Refused);
    }
    bench.tick(200);
    bench.answer_read(Consul, Ok(Some(record(Some("b"), 8, 99))));
    assert_eq!(bench.valid_until(), Some(2200));
    bench.answer_read(Postgres, Ok(Some(record(Some("b"), 8, 98))));
    let reason = StepDownReason::LeasesLost;
    assert_eq!(bench.commands, [Command::StepDown { reason }]);
}

#[test]
fn a_record_that_was_given_back_is_taken_again_under_the_same_term() {
    let mut bench = Bench::that_leads();
    bench.tick(400);
    bench.answer_cas(Consul, Held);
    bench.answer_cas(Postgres, Refused);
    bench.tick(200);
    let free = Some(record(None, 8, 120));
    bench.answer_read(Postgres, Ok(free.clone()));
    assert_eq!(
        bench.commands,
        [cas(Postgres, free, record(Some("a"), 8, 121))]
    );
}

#[test]
fn a_leader_that_sees_a_higher_term_stops_at_once() {
    let mut bench = Bench::that_leads();
    bench.tick(400);
    bench.answer_cas(Postgres, Unknown);
    bench.tick(200);
    bench.answer_read(Postgres, Ok(Some(record(None, 9, 120))));
    let reason = StepDownReason::Superseded { by: Term(9) };
    assert_eq!(bench.commands[0], Command::StepDown { reason });
}

#[test]
fn a_leader_whose_write_was_refused_as_stale_stops_at_once() {
    let mut bench = Bench::that_leads();
    bench.answer_term(Postgres, TermAnswer::Refused { by: Term(9) });
    let reason = StepDownReason::Superseded { by: Term(9) };
    assert_eq!(bench.commands[0], Command::StepDown { reason });
}

#[test]
fn a_leader_that_resigns_stops_gives_both_back_and_then_has_left() {
    let mut bench = Bench::that_leads();
    bench.step(Event::Resign);
    let reason = StepDownReason::Resigned;
    assert_eq!(
        bench.commands,
        [
            Command::StepDown { reason },
            cas(
                Postgres,
                Some(record(Some("a"), 8, 93)),
                record(None, 8, 95)
            ),
            cas(Consul, Some(record(Some("a"), 8, 94)), record(None, 8, 96)),
        ]
    );
    bench.answer_cas(Postgres, Held);
    assert!(!bench.machine.has_left());
    bench.now += 350;
    bench.answer_cas(Consul, Unknown);
    assert!(!bench.machine.has_left());
    assert_eq!(bench.commands, [read(Consul)]);
    bench.answer_read(Consul, Ok(Some(record(None, 8, 96))));
    assert!(bench.machine.has_left());
    assert_eq!(bench.machine.wake_at(), None);
}

#[test]
fn a_follower_that_resigns_has_left_at_once() {
    let mut bench = Bench::that_read(Some(record(Some("b"), 7, 1)), Some(record(None, 7, 1)));
    bench.step(Event::Resign);
    assert_eq!(bench.commands, []);
    assert!(bench.machine.has_left());
}

#[test]
fn an_answer_to_another_attempt_changes_nothing() {
    let mut bench = Bench::that_leads();
    bench.tick(400);
    bench.step(Event::Cas {
        store: Consul,
        attempt: 94,
        answer: Held,
    });
    assert_eq!(bench.valid_until(), Some(2200));
    assert_eq!(bench.commands, []);
}

#[test]
fn a_follower_names_the_holder_of_the_highest_term_and_of_two_that_of_consul() {
    let names = |postgres, consul| {
        let bench = Bench::that_read(Some(postgres), Some(consul));
        match bench.status().role {
            RoleStatus::Follower { leader } => leader.map(|leader| leader.holder),
            _ => None,
        }
    };
    let of = |holder, term| record(Some(holder), term, 1);
    assert_eq!(names(of("b", 8), of("c", 7)).as_deref(), Some("b"));
    assert_eq!(names(of("b", 7), of("c", 7)).as_deref(), Some("c"));
    assert_eq!(names(record(None, 9, 1), of("c", 7)).as_deref(), Some("c"));
}

#[test]
fn a_status_reads_as_a_sentence() {
    let mut bench = Bench::that_read(Some(record(Some("b"), 7, 1)), Some(record(Some("b"), 7, 1)));
    assert_eq!(
        bench.status().to_string(),
        "Follows b at http://b, which leads in term 7."
    );
    bench.now += 1500;
    bench.step(Event::Resign);
    assert_eq!(bench.status().to_string(), "Has resigned.");

    let mut bench = Bench::that_leads();
    bench.tick(400);
    bench.answer_cas(Postgres, Held);
    bench.answer_cas(Consul, Unknown);
    assert_eq!(
        bench.status().to_string(),
        "Leads in term 8, valid for 1.2s; Consul does not answer."
    );
}

#[test]
fn times_that_do_not_hold_together_are_refused() {
    let of = |lease, renew, deadline, margin| {
        LeaseTiming::new(ms(lease), ms(renew), ms(200), ms(deadline), ms(margin))
    };
    assert_eq!(of(1500, 400, 350, 300), Ok(LeaseTiming::default()));
    assert_eq!(of(1500, 0, 350, 300), Err(LeaseTimingError::Zero));
    assert_eq!(
        of(1500, 400, 350, 149),
        Err(LeaseTimingError::MarginTooSmall)
    );
    assert_eq!(
        of(1500, 400, 400, 300),
        Err(LeaseTimingError::NoTimeToRetry)
    );
    assert_eq!(
        of(1500, 400, 100, 2000),
        Err(LeaseTimingError::NoTimeToRetry)
    );
}
