//! What happened to a cluster, told from one picture of it to the next.
//!
//! A [`Chronicle`] belongs to one leader's watch over one cluster. It begins
//! with what its predecessors told, so that nothing is told twice and what came
//! to its end between two leaders is told too.
//!
//! - A problem is the same while its code and its node are. It is told at once;
//!   that it is over is told when it has stayed away for a while (`damper` has
//!   the bounds), dated when it was seen last.
//! - A node's health is told when it has been worse for [`WORSE_AFTER`], and when
//!   it has been better for a while, bounded in the same way.
//! - An outage is told at once, dated at its first sign; its end when writes have
//!   been taken for [`SETTLED_AFTER`], dated when they were first taken. What
//!   comes back sooner is one outage.
//! - Only what was decided counts as observed: the span of an observation ends
//!   with the last picture that told whether writes are taken.

mod damper;
mod past;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use lictor_domain::evidence::human;
use lictor_domain::history::{change, observation};
use lictor_domain::{
    ClusterName, ClusterRoute, FencingProof, Happening, HappeningKind, Mono, NodeName, Now,
    Problem, ProblemCode, Recovery, RecoveryId, RecoveryKind, RecoveryOutcome, Severity, Span,
};

use self::damper::Damper;
pub use self::damper::{CALM, CALM_MAX};
use self::writing::{Outage, Writing, opened_at, sentences};
use crate::health::{NodeHealth, Status};
use crate::timing::Timing;
use crate::view::ClusterView;

/// A node that is worse for a shorter time was never worse.
pub const WORSE_AFTER: Duration = Duration::from_secs(1);
/// Writes that are taken for a shorter time end no outage.
pub const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// Between two pictures further apart nobody observed anything.
pub const LONGEST_BLINK: Duration = Duration::from_secs(10);

/// A problem's identity.
pub type ProblemKey = (ProblemCode, Option<NodeName>);

/// What is seen of a cluster at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Its nodes.
    pub view: &'a ClusterView,
    /// The times it is watched by.
    pub timing: &'a Timing,
    /// What is not as it should be.
    pub problems: &'a [Problem],
    /// The health of every node.
    pub health: &'a [NodeHealth],
    /// Where its traffic goes.
    pub route: &'a ClusterRoute,
    /// The recovery under way.
    pub recovery: Option<&'a Recovery>,
    /// The one that ended last under this leader.
    pub ended: Option<&'a Recovery>,
    /// Whether every node has been looked at.
    pub complete: bool,
    /// The moment.
    pub now: Now,
}

/// What was told of a cluster before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The problems that were not over, as they were told.
    pub problems: Vec<(ProblemKey, DateTime<Utc>, String)>,
    /// The last word on each node's health.
    pub nodes: BTreeMap<NodeName, Status>,
    /// The outage that was not over.
    pub outage: Option<PastOutage>,
    /// The recovery that made the last change of its primary.
    pub change: Option<RecoveryId>,
    /// Until when it was observed.
    pub observed_until: Option<DateTime<Utc>>,
}

/// An outage whose end nobody told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastOutage {
    /// When it began.
    pub since: DateTime<Utc>,
    /// Its code.
    pub code: String,
    /// Whether somebody wanted it so.
    pub planned: bool,
    /// The recovery it belongs to.
    pub recovery: Option<RecoveryId>,
}

/// Something to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Something happened.
    Happened(Box<Happening>),
    /// The cluster was observed for so long: told when that begins and ends.
    Observed(ClusterName, Span),
}

/// Tells what happens to one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chronicle {
    cluster: ClusterName,
    /// Who observes.
    observer: String,
    problems: BTreeMap<ProblemKey, Told>,
    nodes: BTreeMap<NodeName, Damper<Status>>,
    outage: Option<PastOutage>,
    /// Writes are taken again, since then; the outage is over once that settles.
    taken: Option<(DateTime<Utc>, Mono)>,
    change: Option<RecoveryId>,
    observed_until: Option<DateTime<Utc>>,
    span: Option<Span>,
    /// When the last picture was made.
    seen: Option<Now>,
}

/// What was told of one problem.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    damper: Damper<bool>,
    since: DateTime<Utc>,
    sentence: String,
}

impl Chronicle {
    /// Goes on where others ended; `observer` observes from now on.
    #[must_use]
    pub fn new(cluster: ClusterName, observer: String, past: Past) -> Self {
        let told = |since, sentence| Told {
            damper: Damper::new(true, Duration::ZERO),
            since,
            sentence,
        };
        let problems = past.problems.into_iter();
        let nodes = past.nodes.into_iter();
        Self {
            cluster,
            observer,
            problems: problems
                .map(|(key, since, sentence)| (key, told(since, sentence)))
                .collect(),
            nodes: nodes
                .map(|(node, status)| (node, Damper::new(status, WORSE_AFTER)))
                .collect(),
            outage: past.outage,
            taken: None,
            change: past.change,
            observed_until: past.observed_until,
            span: None,
            seen: None,
        }
    }

    /// Since when each problem has been there, those included that may be over.
    #[must_use]
    pub fn open(&self) -> BTreeMap<ProblemKey, DateTime<Utc>> {
        let told = self.problems.iter().filter(|(_, told)| told.damper.told());
        told.map(|(key, told)| (key.clone(), told.since)).collect()
    }

    /// For how long it has been known without a gap whether writes are taken.
    #[must_use]
    pub const fn observed(&self) -> Option<Span> {
        self.span
    }

    /// Takes in the next picture: what there is to tell.
    #[must_use]
    pub fn see(&mut self, picture: &Picture<'_>) -> Vec<Note> {
        let mut notes = self.blink(picture.now.wall);
        self.seen = Some(picture.now);
        // Of a node that nobody has looked at yet, nothing is news.
        if !picture.complete {
            return notes;
        }
        let mut told = self.see_problems(picture);
        told.extend(self.see_nodes(picture));
        told.extend(self.see_change(picture));
        notes.extend(told.into_iter().map(happened));
        notes.extend(self.see_writing(picture));
        notes
    }

    /// Ends the observation: nobody looks any more.
    #[must_use]
    pub fn end(&mut self) -> Vec<Note> {
        let settled = self.taken.take().map(|(since, _)| self.available(since));
        let mut notes: Vec<_> = settled.into_iter().flatten().map(happened).collect();
        let why = format!("{} watches {} no more", self.observer, self.cluster);
        notes.extend(self.close_span(&why));
        notes
    }

    /// Nobody looked for a while, or the clock was set: what lies between was not
    /// observed.
    fn blink(&mut self, now: DateTime<Utc>) -> Vec<Note> {
        let Some(seen) = self.seen else {
            return vec![];
        };
        let gap = now - seen.wall;
        let longest = chrono::TimeDelta::from_std(LONGEST_BLINK).unwrap_or_default();
        if gap.abs() <= longest {
            return vec![];
        }
        let why = format!(
            "{} saw nothing of {} for a while: it stood still, or its clock was set",
            self.observer, self.cluster
        );
        self.close_span(&why)
    }

    fn see_problems(&mut self, picture: &Picture<'_>) -> Vec<Happening> {
        let now = picture.now;
        let key = |problem: &Problem| (problem.code, problem.node.clone());
        let found: BTreeMap<_, _> = picture.problems.iter().map(|it| (key(it), it)).collect();
        let known: BTreeSet<_> = self.problems.keys().chain(found.keys()).cloned().collect();
        let mut happenings = vec![];
        for key in known {
            let problem = found.get(&key).copied();
            happenings.extend(self.see_problem(&key, problem, now));
        }
        self.problems
            .retain(|_, told| !told.damper.is_forgotten(false, now));
        happenings
    }

    fn see_problem(
        &mut self,
        key: &ProblemKey,
        problem: Option<&Problem>,
        now: Now,
    ) -> Option<Happening> {
        let told = self.problems.entry(key.clone()).or_insert_with(|| Told {
            damper: Damper::new(false, Duration::ZERO),
            since: now.wall,
            sentence: String::new(),
        });
        if let Some(problem) = problem {
            told.sentence.clone_from(&problem.sentence);
        }
        let since = told.damper.see(problem.is_some(), now)?;
        let (code, node) = key;
        let blank = Happening {
            node: node.clone(),
            ..happening(
                &self.cluster,
                HappeningKind::ProblemOpened,
                code.as_str(),
                since,
            )
        };
        if let Some(problem) = problem {
            told.since = since;
            return Some(Happening {
                severity: problem.severity,
                sentence: problem.sentence.clone(),
                evidence: sentences(&problem.evidence),
                response: Some(problem.response.clone()),
                ..blank
            });
        }
        let lasted = (since - told.since).to_std().unwrap_or_default();
        Some(Happening {
            kind: HappeningKind::ProblemClosed,
            severity: code.severity(),
            sentence: format!("over after {}: {}", human(lasted), told.sentence),
            ..blank
        })
    }

    fn see_nodes(&mut self, picture: &Picture<'_>) -> Vec<Happening> {
        let there: BTreeSet<_> = picture.health.iter().map(|health| &health.node).collect();
        self.nodes.retain(|node, _| there.contains(node));
        let mut happenings = vec![];
        for health in picture.health {
            let damper = self.nodes.entry(health.node.clone());
            let damper = damper.or_insert_with(|| Damper::new(Status::Passing, WORSE_AFTER));
            let worst = health.checks.iter().max_by_key(|check| check.status);
            let status = worst.map_or(Status::Passing, |check| check.status);
            let Some(since) = damper.see(status, picture.now) else {
                continue;
            };
            let node = &health.node;
            let sentence = worst.map_or_else(String::new, |check| check.sentence.clone());
            happenings.push(Happening {
                node: Some(node.clone()),
                severity: severity(status),
                sentence: match status {
                    Status::Passing => format!("{node} is well again"),
                    Status::Warning | Status::Critical => format!("{node} {sentence}"),
                },
                ..happening(
                    &self.cluster,
                    HappeningKind::NodeHealth,
                    status.as_str(),
                    since,
                )
            });
        }
        happenings
    }

    /// A recovery has made another node the primary, and that was not told yet:
    /// identities of recoveries rise.
    fn see_change(&mut self, picture: &Picture<'_>) -> Vec<Happening> {
        let done = |recovery: &&Recovery| {
            recovery.outcome == RecoveryOutcome::Done || opened_at(recovery).is_some()
        };
        let recoveries = [picture.ended, picture.recovery];
        let mut happenings = vec![];
        for recovery in recoveries.into_iter().flatten().filter(done) {
            if self.change.is_none_or(|told| recovery.id > told) {
                self.change = Some(recovery.id);
                happenings.push(self.changed(recovery, picture));
            }
        }
        happenings
    }

    fn changed(&self, recovery: &Recovery, picture: &Picture<'_>) -> Happening {
        let (code, severity) = match recovery.kind {
            RecoveryKind::Switchover => (change::SWITCHOVER, Severity::Info),
            RecoveryKind::Failover if lost_nothing(recovery, picture) => {
                (change::FAILOVER, Severity::Warning)
            }
            RecoveryKind::Failover => (change::UNPROVEN, Severity::Critical),
        };
        let new = recovery.new_primary.as_ref();
        let new = new.unwrap_or(&picture.view.cluster.primary);
        let at = opened_at(recovery).unwrap_or(picture.now.wall);
        let fencing = recovery.fencing.as_ref();
        Happening {
            node: Some(new.clone()),
            severity,
            sentence: format!(
                "{new} took over from {} by {}",
                recovery.old_primary, recovery.kind
            ),
            evidence: fencing.iter().map(ToString::to_string).collect(),
            recovery: Some(recovery.id),
            planned: recovery.kind == RecoveryKind::Switchover,
            ..happening(&self.cluster, HappeningKind::PrimaryChanged, code, at)
        }
    }

    fn see_writing(&mut self, picture: &Picture<'_>) -> Vec<Note> {
        let now = picture.now;
        match writing::of(picture) {
            Writing::Undecided => vec![],
            Writing::Unknown(why) => {
                self.taken = None;
                self.close_span(&why)
            }
            Writing::NotTaken(outage) => {
                let mut notes = self.observe(now.wall);
                notes.extend(self.begin_outage(outage).into_iter().map(happened));
                notes
            }
            Writing::Taken(since) => {
                let mut notes = self.observe(now.wall);
                let running = picture.recovery.filter(|it| opened_at(it).is_some());
                notes.extend(self.settle(since, running, now).into_iter().map(happened));
                notes
            }
        }
    }

    fn begin_outage(&mut self, outage: Outage) -> Vec<Happening> {
        let taken = self.taken.take();
        let mut happenings = vec![];
        if let Some(running) = &mut self.outage {
            if running.planned == outage.planned {
                running.recovery = outage.recovery.or(running.recovery);
                return vec![];
            }
            // Another outage: what was wanted is over.
            let over = taken.map_or(outage.since, |(since, _)| since.min(outage.since));
            happenings.extend(self.available(over));
        }
        self.outage = Some(PastOutage {
            since: outage.since,
            code: outage.code.clone(),
            planned: outage.planned,
            recovery: outage.recovery,
        });
        let severity = if outage.planned {
            Severity::Info
        } else {
            Severity::Critical
        };
        happenings.push(Happening {
            severity,
            sentence: format!("{} takes no writes: {}", self.cluster, outage.sentence),
            evidence: outage.evidence,
            recovery: outage.recovery,
            planned: outage.planned,
            ..happening(
                &self.cluster,
                HappeningKind::Unavailable,
                &outage.code,
                outage.since,
            )
        });
        happenings
    }

    /// Writes are taken; the outage is over once they have been for a while.
    fn settle(
        &mut self,
        since: DateTime<Utc>,
        by: Option<&Recovery>,
        now: Now,
    ) -> Option<Happening> {
        let outage = self.outage.as_mut()?;
        outage.recovery = by.map(|recovery| recovery.id).or(outage.recovery);
        let (taken, seen) = *self.taken.get_or_insert((since, now.mono));
        if now.mono.since(seen) < SETTLED_AFTER {
            return None;
        }
        self.taken = None;
        self.available(taken)
    }

    fn available(&mut self, since: DateTime<Utc>) -> Option<Happening> {
        let outage = self.outage.take()?;
        let at = since.max(outage.since);
        let lasted = (at - outage.since).to_std().unwrap_or_default();
        Some(Happening {
            sentence: format!(
                "{} takes writes again, after {}",
                self.cluster,
                human(lasted)
            ),
            recovery: outage.recovery,
            planned: outage.planned,
            ..happening(&self.cluster, HappeningKind::Available, &outage.code, at)
        })
    }

    /// It is known whether writes are taken: begins a span, or lengthens it.
    fn observe(&mut self, now: DateTime<Utc>) -> Vec<Note> {
        if let Some(span) = &mut self.span {
            span.until = span.until.max(now);
            return vec![];
        }
        let begun = Span {
            from: now,
            until: now,
        };
        self.span = Some(begun);
        let before = self.observed_until.filter(|until| *until < now);
        let gap = before.map_or_else(String::new, |until| {
            let gap = (now - until).to_std().unwrap_or_default();
            format!("; nobody did for the {} before", human(gap))
        });
        let sentence = format!("{} watches {}{gap}", self.observer, self.cluster);
        let told = Happening {
            sentence,
            ..happening(
                &self.cluster,
                HappeningKind::Observation,
                observation::BEGUN,
                now,
            )
        };
        vec![Note::Observed(self.cluster.clone(), begun), happened(told)]
    }

    fn close_span(&mut self, why: &str) -> Vec<Note> {
        let Some(span) = self.span.take() else {
            return vec![];
        };
        self.observed_until = Some(span.until);
        let ended = Happening {
            sentence: format!("whether {} takes writes is not known: {why}", self.cluster),
            ..happening(
                &self.cluster,
                HappeningKind::Observation,
                observation::ENDED,
                span.until,
            )
        };
        vec![Note::Observed(self.cluster.clone(), span), happened(ended)]
    }
}

fn happened(happening: Happening) -> Note {
    Note::Happened(Box::new(happening))
}

/// One of which the rest is not said yet.
fn happening(
    cluster: &ClusterName,
    kind: HappeningKind,
    code: &str,
    at: DateTime<Utc>,
) -> Happening {
    Happening {
        at,
        cluster: cluster.clone(),
        node: None,
        kind,
        code: code.to_owned(),
        severity: Severity::Info,
        sentence: String::new(),
        evidence: vec![],
        response: None,
        recovery: None,
        planned: false,
    }
}

/// Whether a proof says that a failover lost nothing that was acknowledged: the
/// old primary was fenced, and what it had acknowledged others had received.
fn lost_nothing(recovery: &Recovery, picture: &Picture<'_>) -> bool {
    let fenced = recovery.fencing.as_ref().is_some_and(|proof| match proof {
        FencingProof::ProcessDead
        | FencingProof::QuorumRevoked { .. }
        | FencingProof::ReadOnlySet
        | FencingProof::LeaseExpired { .. } => true,
        FencingProof::Overridden { .. } | FencingProof::Unfenced => false,
    });
    fenced && picture.view.cluster.policy.durability.acks() > 0
}

const fn severity(status: Status) -> Severity {
    match status {
        Status::Passing => Severity::Info,
        Status::Warning => Severity::Warning,
        Status::Critical => Severity::Critical,
    }
}

#[cfg(test)]
mod tests;
