//! Whether a commit survives what the policy says it must.

use lictor_domain::report::SemiSync;
use lictor_domain::{Evidence, OnStarved, ServerVersion};

use super::{Finding, Scene};
use crate::durability::is_loosened;
use crate::replica::current;

/// Says whether semi-sync is in force; no setting, so it cannot be set.
const STATUS: &str = "Rpl_semi_sync_source_status";

/// A semi-sync setting of a primary that keeps it from enforcing the policy.
pub(crate) struct WrongSetting {
    /// The variable.
    pub(crate) name: &'static str,
    /// Its value.
    pub(crate) value: String,
    /// What it should be, as MySQL takes it.
    pub(crate) wanted: String,
}

/// What keeps a source from letting no commit through with fewer than `acks`
/// acknowledgements; empty exactly when [`SemiSync::enforces`] holds.
pub(crate) fn wrong_settings(semi_sync: &SemiSync, acks: u32) -> Vec<WrongSetting> {
    let wrong = |right: bool, name, value: &str, wanted: &str| {
        (!right).then(|| WrongSetting {
            name,
            value: value.to_owned(),
            wanted: wanted.to_owned(),
        })
    };
    let s = semi_sync;
    let settings = [
        wrong(
            s.wait_for_acks >= acks,
            "rpl_semi_sync_source_wait_for_replica_count",
            &s.wait_for_acks.to_string(),
            &acks.to_string(),
        ),
        wrong(
            s.timeout >= SemiSync::NEVER,
            "rpl_semi_sync_source_timeout",
            &s.timeout.as_millis().to_string(),
            &SemiSync::NEVER.as_millis().to_string(),
        ),
        wrong(
            s.wait_no_replica,
            "rpl_semi_sync_source_wait_no_replica",
            "OFF",
            "ON",
        ),
        wrong(
            s.after_sync,
            "rpl_semi_sync_source_wait_point",
            "AFTER_COMMIT",
            "AFTER_SYNC",
        ),
        // Last, so that commands in this order never wait by half-set rules.
        wrong(
            s.source_enabled,
            "rpl_semi_sync_source_enabled",
            "OFF",
            "ON",
        ),
        wrong(s.source_active || !s.source_enabled, STATUS, "OFF", "ON"),
    ];
    settings.into_iter().flatten().collect()
}

/// Whether a command can set it right.
pub(crate) fn settable(wrong: &WrongSetting) -> bool {
    wrong.name != STATUS
}

pub(super) fn not_enforced(scene: &Scene<'_>) -> Option<Finding> {
    let name = &scene.view.cluster.primary;
    let policy = scene.view.cluster.policy.durability;
    let acks = policy.acks();
    let report = current(scene.view.primary()).filter(|_| acks > 0)?;
    let setting = |name: &str, value: &str, wanted: &str| Evidence::Setting {
        node: scene.view.cluster.primary.clone(),
        name: name.to_owned(),
        value: value.to_owned(),
        wanted: wanted.to_owned(),
    };
    let Some(semi_sync) = &report.semi_sync else {
        return Some(Finding {
            sentence: format!("{name} does not enforce {policy}: it has no semi-sync plugin"),
            response: format!("on {name}: {}", install_plugins(report.version)),
            evidence: vec![setting("rpl_semi_sync_source", "not loaded", "loaded")],
        });
    };
    if is_loosened(scene.view, semi_sync) {
        return None;
    }
    let wrong = wrong_settings(semi_sync, acks);
    let by_hand = format!("on {name}: {}", correction(&wrong));
    (!wrong.is_empty()).then(|| Finding {
        sentence: format!("{name} does not enforce {policy}: a failover may lose commits"),
        response: if wrong.iter().any(settable) {
            scene.response("Lictor sets it right, the replicas' side first", &by_hand)
        } else {
            by_hand
        },
        evidence: wrong
            .iter()
            .map(|wrong| setting(wrong.name, &wrong.value, &wrong.wanted))
            .collect(),
    })
}

/// The statements that load both semi-sync plugins, as `version` names them.
pub(crate) fn install_plugins(version: ServerVersion) -> String {
    const RENAMED: ServerVersion = ServerVersion::new(8, 0, 26);
    let install = |side| format!("INSTALL PLUGIN rpl_semi_sync_{side} SONAME 'semisync_{side}.so'");
    let (source, replica) = if version < RENAMED {
        ("master", "slave")
    } else {
        ("source", "replica")
    };
    format!("{}; {}", install(source), install(replica))
}

/// What sets right what is wrong. Not persisted: a node that boots as a source
/// of semi-sync cannot be a replica.
pub(crate) fn correction(wrong: &[WrongSetting]) -> String {
    let statements: Vec<_> = wrong
        .iter()
        .filter(|wrong| settable(wrong))
        .map(|wrong| format!("SET GLOBAL {} = {}", wrong.name, wrong.wanted))
        .collect();
    if statements.is_empty() {
        "it comes back by itself once a replica has caught up".to_owned()
    } else {
        statements.join("; ")
    }
}

/// By policy, so it is no drift; but never silent.
pub(super) fn loosened(scene: &Scene<'_>) -> Option<Finding> {
    let name = &scene.view.cluster.primary;
    let policy = &scene.view.cluster.policy;
    let semi_sync = current(scene.view.primary())?.semi_sync.as_ref()?;
    is_loosened(scene.view, semi_sync).then(|| Finding {
        sentence: format!(
            "commits on {name} wait for {} replica(s), not for {}: too few can acknowledge",
            semi_sync.level(),
            policy.durability
        ),
        response: scene.response(
            "Lictor tightens it again when enough replicas acknowledge; no failover may lose \
             what is acknowledged meanwhile",
            "start the replicas, then set the primary as the policy demands",
        ),
        evidence: vec![
            Evidence::Setting {
                node: name.clone(),
                name: "rpl_semi_sync_source_wait_for_replica_count".to_owned(),
                value: semi_sync.level().to_string(),
                wanted: policy.durability.acks().to_string(),
            },
            Evidence::Setting {
                node: name.clone(),
                name: "Rpl_semi_sync_source_clients".to_owned(),
                value: semi_sync.clients.to_string(),
                wanted: format!("at least {}", policy.durability.acks()),
            },
        ],
    })
}

pub(super) fn starved(scene: &Scene<'_>) -> Option<Finding> {
    let name = &scene.view.cluster.primary;
    let semi_sync = current(scene.view.primary())?.semi_sync.as_ref()?;
    let acks = semi_sync.level();
    let waits = "start a replica with semi-sync, or lower the policy's acknowledgements";
    let response = match scene.view.cluster.policy.on_starved {
        OnStarved::Loosen { after_secs, .. } if scene.view.cluster.policy.lowest_acks() < acks => {
            let by_lictor = format!(
                "Lictor lets commits wait for fewer once it has lasted {after_secs} s, as the \
                 policy says"
            );
            scene.response(&by_lictor, waits)
        }
        _ => waits.to_owned(),
    };
    let status = |variable: &str, value: u32, wanted: String| Evidence::Setting {
        node: name.clone(),
        name: variable.to_owned(),
        value: value.to_string(),
        wanted,
    };
    (semi_sync.source_enabled && semi_sync.clients < acks).then(|| Finding {
        sentence: format!(
            "commits on {name} wait: {} of the {acks} replicas that must acknowledge are connected",
            semi_sync.clients
        ),
        response,
        evidence: vec![
            status(
                "Rpl_semi_sync_source_clients",
                semi_sync.clients,
                format!("at least {acks}"),
            ),
            status(
                "Rpl_semi_sync_source_wait_sessions",
                semi_sync.waiting_sessions,
                "0".to_owned(),
            ),
        ],
    })
}
