//! Fencing: the proof that the old primary can acknowledge nothing more.
//!
//! # The quorum rule
//!
//! Let N replicas be able to acknowledge a commit of the old primary, and let a
//! commit need k of them. Once the receivers of any s ≥ N − k + 1 are stopped,
//! at most N − s ≤ k − 1 are left, too few for any commit: nothing can be
//! acknowledged *afterwards*. And every commit acknowledged *before* had k
//! acknowledging replicas among N, of which at least k + s − N ≥ 1 is among the
//! stopped: the union of what the stopped ones received misses none. It is a
//! proof only if the old primary was seen enforcing k without a way to fall
//! back, or was told to when this leader opened it, and if no replica we do not
//! know was connected to it.
//!
//! An acknowledgement that is under way when its receiver stops may still arrive.
//! What it acknowledges is with the stopped ones, so whoever is elected holds it.
//!
//! A replica counts as unable to acknowledge when its process is gone or it
//! says itself that it does not follow, and the primary was *asked* after that
//! began and no longer had its connection: what it acknowledged before has
//! arrived, or never will, and is within what the primary reported as committed,
//! which `candidate` demands of whoever is promoted. An answer that was under way
//! when it began may be older, so it proves nothing. Where commits wait for two or
//! more, an acknowledgement that has arrived also counts for a commit that still
//! waits for another: there nobody may have waited at that moment. A replica that had no process when the
//! primacy began, and has not been made to receive since, never acknowledged
//! anything of it.
//!
//! All this takes it that a node which boots does not start its receiver by
//! itself (`skip_replica_start`), and that no hand but Lictor's starts a receiver,
//! connects an unknown replica or changes what commits wait for, and is not seen
//! by one more look before the node in question is lost. `tests/histories.rs`
//! puts the rule to random histories.

use std::collections::BTreeSet;

use lictor_domain::{FailoverOrder, FencingProof, GtidSet, Mono, Node, NodeName, ServerUuid};

use crate::view::{ClusterView, Idle};

/// Receivers that must be stopped so that nothing more can be acknowledged.
///
/// `None` when no number is enough: with no acknowledgement demanded, commits
/// need nobody.
#[must_use]
pub const fn quorum(possible_ackers: u32, acks: u32) -> Option<u32> {
    if acks == 0 {
        None
    } else {
        Some((possible_ackers + 1).saturating_sub(acks))
    }
}

/// The replicas that could have acknowledged something the primary has not
/// reported as committed since.
#[must_use]
pub fn possible_ackers(view: &ClusterView) -> BTreeSet<NodeName> {
    view.replicas()
        .filter(|(node, replica)| match replica.idle {
            Some(Idle::AllEpoch) => false,
            Some(Idle::Since(began)) => !is_settled(view, node, began),
            None => true,
        })
        .map(|(node, _)| node.name.clone())
        .collect()
}

/// Whether the primary's last words leave nothing open that a replica, idle
/// since it `began`, may have acknowledged.
fn is_settled(view: &ClusterView, node: &Node, began: Mono) -> bool {
    view.primary().answer.as_ref().is_some_and(|words| {
        let semi_sync = words.report.semi_sync.as_ref();
        let half_acknowledged = semi_sync.is_some_and(|s| s.level() > 1 && s.waiting_sessions > 0);
        words.asked() > began
            && !words.report.replicas.contains(&node.server_uuid)
            && !half_acknowledged
    })
}

/// The fact that the old primary is fenced, or that its cluster accepts that it
/// is not, by value. `Command::Promote` takes
/// one, so nothing can be promoted without; only this module makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fenced(FencingProof);

impl Fenced {
    /// What it rests on.
    #[must_use]
    pub const fn proof(&self) -> &FencingProof {
        &self.0
    }

    /// A switchover closed the old primary, and that was its answer: all that it
    /// has committed. It boots `super_read_only`, so it stays closed whatever
    /// happens to it, until Lictor opens it.
    #[must_use]
    pub(crate) const fn closed(_committed: &GtidSet) -> Self {
        Self(FencingProof::ReadOnlySet)
    }

    /// The primary answers as ours and holds everything: nobody else was ever
    /// promoted, so there is nobody to fence but the node itself, which is
    /// `super_read_only` until it is opened.
    #[must_use]
    pub(crate) const fn nobody_else() -> Self {
        Self(FencingProof::ReadOnlySet)
    }
}

/// Seeks a proof for a failover that an operator ordered: a primary that answered
/// and was closed can commit nothing more; without any proof the operator can
/// take the responsibility.
pub fn prove_ordered(
    view: &ClusterView,
    stopped: &BTreeSet<NodeName>,
    closed: bool,
    order: &FailoverOrder,
) -> Result<Fenced, NotFenced> {
    if closed {
        return Ok(Fenced(FencingProof::ReadOnlySet));
    }
    prove(view, stopped).or_else(|missing| {
        if order.force {
            let (operator, reason) = (order.operator.clone(), order.reason.clone());
            return Ok(Fenced(FencingProof::Overridden { operator, reason }));
        }
        Err(missing)
    })
}

/// Going on without a proof where the policy accepts that, for a primary that
/// does not answer: one that does is closed, or left alone.
#[must_use]
pub fn accepted_unfenced(view: &ClusterView) -> Option<Fenced> {
    let silent = view.primary().silence.is_some();
    (silent && view.cluster.policy.accepts_unfenced()).then_some(Fenced(FencingProof::Unfenced))
}

/// When the old primary is dead at the latest, because its agent lets it live
/// only under a lease (`guard`): as long as it is granted none.
#[must_use]
pub fn lease_ends(view: &ClusterView) -> Option<Mono> {
    view.primary().guard?.ends
}

/// That moment has passed.
#[must_use]
pub fn lease_expired(view: &ClusterView, now: Mono) -> Option<Fenced> {
    let guard = view.primary().guard?;
    let (ends, heard_at) = (guard.ends?, guard.heard_at?);
    (ends <= now).then(|| {
        Fenced(FencingProof::LeaseExpired {
            instance: guard.instance,
            heard_ago: now.since(heard_at),
        })
    })
}

/// Why there is no proof, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFenced(pub String);

/// Seeks a proof, given the replicas whose receivers have been stopped.
pub fn prove(view: &ClusterView, stopped: &BTreeSet<NodeName>) -> Result<Fenced, NotFenced> {
    if view.primary().refused() {
        return Ok(Fenced(FencingProof::ProcessDead));
    }
    let acks = view.effective_acks();
    let ackers = possible_ackers(view);
    let count = |set: &BTreeSet<NodeName>| u32::try_from(set.len()).unwrap_or(u32::MAX);
    let (stopped, missing): (BTreeSet<_>, BTreeSet<_>) = ackers
        .iter()
        .cloned()
        .partition(|node| stopped.contains(node));
    let needed = quorum(count(&ackers), acks).ok_or_else(|| {
        NotFenced(format!(
            "the policy is {}, and the old primary needs nobody to acknowledge a commit",
            view.cluster.policy.durability
        ))
    })?;
    was_enforcing(view, acks)?;
    if count(&stopped) < needed {
        let missing: Vec<_> = missing.iter().map(NodeName::as_str).collect();
        return Err(NotFenced(format!(
            "receivers must be stopped on {needed} of {} replicas that may acknowledge; {} \
             could not be",
            ackers.len(),
            missing.join(", ")
        )));
    }
    Ok(Fenced(FencingProof::QuorumRevoked {
        stopped: stopped.into_iter().collect(),
        possible_ackers: count(&ackers),
        acks,
    }))
}

/// Whether the last look at the old primary showed it waiting for `acks`
/// replicas that we all know.
fn was_enforcing(view: &ClusterView, acks: u32) -> Result<(), NotFenced> {
    let primary = &view.cluster.primary;
    let not = |why: String| Err(NotFenced(why));
    let Some(report) = view.primary().report() else {
        // Who was opened by this leader was told to enforce before.
        let opened = view.opened().and_then(|opened| opened.replicas.as_deref());
        return match opened {
            Some(replicas) => all_known(view, replicas),
            None => not(format!("{primary} was never seen enforcing semi-sync")),
        };
    };
    // A closed one acknowledges nothing before it is opened, and enforces then.
    let closed = !report.writability.accepts_writes();
    let enforced = closed || report.semi_sync.as_ref().is_some_and(|s| s.enforces(acks));
    if !enforced {
        return not(format!(
            "{primary} was last seen not enforcing semi-sync with {acks} acknowledgement(s)"
        ));
    }
    let acking = report.semi_sync.as_ref().map_or(0, |s| s.clients as usize);
    if acking > report.replicas.len() {
        return not(format!(
            "{primary} had {acking} acknowledging replicas and named only {}",
            report.replicas.len()
        ));
    }
    all_known(view, &report.replicas)
}

/// Whether the replicas connected to the primary are all nodes of the cluster.
fn all_known(view: &ClusterView, replicas: &[ServerUuid]) -> Result<(), NotFenced> {
    let known = |uuid| {
        let mut nodes = view.cluster.nodes.iter();
        nodes.any(|node| node.server_uuid == uuid)
    };
    match replicas.iter().find(|uuid| !known(**uuid)) {
        Some(stranger) => Err(NotFenced(format!(
            "{} had a replica that Lictor does not know, with server_uuid {stranger}",
            view.cluster.primary
        ))),
        None => Ok(()),
    }
}

/// Whether those who answered hold, together, all that was ever acknowledged:
/// the other half of the quorum rule, needed whatever the proof is.
pub fn holds_all_acknowledged(
    view: &ClusterView,
    stopped: &BTreeSet<NodeName>,
) -> Result<(), NotFenced> {
    if view.cluster.policy.durability.acks() == 0 {
        return Ok(());
    }
    let acks = view.effective_acks();
    if acks == 0 {
        return Err(NotFenced(format!(
            "{} was last seen, or told, to acknowledge commits that no replica holds",
            view.cluster.primary
        )));
    }
    // A primary this leader never saw was set to enforce when it was made one.
    if view.primary().report().is_some() {
        was_enforcing(view, acks)?;
    }
    let ackers = possible_ackers(view);
    let needed = quorum(u32::try_from(ackers.len()).unwrap_or(u32::MAX), acks).unwrap_or(0);
    let silent: Vec<_> = ackers.difference(stopped).map(NodeName::as_str).collect();
    if ackers.len() - silent.len() >= needed as usize {
        return Ok(());
    }
    Err(NotFenced(format!(
        "{} may alone hold acknowledged writes, and could not be asked",
        silent.join(", ")
    )))
}

#[cfg(test)]
mod tests;
