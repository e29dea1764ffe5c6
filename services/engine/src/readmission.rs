//! What an operator is told who wants a node back: that nothing stands in the
//! way, or what does and how to clear it.

use std::fmt;

use lictor_domain::{GtidSet, Mode, Mono, Node, NodeName};

use crate::errant::errant;
use crate::rejoin;
use crate::timing::Timing;
use crate::view::ClusterView;

/// More errant transactions than this are no slip: rebuild the node.
pub const MOST_INJECTED: u128 = 1_000;

/// What stands between a node and its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The cluster has no such node.
    NoSuchNode(NodeName),
    /// It holds the primacy.
    IsPrimary(NodeName),
    /// The mode lets Lictor touch no node.
    OnlyObserved,
    /// It does not answer.
    NotAnswering(NodeName),
    /// The primary does not answer or accepts no writes, so nobody can be told
    /// to follow it.
    NoPrimary(NodeName),
    /// It has not been compared with the primary yet.
    Unjudged(NodeName),
    /// A rebuild of it was not completed.
    Incomplete(NodeName),
    /// It holds what the primary never had.
    Errant {
        /// The node.
        node: NodeName,
        /// What only it holds.
        errant: GtidSet,
    },
    /// It holds nothing errant that could be injected.
    NothingErrant(NodeName),
    /// It holds too many errant transactions.
    TooManyErrant {
        /// The node.
        node: NodeName,
        /// How many.
        count: u128,
    },
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchNode(node) => write!(f, "the cluster has no node {node}"),
            Self::IsPrimary(node) => write!(f, "{node} is the primary"),
            Self::OnlyObserved => f.write_str("the cluster's mode is observe: no node is touched"),
            Self::NotAnswering(node) => write!(f, "{node} does not answer"),
            Self::NoPrimary(primary) => {
                write!(
                    f,
                    "the primary {primary} does not answer or accepts no writes"
                )
            }
            Self::Unjudged(node) => {
                write!(f, "{node} has not been compared with the primary yet")
            }
            Self::Incomplete(node) => write!(
                f,
                "a rebuild of {node} was not completed: its data is incomplete, whatever its \
                 GTIDs say"
            ),
            Self::Errant { node, errant } => write!(
                f,
                "{node} holds {} transactions that the primary never had: {}",
                errant.count(),
                errant.summary(12)
            ),
            Self::NothingErrant(node) => write!(f, "{node} holds no errant transaction"),
            Self::TooManyErrant { node, count } => write!(
                f,
                "{node} holds {count} errant transactions; at most {MOST_INJECTED} are injected"
            ),
        }
    }
}

impl Obstacle {
    /// Its stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchNode(_) => "NoSuchNode",
            Self::IsPrimary(_) => "IsPrimary",
            Self::OnlyObserved => "OnlyObserved",
            Self::NotAnswering(_) => "NotAnswering",
            Self::NoPrimary(_) => "NoPrimary",
            Self::Unjudged(_) => "Unjudged",
            Self::Incomplete(_) => "Incomplete",
            Self::Errant { .. } => "Errant",
            Self::NothingErrant(_) => "NothingErrant",
            Self::TooManyErrant { .. } => "TooManyErrant",
        }
    }

    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NoSuchNode(_) => "see lictor node list".to_owned(),
            Self::IsPrimary(_) => "a primary has nothing to rejoin".to_owned(),
            Self::OnlyObserved => "set the mode to manual or auto".to_owned(),
            Self::NotAnswering(_) => "start it, and let the control account in".to_owned(),
            Self::NoPrimary(_) => "bring the primary back first".to_owned(),
            Self::Unjudged(_) => "try again in a moment".to_owned(),
            Self::Incomplete(node) | Self::TooManyErrant { node, .. } => {
                format!("lictor node rebuild {node}")
            }
            Self::Errant { node, .. } => format!(
                "replace its data: lictor node rebuild {node}; or, if what they changed there \
                 may stay there and nowhere else: lictor node rejoin {node} --inject-empty"
            ),
            Self::NothingErrant(node) => format!("lictor node rejoin {node}"),
        }
    }
}

/// What rejoining takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Nothing: it takes part.
    TakesPart,
    /// Lictor makes it follow.
    Follow,
}

/// Whether a node can come back as it is.
pub fn way_back(
    view: &ClusterView,
    name: &NodeName,
    timing: &Timing,
    now: Mono,
) -> Result<Way, Obstacle> {
    let node = known(view, name)?;
    let errant = errant_of(view, node, timing, now)?;
    if !errant.is_empty() {
        let node = name.clone();
        return Err(Obstacle::Errant { node, errant });
    }
    if node.quarantine.is_none() && rejoin::takes_part(view, node) {
        return Ok(Way::TakesPart);
    }
    Ok(Way::Follow)
}

/// The errant transactions to be made empty ones of the primary.
pub fn injection(
    view: &ClusterView,
    name: &NodeName,
    timing: &Timing,
    now: Mono,
) -> Result<GtidSet, Obstacle> {
    let node = known(view, name)?;
    let errant = errant_of(view, node, timing, now)?;
    let (node, count) = (name.clone(), errant.count());
    if count == 0 {
        return Err(Obstacle::NothingErrant(node));
    }
    if count > MOST_INJECTED {
        return Err(Obstacle::TooManyErrant { node, count });
    }
    Ok(errant)
}

fn known<'a>(view: &'a ClusterView, name: &NodeName) -> Result<&'a Node, Obstacle> {
    let node = view.cluster.node(name);
    let node = node.ok_or_else(|| Obstacle::NoSuchNode(name.clone()))?;
    if *name == view.cluster.primary {
        return Err(Obstacle::IsPrimary(name.clone()));
    }
    if view.cluster.policy.mode == Mode::Observe {
        return Err(Obstacle::OnlyObserved);
    }
    Ok(node)
}

fn errant_of(
    view: &ClusterView,
    node: &Node,
    timing: &Timing,
    now: Mono,
) -> Result<GtidSet, Obstacle> {
    let name = || node.name.clone();
    let fresh = |name| view.node(name).fresh_report(now, timing.reader_patience);
    if fresh(&node.name).is_none() {
        return Err(Obstacle::NotAnswering(name()));
    }
    let primary = fresh(&view.cluster.primary);
    if !primary.is_some_and(|primary| primary.writability.accepts_writes()) {
        return Err(Obstacle::NoPrimary(view.cluster.primary.clone()));
    }
    if node.quarantine.as_ref().is_some_and(|it| it.incomplete) {
        return Err(Obstacle::Incomplete(name()));
    }
    errant(view, &node.name).ok_or_else(|| Obstacle::Unjudged(name()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lictor_domain::{ProbeOutcome, Writability};

    use super::*;
    use crate::fixture::{Fixture, NOW, TIMING, gtids, name};

    fn auto() -> Fixture {
        Fixture::healthy(2).policy(|policy| policy.mode = Mode::Auto)
    }

    fn way(fixture: &Fixture) -> Result<Way, Obstacle> {
        way_back(&fixture.view(), &name(2), &TIMING, NOW)
    }

    fn injected(fixture: &Fixture) -> Result<GtidSet, Obstacle> {
        injection(&fixture.view(), &name(2), &TIMING, NOW)
    }

    #[test]
    fn a_node_that_takes_part_needs_nothing_and_a_clean_one_can_be_made_to_follow() {
        assert_eq!(way(&auto()), Ok(Way::TakesPart));
        let detached = auto().report(2, |report| report.replication = None);
        assert_eq!(way(&detached), Ok(Way::Follow));
        let clean = auto().quarantined(2, "diverged once");
        assert_eq!(way(&clean), Ok(Way::Follow));
    }

    #[test]
    fn an_errant_node_is_told_so_and_its_transactions_can_be_injected() {
        let own = gtids(9, 1, 2);
        let fixture = auto().executed(2, &own);
        let (node, errant) = (name(2), own.clone());
        assert_eq!(way(&fixture), Err(Obstacle::Errant { node, errant }));
        assert_eq!(injected(&fixture), Ok(own));
    }

    #[test]
    fn nothing_is_injected_without_need_and_not_without_bound() {
        assert_eq!(injected(&auto()), Err(Obstacle::NothingErrant(name(2))));
        let most = auto().executed(2, &gtids(9, 1, 1_000));
        assert!(injected(&most).is_ok());
        let many = auto().executed(2, &gtids(9, 1, 1_001));
        let (node, count) = (name(2), 1_001);
        assert_eq!(
            injected(&many),
            Err(Obstacle::TooManyErrant { node, count })
        );
    }

    #[test]
    fn an_incomplete_node_comes_back_only_by_a_rebuild() {
        let incomplete = auto().quarantined(2, "rebuild").definition(2, |node| {
            node.quarantine.as_mut().unwrap().incomplete = true;
        });
        assert_eq!(way(&incomplete), Err(Obstacle::Incomplete(name(2))));
        assert_eq!(injected(&incomplete), Err(Obstacle::Incomplete(name(2))));
    }

    #[test]
    fn what_is_not_known_is_an_obstacle() {
        let second = Duration::from_secs(1);
        let silent = auto().silent(2, ProbeOutcome::TimedOut, second);
        assert_eq!(way(&silent), Err(Obstacle::NotAnswering(name(2))));
        let closed = auto().writability(1, Writability::SuperReadOnly);
        assert_eq!(way(&closed), Err(Obstacle::NoPrimary(name(1))));
        let observed = auto().policy(|policy| policy.mode = Mode::Observe);
        assert_eq!(way(&observed), Err(Obstacle::OnlyObserved));
        let primary = way_back(&auto().view(), &name(1), &TIMING, NOW);
        assert_eq!(primary, Err(Obstacle::IsPrimary(name(1))));
    }
}
