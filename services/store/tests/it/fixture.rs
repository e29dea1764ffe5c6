//! Values to store.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lictor_domain::access::{Outcome, Role};
use lictor_domain::{
    Actor, Cluster, ClusterName, Draft, Epoch, Node, NodeName, Phase, Policy, Problem, ProblemCode,
    Promotion, Recovery, RecoveryId, RecoveryKind, RecoveryOutcome, Scope, ServerUuid, Severity,
    Step, Term, Token,
};
use lictor_store::AuditEntry;
use sqlx::types::Uuid;

pub(crate) const ONE: Term = Term(1);
pub(crate) const TWO: Term = Term(2);

pub(crate) fn epoch(term: u64, n: u64) -> Epoch {
    Epoch {
        term: Term(term),
        n,
    }
}

pub(crate) fn name(cluster: &str) -> ClusterName {
    cluster.parse().unwrap()
}

pub(crate) fn node_name(node: &str) -> NodeName {
    node.parse().unwrap()
}

/// The `number`th node of a cluster; `host` makes its address and server.
pub(crate) fn node(cluster: &str, number: u32, host: u8) -> Node {
    Node {
        name: NodeName::numbered(&name(cluster), number),
        address: format!("10.0.0.{host}:3306").parse().unwrap(),
        server_uuid: ServerUuid(Uuid::from_u128(u128::from(host))),
        promotion: Promotion::default(),
        zone: None,
        follows: None,
        quarantine: None,
        maintenance: None,
    }
}

/// A cluster of two nodes on the hosts `host` and `host + 1`.
pub(crate) fn cluster(cluster: &str, host: u8) -> Cluster {
    Cluster {
        name: name(cluster),
        policy: Policy::default(),
        epoch: epoch(1, 1),
        primary: NodeName::numbered(&name(cluster), 1),
        nodes: vec![node(cluster, 1, host), node(cluster, 2, host + 1)],
        pause: None,
    }
}

pub(crate) fn entry(action: &str) -> AuditEntry {
    AuditEntry {
        actor: Actor::called("ada"),
        action: action.into(),
        target: "orders".into(),
        reason: Some("a test".into()),
        result: "done".into(),
        outcome: Outcome::Done,
    }
}

/// A configuration with one hostgroup.
pub(crate) fn with_hostgroup(id: u32) -> Draft {
    let document = format!(
        r#"{{"hostgroups":[{{"id":{id},"name":"g{id}","kind":"custom",
             "servers":[{{"address":"10.0.0.9:3306"}}]}}]}}"#
    );
    serde_json::from_str(&document).unwrap()
}

/// That cluster, or every one.
pub(crate) fn only(cluster: Option<&ClusterName>) -> Scope {
    Scope::of(cluster.into_iter().cloned().collect())
}

/// The `number`th token.
pub(crate) fn token(number: u8, name: &str) -> Token {
    Token {
        id: format!("{number:012x}").parse().unwrap(),
        name: name.parse().unwrap(),
        role: Role::Viewer,
        scope: Scope::All,
        created_at: minute(0),
        created_by: "ada".into(),
        expires_at: None,
        revoked: None,
        last_use: None,
    }
}

/// Midnight, and so many minutes.
pub(crate) fn minute(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 123_456_000).unwrap() + TimeDelta::minutes(minutes)
}

/// A failover that runs since so many minutes after midnight.
pub(crate) fn recovery(cluster: &str, id: u128, minutes: i64) -> Recovery {
    Recovery {
        id: RecoveryId(Uuid::from_u128(id)),
        cluster: name(cluster),
        kind: RecoveryKind::Failover,
        epoch: epoch(1, 2),
        started_at: minute(minutes),
        old_primary: NodeName::numbered(&name(cluster), 1),
        new_primary: None,
        verdict: Problem {
            code: ProblemCode::DeadPrimary,
            severity: Severity::Critical,
            node: Some(NodeName::numbered(&name(cluster), 1)),
            sentence: "its process is gone".into(),
            response: "fails over".into(),
            evidence: Vec::new(),
        },
        fencing: None,
        candidates: Vec::new(),
        steps: Vec::new(),
        outcome: RecoveryOutcome::Running,
    }
}

/// The same, ended well after so many seconds.
pub(crate) fn done(mut recovery: Recovery, seconds: u64) -> Recovery {
    recovery.steps.push(Step {
        phase: Phase::Repoint,
        began: Duration::ZERO,
        took: Some(Duration::from_secs(seconds)),
        sentence: "the others follow".into(),
    });
    recovery.outcome = RecoveryOutcome::Done;
    recovery
}
