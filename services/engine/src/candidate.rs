//! The election: who becomes primary, and why not the others.
//!
//! It compares what each replica *received*, never what it executed. A node is
//! eligible only if it holds everything any other received from the old primary
//! and everything the old primary was last seen to have committed. Among equals the
//! order is the derived `Ord` of [`Score`]. Where nobody is eligible, one that only
//! lacks what another can give is named, with that other: [`Gathering`].

mod gathering;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lictor_domain::{
    CandidateVerdict, GtidSet, Node, NodeName, NodeReport, PromotionRule, Rejection, ServerVersion,
    Zone,
};

use self::gathering::Donors;
pub use self::gathering::{Failed, Gathering};
use crate::fencing;
use crate::view::ClusterView;

/// What stopping each replica's receiver gave: all it holds, or why not.
pub type Stopped = BTreeMap<NodeName, Result<GtidSet, String>>;

/// Where operators would have the primary; the greatest is best. Fields compare top
/// to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Placement {
    pub(crate) rule: PromotionRule,
    pub(crate) same_zone: bool,
}

impl Placement {
    /// How well a node is placed where `zone` was the primary's.
    pub(crate) fn of(node: &Node, zone: Option<&Zone>) -> Self {
        Self {
            rule: node.promotion.rule,
            same_zone: node.zone.is_some() && node.zone.as_ref() == zone,
        }
    }
}

/// How good a candidate is; the greatest wins. Fields compare top to bottom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    placement: Placement,
    /// An older one can be followed by newer ones, not the other way round.
    version: Reverse<ServerVersion>,
    /// Fewer transactions left to apply before it can be opened.
    to_apply: Reverse<u128>,
    /// How long ago its data was the primary's; unknown is the longest.
    lag: Reverse<Duration>,
    /// A stable order among equals.
    name: Reverse<NodeName>,
}

/// An election's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Election {
    /// One verdict for each replica, the eligible ones first, best first.
    pub verdicts: Vec<CandidateVerdict>,
    /// Who won, or what stands in the way.
    pub winner: Result<Winner, String>,
    /// Where nobody wins: who would, with what another replica holds.
    pub gathering: Option<Gathering>,
    /// What stood against the winner and was overridden by the operator.
    pub overridden: Vec<String>,
}

impl Election {
    /// Who is promoted in the end, if all goes well.
    pub fn elected(&self) -> Result<NodeName, String> {
        let winner = self.winner.as_ref().map(|winner| winner.node.clone());
        match &self.gathering {
            Some(gathering) => Ok(gathering.node.clone()),
            None => winner.map_err(Clone::clone),
        }
    }
}

/// The candidate to be promoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Winner {
    /// Its name.
    pub node: NodeName,
    /// Everything it must have applied before it is opened.
    pub holds: GtidSet,
}

/// What is demanded of an election: by an operator, and by what has been tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    /// Who was to get something from another replica, and did not.
    pub failed: Option<&'a Failed>,
    /// Who is to win.
    pub to: Option<&'a NodeName>,
    /// Whether what the winner lacks may be lost.
    pub force: bool,
    /// All that the old primary has committed, if it answered and is closed.
    pub closed: Option<&'a GtidSet>,
}

impl Wish<'_> {
    /// Whether the operator overrides all that stands against this node. A node
    /// that cannot be opened or followed is promoted for nobody.
    fn overrides(&self, node: &Node, rejections: &[Rejection]) -> bool {
        let can_be = |rejection: &Rejection| {
            matches!(
                rejection,
                Rejection::Behind { .. }
                    | Rejection::Purged { .. }
                    | Rejection::NotGathered { .. }
                    | Rejection::MustNot
                    | Rejection::Delayed { .. }
            )
        };
        self.force && self.to == Some(&node.name) && rejections.iter().all(can_be)
    }

    /// Whether the winner may be promoted although nobody knows what the silent
    /// replicas hold: what the closed primary committed is all there is.
    fn is_complete(&self, holds: &GtidSet) -> bool {
        self.closed.is_some_and(|all| all.is_subset_of(holds))
    }
}

/// Elects among the replicas whose receivers were stopped.
#[must_use]
pub fn elect(view: &ClusterView, stopped: &Stopped) -> Election {
    elect_as(view, stopped, &Wish::default())
}

/// Elects as an operator wishes.
#[must_use]
pub fn elect_as(view: &ClusterView, stopped: &Stopped, wish: &Wish<'_>) -> Election {
    let held = sets(stopped);
    let mut eligible: Vec<(Score, &Node, Vec<Rejection>)> = Vec::new();
    let mut verdicts: Vec<CandidateVerdict> = Vec::new();
    let mut gatherings: Vec<(Score, Gathering)> = Vec::new();
    let most = most_advanced(view, &held);
    let donors = Donors::among(view, &held, demanded(view, most.as_ref()));
    let wished = |node: &Node| wish.to.is_none_or(|to| node.name == *to);
    let zone = zone_of_primary(view);
    for (node, replica) in view.replicas() {
        let mut rejections = unfit(view, node, replica.report(), stopped.get(&node.name));
        let failed = wish.failed.and_then(|failed| failed.get(&node.name));
        rejections.extend(failed.cloned());
        if let (Some(set), Some(most)) = (held.get(&node.name), &most) {
            let fit = rejections.is_empty();
            rejections.extend(behind(view, node, set, most, &held));
            if fit && !rejections.is_empty() {
                let score = score(node, zone, replica.report(), Some(set));
                match donors.give(node, set) {
                    Ok(gathering) if wished(node) => gatherings.push((score, gathering)),
                    Ok(_) => {}
                    Err(purged) => rejections.extend(purged),
                }
            }
        }
        if rejections.is_empty() || wish.overrides(node, &rejections) {
            let score = score(node, zone, replica.report(), held.get(&node.name));
            eligible.push((score, node, rejections));
        } else {
            verdicts.push(rejected(node, &held, rejections));
        }
    }
    eligible.sort_by(|(a, ..), (b, ..)| b.cmp(a));
    let best = eligible.iter().find(|(_, node, _)| wished(node));
    let gathering = gatherings.into_iter().max_by(|(a, _), (b, _)| a.cmp(b));
    let complete = fencing::holds_all_acknowledged(view, &held.keys().cloned().collect());
    // What can be saved is saved, also where an operator would do without.
    let saves = best.is_none_or(|(_, _, rejections)| !rejections.is_empty());
    let gathering = gathering
        .map(|(_, gathering)| gathering)
        .filter(|gathering| {
            let lacks = lacking(view, wish, &gathering.holds, complete.clone().err());
            saves && (wish.force || lacks.is_none())
        });
    let mut overridden: Vec<String> = Vec::new();
    let winner = match best {
        None => Err(match wish.to {
            Some(to) => blocker_of(to, &verdicts),
            None => complete
                .err()
                .map_or_else(|| blocker(&verdicts), |missing| missing.0),
        }),
        Some((_, node, rejections)) => {
            let holds = held.get(&node.name).cloned().unwrap_or_default();
            overridden.extend(rejections.iter().map(|r| format!("{}: {r}", node.name)));
            let missing = lacking(view, wish, &holds, complete.err());
            match missing {
                Some(missing) if !wish.force => Err(missing),
                missing => {
                    overridden.extend(missing);
                    Ok(Winner {
                        node: node.name.clone(),
                        holds,
                    })
                }
            }
        }
    };
    let ranked = (1..)
        .zip(&eligible)
        .map(|(rank, (score, node, rejections))| CandidateVerdict {
            node: node.name.clone(),
            received: held.get(&node.name).cloned().unwrap_or_default(),
            rank: Some(rank),
            rejections: rejections.clone(),
            reason: score.reason(rejections),
        });
    let verdicts = ranked.chain(verdicts).collect();
    Election {
        verdicts,
        winner,
        gathering,
        overridden,
    }
}

/// All that whoever is promoted must hold.
fn demanded(view: &ClusterView, most: Option<&(NodeName, GtidSet)>) -> GtidSet {
    let received = most.map(|(_, all)| all.clone()).unwrap_or_default();
    match committed(view) {
        Some(committed) => received.union(committed),
        None => received,
    }
}

/// What the old primary was last seen to have committed, where that may have been
/// acknowledged.
fn committed(view: &ClusterView) -> Option<&GtidSet> {
    let semi_sync = view.cluster.policy.durability.acks() > 0;
    view.committed().filter(|_| semi_sync)
}

/// What is or may be lost with this winner, as a sentence.
fn lacking(
    view: &ClusterView,
    wish: &Wish<'_>,
    holds: &GtidSet,
    incomplete: Option<fencing::NotFenced>,
) -> Option<String> {
    if wish.is_complete(holds) {
        return None;
    }
    let primary = &view.cluster.primary;
    let asynchronous = view.cluster.policy.durability.acks() == 0;
    let lost = wish.closed.filter(|_| asynchronous);
    let lost = lost.map(|all| {
        let missing = all.subtract(holds).summary(4);
        format!("{primary} has committed what the winner lacks: {missing}")
    });
    incomplete.map(|missing| missing.0).or(lost)
}

fn blocker_of(wished: &NodeName, verdicts: &[CandidateVerdict]) -> String {
    let verdict = verdicts.iter().find(|verdict| verdict.node == *wished);
    verdict.map_or_else(
        || format!("{wished} is no replica of the cluster"),
        |verdict| format!("{wished}: {}", verdict.reason),
    )
}

/// How the replicas stand for a planned change: the best first, then those that
/// cannot be primary, each with its reasons. What each has received does not
/// matter: the primary is there, and whoever is chosen gets the rest from it.
#[must_use]
pub fn planned(view: &ClusterView) -> Vec<CandidateVerdict> {
    planned_near(view, zone_of_primary(view))
}

/// The same where `zone` counts as the primary's.
#[must_use]
pub(crate) fn planned_near(view: &ClusterView, zone: Option<&Zone>) -> Vec<CandidateVerdict> {
    let mut eligible: Vec<(Score, CandidateVerdict)> = Vec::new();
    let mut rejected = Vec::new();
    for (node, replica) in view.replicas() {
        let report = replica.report();
        let held = report.filter(|_| replica.silence.is_none());
        let held = held.map(|report| Ok(report.holds()));
        let rejections = unfit(view, node, report, held.as_ref());
        let held = held
            .and_then(Result::ok)
            .map(|held| (node.name.clone(), held));
        let held = held.into_iter().collect();
        let score = score(node, zone, report, None);
        let verdict = CandidateVerdict {
            reason: score.terms(),
            ..self::rejected(node, &held, rejections)
        };
        if verdict.rejections.is_empty() {
            eligible.push((score, verdict));
        } else {
            rejected.push(verdict);
        }
    }
    eligible.sort_by(|(a, _), (b, _)| b.cmp(a));
    let ranked = (1..)
        .zip(eligible)
        .map(|(rank, (_, verdict))| CandidateVerdict {
            rank: Some(rank),
            ..verdict
        });
    ranked.chain(rejected).collect()
}

fn sets(stopped: &Stopped) -> BTreeMap<NodeName, GtidSet> {
    let answered = stopped.iter().filter_map(|(name, result)| {
        let set = result.as_ref().ok()?;
        Some((name.clone(), set.clone()))
    });
    answered.collect()
}

impl Score {
    fn reason(&self, overridden: &[Rejection]) -> String {
        if !overridden.is_empty() {
            let reasons: Vec<_> = overridden.iter().map(ToString::to_string).collect();
            return format!("overridden by the operator: {}", reasons.join("; "));
        }
        format!("holds everything received; {}", self.terms())
    }

    fn terms(&self) -> String {
        let Placement { rule, same_zone } = self.placement;
        let zone = if same_zone {
            ", in the old primary's zone"
        } else {
            ""
        };
        let backlog = match self.to_apply.0 {
            u128::MAX => "an unknown number of".to_owned(),
            count => count.to_string(),
        };
        format!(
            "promotion rule {rule}{zone}, version {}, {backlog} transactions to apply",
            self.version.0
        )
    }
}

fn zone_of_primary(view: &ClusterView) -> Option<&Zone> {
    let primary = view.primary_node();
    primary.and_then(|primary| primary.zone.as_ref())
}

/// How good a node is that holds this much, if that was asked, or else what it
/// reported.
fn score(
    node: &Node,
    zone: Option<&Zone>,
    report: Option<&NodeReport>,
    held: Option<&GtidSet>,
) -> Score {
    let lag = report
        .and_then(|report| report.replication.as_ref())
        .and_then(|replication| replication.lag);
    let to_apply = report.map(|report| {
        let holds = held.cloned().unwrap_or_else(|| report.holds());
        holds.subtract(&report.executed).count()
    });
    Score {
        placement: Placement::of(node, zone),
        version: Reverse(report.map_or(ServerVersion::OLDEST_SUPPORTED, |r| r.version)),
        to_apply: Reverse(to_apply.unwrap_or(u128::MAX)),
        lag: Reverse(lag.unwrap_or(Duration::MAX)),
        name: Reverse(node.name.clone()),
    }
}

/// What would keep a replica that answers from being promoted, whatever the
/// others hold.
#[must_use]
pub fn obstacles(view: &ClusterView, node: &Node, report: &NodeReport) -> Vec<Rejection> {
    unfit(view, node, Some(report), Some(&Ok(report.holds())))
}

/// Reasons that have nothing to do with the others.
fn unfit(
    view: &ClusterView,
    node: &Node,
    report: Option<&NodeReport>,
    stopped: Option<&Result<GtidSet, String>>,
) -> Vec<Rejection> {
    let mut reasons = Vec::new();
    if let Some(quarantine) = &node.quarantine {
        reasons.push(Rejection::Quarantined {
            reason: quarantine.reason.clone(),
        });
    }
    if let Some(maintenance) = &node.maintenance {
        reasons.push(Rejection::InMaintenance {
            reason: format!("{}, by {}", maintenance.reason, maintenance.owner),
        });
    }
    let no_answer = |reason: &str| Rejection::NoAnswer {
        reason: reason.to_owned(),
    };
    match (stopped, report) {
        (None, _) => reasons.push(no_answer("it was silent before")),
        (Some(Err(why)), _) => reasons.push(no_answer(why)),
        (Some(Ok(_)), None) => reasons.push(no_answer("it has not been seen yet")),
        (Some(Ok(set)), Some(report)) => {
            reasons.extend(unfit_report(report));
            reasons.extend(diverged(view, set));
        }
    }
    if node.promotion.rule == PromotionRule::MustNot {
        reasons.push(Rejection::MustNot);
    }
    reasons
}

fn unfit_report(report: &NodeReport) -> Vec<Rejection> {
    let mut reasons = Vec::new();
    if !(report.log_bin && report.log_replica_updates && report.gtid_mode_on) {
        reasons.push(Rejection::CannotBeSource);
    }
    let Some(replication) = &report.replication else {
        return reasons;
    };
    if !replication.applier_running {
        let error = replication.applier_error.as_ref();
        reasons.push(Rejection::ApplierBroken {
            message: error
                .map_or("no error; it was stopped", |e| &e.message)
                .to_owned(),
        });
    }
    if !replication.delay.is_zero() {
        reasons.push(Rejection::Delayed {
            by: replication.delay,
        });
    }
    reasons
}

/// Set if the replica holds what can never have come from the primary.
fn diverged(view: &ClusterView, set: &GtidSet) -> Option<Rejection> {
    let errant = errant(view, set);
    (!errant.is_empty()).then(|| Rejection::Diverged {
        from: view.cluster.primary.clone(),
        errant,
    })
}

/// What was neither committed at the primary at its last word, nor numbered by
/// it since.
fn errant(view: &ClusterView, set: &GtidSet) -> GtidSet {
    let last = view.primary_node().zip(view.primary().report());
    last.map_or_else(GtidSet::default, |(primary, last)| {
        set.errant_against(&last.executed)
            .without_origin(primary.server_uuid.0)
    })
}

/// Who received most, and all that was received. What a diverged replica
/// received counts too where it could acknowledge: it may have been the only
/// one that did.
fn most_advanced(
    view: &ClusterView,
    held: &BTreeMap<NodeName, GtidSet>,
) -> Option<(NodeName, GtidSet)> {
    let semi_sync = view.cluster.policy.durability.acks() > 0;
    let received: Vec<_> = held
        .iter()
        .map(|(name, set)| (name, set, errant(view, set)))
        .filter(|(_, _, errant)| semi_sync || errant.is_empty())
        .map(|(name, set, errant)| (name, set.subtract(&errant)))
        .collect();
    let all = received
        .iter()
        .fold(GtidSet::default(), |all, (_, set)| all.union(set));
    let (leader, _) = received.iter().max_by_key(|(_, set)| set.count())?;
    Some(((*leader).clone(), all))
}

fn behind(
    view: &ClusterView,
    node: &Node,
    set: &GtidSet,
    (leader, all): &(NodeName, GtidSet),
    held: &BTreeMap<NodeName, GtidSet>,
) -> Vec<Rejection> {
    let mut reasons = Vec::new();
    let missing = all.subtract(set);
    if !missing.is_empty() {
        // The leader itself lacks something only when two have diverged.
        let than = if node.name == *leader {
            holder_of(&missing, held).unwrap_or(leader)
        } else {
            leader
        };
        reasons.push(Rejection::Behind {
            than: than.clone(),
            missing,
        });
    }
    let missing = committed(view).map(|committed| committed.subtract(set));
    if let Some(missing) = missing.filter(|missing| !missing.is_empty()) {
        reasons.push(Rejection::Behind {
            than: view.cluster.primary.clone(),
            missing,
        });
    }
    reasons
}

fn holder_of<'a>(some: &GtidSet, held: &'a BTreeMap<NodeName, GtidSet>) -> Option<&'a NodeName> {
    held.iter()
        .find(|(_, set)| !set.intersection(some).is_empty())
        .map(|(name, _)| name)
}

fn rejected(
    node: &Node,
    held: &BTreeMap<NodeName, GtidSet>,
    rejections: Vec<Rejection>,
) -> CandidateVerdict {
    let reasons: Vec<_> = rejections.iter().map(ToString::to_string).collect();
    CandidateVerdict {
        node: node.name.clone(),
        received: held.get(&node.name).cloned().unwrap_or_default(),
        rank: None,
        reason: reasons.join("; "),
        rejections,
    }
}

fn blocker(verdicts: &[CandidateVerdict]) -> String {
    if verdicts.is_empty() {
        return "the cluster has no replica".to_owned();
    }
    let each: BTreeSet<_> = verdicts
        .iter()
        .map(|verdict| format!("{}: {}", verdict.node, verdict.reason))
        .collect();
    each.into_iter().collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
