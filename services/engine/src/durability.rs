//! What commits wait for: keeps the semi-sync settings of every node what the
//! policy says, and loosens them while too few replicas can acknowledge, where
//! the policy allows it.
//!
//! Nothing is remembered of a loosening: how many acknowledgements commits wait
//! for now, the primary itself says. So another leader finds it as it is.
//!
//! A replica is made to acknowledge before the primary is made to wait for it.
//! What a replica received before it acknowledged, it never acknowledges: where
//! every client waits for just that, Lictor commits something that changes
//! nothing, whose acknowledgement stands for all before it.
//!
//! Turning the source side off lets waiting commits pass, so that is only done
//! on a primary whose policy says so, and on a closed replica where none waits.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use lictor_domain::report::{SemiSync, StallCause};
use lictor_domain::{Mono, Node, NodeReport, OnStarved, ReceiverState};

use crate::analysis::{settable, wrong_settings};
use crate::message::Care;
use crate::replica::{current, leads_to_primary};
use crate::timing::Timing;
use crate::view::{Answer, ClusterView, NodeView};

/// A commit has waited in vain when it has waited for so long.
const IN_VAIN: Range<Duration> = Duration::from_secs(1)..Duration::from_secs(30);

/// How many acknowledgements commits are told to wait for, instead of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enforcement {
    /// From now on.
    pub acks: u32,
    /// Until now.
    pub was: u32,
    /// What the policy demands.
    pub demanded: u32,
}

impl fmt::Display for Enforcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            acks,
            was,
            demanded,
        } = self;
        let what = if acks < demanded && acks < was {
            "loosened, as the policy allows while too few replicas can acknowledge"
        } else if acks < demanded {
            "tightened as far as replicas can acknowledge"
        } else if acks > was {
            "tightened to what the policy demands"
        } else {
            "set to what the policy demands"
        };
        write!(
            f,
            "{what}: commits wait for {acks} replica(s) instead of {was}; the policy demands \
             {demanded}"
        )
    }
}

/// What this node's semi-sync settings need now, if anything.
#[must_use]
pub fn care(view: &ClusterView, node: &Node, timing: &Timing, now: Mono) -> Option<Care> {
    let seen = view.node(&node.name);
    let report = seen.fresh_report(now, timing.reader_patience)?;
    let semi_sync = report.semi_sync.as_ref()?;
    if node.name == view.cluster.primary {
        return primary_care(view, report, semi_sync, now);
    }
    let follows = node.quarantine.is_none() && leads_to_primary(view, report);
    follows
        .then(|| replica_care(view, report, semi_sync))
        .flatten()
}

/// While an acknowledger is being made, the primary is left as it is: "replicas
/// first".
fn primary_care(
    view: &ClusterView,
    report: &NodeReport,
    semi_sync: &SemiSync,
    now: Mono,
) -> Option<Care> {
    if !report.writability.accepts_writes() {
        return None;
    }
    let enforcement = Enforcement {
        acks: wanted(view, semi_sync, now),
        was: semi_sync.level(),
        demanded: view.cluster.policy.durability.acks(),
    };
    let acks = enforcement.acks;
    let right = semi_sync.level() == acks
        && (acks == 0 || !wrong_settings(semi_sync, acks).iter().any(settable));
    let prepared = acks <= ready(view) || !view.replicas().any(|(_, seen)| is_pending(view, seen));
    let lower = acks < enforcement.was;
    if !right && (lower || prepared) {
        return Some(Care::Enforce(enforcement));
    }
    waits_in_vain(view, report, semi_sync).then_some(Care::CommitNothing)
}

/// Whether commits have waited for a while although enough replicas acknowledge.
/// What helps them helps at once: it is not tried for long, since a session that
/// tried in vain waits like the others.
fn waits_in_vain(view: &ClusterView, report: &NodeReport, semi_sync: &SemiSync) -> bool {
    let mut stalls = report.stalls.iter();
    let waits = stalls.any(|stall| {
        stall.cause == StallCause::Acknowledgements && IN_VAIN.contains(&stall.longest)
    });
    let acks = semi_sync.level();
    waits && acks > 0 && ready(view) >= acks
}

fn replica_care(view: &ClusterView, report: &NodeReport, semi_sync: &SemiSync) -> Option<Care> {
    let closed = !report.writability.accepts_writes();
    if semi_sync.source_enabled && closed && semi_sync.waiting_sessions == 0 {
        return Some(Care::StopWaiting);
    }
    needs_acknowledging(view, report, semi_sync)
}

fn needs_acknowledging(
    view: &ClusterView,
    report: &NodeReport,
    semi_sync: &SemiSync,
) -> Option<Care> {
    let primary = view.primary().report();
    let demanded = view.cluster.policy.durability.acks() > 0;
    if !demanded || primary.is_none_or(|primary| primary.semi_sync.is_none()) {
        return None;
    }
    // Below another replica its acknowledgements reach nobody: it is only prepared.
    let receives = report.replication.as_ref()?.receiver == ReceiverState::Running
        && view.follows_primary(report);
    let reconnect = receives && !semi_sync.replica_active;
    (!semi_sync.replica_enabled || reconnect).then_some(Care::Acknowledge { reconnect })
}

/// Whether a replica follows, and is yet to be made to acknowledge, as far as is
/// known: what it said before the primary was last asked may not hold any more.
fn is_pending(view: &ClusterView, seen: &NodeView) -> bool {
    let report = current(seen).filter(|report| view.follows_primary(report));
    let Some((report, semi_sync)) = report.and_then(|r| Some((r, r.semi_sync.as_ref()?))) else {
        return false;
    };
    let asked = |seen: &NodeView| seen.answer.as_ref().map(Answer::asked);
    asked(seen) < asked(view.primary()) || needs_acknowledging(view, report, semi_sync).is_some()
}

/// How many acknowledgements commits are to wait for.
fn wanted(view: &ClusterView, semi_sync: &SemiSync, now: Mono) -> u32 {
    let policy = &view.cluster.policy;
    let demanded = policy.durability.acks();
    let OnStarved::Loosen { after_secs, .. } = policy.on_starved else {
        return demanded;
    };
    let ready = ready(view);
    if ready >= demanded {
        return demanded;
    }
    let level = semi_sync.level().min(demanded);
    let possible = ready.max(policy.lowest_acks());
    let starved_for = view.primary().starved_since.map(|since| now.since(since));
    let starved = starved_for.is_some_and(|time| time >= Duration::from_secs(after_secs));
    if possible > level || starved {
        possible
    } else {
        level
    }
}

/// Whether commits wait for fewer replicas than the durability demands because
/// the policy lets them.
#[must_use]
pub fn is_loosened(view: &ClusterView, semi_sync: &SemiSync) -> bool {
    let policy = &view.cluster.policy;
    let level = semi_sync.level();
    let allowed = (policy.lowest_acks()..policy.durability.acks()).contains(&level);
    let sound = level == 0 || !wrong_settings(semi_sync, level).iter().any(settable);
    allowed && sound && ready(view) < policy.durability.acks()
}

/// Replicas that acknowledge and have received all that the primary had
/// committed when it was last asked: commits that wait for them go on at once.
fn ready(view: &ClusterView) -> u32 {
    let Some(primary) = view.primary().answer.as_ref() else {
        return 0;
    };
    let ready = view
        .replicas()
        .filter(|(node, _)| node.quarantine.is_none())
        .filter(|(_, seen)| current(seen).is_some())
        .filter_map(|(_, seen)| seen.answer.as_ref())
        .filter(|answer| acknowledges(view, answer, primary));
    u32::try_from(ready.count()).unwrap_or(u32::MAX)
}

fn acknowledges(view: &ClusterView, replica: &Answer, primary: &Answer) -> bool {
    let report = &replica.report;
    let active = report
        .semi_sync
        .as_ref()
        .is_some_and(|s| s.replica_enabled && s.replica_active);
    let received = report.replication.as_ref().is_some_and(|replication| {
        replication.receiver == ReceiverState::Running
            && primary.report.executed.is_subset_of(&replication.received)
    });
    active && received && view.follows_primary(report) && replica.asked() >= primary.at
}

#[cfg(test)]
mod tests;
