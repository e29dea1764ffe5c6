use std::time::Duration;

use lictor_domain::{Durability, ProbeOutcome};

use super::*;
use crate::fixture::{Fixture, name};

use VariableVerdict::{Differs, Ok, Unknown};

/// What is said of number `n`, whose server tells this of itself.
fn told(fixture: &Fixture, n: u32, values: &[(&str, &str)]) -> Vec<Variable> {
    let values = values
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    let values = values.collect();
    let all = advice(&fixture.view(), &name(n));
    all.iter().filter_map(|one| one.judge(&values)).collect()
}

fn verdict(fixture: &Fixture, n: u32, variable: &str, value: &str) -> VariableVerdict {
    let all = told(fixture, n, &[(variable, value)]);
    all.iter().find(|one| one.value.is_some()).unwrap().verdict
}

fn async_cluster() -> Fixture {
    Fixture::healthy(2).policy(|policy| policy.durability = Durability::Async)
}

#[test]
fn each_variable_has_its_right_and_its_wrong_values() {
    let cluster = Fixture::healthy(2).acks(2);
    for (variable, right, wrong) in [
        ("gtid_mode", "ON", "ON_PERMISSIVE"),
        ("enforce_gtid_consistency", "ON", "WARN"),
        ("log_bin", "ON", "OFF"),
        ("log_replica_updates", "ON", "OFF"),
        ("log_slave_updates", "ON", "OFF"),
        ("binlog_format", "ROW", "MIXED"),
        ("sync_binlog", "1", "0"),
        ("sync_binlog", "1", "1000"),
        ("innodb_flush_log_at_trx_commit", "1", "2"),
        ("binlog_expire_logs_seconds", "86400", "3600"),
        ("binlog_expire_logs_seconds", "2592000", "0"),
        ("offline_mode", "OFF", "ON"),
        ("skip_replica_start", "ON", "OFF"),
        ("replica_net_timeout", "10", "60"),
        ("replica_net_timeout", "4", "0"),
        ("replica_parallel_workers", "2", "1"),
        ("replica_parallel_type", "LOGICAL_CLOCK", "DATABASE"),
        ("replica_preserve_commit_order", "ON", "OFF"),
        ("replica_exec_mode", "STRICT", "IDEMPOTENT"),
        ("replica_skip_errors", "OFF", "1062"),
        ("relay_log_recovery", "OFF", "ON"),
        ("rpl_semi_sync_source_enabled", "ON", "OFF"),
        ("rpl_semi_sync_master_enabled", "ON", "OFF"),
        ("rpl_semi_sync_source_wait_for_replica_count", "2", "1"),
        ("rpl_semi_sync_source_timeout", "1000000000000", "10000"),
        ("rpl_semi_sync_source_wait_no_replica", "ON", "OFF"),
        (
            "rpl_semi_sync_source_wait_point",
            "AFTER_SYNC",
            "AFTER_COMMIT",
        ),
    ] {
        let of = |value| verdict(&cluster, 1, variable, value);
        assert_eq!((of(right), of(wrong)), (Ok, Differs), "{variable}");
    }
}

#[test]
fn who_may_write_and_who_waits_depends_on_the_role() {
    let cluster = Fixture::healthy(2);
    for (variable, primary) in [
        ("read_only", "OFF"),
        ("super_read_only", "OFF"),
        ("rpl_semi_sync_source_enabled", "ON"),
    ] {
        assert_eq!(verdict(&cluster, 1, variable, primary), Ok, "{variable}");
        assert_eq!(
            verdict(&cluster, 2, variable, primary),
            Differs,
            "{variable}"
        );
    }
    let acknowledges = "rpl_semi_sync_replica_enabled";
    assert_eq!(verdict(&cluster, 2, acknowledges, "OFF"), Differs);
    let primary = told(&cluster, 1, &[]);
    assert!(primary.iter().all(|one| one.name != acknowledges));
}

#[test]
fn an_async_cluster_waits_for_nobody_and_needs_no_plugin() {
    let cluster = async_cluster();
    assert_eq!(
        verdict(&cluster, 1, "rpl_semi_sync_source_enabled", "ON"),
        Differs
    );
    assert_eq!(verdict(&cluster, 1, "relay_log_recovery", "OFF"), Differs);
    let without = told(&cluster, 1, &[]);
    assert!(
        without
            .iter()
            .all(|one| !one.name.starts_with("rpl_semi_sync"))
    );
}

#[test]
fn what_the_server_does_not_tell_is_unknown_and_never_right() {
    for n in [1, 2] {
        let all = told(&Fixture::healthy(2), n, &[]);
        assert!(all.len() > 20);
        for one in all {
            assert_eq!((one.verdict, one.value), (Unknown, None), "{}", one.name);
        }
    }
    let strange = verdict(&Fixture::healthy(2), 1, "replica_net_timeout", "soon");
    assert_eq!(strange, Unknown);
}

#[test]
fn a_variable_that_later_servers_lack_is_left_out_where_it_is_gone() {
    let says = |values| {
        let all = told(&Fixture::healthy(2), 1, values);
        all.iter().any(|one| one.name == "replica_parallel_type")
    };
    assert!(!says(&[]));
    assert!(says(&[("slave_parallel_type", "DATABASE")]));
}

#[test]
fn the_newer_name_counts_where_a_server_tells_both() {
    let both = [("log_replica_updates", "ON"), ("log_slave_updates", "OFF")];
    let all = told(&Fixture::healthy(1), 1, &both);
    let one = all
        .iter()
        .find(|one| one.name == "log_replica_updates")
        .unwrap();
    assert_eq!((one.value.as_deref(), one.verdict), (Some("ON"), Ok));
}

#[test]
fn a_server_id_is_unique_only_when_every_other_one_is_known() {
    let id = |cluster: &Fixture, id| verdict(cluster, 1, "server_id", id);
    let healthy = Fixture::healthy(2);
    assert_eq!((id(&healthy, "1"), id(&healthy, "0")), (Ok, Differs));
    assert_eq!(id(&healthy, "3"), Differs, "orders-3 has it");
    let unseen = Fixture::healthy(2).unseen(3);
    assert_eq!((id(&unseen, "1"), id(&unseen, "2")), (Unknown, Differs));
    let dead = Fixture::healthy(2).silent(3, ProbeOutcome::Refused, Duration::from_secs(9));
    assert_eq!(id(&dead, "1"), Ok, "its last words count");
}

#[test]
fn every_name_is_asked_for_once_and_said_why() {
    for cluster in [Fixture::healthy(2), async_cluster()] {
        for n in [1, 2] {
            let all = advice(&cluster.view(), &name(n));
            let mut names: Vec<_> = all.iter().flat_map(Advice::names).collect();
            names.sort_unstable();
            let asked = names.len();
            names.dedup();
            assert_eq!(names.len(), asked);
            assert!(all.iter().all(|one| !one.why.is_empty()));
        }
    }
}
