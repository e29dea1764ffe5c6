//! Whether a cluster takes writes, as far as anybody here knows.
//!
//! It takes none while its primary is known to be lost, to refuse or to stall
//! every commit, and while a recovery or the route keeps writers away. Where we
//! are cut off from the primary it is unknown; where something is odd and no
//! verdict has been given yet, it is undecided, and what was known before goes
//! on counting once that is decided.

use chrono::{DateTime, Utc};
use lictor_domain::{
    Mono, Now, Problem, ProblemCode, Recovery, RecoveryId, RecoveryKind, RouteState,
};

use super::Picture;
use crate::verdict;

/// What is known of a cluster's writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// They are taken, since this moment at the latest.
    Taken(DateTime<Utc>),
    /// Nobody can write.
    NotTaken(Outage),
    /// Something is odd; soon it will be known what.
    Undecided,
    /// Nobody here knows; why, as a sentence.
    Unknown(String),
}

/// A time in which nobody can write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outage {
    /// Since when.
    pub(super) since: DateTime<Utc>,
    /// Why, as the name of a problem.
    pub(super) code: String,
    /// Why, as a sentence.
    pub(super) sentence: String,
    /// What it rests on.
    pub(super) evidence: Vec<String>,
    /// Somebody wanted it so.
    pub(super) planned: bool,
    /// The recovery that is to end it, or makes it.
    pub(super) recovery: Option<RecoveryId>,
}

/// Problems in which the primary takes no writes.
const LOST: [ProblemCode; 4] = [
    ProblemCode::DeadPrimary,
    ProblemCode::HungPrimary,
    ProblemCode::StalledPrimary,
    ProblemCode::PrimaryReadOnly,
];

/// Problems in which we cannot tell.
const CUT_OFF: [ProblemCode; 2] = [
    ProblemCode::UnreachablePrimary,
    ProblemCode::PrimaryAndReplicasUnreachable,
];

/// What a picture says.
pub(super) fn of(picture: &Picture<'_>) -> Writing {
    if let Some(outage) = by_recovery(picture).or_else(|| by_problem(picture)) {
        return Writing::NotTaken(outage);
    }
    if !matches!(picture.route.state, RouteState::Serving { .. }) {
        return Writing::NotTaken(by_route(picture));
    }
    if let Some(opened) = picture.recovery.and_then(opened_at) {
        return Writing::Taken(opened.min(picture.now.wall));
    }
    if let Some(problem) = one_of(picture, &CUT_OFF) {
        return Writing::Unknown(problem.sentence.clone());
    }
    let primary = picture.view.primary();
    let patience = picture.timing.reader_patience;
    if primary.fresh_report(picture.now.mono, patience).is_some() {
        return Writing::Taken(picture.now.wall);
    }
    Writing::Undecided
}

fn one_of<'a>(picture: &Picture<'a>, codes: &[ProblemCode]) -> Option<&'a Problem> {
    let mut problems = picture.problems.iter();
    problems.find(|problem| codes.contains(&problem.code))
}

/// When the new primary of a recovery accepted writes.
pub(super) fn opened_at(recovery: &Recovery) -> Option<DateTime<Utc>> {
    recovery
        .time_to_writable()
        .map(|after| recovery.started_at + after)
}

fn by_recovery(picture: &Picture<'_>) -> Option<Outage> {
    let recovery = picture
        .recovery
        .filter(|recovery| opened_at(recovery).is_none())?;
    let held = picture.route.state == RouteState::Held;
    let since = match recovery.kind {
        RecoveryKind::Failover => recovery.started_at.min(picture.now.wall),
        RecoveryKind::Switchover if held => picture.now.wall,
        RecoveryKind::Switchover => return None,
    };
    Some(Outage {
        since,
        code: recovery.verdict.code.to_string(),
        sentence: recovery.verdict.sentence.clone(),
        evidence: sentences(&recovery.verdict.evidence),
        planned: held || is_paused(picture),
        recovery: Some(recovery.id),
    })
}

fn by_problem(picture: &Picture<'_>) -> Option<Outage> {
    let problem = one_of(picture, &LOST).or_else(|| without_primary(picture))?;
    let primary = picture.view.primary();
    let began = match problem.code {
        ProblemCode::DeadPrimary | ProblemCode::HungPrimary | ProblemCode::NoPrimary => {
            verdict::first_sign(picture.view, picture.timing, picture.now.mono)
        }
        ProblemCode::StalledPrimary => primary.stalled_since,
        _ => None,
    };
    Some(Outage {
        since: began.map_or(picture.now.wall, |began| wall(began, picture.now)),
        code: problem.code.to_string(),
        sentence: problem.sentence.clone(),
        evidence: sentences(&problem.evidence),
        planned: is_paused(picture),
        recovery: None,
    })
}

/// A process that is gone makes no verdict before its replicas were asked, a few
/// milliseconds later; it counts where none is to be expected.
fn without_primary<'a>(picture: &Picture<'a>) -> Option<&'a Problem> {
    let serving = matches!(picture.route.state, RouteState::Serving { .. });
    let judged = !serving || one_of(picture, &CUT_OFF).is_some();
    one_of(picture, &[ProblemCode::NoPrimary]).filter(|_| judged)
}

/// The route keeps writers away, and no problem says why.
fn by_route(picture: &Picture<'_>) -> Outage {
    let cluster = &picture.view.cluster;
    let held = picture.route.state == RouteState::Held;
    let (code, sentence) = if held {
        ("Held", format!("the writers of {} are held", cluster.name))
    } else {
        let sentence = format!(
            "writers of {} are sent to nobody: {} is lost or refuses writes",
            cluster.name, cluster.primary
        );
        (ProblemCode::NoPrimary.as_str(), sentence)
    };
    Outage {
        since: picture.now.wall,
        code: code.to_owned(),
        sentence,
        evidence: vec![],
        planned: held || is_paused(picture),
        recovery: None,
    }
}

/// What happens while an operator wants nothing to be done is part of his work.
const fn is_paused(picture: &Picture<'_>) -> bool {
    picture.view.cluster.pause.is_some()
}

fn wall(moment: Mono, now: Now) -> DateTime<Utc> {
    now.wall - now.mono.since(moment)
}

pub(super) fn sentences(evidence: &[lictor_domain::Evidence]) -> Vec<String> {
    evidence.iter().map(ToString::to_string).collect()
}
