//! What is admitted, but said: it makes a failure be noticed late, commits be
//! lost or wait, or a node come back wrong.

use std::collections::BTreeMap;

use lictor_domain::evidence::human;
use lictor_domain::{Policy, ServerVersion, Survey};

use super::{Objection, objection, others};
use crate::analysis::{LONG_NET_TIMEOUT, RARE_HEARTBEAT, correction, wrong_settings};
use crate::rebuild::fitness::INSTALL_CLONE;

pub(super) fn warnings(primary: &Survey, surveys: &[Survey], policy: &Policy) -> Vec<Objection> {
    let mut warnings = vec![];
    warnings.extend(redundancy(primary, surveys, policy));
    warnings.extend(versions(surveys));
    warnings.extend(not_enforced(primary, policy));
    for survey in surveys {
        warnings.extend(net_timeout(survey));
        warnings.extend(durable(survey));
        warnings.extend(boots_writable(survey));
        warnings.extend(clones_nothing(survey));
    }
    for replica in others(primary, surveys) {
        warnings.extend(heartbeat(replica));
        warnings.extend(acknowledges_nothing(replica, policy));
        warnings.extend(indirect(replica, primary));
        warnings.extend(lagging(replica, policy));
    }
    warnings
}

fn warn(survey: &Survey, wrong: bool, sentence: &str, remedy: &str) -> Option<Objection> {
    let at = &survey.address;
    wrong.then(|| objection(at, format!("{at} {sentence}"), remedy.to_owned()))
}

fn whole(sentence: String, remedy: &str) -> Objection {
    Objection {
        node: None,
        sentence,
        remedy: remedy.to_owned(),
    }
}

fn redundancy(primary: &Survey, surveys: &[Survey], policy: &Policy) -> Vec<Objection> {
    let replicas = others(primary, surveys).count();
    let follows = |replica: &&Survey| {
        let replication = replica.report.replication.as_ref();
        replication.is_some_and(|replication| replication.source == primary.address)
    };
    let direct = others(primary, surveys).filter(follows).count();
    let acks = policy.durability.acks();
    let mut warnings = vec![];
    if replicas == 0 {
        warnings.push(whole(
            "there is no replica: nothing to fail over to".to_owned(),
            "add a replica, then register the cluster again",
        ));
    }
    if direct < acks as usize {
        warnings.push(whole(
            format!(
                "{direct} replicas cannot give the {acks} acknowledgements the policy \
                 demands: commits will wait"
            ),
            "add replicas, or choose the durability async",
        ));
    }
    warnings
}

fn versions(surveys: &[Survey]) -> Option<Objection> {
    let mut nodes: BTreeMap<ServerVersion, Vec<String>> = BTreeMap::new();
    for survey in surveys {
        let at = survey.address.to_string();
        nodes.entry(survey.report.version).or_default().push(at);
    }
    let each: Vec<_> = nodes
        .iter()
        .map(|(version, nodes)| format!("{version} on {}", nodes.join(", ")))
        .collect();
    (each.len() > 1).then(|| {
        whole(
            format!("the nodes run different versions: {}", each.join("; ")),
            "bring them to one version; a replica must not be older than its primary",
        )
    })
}

fn not_enforced(primary: &Survey, policy: &Policy) -> Option<Objection> {
    let acks = policy.durability.acks();
    let semi_sync = primary.report.semi_sync.as_ref();
    let wrong = wrong_settings(semi_sync.filter(|_| acks > 0)?, acks);
    let values: Vec<_> = wrong
        .iter()
        .map(|wrong| format!("{}={} (wanted {})", wrong.name, wrong.value, wrong.wanted))
        .collect();
    warn(
        primary,
        !wrong.is_empty(),
        &format!(
            "does not enforce {} now: {}",
            policy.durability,
            values.join(", ")
        ),
        &correction(&wrong),
    )
}

fn net_timeout(survey: &Survey) -> Option<Objection> {
    let timeout = survey.report.settings.replica_net_timeout;
    warn(
        survey,
        timeout > LONG_NET_TIMEOUT,
        &format!("waits {} for a source that has gone silent", human(timeout)),
        "SET PERSIST replica_net_timeout = 4",
    )
}

fn durable(survey: &Survey) -> Option<Objection> {
    let settings = [
        (survey.syncs_binlog, "sync_binlog"),
        (survey.flushes_redo_log, "innodb_flush_log_at_trx_commit"),
    ];
    let wrong: Vec<_> = settings
        .iter()
        .filter(|(right, _)| !right)
        .map(|(_, name)| *name)
        .collect();
    let set: Vec<_> = wrong
        .iter()
        .map(|name| format!("SET PERSIST {name} = 1"))
        .collect();
    warn(
        survey,
        !wrong.is_empty(),
        &format!(
            "may lose commits when its machine fails: not 1 is {}",
            wrong.join(", ")
        ),
        &set.join("; "),
    )
}

/// Persisted only: the primary is not to be closed now.
fn boots_writable(survey: &Survey) -> Option<Objection> {
    warn(
        survey,
        survey.report.settings.boots_read_only == Some(false),
        "boots writable: restarted after a failover it would take writes beside the new primary",
        "SET PERSIST_ONLY super_read_only = ON, or put super_read_only = ON into its option file",
    )
}

fn clones_nothing(survey: &Survey) -> Option<Objection> {
    warn(
        survey,
        !survey.clones,
        "has no active clone plugin: it can neither be rebuilt nor rebuild another",
        INSTALL_CLONE,
    )
}

fn heartbeat(replica: &Survey) -> Option<Objection> {
    let period = replica.report.replication.as_ref()?.heartbeat_period;
    let sentence = if period.is_zero() {
        "gets no heartbeats: it cannot tell an idle primary from a hung one".to_owned()
    } else {
        format!(
            "gets a heartbeat only every {}: a hung primary is noticed late",
            human(period)
        )
    };
    warn(
        replica,
        period.is_zero() || period > RARE_HEARTBEAT,
        &sentence,
        "STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_HEARTBEAT_PERIOD = 0.2; START REPLICA",
    )
}

fn acknowledges_nothing(replica: &Survey, policy: &Policy) -> Option<Objection> {
    let enabled = replica.report.semi_sync.as_ref()?.replica_enabled;
    warn(
        replica,
        policy.durability.acks() > 0 && !enabled,
        "acknowledges no commits: rpl_semi_sync_replica_enabled is OFF",
        "SET PERSIST rpl_semi_sync_replica_enabled = ON; STOP REPLICA IO_THREAD; \
         START REPLICA IO_THREAD",
    )
}

fn indirect(replica: &Survey, primary: &Survey) -> Option<Objection> {
    let source = &replica.report.replication.as_ref()?.source;
    warn(
        replica,
        *source != primary.address,
        &format!("follows the primary through {source}: it cannot testify or acknowledge"),
        "if it is to follow the primary itself: lictor node repoint NODE --to primary",
    )
}

fn lagging(replica: &Survey, policy: &Policy) -> Option<Objection> {
    let replication = replica.report.replication.as_ref()?;
    let limit = policy.max_read_lag();
    let sentence = match replication.lag {
        Some(lag) => format!("is {} behind (allowed {})", human(lag), human(limit)),
        None => "does not know how far it is behind".to_owned(),
    };
    warn(
        replica,
        replication.lag.is_none_or(|lag| lag > limit),
        &sentence,
        "it serves no reads until it has caught up; see SHOW REPLICA STATUS",
    )
}
