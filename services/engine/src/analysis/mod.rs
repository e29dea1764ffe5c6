//! Everything that is not as it should be: a registry of pure matchers.
//!
//! Each matcher looks at what is known now and either finds its one kind of
//! problem, with the evidence for it, or says nothing. It says nothing when it
//! does not know; but what ought to be known and is not (a lag, a node that
//! never answered) is itself a problem, never health. Problems that come from
//! decisions (a blocked failover, a spent budget) are the keeper's. What each
//! code means and how grave it is, `ProblemCode` declares.

mod candidates;
mod configuration;
mod durability;
mod primary;
mod replica;
mod stream;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use lictor_domain::{Evidence, Mode, Mono, Node, NodeName, Problem, ProblemCode};

pub(crate) use self::configuration::{LONG_NET_TIMEOUT, RARE_HEARTBEAT};
pub(crate) use self::durability::{correction, install_plugins, settable, wrong_settings};
use crate::timing::Timing;
use crate::tree::Moment;
use crate::verdict::{self, Verdict};
use crate::view::{ClusterView, NodeView};

/// One kind of problem and how it is found.
#[derive(Clone, Copy, Debug)]
pub struct Matcher {
    /// Its stable name.
    pub code: ProblemCode,
    find: Find,
}

/// Whom a matcher looks at; the problem is then about that node.
#[derive(Clone, Copy, Debug)]
enum Find {
    /// The cluster as a whole.
    Cluster(fn(&Scene<'_>) -> Option<Finding>),
    /// The primary.
    Primary(fn(&Scene<'_>) -> Option<Finding>),
    /// Each node.
    AnyNode(FindInNode),
    /// Each replica, quarantined ones included.
    AnyReplica(FindInNode),
    /// Each replica that is to take part: a quarantined one is expected to
    /// stand still.
    Replica(FindInNode),
}

type FindInNode = fn(&Scene<'_>, &Node, &NodeView) -> Option<Finding>;

/// What a matcher found.
struct Finding {
    sentence: String,
    response: String,
    evidence: Vec<Evidence>,
}

/// What matchers look at.
struct Scene<'a> {
    view: &'a ClusterView,
    timing: &'a Timing,
    now: Mono,
    verdict: Verdict,
}

const fn finds(code: ProblemCode, find: Find) -> Matcher {
    Matcher { code, find }
}

/// Every matcher there is.
pub const MATCHERS: &[Matcher] = {
    use Find::{AnyNode, AnyReplica, Cluster, Primary, Replica};
    use ProblemCode as Code;
    &[
        finds(Code::DeadPrimary, Primary(primary::dead)),
        finds(Code::HungPrimary, Primary(primary::hung)),
        finds(Code::StalledPrimary, Primary(primary::stalled)),
        finds(Code::UnreachablePrimary, Primary(primary::unreachable)),
        finds(
            Code::PrimaryAndReplicasUnreachable,
            Primary(primary::unreachable_with_replicas),
        ),
        finds(Code::PrimaryReadOnly, Primary(primary::read_only)),
        finds(Code::NoPrimary, Cluster(primary::none)),
        finds(Code::MultiplePrimaries, Cluster(primary::multiple)),
        finds(Code::UnfencedPrimary, AnyReplica(replica::unfenced)),
        finds(Code::ReplicaIsWritable, AnyReplica(replica::writable)),
        finds(Code::ReplicationBroken, Replica(stream::broken)),
        finds(Code::ReceiverDown, Replica(stream::receiver_down)),
        finds(Code::ReplicaLagging, Replica(stream::lagging)),
        finds(Code::DelayedReplica, Replica(stream::delayed)),
        finds(Code::ErrantGtid, AnyReplica(replica::errant)),
        finds(Code::DivergedReplica, Replica(replica::diverged)),
        finds(Code::WrongSource, Replica(stream::wrong_source)),
        finds(Code::UnreachableReplica, AnyReplica(replica::unreachable)),
        finds(
            Code::IntermediateReplicaDead,
            AnyReplica(replica::intermediate_dead),
        ),
        finds(Code::ConfigurationDrift, AnyNode(configuration::drifted)),
        finds(Code::AgentSilent, AnyNode(configuration::agent_silent)),
        finds(Code::SemiSyncNotEnforced, Primary(durability::not_enforced)),
        finds(Code::DurabilityLoosened, Primary(durability::loosened)),
        finds(Code::SemiSyncStarved, Primary(durability::starved)),
        finds(Code::NoViableCandidate, Cluster(candidates::none_viable)),
    ]
};

/// All problems at `now`, the gravest first, then by code and node.
#[must_use]
pub fn problems(view: &ClusterView, timing: &Timing, now: Mono) -> Vec<Problem> {
    let scene = Scene {
        view,
        timing,
        now,
        verdict: verdict::of_primary(view, timing, now),
    };
    let mut problems: Vec<_> = MATCHERS
        .iter()
        .flat_map(|matcher| matcher.matches(&scene))
        .collect();
    problems.sort_by(|a, b| {
        let key = |problem: &Problem| (Reverse(problem.severity), problem.code);
        (key(a), &a.node).cmp(&(key(b), &b.node))
    });
    problems
}

impl Matcher {
    fn matches(&self, scene: &Scene<'_>) -> Vec<Problem> {
        let primary = || Some(scene.view.cluster.primary.clone());
        let found: Vec<_> = match self.find {
            Find::Cluster(find) => find(scene).map(|found| (None, found)).into_iter().collect(),
            Find::Primary(find) => find(scene)
                .map(|found| (primary(), found))
                .into_iter()
                .collect(),
            Find::AnyNode(find) => each(scene, find, |_| true),
            Find::AnyReplica(find) => each(scene, find, |node| scene.is_replica(node)),
            Find::Replica(find) => each(scene, find, |node| {
                scene.is_replica(node) && node.quarantine.is_none()
            }),
        };
        found
            .into_iter()
            .map(|(node, found)| self.problem(node, found))
            .collect()
    }

    fn problem(&self, node: Option<NodeName>, found: Finding) -> Problem {
        Problem {
            code: self.code,
            severity: self.code.severity(),
            node,
            sentence: found.sentence,
            response: found.response,
            evidence: found.evidence,
        }
    }
}

fn each(
    scene: &Scene<'_>,
    find: FindInNode,
    looked_at: impl Fn(&Node) -> bool,
) -> Vec<(Option<NodeName>, Finding)> {
    let nodes = scene.view.cluster.nodes.iter();
    nodes
        .filter(|node| looked_at(node))
        .filter_map(|node| {
            let found = find(scene, node, scene.view.node(&node.name))?;
            Some((Some(node.name.clone()), found))
        })
        .collect()
}

impl Scene<'_> {
    const fn moment(&self) -> Moment<'_> {
        Moment {
            view: self.view,
            timing: self.timing,
            now: self.now,
        }
    }

    fn is_replica(&self, node: &Node) -> bool {
        node.name != self.view.cluster.primary
    }

    /// Whether nothing is odd about the primary. What its replicas lack while
    /// something is, they lack because of it.
    fn primary_is_well(&self) -> bool {
        self.verdict == Verdict::Alive && self.view.primary().answer.is_some()
    }

    /// What is done about a problem: by Lictor, where the mode lets it.
    fn response(&self, lictor: &str, operator: &str) -> String {
        match self.view.cluster.mode() {
            Mode::Auto => lictor.to_owned(),
            Mode::Observe | Mode::Manual => operator.to_owned(),
        }
    }
}
