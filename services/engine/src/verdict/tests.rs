use std::time::Duration;

use lictor_domain::{
    Evidence, Mono, NodeReport, ProbeOutcome, ProblemCode, ReceiverState, Replication,
};

use super::*;
use crate::fixture::{Fixture, NOW, TIMING, ms, name, server_error};
use crate::witness::Word;

fn verdict(fixture: &Fixture) -> Verdict {
    of_primary(&fixture.view(), &TIMING, NOW)
}

fn code(verdict: &Verdict) -> Option<ProblemCode> {
    match verdict {
        Verdict::Lost(problem) | Verdict::Withheld(problem) => Some(problem.code),
        Verdict::Alive | Verdict::Suspect => None,
    }
}

fn is_lost(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Lost(_))
}

/// Number `n` heard the primary so long before it answered.
fn heard(fixture: Fixture, n: u32, ago: Duration) -> Fixture {
    fixture.replication(n, |replication| replication.heard_ago = Some(ago))
}

fn stopped(replication: &mut Replication) {
    replication.receiver = ReceiverState::Stopped;
    replication.receiver_error = None;
}

#[test]
fn a_primary_that_answers_is_alive() {
    assert_eq!(verdict(&Fixture::healthy(2)), Verdict::Alive);
}

#[test]
fn a_crash_needs_no_waiting() {
    let verdict = verdict(&Fixture::healthy(2).dead_primary());
    assert!(is_lost(&verdict), "{verdict:?}");
    assert_eq!(code(&verdict), Some(ProblemCode::DeadPrimary));
}

#[test]
fn the_evidence_names_the_refusal_and_every_replica_that_lost_it() {
    let Verdict::Lost(problem) = verdict(&Fixture::healthy(2).dead_primary()) else {
        panic!("not lost");
    };
    let lost: Vec<_> = problem
        .evidence
        .iter()
        .filter_map(|evidence| match evidence {
            Evidence::ReceiverLost { replica, .. } => Some(replica.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(lost, [name(2), name(3)]);
    let refused = Evidence::ConnectionRefused { node: name(1) };
    assert!(problem.evidence.contains(&refused));
}

#[test]
fn a_refusal_alone_is_only_a_suspicion_while_a_replica_has_not_spoken() {
    let stale = Fixture::healthy(2).dead_primary();
    let mut view = stale.view();
    let later = NOW + TIMING.testimony_age + ms(1);
    view.probed(&name(2), stale.answer(2), later);
    assert_eq!(of_primary(&view, &TIMING, later), Verdict::Suspect);
    view.probed(&name(3), stale.answer(3), later);
    assert!(is_lost(&of_primary(&view, &TIMING, later)));
}

#[test]
fn a_hang_waits_for_the_threshold() {
    let before = TIMING.hang_threshold.saturating_sub(ms(1));
    let early = verdict(&Fixture::healthy(2).hung_primary(before));
    assert_eq!(early, Verdict::Suspect);
    let verdict = verdict(&Fixture::healthy(2).hung_primary(TIMING.hang_threshold));
    assert!(is_lost(&verdict), "{verdict:?}");
    assert_eq!(code(&verdict), Some(ProblemCode::HungPrimary));
}

#[test]
fn a_hang_waits_for_the_silence_of_every_replica() {
    let hung = || Fixture::healthy(2).hung_primary(TIMING.hang_threshold);
    let almost = TIMING.silence(ms(200)).saturating_sub(ms(1));
    let waits = verdict(&heard(hung(), 3, almost));
    assert!(!is_lost(&waits), "{waits:?}");
}

#[test]
fn a_replica_that_still_hears_it_says_that_it_is_alive() {
    let hung = Fixture::healthy(2).hung_primary(TIMING.hang_threshold);
    let verdict = verdict(&heard(hung, 3, ms(50)));
    assert!(matches!(verdict, Verdict::Withheld(_)), "{verdict:?}");
    assert_eq!(code(&verdict), Some(ProblemCode::UnreachablePrimary));
}

/// A hung primary of which another instance says this, asked so long ago.
fn witnessed(fixture: &Fixture, node: u32, ago: Duration, word: Word) -> Verdict {
    let mut view = fixture.view();
    let member = "lictor-2".to_owned();
    view.witnesses.heard(member, name(node), NOW - ago, word);
    of_primary(&view, &TIMING, NOW)
}

fn misses() -> Word {
    let reason = "no answer".to_owned();
    Word::Misses { reason }
}

#[test]
fn one_that_another_lictord_reaches_is_alive() {
    let hung = Fixture::healthy(2).hung_primary(TIMING.hang_threshold);
    let Verdict::Withheld(problem) = witnessed(&hung, 1, ms(100), Word::Answers) else {
        panic!("it is not withheld");
    };
    assert_eq!(problem.code, ProblemCode::UnreachablePrimary);
    let reached = Evidence::MemberReaches {
        member: "lictor-2".to_owned(),
        node: name(1),
        ago: ms(100),
    };
    assert!(problem.evidence.contains(&reached), "{problem:?}");
}

#[test]
fn what_another_lictord_does_not_say_now_stands_in_no_ones_way() {
    let hung = Fixture::healthy(2).hung_primary(TIMING.hang_threshold);
    let long_ago = TIMING.hang_threshold + ms(1);
    for verdict in [
        witnessed(&hung, 1, ms(100), misses()),
        witnessed(&hung, 1, long_ago, Word::Answers),
        witnessed(&hung, 2, ms(100), Word::Answers),
    ] {
        assert!(is_lost(&verdict), "{verdict:?}");
    }
    let Verdict::Lost(problem) = witnessed(&hung, 1, ms(100), misses()) else {
        panic!("not lost");
    };
    let told = problem
        .evidence
        .iter()
        .any(|it| matches!(it, Evidence::MemberMisses { .. }));
    assert!(told, "{problem:?}");
}

#[test]
fn a_crash_needs_no_other_lictord() {
    let dead = Fixture::healthy(2).dead_primary();
    assert!(is_lost(&witnessed(&dead, 1, ms(0), Word::Answers)));
}

#[test]
fn what_a_replica_heard_since_it_answered_is_not_counted_as_silence() {
    let hung = Fixture::healthy(1).hung_primary(TIMING.hang_threshold);
    let silence = TIMING.silence(ms(200));
    let fixture = heard(hung, 2, silence.saturating_sub(ms(100)));
    let view = fixture.view();
    let later = NOW + ms(200);
    assert!(!is_lost(&of_primary(&view, &TIMING, later)));
}

#[test]
fn when_nobody_answers_we_are_the_ones_cut_off() {
    let mut fixture = Fixture::healthy(2).hung_primary(TIMING.hang_threshold);
    for n in [2, 3] {
        fixture = fixture.silent(n, ProbeOutcome::TimedOut, ms(500));
    }
    let verdict = verdict(&fixture);
    assert!(matches!(verdict, Verdict::Withheld(_)), "{verdict:?}");
    let expected = ProblemCode::PrimaryAndReplicasUnreachable;
    assert_eq!(code(&verdict), Some(expected));
}

/// A backup had stopped the replicas, and then the network failed: outbrain's
/// orchestrator once failed over here (its issue 138).
#[test]
fn replicas_that_their_operator_stopped_are_no_witnesses() {
    for primary in [
        Fixture::healthy(2).dead_primary(),
        Fixture::healthy(2).hung_primary(TIMING.hang_threshold * 2),
    ] {
        let all_stopped = primary.replication(2, stopped).replication(3, stopped);
        let verdict = verdict(&all_stopped);
        assert!(!is_lost(&verdict), "{verdict:?}");
    }
}

#[test]
fn what_a_replica_heard_just_before_its_operator_stopped_it_still_counts() {
    let hung = Fixture::healthy(2).hung_primary(TIMING.hang_threshold);
    let just_stopped = heard(hung, 3, ms(80)).replication(3, stopped);
    let view = just_stopped.view();
    assert!(!is_lost(&of_primary(&view, &TIMING, NOW)));
    let mut view = just_stopped.view();
    let later = NOW + TIMING.silence(ms(200));
    view.probed(&name(2), just_stopped.answer(2), later);
    let still_stopped = heard(just_stopped, 3, TIMING.silence(ms(200)));
    view.probed(&name(3), still_stopped.answer(3), later);
    assert!(is_lost(&of_primary(&view, &TIMING, later)));
}

#[test]
fn one_witness_beside_a_stopped_replica_is_enough() {
    let fixture = Fixture::healthy(2).dead_primary().replication(2, stopped);
    assert!(is_lost(&verdict(&fixture)));
}

#[test]
fn who_is_no_witness_cannot_make_it_lost() {
    let dead = || Fixture::healthy(1).dead_primary();
    let follows_nobody = |report: &mut NodeReport| report.replication = None;
    for (why, fixture) in [
        ("quarantined", dead().quarantined(2, "diverged")),
        ("silent", dead().silent(2, ProbeOutcome::TimedOut, ms(50))),
        ("elsewhere", dead().follows(2, 9)),
        ("follows nobody", dead().report(2, follows_nobody)),
        ("never seen", dead().unseen(2)),
    ] {
        assert!(!is_lost(&verdict(&fixture)), "{why}");
    }
}

/// A hung primary, and a replica whose receiver works and has not heard it yet.
fn unheard() -> Fixture {
    let unheard = |replication: &mut Replication| replication.heard_ago = None;
    let hung = Fixture::healthy(1).hung_primary(TIMING.hang_threshold);
    hung.replication(2, unheard)
}

#[test]
fn a_replica_that_hears_nothing_from_the_start_of_its_receiver_on_says_that_it_is_silent() {
    let fixture = unheard();
    let mut view = fixture.view();
    view.probed(&name(2), fixture.answer(2), NOW);
    assert!(!is_lost(&of_primary(&view, &TIMING, NOW)));
    let later = NOW + TIMING.silence(ms(200));
    view.probed(&name(2), fixture.answer(2), later);
    assert!(is_lost(&of_primary(&view, &TIMING, later)));
}

#[test]
fn a_receiver_that_was_stopped_in_between_is_silent_only_since() {
    let fixture = unheard();
    let mut view = fixture.view();
    view.probed(&name(2), fixture.answer(2), NOW);
    let later = NOW + TIMING.silence(ms(200));
    let was_stopped = fixture.clone().replication(2, stopped);
    view.probed(&name(2), was_stopped.answer(2), later - ms(10));
    view.probed(&name(2), fixture.answer(2), later);
    assert!(!is_lost(&of_primary(&view, &TIMING, later)));
}

#[test]
fn a_replica_that_was_deaf_while_the_primary_lived_is_no_witness() {
    let dead = Fixture::healthy(1).dead_primary();
    let verdict = verdict(&heard(dead, 2, ms(60_000)));
    assert!(!is_lost(&verdict), "{verdict:?}");
}

#[test]
fn a_receiver_that_was_just_started_has_lost_nobody() {
    let began = NOW - TIMING.hang_threshold;
    let fixture = Fixture::healthy(1).hung_primary(TIMING.hang_threshold);
    let mut view = fixture.view();
    let was_stopped = fixture.clone().replication(2, stopped);
    view.probed(&name(2), was_stopped.answer(2), NOW);
    let later = NOW + ms(10);
    let connecting = |replication: &mut Replication| {
        replication.receiver = ReceiverState::Connecting;
        replication.heard_ago = Some(later.since(began));
    };
    let started = fixture.replication(2, connecting);
    view.probed(&name(2), started.answer(2), later);
    assert!(!is_lost(&of_primary(&view, &TIMING, later)));
    let failed = started.replication(2, |replication| {
        replication.receiver_error = Some(server_error(2003, "cannot connect"));
    });
    view.probed(&name(2), failed.answer(2), later);
    assert!(is_lost(&of_primary(&view, &TIMING, later)));
}

#[test]
fn a_primary_never_seen_that_refuses_is_dead() {
    let fixture = Fixture::healthy(2).dead_primary().unseen(1);
    let mut view = fixture.view();
    view.probed(&name(1), ProbeOutcome::Refused, NOW);
    for n in [2, 3] {
        view.probed(&name(n), fixture.answer(n), NOW);
    }
    let verdict = of_primary(&view, &TIMING, NOW);
    assert_eq!(code(&verdict), Some(ProblemCode::DeadPrimary));
    assert!(is_lost(&verdict));
}

#[test]
fn a_primary_that_turns_us_away_is_alive() {
    let reason = "access denied".to_owned();
    let denied = ProbeOutcome::Denied { reason };
    let fixture = Fixture::healthy(2).silent(1, denied, ms(60_000));
    assert_eq!(verdict(&fixture), Verdict::Alive);
}

#[test]
fn a_lost_connection_is_a_suspicion_that_only_a_later_question_ends() {
    let fixture = Fixture::healthy(2);
    let mut view = fixture.view();
    view.connection_lost(&name(1), NOW);
    assert_eq!(of_primary(&view, &TIMING, NOW), Verdict::Suspect);
    assert_eq!(first_sign(&view, &TIMING, NOW), Some(NOW));
    view.probed(&name(1), fixture.answer(1), NOW + ms(1));
    let under_way = of_primary(&view, &TIMING, NOW + ms(1));
    assert_eq!(under_way, Verdict::Suspect);
    let later = NOW + ms(5);
    view.probed(&name(1), fixture.answer(1), later);
    assert_eq!(of_primary(&view, &TIMING, later), Verdict::Alive);
    assert_eq!(first_sign(&view, &TIMING, later), None);
}

#[test]
fn a_silence_that_nothing_announces_is_due_for_suspicion_and_then_for_a_verdict() {
    let view = Fixture::healthy(2).view();
    let suspicion = due(&view, &TIMING, NOW);
    assert!(suspicion > NOW && suspicion < NOW + TIMING.hang_threshold);
    assert_eq!(of_primary(&view, &TIMING, suspicion), Verdict::Suspect);
    let verdict: Mono = due(&view, &TIMING, suspicion);
    assert_eq!(verdict, NOW + TIMING.hang_threshold);
}
