//! The JSON of Lictor's API, which the command line speaks too. The `OpenAPI`
//! document calls the schemas by the names here.
//!
//! What is shown is made of wire messages and domain values, and the bodies of
//! requests become messages; no I/O, and nothing is decided here.
//! Names are `snake_case`; times are RFC 3339 in UTC with milliseconds; durations are
//! numbers whose unit ends the name; what is not known is `null`, and every field of
//! what is shown is always there. How anything looks as text is not said here.

#[macro_use]
mod words;

#[macro_use]
mod shown;

mod access;
mod availability;
mod body;
mod cluster;
mod config;
mod control_plane;
mod event;
#[cfg(test)]
mod fields;
mod history;
mod keyspace;
mod node;
mod operation;
mod orders;
mod policy;
mod problem;
mod recovery;
mod routing;
mod rule;
mod subscriber;
mod time;
mod upkeep;
mod variable;

pub use access::{CreatedToken, RevokedToken, Secret, Session, Token, TokenList, TokenRole};
pub use availability::{Availability, ClusterAvailability, Outage};
pub use body::{
    AddClusterRequest, BudgetChange, ConfigApplyFields, ConfigApplyRequest, ConfigDiffFields,
    ConfigDiffRequest, ConfigRollbackRequest, CreateTokenRequest, FailoverRequest, LogInRequest,
    LongTransactions, MaintenanceEndRequest, MaintenanceRequest, NodeChange, NodeChangeFields,
    ObjectivesChange, PauseRequest, PolicyChange, PolicyPatch, Promise, RebuildRequest,
    RejoinRequest, RepointRequest, ResumeRequest, RevokeTokenRequest, RuleTestRequest,
    SwitchoverRequest,
};
pub use cluster::{
    AddedCluster, Cluster, ClusterState, ClusterSummary, NodeConnections, NodeCounts, ProblemCounts,
};
pub use config::{
    Config, ConfigChange, ConfigConflict, ConfigDiff, ConfigEdit, ConfigField, ConfigOutcome,
    ConfigStep, ConfigVersion, KeyMove, NotYaml, ShardPlace,
};
pub use control_plane::{ControlPlane, Lease, Member, Relay, StoreState};
pub use event::{RoutingChanged, SubscriberCounts, WatchHello};
pub use history::{AuditOutcome, AuditRecord, ClusterProblem, Happening, HappeningKind};
pub use keyspace::{KeyType, Keyspace, KeyspaceFunction, Resolution, Shard, Writes};
pub use node::{
    Check, CheckKind, CheckStatus, Guard, Node, NodePlacement, NodeSemiSync, PromotionRule,
    Quarantine, ReceiverState, Role, Writability,
};
pub use operation::{Operation, OperationKind, OperationState};
pub use orders::{CheckFinding, FailoverReport, PreflightCheck, SwitchoverReport};
pub use policy::{
    BetterPlaced, Budget, Mode, NoReaders, Objectives, Policy, Profile, RebuildPolicy,
    read_durability, read_on_starved,
};
pub use problem::{ApiProblem, FieldError, Finding, Problem, ProblemKind, Severity};
pub use recovery::{
    Candidate, Fencing, Phase, PhaseName, PhaseStep, Recovery, RecoveryKind, RecoveryState,
    RecoverySummary, Step,
};
pub use routing::{Endpoint, Reader, Route, RouteState, RoutingTable};
pub use rule::{
    Hostgroup, HostgroupKind, QueryRule, RuleOutcome, RuleStep, RuleTest, Server, ServerStatus,
    StatementClass,
};
pub use shown::{
    AuditPage, ClusterPage, ClusterProblemList, ConfigStepPage, HappeningPage, NodeConnectionsList,
    NodePage, OperationPage, ProblemKindList, RecoveryPage, VariableList,
};
pub use subscriber::{Nack, Subscriber, SubscriberKind, SubscriberPage};
pub use time::At;
pub use upkeep::{
    Maintenance, NodeMaintenance, Rebuild, RebuildReport, RebuildState, RejoinReport, RepointReport,
};
pub use variable::{Variable, VariableVerdict};

use lictor_wire::v1;

/// An epoch as text, such as `2.1`; a dash when there is none.
fn epoch(epoch: Option<&v1::Epoch>) -> String {
    epoch.map_or_else(
        || "-".to_owned(),
        |epoch| format!("{}.{}", epoch.term, epoch.n),
    )
}

/// A revision as text, such as `2.7`.
fn revision(revision: &v1::Revision) -> String {
    format!("{}.{}", revision.term, revision.n)
}

/// Each of them, converted.
fn all<T, U: From<T>>(values: Vec<T>) -> Vec<U> {
    values.into_iter().map(Into::into).collect()
}
