//! Values and their laws: what every room of Lictor agrees on.
//!
//! A value here is valid from the moment it exists; parsing and construction
//! are the only places that can fail. This crate does no I/O, reads no clock
//! and draws no random number.

pub mod clock;
pub mod cluster;
pub mod evidence;
pub mod failover;
pub mod gtid;
pub mod lease;
pub mod names;
pub mod order;
pub mod policy;
pub mod problem;
pub mod rebuild;
pub mod recovery;
pub mod report;
pub mod routing;
pub mod survey;
pub mod switchover;
mod tree;
pub mod version;

pub use clock::{Mono, Now};
pub use cluster::{Cluster, Maintenance, Node, Pause, Quarantine};
pub use evidence::{Evidence, GtidRole};
pub use failover::{Blocker, FailoverOrder, Rehearsal};
pub use gtid::GtidSet;
pub use names::{ClusterName, Instance, NodeAddress, NodeName, ServerUuid, Zone};
pub use order::{Epoch, Revision, Term};
pub use policy::{
    BetterPlaced, Budget, Durability, Mode, NoReaders, OnStarved, Policy, Profile, Promotion,
    PromotionRule, RebuildPolicy, Share,
};
pub use problem::{Problem, ProblemCode, Severity};
pub use rebuild::{CopyProgress, Rebuild, RebuildId, RebuildState};
pub use recovery::{
    AbortReason, CandidateVerdict, FencingProof, Phase, Recovery, RecoveryId, RecoveryKind,
    RecoveryOutcome, Rejection, Standing, Step,
};
pub use report::{NodeReport, ProbeOutcome, ReceiverState, Replication, Writability};
pub use routing::{ClusterRoute, Endpoint, Reader, RouteState, RoutingDelta, RoutingTable};
pub use survey::{ListedReplica, Survey};
pub use switchover::{LongTransactions, OpenTransaction, Order, Preflight};
pub use version::ServerVersion;
