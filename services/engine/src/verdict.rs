//! Is the primary lost? The one question a failover hangs on.
//!
//! Two kinds of evidence say yes: its host refuses connections and every
//! witness lost it, which needs no waiting; or it gave no sign of life for the
//! profile's threshold while every witness hears nothing. A witness is a
//! replica that answers freshly, is told to follow the primary, had heard it
//! while it lived, and whose receiver its operator has not stopped. Without a
//! single witness there is no verdict: we may be the ones who are cut off. Where
//! another instance of the control plane reaches a primary that is silent to us,
//! nothing is done either; what the others do not say is waited for by nobody, and
//! a refusal needs none of them.

use std::time::Duration;

use lictor_domain::{
    Evidence, Mode, Mono, Node, NodeName, Problem, ProblemCode, ReceiverState, Replication,
    Severity,
};

use crate::timing::Timing;
use crate::view::{ClusterView, NodeView, Silence};

/// What a look at the primary says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It answers.
    Alive,
    /// Something is odd; ask the primary and its replicas at once.
    Suspect,
    /// It is lost: act.
    Lost(Problem),
    /// It does not answer us, and there is a reason not to act.
    Withheld(Problem),
}

/// Judges the primary by everything known at `now`.
#[must_use]
pub fn of_primary(view: &ClusterView, timing: &Timing, now: Mono) -> Verdict {
    let Some(doubt) = Doubt::about(view, timing, now) else {
        return Verdict::Alive;
    };
    let testimonies: Vec<_> = view
        .replicas()
        .map(|(node, replica)| testimony(view, node, replica, &doubt, timing, now))
        .collect();
    let (reached, words) = doubt.witnessed(view, now);
    let doubt = doubt.with(words);
    let overdue = doubt.silent_for >= timing.hang_threshold;
    let any = |kind: fn(&Testimony) -> bool| testimonies.iter().any(kind);
    if any(|t| matches!(t, Testimony::Pending)) {
        Verdict::Suspect
    } else if reached || any(|t| matches!(t, Testimony::Hears(_))) {
        withheld_if(overdue, || still_heard(view, &doubt, &testimonies, reached))
    } else if any(|t| matches!(t, Testimony::Gone(_))) {
        lost_if(doubt.refused || overdue, || {
            lost(view, &doubt, &testimonies)
        })
    } else {
        withheld_if(overdue, || unwitnessed(view, &doubt, &testimonies))
    }
}

fn withheld_if(ripe: bool, problem: impl FnOnce() -> Problem) -> Verdict {
    if ripe {
        Verdict::Withheld(problem())
    } else {
        Verdict::Suspect
    }
}

fn lost_if(ripe: bool, problem: impl FnOnce() -> Problem) -> Verdict {
    if ripe {
        Verdict::Lost(problem())
    } else {
        Verdict::Suspect
    }
}

/// When a silence that nothing else announces must be judged again.
#[must_use]
pub fn due(view: &ClusterView, timing: &Timing, now: Mono) -> Mono {
    let alive_at = last_life(view);
    let suspicion = alive_at + overdue_after(timing);
    let verdict = alive_at + timing.hang_threshold;
    if now < suspicion { suspicion } else { verdict }
}

/// When the doubt about the primary began; `None` while there is none.
#[must_use]
pub fn first_sign(view: &ClusterView, timing: &Timing, now: Mono) -> Option<Mono> {
    Doubt::about(view, timing, now).map(|doubt| doubt.since)
}

fn overdue_after(timing: &Timing) -> Duration {
    (timing.probe_interval * 2).min(timing.hang_threshold / 2)
}

/// The last sign of life; for a primary never seen, the moment we first looked.
fn last_life(view: &ClusterView) -> Mono {
    view.primary().alive_at.unwrap_or(view.watched_since)
}

/// Why the primary is doubted.
struct Doubt {
    /// Its live host refuses connections.
    refused: bool,
    /// Testimony given before this says nothing about the doubt.
    since: Mono,
    /// Since its last sign of life.
    silent_for: Duration,
    evidence: Vec<Evidence>,
}

impl Doubt {
    fn about(view: &ClusterView, timing: &Timing, now: Mono) -> Option<Self> {
        let primary = view.primary();
        let silent_for = now.since(last_life(view));
        let overdue = silent_for >= overdue_after(timing);
        let silence = primary.silence.as_ref();
        if matches!(silence, Some((Silence::Denied(_), _))) {
            return None;
        }
        let signs = [
            primary.connection_lost,
            silence.map(|(_, since)| *since),
            overdue.then(|| last_life(view)),
        ];
        let since = signs.into_iter().flatten().min()?;
        Some(Self {
            refused: primary.refused(),
            since,
            silent_for,
            evidence: first_hand(&view.cluster.primary, primary, silent_for, timing),
        })
    }

    /// Whether another instance reaches the primary, and what they all say. A live
    /// host that refuses is no matter of the network between.
    fn witnessed(&self, view: &ClusterView, now: Mono) -> (bool, Vec<Evidence>) {
        if self.refused {
            return (false, vec![]);
        }
        view.witnesses.of(&view.cluster.primary, self.since, now)
    }

    fn with(mut self, evidence: Vec<Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }
}

/// What we saw of the primary ourselves.
fn first_hand(
    name: &NodeName,
    primary: &NodeView,
    silent_for: Duration,
    timing: &Timing,
) -> Vec<Evidence> {
    let node = || name.clone();
    let mut evidence = Vec::new();
    if primary.connection_lost.is_some() {
        evidence.push(Evidence::ConnectionLost { node: node() });
    }
    match &primary.silence {
        Some((Silence::Refused, _)) => {
            evidence.push(Evidence::ConnectionRefused { node: node() });
        }
        Some((Silence::Unreachable(reason) | Silence::Broken(reason), _)) => {
            evidence.push(Evidence::Unreachable {
                node: node(),
                reason: reason.clone(),
            });
        }
        _ => {}
    }
    if !primary.refused() {
        evidence.push(Evidence::NoAnswer {
            node: node(),
            silent_for,
            threshold: timing.hang_threshold,
        });
    }
    evidence
}

/// One replica's word about the primary.
enum Testimony {
    /// It lost the primary, or hears nothing from it.
    Gone(Evidence),
    /// It heard the primary since the doubt began.
    Hears(Evidence),
    /// Its answer is under way, or it cannot be sure yet.
    Pending,
    /// Its word does not count.
    NoWitness(Evidence),
}

impl Testimony {
    fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::Gone(evidence) | Self::Hears(evidence) | Self::NoWitness(evidence) => {
                Some(evidence.clone())
            }
            Self::Pending => None,
        }
    }
}

fn testimony(
    view: &ClusterView,
    node: &Node,
    replica: &NodeView,
    doubt: &Doubt,
    timing: &Timing,
    now: Mono,
) -> Testimony {
    let no_witness = |reason: &str| {
        Testimony::NoWitness(Evidence::NoWitness {
            replica: node.name.clone(),
            reason: reason.to_owned(),
        })
    };
    if node.quarantine.is_some() {
        return no_witness("it is quarantined");
    }
    if node.maintenance.is_some() {
        return no_witness("it is in maintenance");
    }
    if replica.silence.is_some() {
        return no_witness("it does not answer us either");
    }
    let Some(answer) = &replica.answer else {
        return Testimony::Pending;
    };
    let age = now.since(answer.at);
    if answer.at < doubt.since || age > timing.testimony_age {
        return Testimony::Pending;
    }
    let Some(replication) = &answer.report.replication else {
        return no_witness("it follows nobody");
    };
    if !view.follows_primary(&answer.report) {
        return no_witness("it is told to follow another node");
    }
    let witness = Witness {
        node: &node.name,
        seen: replica,
        at: answer.at,
        replication,
    };
    witness.testifies(view.primary(), doubt, timing, now)
}

/// A replica that is told to follow the primary, and what it said since the
/// doubt began.
struct Witness<'a> {
    node: &'a NodeName,
    seen: &'a NodeView,
    at: Mono,
    replication: &'a Replication,
}

impl Witness<'_> {
    /// What it has heard since it answered is unknown: nothing is added to this.
    fn heard_at(&self) -> Option<Mono> {
        self.seen.heard_at
    }

    fn testifies(
        &self,
        primary: &NodeView,
        doubt: &Doubt,
        timing: &Timing,
        now: Mono,
    ) -> Testimony {
        let receiver = self.replication.receiver;
        let silence = timing.silence(self.replication.heartbeat_period);
        let heard = self.heard_at().filter(|at| *at > doubt.since);
        if receiver == ReceiverState::Stopped {
            // What it heard until just now still counts; its silence never does.
            return match heard.filter(|at| now.since(*at) < silence) {
                Some(at) => self.hears(at),
                None => self.no_witness("its receiver was stopped"),
            };
        }
        // Silence that began before its receiver was at work is not the primary's.
        let Some(seeking_since) = self.seen.seeking_since else {
            return Testimony::Pending;
        };
        let lately = self.heard_at().filter(|at| *at >= seeking_since);
        let silent_since = lately.unwrap_or(seeking_since);
        let deaf_before = |alive_at| silent_since + silence < alive_at;
        if primary.alive_at.is_some_and(deaf_before) {
            return self.no_witness("it had lost the primary while the primary was alive");
        }
        let silent_for = self.at.since(silent_since);
        let failed = self.replication.receiver_error.is_some() || lately.is_some();
        if receiver == ReceiverState::Connecting && (failed || silent_for >= silence) {
            return Testimony::Gone(Evidence::ReceiverLost {
                replica: self.node.clone(),
                receiver,
                silent_for: Some(silent_for),
            });
        }
        if silent_for >= silence {
            return Testimony::Gone(Evidence::ReceiverSilent {
                replica: self.node.clone(),
                silent_for,
                heartbeat_period: self.replication.heartbeat_period,
            });
        }
        heard.map_or(Testimony::Pending, |at| self.hears(at))
    }

    fn hears(&self, heard_at: Mono) -> Testimony {
        Testimony::Hears(Evidence::ReceiverHears {
            replica: self.node.clone(),
            heard_ago: Some(self.at.since(heard_at)),
        })
    }

    fn no_witness(&self, reason: &str) -> Testimony {
        Testimony::NoWitness(Evidence::NoWitness {
            replica: self.node.clone(),
            reason: reason.to_owned(),
        })
    }
}

fn all_evidence(doubt: &Doubt, testimonies: &[Testimony]) -> Vec<Evidence> {
    let theirs = testimonies.iter().filter_map(Testimony::evidence);
    doubt.evidence.iter().cloned().chain(theirs).collect()
}

fn problem(
    view: &ClusterView,
    code: ProblemCode,
    sentence: String,
    response: &str,
    evidence: Vec<Evidence>,
) -> Problem {
    Problem {
        code,
        severity: Severity::Critical,
        node: Some(view.cluster.primary.clone()),
        sentence,
        response: response.to_owned(),
        evidence,
    }
}

fn lost(view: &ClusterView, doubt: &Doubt, testimonies: &[Testimony]) -> Problem {
    let primary = &view.cluster.primary;
    let (code, sentence) = if doubt.refused {
        (
            ProblemCode::DeadPrimary,
            format!("{primary} is dead: its process is gone and its replicas lost it"),
        )
    } else {
        (
            ProblemCode::HungPrimary,
            format!("{primary} is hung: it gives no sign of life, to us or to its replicas"),
        )
    };
    let evidence = all_evidence(doubt, testimonies);
    let response = match view.cluster.mode() {
        Mode::Auto => "Lictor fails over to the best replica",
        Mode::Observe | Mode::Manual => {
            "the cluster's mode does not let Lictor act by itself: fail over by hand"
        }
    };
    problem(view, code, sentence, response, evidence)
}

fn still_heard(
    view: &ClusterView,
    doubt: &Doubt,
    testimonies: &[Testimony],
    reached: bool,
) -> Problem {
    let primary = &view.cluster.primary;
    let who = if reached {
        "another lictord reaches it"
    } else {
        "a replica hears it"
    };
    problem(
        view,
        ProblemCode::UnreachablePrimary,
        format!("{primary} does not answer us, but {who}: it is alive"),
        "no failover: check the network between lictord and the primary",
        all_evidence(doubt, testimonies),
    )
}

fn unwitnessed(view: &ClusterView, doubt: &Doubt, testimonies: &[Testimony]) -> Problem {
    let primary = &view.cluster.primary;
    let evidence = all_evidence(doubt, testimonies);
    let all_silent = view
        .replicas()
        .all(|(_, replica)| replica.silence.is_some());
    if all_silent && view.replicas().next().is_some() {
        return problem(
            view,
            ProblemCode::PrimaryAndReplicasUnreachable,
            "no node answers us, the primary or a replica: we may be the ones cut off".to_owned(),
            "no failover: check the network of lictord, and the nodes",
            evidence,
        );
    }
    let code = if doubt.refused {
        ProblemCode::DeadPrimary
    } else {
        ProblemCode::UnreachablePrimary
    };
    problem(
        view,
        code,
        format!("{primary} does not answer us, and no replica can testify that it is gone"),
        "no failover without a witness: start the primary, or replication on a replica",
        evidence,
    )
}

#[cfg(test)]
mod tests;
