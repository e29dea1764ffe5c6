//! What keeps a single node from being part of any cluster.

use lictor_domain::{NodeAddress, Policy, ServerVersion, Survey};

use super::{Objection, objection};
use crate::analysis::install_plugins;

/// Needed on `performance_schema` only.
const READING: &str = "SELECT";

/// What the control account needs on every node: on `*.*`, but for [`READING`].
pub const REQUIRED_PRIVILEGES: &[&str] = &[
    READING,
    "RELOAD",
    "PROCESS",
    "REPLICATION SLAVE",
    "REPLICATION CLIENT",
    "BACKUP_ADMIN",
    "CLONE_ADMIN",
    "CONNECTION_ADMIN",
    "REPLICATION_SLAVE_ADMIN",
    "SYSTEM_VARIABLES_ADMIN",
];

pub(super) fn objections(survey: &Survey, policy: &Policy) -> Vec<Objection> {
    let checks = [
        version(survey),
        gtid_mode(survey),
        log_bin(survey),
        log_replica_updates(survey),
        privileges(survey),
        semi_sync(survey, policy),
        auto_position(survey),
    ];
    checks.into_iter().flatten().collect()
}

fn object(survey: &Survey, wrong: bool, sentence: &str, remedy: &str) -> Option<Objection> {
    let at: &NodeAddress = &survey.address;
    wrong.then(|| objection(at, format!("{at} {sentence}"), remedy.to_owned()))
}

fn version(survey: &Survey) -> Option<Objection> {
    let (version, oldest) = (survey.report.version, ServerVersion::OLDEST_SUPPORTED);
    object(
        survey,
        version < oldest,
        &format!("runs MySQL {version}; Lictor needs {oldest} or newer"),
        "upgrade it",
    )
}

fn gtid_mode(survey: &Survey) -> Option<Objection> {
    object(
        survey,
        !survey.report.gtid_mode_on,
        "has gtid_mode off",
        "on every node, one statement everywhere before the next: \
         SET PERSIST enforce_gtid_consistency = ON; SET PERSIST gtid_mode = OFF_PERMISSIVE; \
         SET PERSIST gtid_mode = ON_PERMISSIVE; SET PERSIST gtid_mode = ON",
    )
}

fn log_bin(survey: &Survey) -> Option<Objection> {
    object(
        survey,
        !survey.report.log_bin,
        "writes no binary log, so nobody could follow it",
        "remove skip_log_bin from its option file, and restart it",
    )
}

/// Without a binary log there is nothing to write them to: said only once.
fn log_replica_updates(survey: &Survey) -> Option<Objection> {
    object(
        survey,
        survey.report.log_bin && !survey.report.log_replica_updates,
        "does not log what it replicates, so nobody could follow it",
        "put log_replica_updates = ON into its option file, and restart it",
    )
}

fn privileges(survey: &Survey) -> Option<Objection> {
    let lacks = |privilege: &&&str| !survey.privileges.contains(**privilege);
    let missing: Vec<&str> = REQUIRED_PRIVILEGES.iter().filter(lacks).copied().collect();
    let (reading, others): (Vec<&str>, Vec<&str>) = missing.iter().partition(|it| **it == READING);
    let grants = [(others, "*.*"), (reading, "performance_schema.*")];
    let grants = grants
        .iter()
        .filter(|(privileges, _)| !privileges.is_empty());
    let grants = grants.map(|(privileges, on)| {
        let privileges = privileges.join(", ");
        format!("GRANT {privileges} ON {on} TO 'user'@'host'")
    });
    let grants: Vec<_> = grants.collect();
    object(
        survey,
        !missing.is_empty(),
        &format!("does not give the control account: {}", missing.join(", ")),
        &format!(
            "on the primary, for the control account: {}",
            grants.join("; ")
        ),
    )
}

fn semi_sync(survey: &Survey, policy: &Policy) -> Option<Objection> {
    object(
        survey,
        policy.durability.acks() > 0 && survey.report.semi_sync.is_none(),
        &format!(
            "has no semi-sync plugins, which the policy {} needs",
            policy.durability
        ),
        &install_plugins(survey.report.version),
    )
}

fn auto_position(survey: &Survey) -> Option<Objection> {
    let replication = survey.report.replication.as_ref();
    object(
        survey,
        replication.is_some_and(|replication| !replication.auto_position),
        "does not position itself by GTID",
        "STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_AUTO_POSITION = 1; START REPLICA",
    )
}
