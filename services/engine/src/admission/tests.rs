//! One alteration of a sound cluster for each objection and each warning.

use std::time::Duration;

use lictor_domain::{
    Durability, ListedReplica, NodeAddress, Policy, ServerVersion, Survey, Writability,
};

use super::{Objection, REQUIRED_PRIVILEGES, admit, crawl_next};
use crate::fixture::{address, gtids, primary_report, replica_report, replication_from, uuid};

/// A sound cluster of one primary and two replicas.
fn sound() -> Vec<Survey> {
    let mut surveys = vec![survey(1), survey(2), survey(3)];
    surveys[0].replicas = vec![listed(2), listed(3)];
    surveys
}

fn survey(n: u32) -> Survey {
    Survey {
        address: address(n),
        report: if n == 1 {
            primary_report(2)
        } else {
            replica_report(n)
        },
        privileges: REQUIRED_PRIVILEGES
            .iter()
            .map(ToString::to_string)
            .collect(),
        replicas: vec![],
        syncs_binlog: true,
        flushes_redo_log: true,
        clones: true,
    }
}

fn listed(n: u32) -> ListedReplica {
    ListedReplica {
        server_uuid: uuid(n),
        address: Some(address(n)),
    }
}

/// A sound cluster in which number `n` was altered.
fn altered(n: usize, change: impl FnOnce(&mut Survey)) -> Vec<Survey> {
    let mut surveys = sound();
    change(&mut surveys[n - 1]);
    surveys
}

fn objections(surveys: &[Survey], unreachable: &[(NodeAddress, String)]) -> Vec<Objection> {
    admit(surveys, unreachable, &Policy::default()).unwrap_err()
}

fn sentences(objections: &[Objection]) -> Vec<&str> {
    objections.iter().map(|o| o.sentence.as_str()).collect()
}

fn objection(surveys: &[Survey]) -> Objection {
    let mut all = objections(surveys, &[]);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

fn warning(surveys: &[Survey], policy: &Policy) -> Objection {
    let mut all = admit(surveys, &[], policy).unwrap().warnings;
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

#[test]
fn a_sound_cluster_is_admitted_with_its_primary_first_and_nothing_to_say() {
    let mut surveys = sound();
    surveys.rotate_left(1);
    let admitted = admit(&surveys, &[], &Policy::default()).unwrap();
    assert_eq!(admitted.primary, address(1));
    let addresses: Vec<_> = admitted.nodes.iter().map(|node| &node.address).collect();
    assert_eq!(addresses, [&address(1), &address(2), &address(3)]);
    assert_eq!(admitted.nodes[2].server_uuid, uuid(3));
    assert_eq!(admitted.warnings, []);
}

#[test]
fn crawling_goes_to_the_source_and_to_every_listed_replica_once() {
    assert_eq!(crawl_next(&sound()[0]), [address(2), address(3)]);
    assert_eq!(crawl_next(&sound()[1]), [address(1)]);
    let mut between = survey(2);
    between.replicas = vec![
        listed(3),
        listed(1),
        listed(2),
        ListedReplica {
            server_uuid: uuid(7),
            address: None,
        },
    ];
    assert_eq!(crawl_next(&between), [address(1), address(3)]);
}

#[test]
fn what_keeps_one_node_out_is_said_with_its_remedy() {
    type Change = fn(&mut Survey);
    let rows: [(Change, &str, &str); 9] = [
        (
            |s| s.report.gtid_mode_on = false,
            "10.0.0.2:3306 has gtid_mode off",
            "SET PERSIST gtid_mode = ON",
        ),
        (
            |s| {
                s.report.log_bin = false;
                s.report.log_replica_updates = false;
            },
            "10.0.0.2:3306 writes no binary log, so nobody could follow it",
            "skip_log_bin",
        ),
        (
            |s| s.report.log_replica_updates = false,
            "10.0.0.2:3306 does not log what it replicates, so nobody could follow it",
            "log_replica_updates = ON",
        ),
        (
            |s| s.report.semi_sync = None,
            "10.0.0.2:3306 has no semi-sync plugins, which the policy semi-sync 1 needs",
            "INSTALL PLUGIN rpl_semi_sync_replica",
        ),
        (
            |s| {
                s.privileges.remove("CLONE_ADMIN");
                s.privileges.remove("RELOAD");
            },
            "10.0.0.2:3306 does not give the control account: RELOAD, CLONE_ADMIN",
            "GRANT RELOAD, CLONE_ADMIN ON *.* TO",
        ),
        (
            |s| {
                s.privileges.remove("SELECT");
                s.privileges.remove("RELOAD");
            },
            "10.0.0.2:3306 does not give the control account: SELECT, RELOAD",
            "GRANT RELOAD ON *.* TO 'user'@'host'; GRANT SELECT ON performance_schema.* TO",
        ),
        (
            |s| s.report.replication.as_mut().unwrap().auto_position = false,
            "10.0.0.2:3306 does not position itself by GTID",
            "SOURCE_AUTO_POSITION = 1",
        ),
        (
            |s| s.report.writability = Writability::Writable,
            "10.0.0.2:3306 is a replica, and accepts writes",
            "SET PERSIST super_read_only = ON",
        ),
        (
            |s| s.report.replication = None,
            "10.0.0.2:3306 follows nobody, not the primary 10.0.0.1:3306",
            "SOURCE_HOST = '10.0.0.1', SOURCE_PORT = 3306",
        ),
    ];
    for (change, sentence, remedy) in rows {
        let found = objection(&altered(2, change));
        assert_eq!(found.node, Some(address(2)));
        assert_eq!(found.sentence, sentence);
        assert!(found.remedy.contains(remedy), "{found:?}");
    }
}

#[test]
fn an_old_version_is_named_with_the_oldest_that_will_do() {
    let mut surveys = sound();
    for survey in &mut surveys {
        survey.report.version = ServerVersion::new(8, 0, 21);
    }
    assert_eq!(
        sentences(&objections(&surveys, &[]))[0],
        "10.0.0.1:3306 runs MySQL 8.0.21; Lictor needs 8.0.22 or newer"
    );
}

#[test]
fn everything_wrong_is_said_at_once() {
    let surveys = altered(2, |survey| {
        survey.report.gtid_mode_on = false;
        survey.privileges.clear();
    });
    let dead = (address(3), "connection refused".to_owned());
    assert_eq!(objections(&surveys, &[dead]).len(), 3);
}

#[test]
fn a_node_that_could_not_be_looked_at_is_an_objection() {
    let surveys = &sound()[..2];
    let dead = (address(3), "connection refused".to_owned());
    let found = objections(surveys, &[dead]);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].sentence,
        "10.0.0.3:3306 belongs to the cluster and could not be looked at: connection refused"
    );
}

#[test]
fn a_listed_replica_that_was_not_found_is_an_objection() {
    let without_address = altered(1, |survey| {
        survey.replicas.push(ListedReplica {
            server_uuid: uuid(4),
            address: None,
        });
    });
    assert!(objection(&without_address).remedy.contains("report_host"));
    let elsewhere = altered(1, |survey| survey.replicas.push(listed(4)));
    assert!(
        objection(&elsewhere)
            .remedy
            .contains("--seed 10.0.0.4:3306")
    );
}

#[test]
fn nodes_with_one_uuid_are_a_copy_or_one_server_twice() {
    let mut surveys = sound();
    let mut alias = survey(1);
    alias.address = "localhost:3306".parse().unwrap();
    alias.replicas = surveys[0].replicas.clone();
    surveys.push(alias);
    let found = objections(&surveys, &[]);
    let double = &found[0];
    assert!(
        double
            .sentence
            .starts_with("10.0.0.1:3306, localhost:3306 have the same server_uuid")
    );
    assert!(double.remedy.contains("remove auto.cnf"));
    assert!(double.remedy.ends_with("start from --seed 10.0.0.1:3306"));
}

#[test]
fn nodes_with_one_server_id_are_told_apart() {
    let found = objection(&altered(3, |survey| survey.report.server_id = 2));
    assert_eq!(
        found.sentence,
        "10.0.0.2:3306, 10.0.0.3:3306 have the same server_id 2"
    );
    assert!(found.remedy.contains("SET PERSIST server_id"));
}

#[test]
fn without_a_writable_node_there_is_no_primary() {
    let closed = altered(1, |survey| {
        survey.report.writability = Writability::SuperReadOnly;
    });
    let found = objection(&closed);
    assert_eq!(
        found.sentence,
        "there is no primary: no node accepts writes"
    );
    assert!(admit(&[], &[], &Policy::default()).is_err());
}

#[test]
fn several_writable_nodes_that_follow_nobody_leave_no_choice() {
    let found = objection(&altered(2, |survey| {
        survey.report.writability = Writability::Writable;
        survey.report.replication = None;
    }));
    assert_eq!(
        found.sentence,
        "several nodes accept writes and follow nobody: 10.0.0.1:3306, 10.0.0.2:3306"
    );
}

#[test]
fn writable_nodes_that_follow_each_other_are_a_circle_without_a_primary() {
    let mut surveys = sound();
    surveys[0].report.replication = Some(replication_from(2));
    surveys[1].report.writability = Writability::Writable;
    let found = objections(&surveys, &[]);
    assert_eq!(
        sentences(&found),
        [
            "10.0.0.1:3306, 10.0.0.2:3306 follow each other in a circle",
            "there is no primary: every node that accepts writes follows another \
             (10.0.0.1:3306, 10.0.0.2:3306)",
        ]
    );
}

#[test]
fn replicas_in_a_circle_are_named_once() {
    let mut surveys = sound();
    surveys[1].report.replication = Some(replication_from(3));
    surveys[2].report.replication = Some(replication_from(2));
    let found = objections(&surveys, &[]);
    let circles = sentences(&found)
        .into_iter()
        .filter(|sentence| sentence.ends_with("follow each other in a circle"));
    assert_eq!(circles.count(), 1);
}

#[test]
fn a_replica_with_errant_transactions_is_refused_and_they_are_named() {
    let found = objection(&altered(2, |survey| {
        survey.report.executed = survey.report.executed.union(&gtids(9, 4, 6));
    }));
    let expected = format!(
        "10.0.0.2:3306 holds transactions that the primary never had: {}",
        gtids(9, 4, 6)
    );
    assert_eq!(found.sentence, expected);
    assert!(found.remedy.contains("CLONE INSTANCE"));
}

#[test]
fn a_replica_ahead_of_the_primarys_answer_is_not_errant() {
    let surveys = altered(2, |survey| {
        survey.report.executed = survey.report.executed.union(&gtids(1, 101, 120));
    });
    assert!(admit(&surveys, &[], &Policy::default()).is_ok());
}

#[test]
fn each_warning_is_said_with_its_remedy_and_keeps_nobody_out() {
    type Change = fn(&mut Survey);
    let rows: [(usize, Change, &str, &str); 12] = [
        (
            2,
            |s| s.report.settings.replica_net_timeout = Duration::from_mins(1),
            "waits 60 s for a source that has gone silent",
            "SET PERSIST replica_net_timeout = 4",
        ),
        (
            2,
            |s| s.report.replication.as_mut().unwrap().heartbeat_period = Duration::from_secs(30),
            "gets a heartbeat only every 30 s: a hung primary is noticed late",
            "SOURCE_HEARTBEAT_PERIOD = 0.2",
        ),
        (
            2,
            |s| s.report.replication.as_mut().unwrap().heartbeat_period = Duration::ZERO,
            "gets no heartbeats: it cannot tell an idle primary from a hung one",
            "SOURCE_HEARTBEAT_PERIOD = 0.2",
        ),
        (
            1,
            |s| {
                s.syncs_binlog = false;
                s.flushes_redo_log = false;
            },
            "may lose commits when its machine fails: not 1 is sync_binlog, \
             innodb_flush_log_at_trx_commit",
            "SET PERSIST sync_binlog = 1; SET PERSIST innodb_flush_log_at_trx_commit = 1",
        ),
        (
            2,
            |s| s.clones = false,
            "has no active clone plugin: it can neither be rebuilt nor rebuild another",
            "INSTALL PLUGIN clone SONAME 'mysql_clone.so'",
        ),
        (
            1,
            |s| s.report.settings.boots_read_only = Some(false),
            "boots writable: restarted after a failover it would take writes beside the new \
             primary",
            "SET PERSIST_ONLY super_read_only = ON",
        ),
        (
            1,
            |s| {
                let semi_sync = s.report.semi_sync.as_mut().unwrap();
                semi_sync.wait_no_replica = false;
                semi_sync.timeout = Duration::from_secs(10);
            },
            "does not enforce semi-sync 1 now: rpl_semi_sync_source_timeout=10000 (wanted \
             31536000000), rpl_semi_sync_source_wait_no_replica=OFF (wanted ON)",
            "SET GLOBAL rpl_semi_sync_source_wait_no_replica = ON",
        ),
        (
            1,
            |s| s.report.semi_sync.as_mut().unwrap().source_active = false,
            "does not enforce semi-sync 1 now: Rpl_semi_sync_source_status=OFF (wanted ON)",
            "comes back by itself",
        ),
        (
            2,
            |s| s.report.semi_sync.as_mut().unwrap().replica_enabled = false,
            "acknowledges no commits: rpl_semi_sync_replica_enabled is OFF",
            "SET PERSIST rpl_semi_sync_replica_enabled = ON",
        ),
        (
            2,
            |s| s.report.replication.as_mut().unwrap().lag = Some(Duration::from_secs(90)),
            "is 90 s behind (allowed 5000 ms)",
            "it serves no reads",
        ),
        (
            2,
            |s| s.report.replication.as_mut().unwrap().lag = None,
            "does not know how far it is behind",
            "SHOW REPLICA STATUS",
        ),
        (
            2,
            |s| s.report.replication = Some(replication_from(3)),
            "follows the primary through 10.0.0.3:3306: it cannot testify or acknowledge",
            "lictor node repoint NODE --to primary",
        ),
    ];
    for (n, change, sentence, remedy) in rows {
        let surveys = altered(n, change);
        let found = warning(&surveys, &Policy::default());
        let at = &surveys[n - 1].address;
        assert_eq!(found.node.as_ref(), Some(at));
        assert_eq!(found.sentence, format!("{at} {sentence}"));
        assert!(found.remedy.contains(remedy), "{found:?}");
    }
}

#[test]
fn mixed_versions_are_listed() {
    let surveys = altered(2, |survey| {
        survey.report.version = ServerVersion::new(8, 4, 9);
    });
    assert_eq!(
        warning(&surveys, &Policy::default()).sentence,
        "the nodes run different versions: 8.4.9 on 10.0.0.2:3306; 9.7.4 on 10.0.0.1:3306, \
         10.0.0.3:3306"
    );
}

#[test]
fn a_primary_without_replicas_is_admitted_with_the_warning_that_nothing_can_fail_over() {
    let mut alone = survey(1);
    alone.replicas.clear();
    let relaxed = Policy {
        durability: Durability::Async,
        ..Policy::default()
    };
    let found = warning(&[alone.clone()], &relaxed);
    assert_eq!(
        found.sentence,
        "there is no replica: nothing to fail over to"
    );
    let strict = admit(&[alone], &[], &Policy::default()).unwrap();
    assert_eq!(
        strict.warnings[1].sentence,
        "0 replicas cannot give the 1 acknowledgements the policy demands: commits will wait"
    );
}

#[test]
fn a_tree_is_admitted_as_it_is_and_only_who_follows_the_primary_can_acknowledge() {
    let surveys = altered(2, |s| s.report.replication = Some(replication_from(3)));
    let admitted = admit(&surveys, &[], &Policy::default()).unwrap();
    let follows: Vec<_> = admitted
        .nodes
        .iter()
        .map(|node| node.follows.clone())
        .collect();
    assert_eq!(follows, [None, Some(address(3)), None]);
    let two = Policy {
        durability: lictor_domain::Durability::SemiSync {
            acks: std::num::NonZeroU32::new(2).unwrap(),
        },
        ..Policy::default()
    };
    let starved = admit(&surveys, &[], &two).unwrap().warnings;
    let said = starved
        .iter()
        .any(|one| one.sentence.starts_with("1 replicas cannot give the 2"));
    assert!(said, "{starved:?}");
}
