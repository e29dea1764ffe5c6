//! What became of a failover that another leader left unfinished; of a
//! switchover `handover` says it.
//!
//! Three facts about every failover carry the decision:
//!
//! 1. Only the winner is ever opened, and only after a store holds the record
//!    that names it. So a record that names nobody opened nobody.
//! 2. While the record runs, the old primary stays fenced: a failover that is
//!    given up says so in a store *before* it starts a receiver again, and no
//!    leader touches a node before it has settled what it inherited.
//! 3. The winner held everything that was ever acknowledged when it was chosen;
//!    the record says what that was.
//!
//! Hence, of a winner W:
//!
//! - W takes writes: it is adopted. By 2 and 3 nothing acknowledged is missing,
//!   and only it can acknowledge. (Only an operator can break 2, by starting
//!   receivers by hand; where that is seen, the next rules decide.)
//! - Fewer nodes than a commit needs may have followed W: it cannot have
//!   acknowledged anything, whether it was opened or not, so nothing is lost by
//!   undoing it. What a commit needs may have been loosened as far as the policy
//!   lets, and nobody told any more. A node may have followed W if it follows it now
//!   or does not answer: nobody is pointed away from W but by a leader. Where a
//!   commit needs nobody, this takes W's process to be gone: what it alone
//!   acknowledged is what such a policy risks.
//! - W answers, is closed, and holds all it was chosen for: it is adopted, and
//!   opened again. Either it was opened before or it may be opened now, by 2, 3.
//! - W answers and holds less: it applies everything before it is opened, so it
//!   never was, and it is undone.
//! - W is silent, and somebody who answers follows it: it is adopted, and failed
//!   over in its turn if it is lost. Whether it was opened or not, it may be, by 2
//!   and 3; and who takes its place has to hold all that it was chosen for.
//! - Otherwise W is waited for: it is silent, and may have acknowledged writes.
//!
//! As soon as W or one of its followers answers one of the first five holds, so
//! nothing waits for ever unless they stay away for ever. Then the operator is told
//! what for, and may give the recovery up, and with it what only W and those who may
//! have followed it hold: that is his word, and no proof.

use lictor_domain::{
    GtidSet, NodeName, Problem, ProblemCode, Recovery, RecoveryKind, RecoveryOutcome, Step,
};

use super::handover;
use crate::replica::current;
use crate::view::ClusterView;

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The store knows a primacy that is not older than its own.
    Over,
    /// This replica was opened, or may be: it is the primary.
    Adopted(NodeName),
    /// Nobody was opened, or nobody could write through it.
    Void,
}

/// Why that is not certain yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Undecided {
    /// Not every node has been looked at once.
    Unseen,
    /// The winner is silent, and with the help of these it may have acknowledged.
    Winner(NodeName, Vec<NodeName>),
}

/// What became of it, once that is certain.
pub(super) fn fate(view: &ClusterView, record: &Recovery) -> Result<Fate, Undecided> {
    if view.cluster.epoch >= record.epoch {
        return Ok(Fate::Over);
    }
    let unseen = view.cluster.nodes.iter().any(|node| {
        let node = view.node(&node.name);
        node.answer.is_none() && node.silence.is_none()
    });
    if unseen {
        return Err(Undecided::Unseen);
    }
    if record.kind == RecoveryKind::Switchover {
        return handover::fate(view, record);
    }
    let Some(winner) = record.new_primary.clone() else {
        return Ok(Fate::Void);
    };
    let acks = view.cluster.policy.lowest_acks() as usize;
    let ackers = may_have_followed(view, &winner);
    let gone = view.cluster.node(&winner).is_none();
    let dead = view.node(&winner).refused() && ackers.is_empty();
    let harmless = ackers.len() < acks || gone || dead;
    match current(view.node(&winner)) {
        Some(report) if report.writability.accepts_writes() && !unfenced(view, acks.max(1)) => {
            Ok(Fate::Adopted(winner))
        }
        _ if harmless => Ok(Fate::Void),
        Some(report) if holds_its_choice(record, &report.executed) => Ok(Fate::Adopted(winner)),
        Some(_) => Ok(Fate::Void),
        None if is_followed(view, &winner) && !unfenced(view, acks.max(1)) => {
            Ok(Fate::Adopted(winner))
        }
        None => Err(Undecided::Winner(winner, ackers)),
    }
}

/// Whether somebody who answers follows it.
fn is_followed(view: &ClusterView, winner: &NodeName) -> bool {
    let address = view.cluster.node(winner).map(|node| &node.address);
    let others = view.cluster.nodes.iter().filter(|n| n.name != *winner);
    let mut reports = others.filter_map(|other| current(view.node(&other.name)));
    reports.any(|report| report.replication.as_ref().map(|r| &r.source) == address)
}

/// Who does not say that it follows somebody else, or nobody.
fn may_have_followed(view: &ClusterView, winner: &NodeName) -> Vec<NodeName> {
    // A winner that was taken out of the cluster had nobody left to follow it.
    let Some(address) = view.cluster.node(winner).map(|node| &node.address) else {
        return vec![];
    };
    let others = view.cluster.nodes.iter().filter(|n| n.name != *winner);
    let may = others.filter(|other| {
        current(view.node(&other.name)).is_none_or(|report| {
            let replication = report.replication.as_ref();
            replication.is_some_and(|replication| replication.source == *address)
        })
    });
    may.map(|node| node.name.clone()).collect()
}

/// Whether an operator has let the old primary have its acknowledgements back
/// by starting receivers that the failover had stopped.
fn unfenced(view: &ClusterView, acks: usize) -> bool {
    let receiving = view
        .replicas()
        .filter_map(|(_, replica)| current(replica))
        .filter(|report| view.receives_from_primary(report));
    !view.primary().refused() && receiving.count() >= acks
}

/// Whether it holds all it was chosen for.
fn holds_its_choice(record: &Recovery, executed: &GtidSet) -> bool {
    record
        .chosen_with()
        .is_none_or(|received| received.is_subset_of(executed))
}

/// The record as the leader that settled it leaves it: every step is closed, and
/// the last one says how it went on.
pub(super) fn ended(
    mut record: Recovery,
    outcome: RecoveryOutcome,
    how: String,
    now: lictor_domain::Now,
) -> Recovery {
    let elapsed = (now.wall - record.started_at).to_std().unwrap_or_default();
    for step in &mut record.steps {
        step.took
            .get_or_insert_with(|| elapsed.saturating_sub(step.began));
    }
    let phase = record.steps.iter().map(|step| step.phase).max();
    record.steps.extend(phase.map(|phase| Step {
        phase,
        began: elapsed,
        took: Some(std::time::Duration::ZERO),
        sentence: how,
    }));
    record.outcome = outcome;
    record
}

/// Who is waited for, and what may be lost without it, as a sentence.
pub(super) fn waited_for(view: &ClusterView, record: &Recovery) -> Option<(NodeName, String)> {
    let Err(Undecided::Winner(winner, ackers)) = fate(view, record) else {
        return None;
    };
    let ackers: Vec<_> = ackers.iter().map(NodeName::as_str).collect();
    let whom = if ackers.is_empty() {
        "alone".to_owned()
    } else {
        format!("with {}", ackers.join(", "))
    };
    let sentence =
        format!("{winner} was chosen, does not answer, and may have acknowledged writes, {whom}");
    Some((winner, sentence))
}

/// What is shown while it is waited for.
pub(super) fn problem(view: &ClusterView, record: &Recovery) -> Option<Problem> {
    let (winner, why) = waited_for(view, record)?;
    let cluster = &view.cluster.name;
    Some(Problem {
        code: ProblemCode::UnfinishedRecovery,
        severity: ProblemCode::UnfinishedRecovery.severity(),
        sentence: format!("recovery {} lost its leader: {why}", record.id),
        response: format!(
            "Lictor touches nothing until {winner}, or enough of the others, answer: start them; \
             if they never come back, make sure that {winner} takes no writes, and give the \
             recovery up, and what only they hold: lictor cluster failover {cluster} --force \
             --reason …, with --to {} to leave that the primary",
            view.cluster.primary
        ),
        node: Some(winner),
        evidence: record.verdict.evidence.clone(),
    })
}
