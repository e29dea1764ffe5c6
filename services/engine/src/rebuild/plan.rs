//! May this node be rebuilt, and from whom? The refusals are typed, and all of
//! them are said at once.

use std::fmt;
use std::time::Duration;

use lictor_domain::{
    GtidSet, Mode, Mono, Node, NodeName, NodeReport, ReceiverState, Replication, ServerVersion,
};

use crate::errant::errant;
use crate::timing::Timing;
use crate::view::ClusterView;

/// From this version on CLONE works within one series; before, only between
/// servers of the very same version.
const CLONES_WITHIN_SERIES: ServerVersion = ServerVersion::new(8, 0, 37);

/// What somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The node to rebuild.
    pub node: NodeName,
    /// Whose data it shall get; the best there is when not said.
    pub donor: Option<NodeName>,
    /// Also a node that is not quarantined.
    pub force: bool,
    /// Who wants it.
    pub actor: String,
}

/// A rebuild that may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The node to rebuild.
    pub node: NodeName,
    /// Whose data it gets.
    pub donor: NodeName,
    /// What only it holds, and what is lost.
    pub loses: GtidSet,
}

/// Why a node is not rebuilt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The cluster has no such node.
    NoSuchNode(NodeName),
    /// The mode lets Lictor touch no node.
    OnlyObserved,
    /// It holds the primacy.
    IsPrimary(NodeName),
    /// It does not answer, so nothing can be told to it.
    NotAnswering(NodeName),
    /// It accepts writes of clients.
    TakesWrites(NodeName),
    /// It is sound as far as is known, and nobody confirmed its loss.
    Unconfirmed {
        /// The node.
        node: NodeName,
        /// What only it holds.
        loses: GtidSet,
    },
    /// Without it, commits would wait for an acknowledgement.
    WouldStarve {
        /// The node.
        node: NodeName,
        /// Other replicas that can acknowledge.
        left: usize,
        /// How many must.
        acks: u32,
    },
    /// A rebuild runs already.
    AnotherRuns(NodeName),
    /// A failover runs.
    FailoverRuns,
    /// That donor cannot give its data, or there is none that can.
    NoDonor(Vec<(NodeName, String)>),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchNode(node) => write!(f, "the cluster has no node {node}"),
            Self::OnlyObserved => f.write_str("the cluster's mode is observe: no node is touched"),
            Self::IsPrimary(node) => write!(f, "{node} is the primary"),
            Self::NotAnswering(node) => write!(f, "{node} does not answer"),
            Self::TakesWrites(node) => write!(f, "{node} accepts writes"),
            Self::Unconfirmed { node, loses } if loses.is_empty() => write!(
                f,
                "{node} is not quarantined: all its data would be replaced, although it holds \
                 nothing that the primary lacks"
            ),
            Self::Unconfirmed { node, loses } => write!(
                f,
                "{node} is not quarantined, and only it holds {}: they would be lost",
                loses.summary(6)
            ),
            Self::WouldStarve { node, left, acks } => write!(
                f,
                "without {node} only {left} replicas acknowledge commits, and {acks} must: \
                 commits would wait until the rebuild is over"
            ),
            Self::AnotherRuns(node) => write!(f, "a rebuild of {node} runs already"),
            Self::FailoverRuns => f.write_str("a failover runs"),
            Self::NoDonor(why) => {
                f.write_str("nobody can give its data")?;
                let mut separator = ": ";
                for (node, why) in why {
                    write!(f, "{separator}{node} {why}")?;
                    separator = "; ";
                }
                Ok(())
            }
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
            Self::IsPrimary(_) => "IsPrimary",
            Self::NotAnswering(_) => "NotAnswering",
            Self::TakesWrites(_) => "TakesWrites",
            Self::Unconfirmed { .. } => "Unconfirmed",
            Self::WouldStarve { .. } => "WouldStarve",
            Self::AnotherRuns(_) => "AnotherRuns",
            Self::FailoverRuns => "FailoverRuns",
            Self::NoDonor(_) => "NoDonor",
        }
    }

    /// What the operator can do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::NoSuchNode(_) => "see lictor node list",
            Self::OnlyObserved => "set the mode to manual or auto",
            Self::IsPrimary(_) => "make another node the primary first",
            Self::NotAnswering(_) => "start it, and let the control account in",
            Self::TakesWrites(_) => "SET GLOBAL super_read_only = ON there",
            Self::Unconfirmed { .. } => "confirm that its data may be lost with --force",
            Self::WouldStarve { .. } => {
                "bring another replica back first, or lower the durability for the time"
            }
            Self::AnotherRuns(_) => "wait for it: lictor node show tells how far it is",
            Self::FailoverRuns => "try again when it is over",
            Self::NoDonor(_) => "bring one of them in order, or name another with --donor",
        }
    }
}

/// Whether `order` may begin now. A running failover or rebuild is the keeper's
/// to know.
pub fn plan(
    view: &ClusterView,
    order: &Order,
    timing: &Timing,
    now: Mono,
) -> Result<Plan, Vec<Refusal>> {
    let name = &order.node;
    let Some(node) = view.cluster.node(name) else {
        return Err(vec![Refusal::NoSuchNode(name.clone())]);
    };
    let mut refusals = vec![];
    if view.cluster.policy.mode == Mode::Observe {
        refusals.push(Refusal::OnlyObserved);
    }
    if *name == view.cluster.primary {
        refusals.push(Refusal::IsPrimary(name.clone()));
        return Err(refusals);
    }
    let Some(report) = view.node(name).fresh_report(now, timing.reader_patience) else {
        refusals.push(Refusal::NotAnswering(name.clone()));
        return Err(refusals);
    };
    if report.writability.accepts_writes() {
        refusals.push(Refusal::TakesWrites(name.clone()));
    }
    let loses = errant(view, name).unwrap_or_default();
    if node.quarantine.is_none() && !order.force {
        let (node, loses) = (name.clone(), loses.clone());
        refusals.push(Refusal::Unconfirmed { node, loses });
    }
    refusals.extend(would_starve(view, name, report));
    match donor(view, order, report, timing, now) {
        Ok(donor) if refusals.is_empty() => Ok(Plan {
            node: name.clone(),
            donor,
            loses,
        }),
        Ok(_) => Err(refusals),
        Err(why) => {
            refusals.push(Refusal::NoDonor(why));
            Err(refusals)
        }
    }
}

/// A node that acknowledges now must not be the one that the rest waits for.
fn would_starve(view: &ClusterView, name: &NodeName, report: &NodeReport) -> Option<Refusal> {
    let acks = view.cluster.policy.durability.acks();
    let acknowledges = |report: &NodeReport| view.follows_primary(report) && replicates(report);
    let others = view.replicas().filter(|(node, seen)| {
        node.name != *name && seen.silence.is_none() && seen.report().is_some_and(acknowledges)
    });
    let left = others.count();
    (acknowledges(report) && left < acks as usize).then(|| Refusal::WouldStarve {
        node: name.clone(),
        left,
        acks,
    })
}

fn replicates(report: &NodeReport) -> bool {
    let running = |replication: &Replication| {
        replication.receiver == ReceiverState::Running && replication.applier_running
    };
    report.replication.as_ref().is_some_and(running)
}

/// A replica before the primary, and the one least behind before the others:
/// the copy costs its donor reads from its disk.
fn donor(
    view: &ClusterView,
    order: &Order,
    recipient: &NodeReport,
    timing: &Timing,
    now: Mono,
) -> Result<NodeName, Vec<(NodeName, String)>> {
    let mut fit: Vec<((bool, Duration), NodeName)> = vec![];
    let mut unfit: Vec<(NodeName, String)> = vec![];
    let meant = |node: &&Node| match &order.donor {
        Some(donor) => node.name == *donor,
        None => node.name != order.node,
    };
    for node in view.cluster.nodes.iter().filter(meant) {
        match cost(view, node, recipient, timing, now) {
            Ok(_) if node.name == order.node => {
                unfit.push((node.name.clone(), "is the node itself".to_owned()));
            }
            Ok(cost) => fit.push((cost, node.name.clone())),
            Err(why) => unfit.push((node.name.clone(), why)),
        }
    }
    if let (Some(donor), true, true) = (&order.donor, fit.is_empty(), unfit.is_empty()) {
        unfit.push((donor.clone(), "is no node of the cluster".to_owned()));
    }
    fit.sort();
    fit.into_iter().next().map(|(_, node)| node).ok_or(unfit)
}

/// How gladly it is taken, the least first; or why it is not.
fn cost(
    view: &ClusterView,
    node: &Node,
    recipient: &NodeReport,
    timing: &Timing,
    now: Mono,
) -> Result<(bool, Duration), String> {
    let seen = view.node(&node.name);
    let report = seen.fresh_report(now, timing.reader_patience);
    let report = report.ok_or("does not answer")?;
    if !can_clone(report.version, recipient.version) {
        return Err(format!(
            "runs MySQL {}, and a copy goes only to the same {}, not to {}",
            report.version,
            if report.version < CLONES_WITHIN_SERIES {
                "version"
            } else {
                "series"
            },
            recipient.version
        ));
    }
    if node.name == view.cluster.primary {
        return Ok((true, Duration::ZERO));
    }
    if node.quarantine.is_some() {
        return Err("is quarantined".to_owned());
    }
    if node.maintenance.is_some() {
        return Err("is in maintenance".to_owned());
    }
    if !view.follows_primary(report) || !replicates(report) {
        return Err("does not replicate from the primary".to_owned());
    }
    match errant(view, &node.name) {
        Some(errant) if errant.is_empty() => {}
        Some(_) => return Err("holds errant transactions".to_owned()),
        None => return Err("has not been compared with the primary yet".to_owned()),
    }
    let lag = report.replication.as_ref().and_then(|r| r.lag);
    Ok((false, lag.ok_or("does not know how far it is behind")?))
}

fn can_clone(donor: ServerVersion, recipient: ServerVersion) -> bool {
    if donor < CLONES_WITHIN_SERIES || recipient < CLONES_WITHIN_SERIES {
        return donor == recipient;
    }
    (donor.major, donor.minor) == (recipient.major, recipient.minor)
}

#[cfg(test)]
mod tests {
    use lictor_domain::{Mode, ProbeOutcome, Writability};

    use super::*;
    use crate::fixture::{Fixture, NOW, TIMING, gtids, name};

    fn wanted() -> Order {
        Order {
            node: name(2),
            donor: None,
            force: false,
            actor: "ada".to_owned(),
        }
    }

    fn forced() -> Order {
        Order {
            force: true,
            ..wanted()
        }
    }

    fn auto(replicas: u32) -> Fixture {
        Fixture::healthy(replicas).policy(|policy| policy.mode = Mode::Auto)
    }

    fn diverged() -> Fixture {
        auto(3)
            .executed(2, &gtids(9, 1, 2))
            .quarantined(2, "diverged")
    }

    fn of(fixture: &Fixture, order: &Order) -> Result<Plan, Vec<Refusal>> {
        plan(&fixture.view(), order, &TIMING, NOW)
    }

    fn codes(fixture: &Fixture, order: &Order) -> Vec<&'static str> {
        let refusals = of(fixture, order).unwrap_err();
        refusals.iter().map(Refusal::code).collect()
    }

    #[test]
    fn a_quarantined_node_gets_the_data_of_the_replica_least_behind_and_loses_its_own() {
        let fixture = diverged().lag(3, Some(Duration::from_secs(2)));
        let plan = of(&fixture, &wanted()).unwrap();
        assert_eq!((plan.donor, plan.loses), (name(4), gtids(9, 1, 2)));
    }

    #[test]
    fn the_primary_gives_its_data_only_when_no_replica_can() {
        let fixture = diverged().quarantined(3, "diverged").silent(
            4,
            ProbeOutcome::Refused,
            Duration::from_secs(1),
        );
        assert_eq!(of(&fixture, &wanted()).unwrap().donor, name(1));
    }

    #[test]
    fn a_named_donor_is_taken_or_refused_with_the_reason() {
        let named = |donor| Order {
            donor: Some(name(donor)),
            ..wanted()
        };
        assert_eq!(of(&diverged(), &named(1)).unwrap().donor, name(1));
        let broken = diverged().replication(3, |r| r.applier_running = false);
        for (fixture, donor, why) in [
            (&broken, 3, "does not replicate from the primary"),
            (&broken, 2, "is quarantined"),
            (&broken, 7, "is no node of the cluster"),
        ] {
            let refusals = of(fixture, &named(donor)).unwrap_err();
            let [Refusal::NoDonor(found)] = &refusals[..] else {
                panic!("{refusals:?}");
            };
            assert_eq!(found, &[(name(donor), why.to_owned())]);
        }
    }

    #[test]
    fn a_copy_goes_only_to_the_same_series() {
        for (donor, recipient, can) in [
            ([9, 7, 4], [9, 7, 1], true),
            ([9, 7, 4], [9, 6, 0], false),
            ([8, 0, 40], [8, 0, 37], true),
            ([8, 0, 40], [8, 0, 36], false),
            ([8, 0, 30], [8, 0, 30], true),
        ] {
            let version = |[a, b, c]: [u16; 3]| ServerVersion::new(a, b, c);
            let found = can_clone(version(donor), version(recipient));
            assert_eq!(found, can, "{donor:?} → {recipient:?}");
        }
    }

    #[test]
    fn a_sound_node_is_rebuilt_only_when_its_loss_is_confirmed() {
        assert_eq!(codes(&auto(3), &wanted()), ["Unconfirmed"]);
        assert!(of(&auto(3), &forced()).is_ok());
    }

    #[test]
    fn a_node_that_commits_wait_for_is_not_rebuilt_even_by_force() {
        assert_eq!(codes(&auto(1), &forced()), ["WouldStarve"]);
        assert!(of(&auto(1).acks(0), &forced()).is_ok());
    }

    #[test]
    fn who_cannot_be_rebuilt_is_refused_by_name() {
        let observed = diverged().policy(|policy| policy.mode = Mode::Observe);
        let silent = diverged().silent(2, ProbeOutcome::TimedOut, Duration::from_secs(1));
        let writable = diverged().writability(2, Writability::Writable);
        let order = |node| Order {
            node: name(node),
            ..wanted()
        };
        for (fixture, node, code) in [
            (&observed, 2, "OnlyObserved"),
            (&diverged(), 1, "IsPrimary"),
            (&silent, 2, "NotAnswering"),
            (&writable, 2, "TakesWrites"),
            (&diverged(), 9, "NoSuchNode"),
        ] {
            assert_eq!(codes(fixture, &order(node)), [code]);
        }
    }
}
