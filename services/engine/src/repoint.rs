//! May this node be made to follow another? Whatever stands against it is typed,
//! and all of it is said at once; nothing is changed by a refusal.

use std::fmt;

use lictor_domain::{GtidSet, Mode, Node, NodeName, NodeReport, ServerVersion};

use crate::errant::errant;
use crate::tree::Moment;

/// A node that may be made to follow another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The node.
    pub node: NodeName,
    /// What is stored: whom it is to follow; `None` for the primary.
    pub follows: Option<NodeName>,
    /// Whether it follows that one already.
    pub is_there: bool,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = &self.node;
        let source = self
            .follows
            .as_ref()
            .map_or("the primary", NodeName::as_str);
        if self.is_there {
            write!(f, "{node} follows {source} already, and is to stay there")
        } else {
            write!(f, "{node} is made to follow {source}")
        }
    }
}

/// Why a node is not made to follow another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The cluster has no such node.
    NoSuchNode(NodeName),
    /// The mode lets Lictor touch no node.
    OnlyObserved,
    /// A recovery runs, or was left unfinished.
    RecoveryRuns,
    /// It holds the primacy.
    IsPrimary(NodeName),
    /// It would get its data from itself, by way of these.
    Circle(Vec<NodeName>),
    /// Somebody works on it.
    InMaintenance(NodeName),
    /// It is kept out of every pool.
    Quarantined(NodeName),
    /// It does not answer.
    NotAnswering(NodeName),
    /// It has not been compared with the primary yet.
    Unjudged(NodeName),
    /// It holds what the primary never had.
    Errant {
        /// The node.
        node: NodeName,
        /// What only it holds.
        errant: GtidSet,
    },
    /// The source cannot give it the primary's data now.
    SourceNotReady(String),
    /// The source has purged what the node lacks.
    Purged {
        /// The source.
        source: NodeName,
        /// What is missing.
        lacks: GtidSet,
    },
    /// It runs an older series than its source would.
    Older {
        /// The node and its version.
        node: (NodeName, ServerVersion),
        /// The source and its version.
        source: (NodeName, ServerVersion),
    },
    /// The primary cannot do without it.
    NeededThere(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchNode(node) => write!(f, "the cluster has no node {node}"),
            Self::OnlyObserved => f.write_str("the cluster's mode is observe: no node is touched"),
            Self::RecoveryRuns => f.write_str("a recovery of the cluster is under way"),
            Self::IsPrimary(node) => write!(f, "{node} is the primary, which follows nobody"),
            Self::Circle(way) => {
                let way: Vec<_> = way.iter().map(NodeName::as_str).collect();
                write!(
                    f,
                    "it would get its data from itself: {}",
                    way.join(" is to follow ")
                )
            }
            Self::InMaintenance(node) => write!(f, "{node} is in maintenance"),
            Self::Quarantined(node) => write!(f, "{node} is quarantined"),
            Self::NotAnswering(node) => write!(f, "{node} does not answer"),
            Self::Unjudged(node) => {
                write!(f, "{node} has not been compared with the primary yet")
            }
            Self::Errant { node, errant } => write!(
                f,
                "{node} holds transactions that the primary never had: {}",
                errant.summary(6)
            ),
            Self::SourceNotReady(why) | Self::NeededThere(why) => f.write_str(why),
            Self::Purged { source, lacks } => write!(
                f,
                "{source} has purged what the node lacks: {}",
                lacks.summary(6)
            ),
            Self::Older { node, source } => write!(
                f,
                "{} runs MySQL {}, and cannot follow {} with {}",
                node.0, node.1, source.0, source.1
            ),
        }
    }
}

impl Refusal {
    /// Its stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchNode(_) => "NoSuchNode",
            Self::OnlyObserved => "OnlyObserved",
            Self::RecoveryRuns => "RecoveryRuns",
            Self::IsPrimary(_) => "IsPrimary",
            Self::Circle(_) => "Circle",
            Self::InMaintenance(_) => "InMaintenance",
            Self::Quarantined(_) => "Quarantined",
            Self::NotAnswering(_) => "NotAnswering",
            Self::Unjudged(_) => "Unjudged",
            Self::Errant { .. } => "Errant",
            Self::SourceNotReady(_) => "SourceNotReady",
            Self::Purged { .. } => "Purged",
            Self::Older { .. } => "Older",
            Self::NeededThere(_) => "NeededThere",
        }
    }

    /// What the operator can do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::NoSuchNode(_) => "see lictor node list",
            Self::OnlyObserved => "set the mode to manual or auto",
            Self::RecoveryRuns => "try again when it is over",
            Self::IsPrimary(_) => "make another node the primary first",
            Self::Circle(_) => {
                "repoint the node above it first: lictor node repoint NODE --to primary"
            }
            Self::InMaintenance(_) => "end its maintenance first",
            Self::Quarantined(_) | Self::Errant { .. } => {
                "lictor node rejoin says what stands in the way, lictor node rebuild replaces its data"
            }
            Self::NotAnswering(_) => "start it, and let the control account in",
            Self::Unjudged(_) => "try again in a moment",
            Self::SourceNotReady(_) => "bring it in order, or name another",
            Self::Purged { .. } => "name another source, or rebuild the node: lictor node rebuild",
            Self::Older { .. } => "upgrade it first, or name another source",
            Self::NeededThere(_) => "bring another replica back first, or lower the durability",
        }
    }
}

/// Whether `name` may be made to follow `to`, or the primary. `busy` while a
/// recovery is under way: a next leader goes by who followed whom when it began.
pub fn judge(
    moment: Moment<'_>,
    name: &NodeName,
    to: Option<&NodeName>,
    busy: bool,
) -> Result<Plan, Vec<Refusal>> {
    let cluster = &moment.view.cluster;
    let follows = to.filter(|to| **to != cluster.primary);
    let source = cluster.node(to.unwrap_or(&cluster.primary));
    let (Some(node), Some(source)) = (cluster.node(name), source) else {
        let missing = cluster.node(name).map_or(Some(name), |_| to);
        return Err(missing
            .cloned()
            .map(Refusal::NoSuchNode)
            .into_iter()
            .collect());
    };
    let mut refusals = vec![];
    if cluster.policy.mode == Mode::Observe {
        refusals.push(Refusal::OnlyObserved);
    }
    if busy {
        refusals.push(Refusal::RecoveryRuns);
    }
    refusals.extend(
        follows
            .and_then(|to| cluster.circle(name, to))
            .map(Refusal::Circle),
    );
    let is_primary = *name == cluster.primary;
    let mut is_there = is_primary;
    if is_primary {
        refusals.extend(follows.map(|_| Refusal::IsPrimary(name.clone())));
    } else {
        is_there = moment.is_told_to_follow(name, source);
        refusals.extend(unfit(moment, node, source));
    }
    if refusals.is_empty() {
        let (node, follows) = (name.clone(), follows.cloned());
        return Ok(Plan {
            node,
            follows,
            is_there,
        });
    }
    Err(refusals)
}

/// What stands against moving a replica to this source.
fn unfit(moment: Moment<'_>, node: &Node, source: &Node) -> Vec<Refusal> {
    let (view, name) = (moment.view, &node.name);
    let fresh = |name| {
        view.node(name)
            .fresh_report(moment.now, moment.timing.reader_patience)
    };
    let mut refusals = vec![];
    if node.maintenance.is_some() {
        refusals.push(Refusal::InMaintenance(name.clone()));
    }
    if node.quarantine.is_some() {
        refusals.push(Refusal::Quarantined(name.clone()));
    }
    for silent in [name, &source.name]
        .into_iter()
        .filter(|name| fresh(name).is_none())
    {
        refusals.push(Refusal::NotAnswering(silent.clone()));
    }
    let (Some(report), Some(above)) = (fresh(name), fresh(&source.name)) else {
        return refusals;
    };
    match errant(view, name) {
        None => refusals.push(Refusal::Unjudged(name.clone())),
        Some(errant) if errant.is_empty() => {}
        Some(errant) => refusals.push(Refusal::Errant {
            node: name.clone(),
            errant,
        }),
    }
    let series = |report: &NodeReport| (report.version.major, report.version.minor);
    if series(report) < series(above) {
        refusals.push(Refusal::Older {
            node: (name.clone(), report.version),
            source: (source.name.clone(), above.version),
        });
    }
    if moment.is_told_to_follow(name, source) {
        return refusals;
    }
    let lacks = above.purged.subtract(&report.holds());
    if !lacks.is_empty() {
        refusals.push(Refusal::Purged {
            source: source.name.clone(),
            lacks,
        });
    } else if source.name != view.cluster.primary {
        let not_ready = moment.not_ready_for(name, source);
        refusals.extend(not_ready.map(Refusal::SourceNotReady));
    }
    if source.name != view.cluster.primary && view.follows_primary(report) {
        refusals.extend(moment.keeps_at_primary(name).map(Refusal::NeededThere));
    }
    refusals
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lictor_domain::ProbeOutcome;

    use super::*;
    use crate::fixture::{Fixture, TIMING, gtids, name};

    const LONG: Duration = Duration::from_secs(6);

    fn judged(fixture: &Fixture, n: u32, to: Option<u32>) -> Result<Plan, Vec<Refusal>> {
        let (view, now) = fixture.lasting(LONG);
        let moment = Moment {
            view: &view,
            timing: &TIMING,
            now,
        };
        judge(moment, &name(n), to.map(name).as_ref(), false)
    }

    fn codes(fixture: &Fixture, n: u32, to: u32) -> Vec<&'static str> {
        let refusals = judged(fixture, n, Some(to)).unwrap_err();
        refusals.iter().map(Refusal::code).collect()
    }

    fn auto() -> Fixture {
        Fixture::healthy(3).policy(|policy| policy.mode = Mode::Auto)
    }

    #[test]
    fn a_sound_replica_may_follow_another_and_return_to_the_primary() {
        let plan = judged(&auto(), 4, Some(2)).unwrap();
        assert_eq!((plan.follows, plan.is_there), (Some(name(2)), false));
        let tree = auto().below(4, 2);
        assert!(judged(&tree, 4, Some(2)).unwrap().is_there);
        for to in [None, Some(1)] {
            let plan = judged(&tree, 4, to).unwrap();
            assert_eq!((plan.follows, plan.is_there), (None, false));
        }
        // A dormant wish of the primary's can be taken back.
        let dormant = auto().wishes(1, 2);
        assert!(judged(&dormant, 1, None).unwrap().is_there);
    }

    #[test]
    fn whatever_stands_against_it_is_refused_by_name() {
        let refused = |fixture: Fixture, expected: &[&str]| {
            assert_eq!(codes(&fixture, 4, 2), expected);
        };
        refused(auto().wishes(2, 4), &["Circle"]);
        refused(auto().policy(|p| p.mode = Mode::Observe), &["OnlyObserved"]);
        refused(auto().in_maintenance(4), &["InMaintenance"]);
        refused(auto().quarantined(4, "diverged"), &["Quarantined"]);
        refused(auto().quarantined(2, "diverged"), &["SourceNotReady"]);
        refused(auto().executed(4, &gtids(9, 1, 2)), &["Errant"]);
        refused(auto().executed(2, &gtids(9, 1, 2)), &["SourceNotReady"]);
        refused(
            auto().report(2, |r| r.log_replica_updates = false),
            &["SourceNotReady"],
        );
        refused(
            auto().report(2, |r| r.version = ServerVersion::new(9, 8, 0)),
            &["Older"],
        );
        refused(auto().acks(3), &["NeededThere"]);
    }

    #[test]
    fn unknown_and_missing_nodes_are_refused() {
        assert_eq!(codes(&auto(), 4, 9), ["NoSuchNode"]);
        assert_eq!(codes(&auto(), 9, 2), ["NoSuchNode"]);
        assert_eq!(codes(&auto(), 4, 4)[0], "Circle");
        assert_eq!(codes(&auto(), 1, 2), ["IsPrimary"]);
        let silent = auto().silent(2, ProbeOutcome::TimedOut, LONG);
        assert_eq!(codes(&silent, 4, 2), ["NotAnswering"]);
    }

    #[test]
    fn a_source_that_has_purged_what_the_node_lacks_is_refused_with_what_is_lacking() {
        let fixture = auto()
            .report(2, |report| report.purged = gtids(1, 1, 100))
            .report(4, |report| report.executed = gtids(1, 1, 90))
            .replication(4, |r| r.received = gtids(1, 1, 90));
        let refusals = judged(&fixture, 4, Some(2)).unwrap_err();
        let (source, lacks) = (name(2), gtids(1, 91, 100));
        assert_eq!(refusals, [Refusal::Purged { source, lacks }]);
    }

    #[test]
    fn nothing_is_changed_while_a_recovery_is_under_way() {
        let (view, now) = auto().lasting(LONG);
        let moment = Moment {
            view: &view,
            timing: &TIMING,
            now,
        };
        let refused = judge(moment, &name(4), Some(&name(2)), true);
        assert_eq!(refused, Err(vec![Refusal::RecoveryRuns]));
    }
}
