//! Settings that are not as a failover needs them, and their remedies.

use std::time::Duration;

use lictor_domain::report::SemiSync;
use lictor_domain::{Instance, Mode, ServerVersion, Writability};

use super::{AgentSilent, ConfigurationDrift, LONG, assert_found, codes, healthy, ms, only};
use crate::analysis::{problems, wrong_settings};
use crate::fixture::TIMING;
use crate::guard::SILENT;

#[test]
fn a_server_whose_agent_is_not_heard_is_found() {
    let instance = Some(Instance(uuid::Uuid::from_u128(7)));
    let started = healthy().report(2, |report| report.instance = instance);
    assert_found([("an agent", started.clone(), &[])]);
    let (view, now) = started.lasting(SILENT + ms(1));
    let silent = problems(&view, &TIMING, now);
    assert_eq!(codes(&silent), [AgentSilent]);
    assert!(silent[0].sentence.contains("orders-2"), "{silent:?}");
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
