//! Consul's transaction: up to 64 operations, all or none.
//!
//! <https://developer.hashicorp.com/consul/api-docs/v1.8.x/txn>. An operation
//! that fails is reported with its position and Consul's words; a right that
//! the token lacks comes back in the same way and is told apart here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};

use crate::client::{Answer, Consul};
use crate::error::ConsulError;
use crate::term::TermGuard;

/// Operations that Consul takes in one transaction.
pub(crate) const OPERATIONS_MAX: usize = 64;

/// One operation, in Consul's own shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Op {
    #[serde(rename = "KV")]
    Key(KeyOp),
    Node {
        #[serde(rename = "Verb")]
        verb: Verb,
        #[serde(rename = "Node")]
        node: NodeBody,
    },
    Service {
        #[serde(rename = "Verb")]
        verb: Verb,
        #[serde(rename = "Node")]
        node: String,
        #[serde(rename = "Service")]
        service: ServiceBody,
    },
    Check {
        #[serde(rename = "Verb")]
        verb: Verb,
        #[serde(rename = "Check")]
        check: CheckBody,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verb {
    Set,
    Delete,
    Cas,
    DeleteCas,
    CheckIndex,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KeyOp {
    pub(crate) verb: Verb,
    pub(crate) key: String,
    /// Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    pub(crate) index: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NodeBody {
    pub(crate) node: String,
    pub(crate) address: String,
    pub(crate) meta: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceBody {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) service: String,
    pub(crate) port: u16,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) meta: BTreeMap<String, String>,
}

/// Access rules judge a service's check by `ServiceName`, so it is always sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CheckBody {
    pub(crate) node: String,
    #[serde(rename = "CheckID")]
    pub(crate) check_id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) output: String,
    #[serde(rename = "ServiceID")]
    pub(crate) service_id: String,
    pub(crate) service_name: String,
}

impl ServiceBody {
    /// One of that name, and nothing else.
    pub(crate) fn called(name: &str) -> Self {
        Self {
            id: name.to_owned(),
            service: name.to_owned(),
            port: 0,
            tags: BTreeSet::new(),
            meta: BTreeMap::new(),
        }
    }
}

/// A key that is never written.
const NO_KEY: &str = "lictor/never";

impl Op {
    /// Fails every transaction.
    fn never() -> Self {
        Self::Key(KeyOp {
            verb: Verb::CheckIndex,
            key: NO_KEY.to_owned(),
            value: None,
            index: 1,
        })
    }

    /// Fails the transaction unless the term key is as the guard left it.
    pub(crate) fn check_term(guard: &TermGuard) -> Self {
        Self::Key(KeyOp {
            verb: Verb::CheckIndex,
            key: guard.key().to_owned(),
            value: None,
            index: guard.modify_index(),
        })
    }

    pub(crate) fn compare_and_set(key: &str, value: &[u8], index: u64) -> Self {
        Self::Key(KeyOp {
            verb: Verb::Cas,
            key: key.to_owned(),
            value: Some(BASE64_STANDARD.encode(value)),
            index,
        })
    }

    pub(crate) fn delete_cas(key: &str, index: u64) -> Self {
        Self::Key(KeyOp {
            verb: Verb::DeleteCas,
            key: key.to_owned(),
            value: None,
            index,
        })
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(op) => write!(f, "key {}", op.key),
            Self::Node { node, .. } => write!(f, "node {}", node.node),
            Self::Service { node, service, .. } => write!(f, "service {} on {node}", service.id),
            Self::Check { check, .. } => write!(f, "check {} on {}", check.check_id, check.node),
        }
    }
}

#[derive(Deserialize)]
struct Committed {
    #[serde(rename = "Results")]
    results: Option<Vec<ResultEntry>>,
}

#[derive(Deserialize)]
struct ResultEntry {
    #[serde(rename = "KV")]
    key: Option<WrittenKey>,
}

#[derive(Deserialize)]
struct WrittenKey {
    #[serde(rename = "ModifyIndex")]
    modify_index: u64,
}

#[derive(Deserialize)]
struct RolledBack {
    #[serde(rename = "Errors")]
    errors: Vec<Failure>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(rename = "OpIndex")]
    op_index: usize,
    #[serde(rename = "What")]
    what: String,
}

impl Consul {
    /// Commits `ops` in one transaction that holds only in the guard's term.
    pub(crate) async fn commit_guarded(
        &self,
        guard: &TermGuard,
        ops: Vec<Op>,
        doing: &str,
    ) -> Result<(), ConsulError> {
        let ops: Vec<Op> = std::iter::once(Op::check_term(guard)).chain(ops).collect();
        self.commit(&ops, doing).await.map(drop)
    }

    /// Has `ops` judged, and commits none of them: [`ConsulError::StaleTerm`] where
    /// nothing else stands against it.
    pub(crate) async fn commit_nothing(
        &self,
        ops: Vec<Op>,
        doing: &str,
    ) -> Result<(), ConsulError> {
        let ops: Vec<Op> = std::iter::once(Op::never()).chain(ops).collect();
        self.commit(&ops, doing).await.map(drop)
    }

    /// Commits one operation on a key; its new index where it left a key.
    pub(crate) async fn commit_key(&self, op: Op, doing: &str) -> Result<Option<u64>, ConsulError> {
        let committed = self.commit(&[op], doing).await?;
        let first = committed.results.unwrap_or_default().into_iter().next();
        Ok(first
            .and_then(|entry| entry.key)
            .map(|key| key.modify_index))
    }

    async fn commit(&self, ops: &[Op], doing: &str) -> Result<Committed, ConsulError> {
        if ops.len() > OPERATIONS_MAX {
            return Err(ConsulError::TooLarge {
                doing: doing.to_owned(),
                operations: ops.len(),
                limit: OPERATIONS_MAX,
            });
        }
        let answer = self.put(self.url("v1/txn"), ops, doing).await?;
        if answer.status == StatusCode::CONFLICT {
            return Err(rolled_back(&answer, ops, doing));
        }
        answer.json(doing)
    }
}

/// Reads what Consul says of a transaction that it did not apply.
fn rolled_back(answer: &Answer, ops: &[Op], doing: &str) -> ConsulError {
    let Ok(RolledBack { errors }) = serde_json::from_slice(&answer.body) else {
        return answer.unexpected(doing);
    };
    let describe = |failure: &Failure| match ops.get(failure.op_index) {
        Some(op) => format!("{op}: {}", failure.what),
        None => failure.what.clone(),
    };
    let doing = doing.to_owned();
    let denied = |failure: &&Failure| failure.what.contains("Permission denied");
    if let Some(failure) = errors.iter().find(denied) {
        return ConsulError::Refused {
            doing,
            reason: describe(failure),
        };
    }
    let stale = |failure: &&Failure| {
        let op = ops.get(failure.op_index);
        matches!(op, Some(Op::Key(key)) if key.verb == Verb::CheckIndex)
    };
    if let Some(failure) = errors.iter().find(stale) {
        return ConsulError::StaleTerm {
            doing,
            reason: failure.what.clone(),
        };
    }
    ConsulError::Conflict {
        doing,
        failed: errors.iter().map(describe).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn conflict(errors: &serde_json::Value) -> Answer {
        Answer {
            status: StatusCode::CONFLICT,
            body: json!({ "Results": null, "Errors": errors })
                .to_string()
                .into(),
        }
    }

    fn guarded() -> [Op; 2] {
        let guard = TermGuard::for_tests("lictor/term", 7);
        [
            Op::check_term(&guard),
            Op::compare_and_set("lictor/lease", b"{}", 0),
        ]
    }

    #[test]
    fn operations_have_the_shape_consul_documents() {
        let [check, set] = guarded();
        assert_eq!(
            serde_json::to_value([check, set]).unwrap(),
            json!([
                {"KV": {"Verb": "check-index", "Key": "lictor/term", "Index": 7}},
                {"KV": {"Verb": "cas", "Key": "lictor/lease", "Value": "e30=", "Index": 0}},
            ])
        );
    }

    #[test]
    fn a_failed_guard_is_a_stale_term_whatever_else_failed() {
        let answer = conflict(&json!([
            {"OpIndex": 1, "What": "failed to set key, index is stale"},
            {"OpIndex": 0, "What": "current modify index 9 != 7"},
        ]));
        let error = rolled_back(&answer, &guarded(), "flipping");
        assert!(matches!(error, ConsulError::StaleTerm { .. }), "{error}");
    }

    #[test]
    fn a_missing_right_inside_a_transaction_is_refused_not_conflict() {
        let answer = conflict(&json!([{"OpIndex": 1, "What": "Permission denied"}]));
        let error = rolled_back(&answer, &guarded(), "flipping");
        assert_eq!(
            error.to_string(),
            "Consul's access rules refuse flipping: key lictor/lease: Permission denied"
        );
    }

    #[test]
    fn any_other_failure_is_a_conflict_that_names_the_operation() {
        let answer = conflict(&json!([{"OpIndex": 1, "What": "index is stale"}]));
        let error = rolled_back(&answer, &guarded(), "flipping");
        assert_eq!(
            error.to_string(),
            "Consul applied nothing (flipping): key lictor/lease: index is stale"
        );
    }
}
