//! Values and their laws: what every room of Lictor agrees on.
//!
//! A value here is valid from the moment it exists; parsing and construction
//! are the only places that can fail. This crate does no I/O, reads no clock
//! and draws no random number.

pub mod access;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod evidence;
pub mod failover;
pub mod gtid;
pub mod hint;
pub mod history;
pub mod hostgroup;
pub mod keyspace;
pub mod lease;
pub mod names;
pub mod operation;
pub mod order;
pub mod policy;
pub mod problem;
pub mod rebuild;
pub mod recovery;
pub mod report;
pub mod routing;
pub mod rule;
pub mod statement;
pub mod survey;
pub mod switchover;
mod tree;
pub mod variable;
pub mod version;

pub use access::{Actor, Scope, Token, TokenId, TokenName};
pub use clock::{Mono, Now};
pub use cluster::{Cluster, Maintenance, Node, Pause, Quarantine};
pub use config::{ClusterConfig, Config, Draft, Fault, Faults, Placement, Version};
pub use evidence::{Evidence, GtidRole};
pub use failover::{Blocker, FailoverOrder, Rehearsal};
pub use gtid::GtidSet;
pub use hint::{Division, Hints, NodeHint};
pub use history::{Happening, HappeningKind, Span};
pub use hostgroup::{
    Capacity, Hostgroup, HostgroupError, HostgroupId, HostgroupKind, Members, Role, Server,
    ServerStatus,
};
pub use keyspace::{
    Function, HashAlgorithm, Key, KeyError, KeyType, Keyspace, KeyspaceError, Keyspaces, Shard,
    Unresolved, Writes,
};
pub use names::{
    ClusterName, HostgroupName, Instance, KeyspaceName, NodeAddress, NodeName, ServerUuid,
    ShardName, Zone,
};
pub use operation::{Operation, OperationId, OperationState};
pub use order::{Epoch, Revision, Term};
pub use policy::{
    AvailabilityPercent, BetterPlaced, Budget, Durability, Mode, NoReaders, Objectives, OnStarved,
    Policy, Profile, Promotion, PromotionRule, RebuildPolicy, Share,
};
pub use problem::{Problem, ProblemCode, Severity};
pub use rebuild::{CopyProgress, Rebuild, RebuildId, RebuildState};
pub use recovery::{
    AbortReason, CandidateVerdict, FencingProof, Phase, Recovery, RecoveryId, RecoveryKind,
    RecoveryOutcome, Rejection, Standing, Step,
};
pub use report::{NodeReport, ProbeOutcome, ReceiverState, Replication, Writability};
pub use routing::{
    Changes, ClusterRoute, Endpoint, Filling, HostgroupRoute, Reader, RouteState, RoutingDelta,
    RoutingTable,
};
pub use rule::{Multiplex, QueryRule, ReModifiers, RuleError, RuleFields, RuleId};
pub use statement::{Statement, WriteReason};
pub use survey::{ListedReplica, Survey};
pub use switchover::{LongTransactions, OpenTransaction, Order, Preflight};
pub use variable::{Variable, VariableVerdict};
pub use version::ServerVersion;
