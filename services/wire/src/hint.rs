//! Hints beside the routing table.

use std::time::Duration;

use lictor_domain as domain;

use crate::error::{WireError, convert_all, parse};
use crate::v1;

impl From<domain::Hints> for v1::Hints {
    fn from(hints: domain::Hints) -> Self {
        let nodes = hints.nodes.into_iter().map(|(node, hint)| v1::NodeHint {
            node: node.into(),
            lag_at_most_ms: hint
                .lag_at_most
                .map(|lag| u64::try_from(lag.as_millis()).unwrap_or(u64::MAX)),
            connections: hint.connections,
        });
        Self {
            nodes: nodes.collect(),
        }
    }
}

/// One entry.
struct Entry(domain::NodeName, domain::NodeHint);

impl TryFrom<v1::NodeHint> for Entry {
    type Error = WireError;

    fn try_from(hint: v1::NodeHint) -> Result<Self, WireError> {
        if hint.connections == Some(0) {
            return Err(WireError::invalid(
                "connections",
                "0, and at least 1 is needed",
            ));
        }
        let known = domain::NodeHint {
            lag_at_most: hint.lag_at_most_ms.map(Duration::from_millis),
            connections: hint.connections,
        };
        Ok(Self(parse(&hint.node, "node")?, known))
    }
}

impl TryFrom<v1::Hints> for domain::Hints {
    type Error = WireError;

    fn try_from(hints: v1::Hints) -> Result<Self, WireError> {
        let nodes: Vec<Entry> = convert_all(hints.nodes, "nodes")?;
        Ok(Self {
            nodes: nodes
                .into_iter()
                .map(|Entry(node, hint)| (node, hint))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_reads_back_as_the_same_value() {
        let hint = domain::NodeHint {
            lag_at_most: Some(Duration::from_millis(250)),
            connections: Some(3),
        };
        let hints = domain::Hints {
            nodes: [
                ("orders-1".parse().unwrap(), hint),
                ("orders-2".parse().unwrap(), domain::NodeHint::default()),
            ]
            .into(),
        };
        let back: domain::Hints = v1::Hints::from(hints.clone()).try_into().unwrap();
        assert_eq!(back, hints);
    }

    #[test]
    fn a_share_of_nothing_is_refused_with_its_place() {
        let hint = v1::NodeHint {
            node: "orders-1".to_owned(),
            lag_at_most_ms: None,
            connections: Some(0),
        };
        let error = domain::Hints::try_from(v1::Hints { nodes: vec![hint] }).unwrap_err();
        assert!(
            error.to_string().contains("`nodes[0].connections`"),
            "{error}"
        );
    }
}
