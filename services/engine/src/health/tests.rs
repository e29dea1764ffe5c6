use lictor_domain::{NoReaders, ProbeOutcome, Share, Writability};
use proptest::prelude::*;

use super::*;
use crate::fixture::{Fixture, NOW, TIMING, gtids, ms, name};
use crate::{pool, routing};
use Status::{Critical, Passing, Warning};

fn numbers(numbers: &[u32]) -> BTreeSet<NodeName> {
    numbers.iter().map(|n| name(*n)).collect()
}

/// The route after these served reads until now.
fn routed(view: &ClusterView, members: &[u32], now: Mono) -> ClusterRoute {
    let readers = pool::readers(view, &TIMING, &numbers(members), now);
    routing::route(view, &TIMING, true, &readers, now)
}

fn all(view: &ClusterView, members: &[u32], now: Mono) -> Vec<NodeHealth> {
    of_cluster(view, &TIMING, &routed(view, members, now), now)
}

/// Number `n`, after these served reads until now.
fn health(fixture: &Fixture, members: &[u32], n: u32) -> NodeHealth {
    let all = all(&fixture.view(), members, NOW);
    let mut found = all.into_iter().filter(|health| health.node == name(n));
    found.next().unwrap()
}

fn check(fixture: &Fixture, members: &[u32], n: u32, kind: CheckKind) -> (Status, String) {
    let checks = health(fixture, members, n).checks;
    let found = checks.into_iter().find(|check| check.kind == kind).unwrap();
    (found.status, found.sentence)
}

/// Whom DNS names when it is asked for replicas.
fn named(health: &[NodeHealth]) -> BTreeSet<NodeName> {
    let named = health.iter().filter(|health| {
        let critical = health.checks.iter().any(|check| check.status == Critical);
        health.roles.contains(&Role::Replica) && !critical
    });
    named.map(|health| health.node.clone()).collect()
}

#[test]
fn a_healthy_cluster_passes_every_check() {
    let fixture = Fixture::healthy(2);
    let all = all(&fixture.view(), &[], NOW);
    let roles: Vec<_> = all.iter().map(|health| health.roles.clone()).collect();
    let (primary, replica) = (Role::Primary, Role::Replica);
    assert_eq!(
        roles,
        [[primary].into(), [replica].into(), [replica].into()]
    );
    for health in all {
        let kinds: Vec<_> = health.checks.iter().map(|check| check.kind).collect();
        assert_eq!(
            kinds,
            [
                CheckKind::Connect,
                CheckKind::QueryLatency,
                CheckKind::ReplicationLag
            ]
        );
        assert!(health.checks.iter().all(|check| check.status == Passing));
    }
}

#[test]
fn connect_is_critical_unless_the_node_answers() {
    let healthy = || Fixture::healthy(1);
    let silent = |outcome| healthy().silent(2, outcome, ms(100));
    let reason = || "errno 113".to_owned();
    for (fixture, expected) in [
        (healthy().unseen(2), "not seen yet"),
        (
            silent(ProbeOutcome::Refused),
            "refuses connections: its process is gone",
        ),
        (silent(ProbeOutcome::TimedOut), "does not answer in time"),
        (
            silent(ProbeOutcome::Unreachable { reason: reason() }),
            "cannot be reached over the network",
        ),
        (
            silent(ProbeOutcome::Denied { reason: reason() }),
            "turns the control account away",
        ),
        (
            silent(ProbeOutcome::Broken { reason: reason() }),
            "gives no answer that makes sense",
        ),
        (
            healthy().quarantined(2, "it diverged"),
            "quarantined: it diverged",
        ),
        (
            healthy().report(2, |report| report.offline = true),
            "is in offline_mode",
        ),
    ] {
        let (status, sentence) = check(&fixture, &[], 2, CheckKind::Connect);
        assert_eq!((status, sentence.as_str()), (Critical, expected));
    }
}

#[test]
fn an_old_answer_is_no_health() {
    let later = NOW + TIMING.reader_patience + ms(1);
    let all = all(&Fixture::healthy(1).view(), &[2], later);
    assert!(all.iter().all(|health| health.checks[0].status == Critical));
}

#[test]
fn a_reader_that_misses_an_answer_is_doubtful_until_it_leaves_the_readers() {
    let silent = Fixture::healthy(1).silent(2, ProbeOutcome::TimedOut, ms(900));
    for (members, expected) in [(&[2][..], Warning), (&[], Critical)] {
        let found = check(&silent, members, 2, CheckKind::Connect);
        assert_eq!(found, (expected, "does not answer in time".to_owned()));
    }
    let refused = Fixture::healthy(1).silent(2, ProbeOutcome::Refused, ms(1));
    assert_eq!(check(&refused, &[2], 2, CheckKind::Connect).0, Critical);
}

#[test]
fn slow_answers_are_a_warning() {
    for (millis, expected) in [(100, Passing), (101, Warning)] {
        let fixture = Fixture::healthy(1).latency(ms(millis));
        assert_eq!(
            check(&fixture, &[2], 2, CheckKind::QueryLatency).0,
            expected
        );
    }
}

#[test]
fn lag_is_judged_by_the_policy_and_unknown_is_critical() {
    for (lag, expected, sentence) in [
        (Some(0), Passing, "under 2.5 s behind"),
        (Some(2500), Passing, "under 2.5 s behind"),
        (Some(2501), Warning, "under 5 s behind"),
        (Some(5001), Critical, "more than 5 s behind"),
        (Some(61_000), Critical, "more than a minute behind"),
        (Some(90_000_000), Critical, "more than a day behind"),
        (None, Critical, "may be behind: how far is unknown"),
    ] {
        let fixture = Fixture::healthy(1).lag(2, lag.map(ms));
        let found = check(&fixture, &[2], 2, CheckKind::ReplicationLag);
        assert_eq!(found, (expected, sentence.to_owned()));
    }
}

#[test]
fn who_serves_no_reads_for_another_reason_than_its_lag_is_critical_with_that() {
    let behind = |lag| Fixture::healthy(2).lag(2, Some(ms(lag)));
    for (fixture, sentence) in [
        (
            behind(2501),
            "under 5 s behind; serves reads again when it is under 2.5 s",
        ),
        (
            behind(0).policy(|policy| policy.max_readers = Share::Count(1)),
            "under 2.5 s behind; in reserve: the policy lets no more replicas serve reads",
        ),
    ] {
        let found = check(&fixture, &[3], 2, CheckKind::ReplicationLag);
        assert_eq!(found, (Critical, sentence.to_owned()));
    }
}

#[test]
fn one_that_follows_another_source_is_not_said_to_be_behind() {
    let mut view = Fixture::healthy(2).view();
    let later = NOW + ms(100);
    view.probed(&name(2), Fixture::healthy(2).follows(2, 8).answer(2), later);
    let checks = &all(&view, &[3], later)[1].checks;
    assert_eq!(checks[2].status, Critical);
    assert_eq!(checks[2].sentence, "does not follow the primary");
}

#[test]
fn a_replica_that_the_policy_keeps_is_a_warning_however_far_it_is_behind() {
    let kept = Fixture::healthy(1)
        .policy(|policy| policy.keep_readers = Share::Count(1))
        .lag(2, Some(ms(61_000)));
    let sentence = "more than a minute behind; serves reads as one of the last";
    let found = check(&kept, &[], 2, CheckKind::ReplicationLag);
    assert_eq!(found, (Warning, sentence.to_owned()));
}

#[test]
fn a_primary_that_stands_in_for_the_replicas_has_their_role_too() {
    let alone = |policy: NoReaders| {
        let fixture = Fixture::healthy(1).lag(2, None);
        fixture.policy(|p| p.no_readers = policy)
    };
    let both = [Role::Primary, Role::Replica].into();
    assert_eq!(health(&alone(NoReaders::Primary), &[], 1).roles, both);
    let only = [Role::Primary].into();
    assert_eq!(health(&alone(NoReaders::None), &[], 1).roles, only);
}

#[test]
fn between_two_known_lags_the_last_one_bounds_the_age() {
    let mut view = Fixture::healthy(1).view();
    let unknown = Fixture::healthy(1).lag(2, None).answer(2);
    for (later, expected) in [(2000, Passing), (4000, Warning), (6000, Critical)] {
        let now = NOW + ms(later);
        view.probed(&name(2), unknown.clone(), now);
        let checks = &all(&view, &[2], now)[1].checks;
        assert_eq!(checks[2].status, expected, "after {later} ms");
    }
}

#[test]
fn a_dead_primary_stays_the_primary_and_is_critical() {
    let health = health(&Fixture::healthy(1).dead_primary(), &[2], 1);
    assert_eq!(health.roles, [Role::Primary].into());
    assert_eq!(health.checks[0].status, Critical);
}

#[test]
fn a_primary_that_refuses_writes_is_not_looked_up_as_one() {
    let closed = Fixture::healthy(1).writability(1, Writability::SuperReadOnly);
    assert_eq!(health(&closed, &[2], 1).roles, BTreeSet::new());
}

#[test]
fn a_replica_whose_data_must_not_be_shown_has_no_role() {
    for fixture in [
        Fixture::healthy(1).quarantined(2, "it diverged"),
        Fixture::healthy(1).writability(2, Writability::Writable),
        Fixture::healthy(1).executed(2, &gtids(9, 1, 1)),
    ] {
        assert_eq!(health(&fixture, &[2], 2).roles, BTreeSet::new());
    }
}

#[test]
fn nothing_is_rewritten_while_a_healthy_cluster_is_only_looked_at() {
    let mut view = Fixture::healthy(2).view();
    let first = all(&view, &[], NOW);
    for look in 1..50 {
        let now = NOW + TIMING.probe_interval * look;
        for n in 1..=3 {
            let jitter = ms(u64::from(look * n) % 90);
            let mut fixture = Fixture::healthy(2).latency(jitter);
            if n > 1 {
                fixture = fixture.lag(n, Some(jitter));
            }
            view.probed(&name(n), fixture.answer(n), now);
        }
        assert_eq!(all(&view, &[2, 3], now), first);
    }
}

/// Something that may be the matter with a replica.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Lag(Option<u64>),
    Silent(u8, u64),
    Unseen,
    Offline,
    Writable,
    Errant,
    Delayed,
    Quarantined,
    InMaintenance,
    Astray,
}

impl Trouble {
    fn befalls(self, fixture: Fixture, n: u32) -> Fixture {
        match self {
            Self::Lag(lag) => fixture.lag(n, lag.map(ms)),
            Self::Silent(how, since) => {
                let reason = || "errno".to_owned();
                let outcome = match how {
                    0 => ProbeOutcome::Refused,
                    1 => ProbeOutcome::TimedOut,
                    2 => ProbeOutcome::Unreachable { reason: reason() },
                    3 => ProbeOutcome::Denied { reason: reason() },
                    _ => ProbeOutcome::Broken { reason: reason() },
                };
                fixture.silent(n, outcome, ms(since))
            }
            Self::Unseen => fixture.unseen(n),
            Self::Offline => fixture.report(n, |report| report.offline = true),
            Self::Writable => fixture.writability(n, Writability::Writable),
            Self::Errant => fixture.executed(n, &gtids(9, 1, 1)),
            Self::Delayed => fixture.replication(n, |r| r.delay = ms(60_000)),
            Self::Quarantined => fixture.quarantined(n, "it diverged"),
            Self::InMaintenance => fixture.in_maintenance(n),
            Self::Astray => fixture.follows(n, 8),
        }
    }
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        4 => proptest::option::of(0..9000_u64).prop_map(Trouble::Lag),
        3 => (0..5_u8, 0..4000_u64).prop_map(|(how, since)| Trouble::Silent(how, since)),
        1 => prop::sample::select(vec![
            Trouble::Unseen,
            Trouble::Offline,
            Trouble::Writable,
            Trouble::Errant,
            Trouble::Delayed,
            Trouble::Quarantined,
            Trouble::InMaintenance,
            Trouble::Astray,
        ]),
    ]
}

proptest! {
    #[test]
    fn dns_names_exactly_those_that_the_route_sends_readers_to(
        troubles in proptest::collection::vec((1..=4_u32, trouble()), 0..5),
        members in proptest::collection::vec(2..=4_u32, 0..4),
        (keep, most) in (0..=100_u32, 0..=100_u32),
        no_readers in prop::sample::select(NoReaders::ALL.to_vec()),
        serving in any::<bool>(),
        later in 0..3000_u64,
    ) {
        let mut fixture = Fixture::healthy(3).policy(|policy| {
            policy.keep_readers = Share::Percent(keep);
            policy.max_readers = Share::Percent(most);
            policy.no_readers = no_readers;
        });
        for (n, trouble) in troubles {
            let silence = matches!(trouble, Trouble::Silent(..) | Trouble::Unseen);
            if n > 1 || silence {
                fixture = trouble.befalls(fixture, n);
            }
        }
        let (view, now) = (fixture.view(), NOW + ms(later));
        let readers = pool::readers(&view, &TIMING, &numbers(&members), now);
        let route = routing::route(&view, &TIMING, serving, &readers, now);
        let sent: BTreeSet<_> =
            route.readers.iter().map(|reader| reader.endpoint.node.clone()).collect();
        let health = of_cluster(&view, &TIMING, &route, now);
        prop_assert_eq!(named(&health), sent, "{:#?}", health);
    }
}
