//! What became of a switchover that another leader left unfinished. Its record
//! names the candidate, so only that one can have been opened.
//!
//! The candidate was opened if it takes writes, has forgotten its source, or is
//! followed by a node that is not below it in the tree anyway: no switchover begins
//! while one such does. It was not if it still receives from the old primary: a
//! receiver does not start by itself when a node boots. Where it is silent, or has
//! rebooted, it matters only if enough nodes may have acknowledged what was written
//! to it, be that loosened as far as the policy lets, or if nobody had to and it may
//! still run; and then what it and the old primary hold tells the rest.

use lictor_domain::{Node, NodeName, NodeReport, Recovery};

use super::heritage::{Fate, Undecided};
use crate::replica::current;
use crate::view::ClusterView;

/// What became of it, once that is certain: everyone has been looked at, and the
/// store knows no primacy as new as its own.
pub(super) fn fate(view: &ClusterView, record: &Recovery) -> Result<Fate, Undecided> {
    let candidate = record.new_primary.as_ref();
    let Some(candidate) = candidate.and_then(|name| view.cluster.node(name)) else {
        return Ok(Fate::Void);
    };
    let report = current(view.node(&candidate.name));
    if report.is_some_and(leads) {
        return Ok(Fate::Adopted(candidate.name.clone()));
    }
    // Before others are heard: they may have followed it in an older epoch.
    if report.is_some_and(|report| view.receives_from_primary(report)) {
        return Ok(Fate::Void);
    }
    if is_followed(view, candidate) {
        return Ok(Fate::Adopted(candidate.name.clone()));
    }
    let acks = view.cluster.policy.lowest_acks() as usize;
    let ackers = may_have_acknowledged(view, candidate);
    let dead = view.node(&candidate.name).refused() && ackers.is_empty();
    if ackers.len() < acks || dead {
        return Ok(Fate::Void);
    }
    let primary = current(view.primary());
    match report.zip(primary) {
        Some((candidate_says, primary)) if went_on(primary, candidate_says) => Ok(Fate::Void),
        Some(_) => Ok(Fate::Adopted(candidate.name.clone())),
        None => Err(Undecided::Winner(candidate.name.clone(), ackers)),
    }
}

/// Whether the old primary went on: it is open, which it never is beside an open
/// candidate; or it has committed what the candidate lacks, which had applied all
/// before it was opened; or nothing was ever written to the candidate.
fn went_on(primary: &NodeReport, candidate: &NodeReport) -> bool {
    let held = candidate.holds();
    let written = held.errant_against(&primary.executed);
    let written = written.without_origin(primary.server_uuid.0);
    primary.writability.accepts_writes()
        || !primary.executed.is_subset_of(&held)
        || written.is_empty()
}

/// Whether it is open, or was and has left its source since.
fn leads(report: &NodeReport) -> bool {
    report.writability.accepts_writes() || report.replication.is_none()
}

fn others<'a>(
    view: &'a ClusterView,
    candidate: &'a Node,
) -> impl Iterator<Item = (&'a NodeName, Option<&'a NodeReport>)> {
    let others = view.cluster.nodes.iter();
    let others = others.filter(|node| node.name != candidate.name);
    others.map(|node| (&node.name, current(view.node(&node.name))))
}

/// Whether somebody follows it who would not unless it had been opened.
fn is_followed(view: &ClusterView, candidate: &Node) -> bool {
    others(view, candidate).any(|(name, report)| {
        follows(candidate, report) && !view.cluster.is_below(name, &candidate.name)
    })
}

fn follows(candidate: &Node, report: Option<&NodeReport>) -> bool {
    let replication = report.and_then(|report| report.replication.as_ref());
    replication.is_some_and(|replication| replication.source == candidate.address)
}

/// The others that say nothing, or follow it.
fn may_have_acknowledged(view: &ClusterView, candidate: &Node) -> Vec<NodeName> {
    let may = others(view, candidate)
        .filter(|(_, report)| report.is_none() || follows(candidate, *report));
    may.map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lictor_domain::{
        Durability, Epoch, OnStarved, Policy, ProbeOutcome, Problem, ProblemCode, ReceiverState,
        RecoveryId, RecoveryKind, RecoveryOutcome, Severity, Term, Writability,
    };
    use uuid::Uuid;

    use super::*;
    use crate::fixture::{Fixture, gtids, name};

    fn record() -> Recovery {
        Recovery {
            id: RecoveryId(Uuid::nil()),
            cluster: "orders".parse().unwrap(),
            kind: RecoveryKind::Switchover,
            epoch: Epoch {
                term: Term(1),
                n: 2,
            },
            started_at: chrono::DateTime::UNIX_EPOCH,
            old_primary: name(1),
            new_primary: Some(name(2)),
            verdict: Problem {
                code: ProblemCode::SwitchoverOrdered,
                severity: Severity::Info,
                node: None,
                sentence: String::new(),
                response: String::new(),
                evidence: vec![],
            },
            fencing: None,
            candidates: vec![],
            steps: vec![],
            outcome: RecoveryOutcome::Running,
        }
    }

    fn of(fixture: &Fixture) -> Option<Fate> {
        super::super::heritage::fate(&fixture.view(), &record()).ok()
    }

    fn adopted() -> Fate {
        let candidate: NodeName = name(2);
        Fate::Adopted(candidate)
    }

    /// Three nodes of which the old primary was closed already.
    fn closed() -> Fixture {
        Fixture::healthy(2).writability(1, Writability::SuperReadOnly)
    }

    fn silent(fixture: Fixture, n: u32) -> Fixture {
        fixture.silent(n, ProbeOutcome::TimedOut, Duration::from_millis(300))
    }

    fn stopped(fixture: Fixture, n: u32) -> Fixture {
        fixture.replication(n, |replication| {
            replication.receiver = ReceiverState::Stopped;
        })
    }

    #[test]
    fn a_candidate_that_takes_writes_is_the_primary() {
        assert_eq!(
            of(&closed().writability(2, Writability::Writable)),
            Some(adopted())
        );
    }

    #[test]
    fn a_candidate_that_left_its_source_or_is_followed_was_opened_before_it_rebooted() {
        let left = closed().report(2, |report| report.replication = None);
        assert_eq!(of(&left), Some(adopted()));
        for follower in [1, 3] {
            let followed = stopped(closed(), 2).follows(follower, 2);
            assert_eq!(of(&followed), Some(adopted()));
            assert_eq!(of(&silent(followed, 2)), Some(adopted()));
        }
    }

    #[test]
    fn a_candidate_that_still_receives_was_never_opened() {
        assert_eq!(of(&Fixture::healthy(2)), Some(Fate::Void));
        assert_eq!(of(&closed()), Some(Fate::Void));
        assert_eq!(of(&silent(silent(closed(), 1), 3)), Some(Fate::Void));
        // Whoever is told to follow it was left behind in an older epoch.
        assert_eq!(of(&stopped(closed(), 3).follows(3, 2)), Some(Fate::Void));
    }

    #[test]
    fn a_candidate_that_cannot_tell_matters_only_if_someone_may_have_acknowledged_to_it() {
        for fixture in [silent(closed(), 2), stopped(closed(), 2)] {
            assert_eq!(of(&fixture), Some(Fate::Void));
            assert_eq!(of(&silent(fixture, 1)), None);
        }
        assert_eq!(of(&silent(silent(closed(), 2), 3)), None);
    }

    #[test]
    fn where_a_commit_may_need_nobody_a_silent_candidate_matters_while_its_process_may_live() {
        const LOOSENED: OnStarved = OnStarved::Loosen {
            min_acks: 0,
            after_secs: 5,
        };
        for policy in [
            |policy: &mut Policy| policy.durability = Durability::Async,
            |policy: &mut Policy| policy.on_starved = LOOSENED,
        ] {
            let alone = closed().policy(policy);
            assert_eq!(of(&silent(alone.clone(), 2)), None);
            let refused = alone.silent(2, ProbeOutcome::Refused, Duration::from_millis(300));
            assert_eq!(of(&refused), Some(Fate::Void));
        }
    }

    #[test]
    fn a_replica_that_the_candidate_has_in_the_tree_proves_nothing_and_may_have_acknowledged() {
        let tree = || closed().below(3, 2);
        assert_eq!(of(&tree()), Some(Fate::Void));
        assert_eq!(of(&silent(tree(), 2)), None);
        assert_eq!(of(&silent(stopped(tree(), 2), 1)), None);
    }

    #[test]
    fn what_it_and_the_old_primary_hold_tells_whether_it_was_written_to() {
        let rebooted = || stopped(closed().below(3, 2), 2);
        assert_eq!(of(&rebooted()), Some(Fate::Void));
        let written = || rebooted().executed(2, &gtids(2, 1, 3));
        assert_eq!(of(&written()), Some(adopted()));
        // The old primary was opened again since.
        let went_on = written().executed(1, &gtids(1, 101, 102));
        assert_eq!(of(&went_on), Some(Fate::Void));
        let open = written().writability(1, Writability::Writable);
        assert_eq!(of(&open), Some(Fate::Void));
    }

    #[test]
    fn nothing_is_certain_before_everyone_was_looked_at() {
        for n in [1, 2, 3] {
            assert_eq!(of(&closed().unseen(n)), None);
        }
    }
}
