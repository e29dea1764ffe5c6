//! What orchestrator's configuration says of how clusters are kept. Settings are
//! as in its documentation, "Configuration: recovery".
//!
//! A setting's value is shown only where it is taken: others may have passwords
//! or commands with passwords in them.

use std::collections::{BTreeMap, BTreeSet};

use lictor_domain::config::{ClusterConfig, Draft};
use lictor_domain::names::ClusterName;
use lictor_domain::policy::{Budget, Mode};
use regex::Regex;
use serde_json::{Map, Value};

use super::super::{Clusters, Import, Notes, list, shown};
use super::Source;
use crate::error::DocumentError;

const BLOCK: &str = "RecoveryPeriodBlockSeconds";
const MASTERS: &str = "RecoverMasterClusterFilters";
/// How long orchestrator leaves a cluster alone after a recovery, in seconds, if
/// its configuration does not say.
const USUAL_BLOCK: u64 = 3600;

pub(super) fn import(
    settings: &Map<String, Value>,
    source: Source<'_>,
    clusters: &Clusters,
) -> Result<Import, DocumentError> {
    let looks_so = |setting: &String| {
        setting == BLOCK || setting == MASTERS || KNOWN.iter().any(|(name, _)| name == setting)
    };
    if !settings.keys().any(looks_so) {
        return Err(source.whole("no setting of orchestrator is in it"));
    }
    let mut notes = Notes::default();
    let filters = Filters::read(settings, source)?;
    let known: Clusters = if clusters.is_empty() {
        let names = filters.names();
        names.map(|name| (name, BTreeSet::new())).collect()
    } else {
        clusters.clone()
    };
    if known.is_empty() {
        notes.ask(
            "clusters",
            "the configuration names none: give each as `--cluster NAME=ADDRESS,…`, or import what \
             `/api/all-instances` lists",
        );
    }
    let budget = budget(settings, source, &mut notes)?;
    let mut configs = BTreeMap::new();
    for (name, known) in known {
        let mode = filters.mode(&name);
        notes.taken(format!("cluster {name}"), why(mode));
        let seed = known.first().map(ToString::to_string);
        notes.register(&name, seed.as_deref().unwrap_or("HOST:PORT"));
        let mut config = ClusterConfig::default();
        config.policy.mode = mode;
        config.policy.budget = budget;
        configs.insert(name, config);
    }
    others(settings, &mut notes);
    Ok(notes.with(Draft {
        clusters: configs,
        ..Draft::default()
    }))
}

/// One recovery in the time for which orchestrator blocks the next.
fn budget(
    settings: &Map<String, Value>,
    source: Source<'_>,
    notes: &mut Notes,
) -> Result<Budget, DocumentError> {
    let secs = match settings.get(BLOCK) {
        None => USUAL_BLOCK,
        Some(secs) => secs
            .as_u64()
            .ok_or_else(|| source.field(BLOCK, "it is no whole number of seconds"))?,
    };
    if secs == 0 {
        let budget = Budget::default();
        notes.changed(
            BLOCK,
            format!(
                "nothing is blocked there; here the budget is {} failovers in {} s",
                budget.failovers, budget.window_secs
            ),
        );
        return Ok(budget);
    }
    notes.taken(
        BLOCK,
        format!("at most 1 failover in {secs} s is the budget"),
    );
    Ok(Budget {
        failovers: 1,
        window_secs: secs,
    })
}

/// Which clusters' primaries orchestrator recovers by itself.
struct Filters {
    all: bool,
    aliases: BTreeSet<String>,
    patterns: Vec<Regex>,
}

impl Filters {
    fn read(settings: &Map<String, Value>, source: Source<'_>) -> Result<Self, DocumentError> {
        let mut filters = Self {
            all: false,
            aliases: BTreeSet::new(),
            patterns: vec![],
        };
        let Some(said) = settings.get(MASTERS) else {
            return Ok(filters);
        };
        let said = said
            .as_array()
            .ok_or_else(|| source.field(MASTERS, "it is no list of texts"))?;
        for (at, filter) in said.iter().enumerate() {
            let wrong = |why: String| source.field(format!("{MASTERS}[{at}]"), why);
            let filter = filter
                .as_str()
                .ok_or_else(|| wrong("it is no text".to_owned()))?;
            if filter == "*" || filter == ".*" {
                filters.all = true;
            } else if let Some(alias) = filter.strip_prefix("alias=") {
                filters.aliases.insert(alias.to_owned());
            } else {
                let pattern = filter.strip_prefix("alias~=").unwrap_or(filter);
                if pattern.parse::<ClusterName>().is_ok() {
                    filters.aliases.insert(pattern.to_owned());
                }
                let pattern = Regex::new(pattern)
                    .map_err(|_| wrong(format!("`{}` is no usable pattern", shown(filter))))?;
                filters.patterns.push(pattern);
            }
        }
        Ok(filters)
    }

    /// Those that a filter names.
    fn names(&self) -> impl Iterator<Item = ClusterName> {
        self.aliases.iter().filter_map(|alias| alias.parse().ok())
    }

    fn mode(&self, cluster: &ClusterName) -> Mode {
        let name = cluster.as_str();
        let matched = self.all
            || self.aliases.contains(name)
            || self.patterns.iter().any(|pattern| pattern.is_match(name));
        if matched { Mode::Auto } else { Mode::Manual }
    }
}

const fn why(mode: Mode) -> &'static str {
    match mode {
        Mode::Auto => {
            "RecoverMasterClusterFilters has it, so its mode is auto; orchestrator must not \
             recover it any more when that is applied"
        }
        _ => {
            "RecoverMasterClusterFilters does not have it, so its mode is manual: an operator \
             orders its failovers"
        }
    }
}

/// Says of each setting that is not taken why not, together where the reason is
/// the same.
fn others(settings: &Map<String, Value>, notes: &mut Notes) {
    let mut reasons: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (setting, value) in settings {
        let unset = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Number(number) => number.as_u64() == Some(0),
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.is_empty(),
            Value::Bool(true) => false,
        };
        if setting == BLOCK || setting == MASTERS || unset {
            continue;
        }
        let why = KNOWN.iter().find(|(name, _)| name == setting);
        let why = why.map_or(
            "it is about orchestrator itself, not about how clusters are kept",
            |(_, why)| *why,
        );
        reasons.entry(why).or_default().insert(setting);
    }
    for (why, settings) in reasons {
        notes.left_out(list(settings), why);
    }
}

const HOOKS: &str = "Lictor runs no commands: it pushes routes to clients, keeps Consul's DNS, and \
                     tells each recovery by `lictor recovery show`";
const CATCHES_UP: &str = "the winner of a failover always applies all it received before it takes \
                          writes, however long it takes";
const ZONES: &str = "Lictor prefers the lost primary's zone, and forbids no other: give nodes \
                     elsewhere promotion must_not to have none of them promoted";
const PLACES: &str = "where nodes stand and which are preferred is in the document, not asked by a \
                      query; import what `/api/all-instances` lists to take it";
const ACCESS: &str = "users and passwords are settings of lictord, `[mysql]` in its configuration";
const ALWAYS: &str = "Lictor does that always";
const SEMI_SYNC: &str = "what commits wait for is the policy's `durability`, which Lictor keeps true \
                         on every node";

/// Settings that are about how clusters are kept, or that people look for.
const KNOWN: &[(&str, &str)] = &[
    ("ApplyMySQLPromotionAfterMasterFailover", ALWAYS),
    (
        "CoMasterRecoveryMustPromoteOtherCoMaster",
        "Lictor keeps one primary; a co-primary is a problem that it tells",
    ),
    ("DataCenterPattern", PLACES),
    ("DelayMasterPromotionIfSQLThreadNotUpToDate", ALWAYS),
    (
        "DetachLostReplicasAfterMasterFailover",
        "a replica that holds what the new primary lacks is quarantined by name",
    ),
    (
        "DetachLostSlavesAfterMasterFailover",
        "a replica that holds what the new primary lacks is quarantined by name",
    ),
    ("DetectClusterAliasQuery", PLACES),
    ("DetectClusterDomainQuery", PLACES),
    ("DetectDataCenterQuery", PLACES),
    ("DetectInstanceAliasQuery", PLACES),
    ("DetectPhysicalEnvironmentQuery", PLACES),
    ("DetectPromotionRuleQuery", PLACES),
    ("DetectRegionQuery", PLACES),
    ("DetectSemiSyncEnforcedQuery", SEMI_SYNC),
    ("EnforceExactSemiSyncReplicas", SEMI_SYNC),
    ("FailMasterPromotionIfSQLThreadNotUpToDate", CATCHES_UP),
    ("FailMasterPromotionOnLagMinutes", CATCHES_UP),
    (
        "FailureDetectionPeriodBlockMinutes",
        "problems are told while they stand, not again and again",
    ),
    ("MasterFailoverDetachReplicaMasterHost", ALWAYS),
    ("MasterFailoverDetachSlaveMasterHost", ALWAYS),
    (
        "MasterFailoverLostInstancesDowntimeMinutes",
        "a node that is away serves nothing, and is no candidate, for as long as it is away",
    ),
    ("MySQLTopologyCredentialsConfigFile", ACCESS),
    ("MySQLTopologyPassword", ACCESS),
    ("MySQLTopologyUser", ACCESS),
    ("OnFailureDetectionProcesses", HOOKS),
    ("PostFailoverProcesses", HOOKS),
    ("PostGracefulTakeoverProcesses", HOOKS),
    ("PostIntermediateMasterFailoverProcesses", HOOKS),
    ("PostMasterFailoverProcesses", HOOKS),
    ("PostUnsuccessfulFailoverProcesses", HOOKS),
    (
        "PostponeReplicaRecoveryOnLagMinutes",
        "replicas follow the new primary at once, however far they are behind",
    ),
    (
        "PostponeSlaveRecoveryOnLagMinutes",
        "replicas follow the new primary at once, however far they are behind",
    ),
    ("PreFailoverProcesses", HOOKS),
    ("PreGracefulTakeoverProcesses", HOOKS),
    ("PreventCrossDataCenterMasterFailover", ZONES),
    ("PreventCrossRegionMasterFailover", ZONES),
    (
        "PromotionIgnoreHostnameFilters",
        "give such nodes promotion must_not",
    ),
    (
        "ReasonableReplicationLagSeconds",
        "how far a replica may be behind and still serve reads is the policy's `max_read_lag_secs`",
    ),
    (
        "RecoverIntermediateMasterClusterFilters",
        "in mode auto replicas of a lost replica are moved to the next living node above",
    ),
    (
        "RecoverLockedSemiSyncMaster",
        "what is done when too few replicas can acknowledge is the policy's `on_starved`",
    ),
    (
        "RecoveryIgnoreHostnameFilters",
        "`lictor node maintenance` takes a node out of Lictor's hands",
    ),
    (
        "RecoveryPeriodBlockMinutes",
        "RecoveryPeriodBlockSeconds is taken",
    ),
    ("ReplicationLagQuery", "Lictor measures the lag itself"),
];
