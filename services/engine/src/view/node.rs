//! What is known of one node: its last words, and since when it is silent.

use std::time::Duration;

use crate::guard::Guard;
use lictor_domain::report::Knock;
use lictor_domain::{Mono, NodeReport, ProbeOutcome, ReceiverState};

/// A probe's answer and when it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the node said.
    pub report: NodeReport,
    /// When its answer arrived.
    pub at: Mono,
    /// How long it took.
    pub latency: Duration,
}

impl Answer {
    /// When it was asked for: what it says may be as old as this.
    #[must_use]
    pub fn asked(&self) -> Mono {
        self.at - self.latency
    }
}

/// Why a node did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Its host refuses connections: no process listens.
    Refused,
    /// It took the connection, or nothing, and said nothing.
    Mute,
    /// The network has no way there.
    Unreachable(String),
    /// It is alive, and turned the control account away.
    Denied(String),
    /// The connection broke, or the answer made no sense.
    Broken(String),
}

/// Since when a node acknowledges nothing to the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// It never did in this epoch: it had no process when the epoch began, and
    /// nobody has made it receive since.
    AllEpoch,
    /// It was seen so for the first time then; before, it may have.
    Since(Mono),
}

/// Since when a node that was entrusted to Lictor answers again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrusted {
    /// It has not answered since.
    Unheard,
    /// It answers, and began to at this moment.
    Heard(Mono),
}

/// What is known of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeView {
    /// Its last answer.
    pub answer: Option<Answer>,
    /// Why it is silent now, and since when; cleared by an answer.
    pub silence: Option<(Silence, Mono)>,
    /// Last moment it was known to be alive.
    pub alive_at: Option<Mono>,
    /// When its standing connection ended; cleared by the answer to a later probe.
    pub connection_lost: Option<Mono>,
    /// Set when it answers after a silence, and when a failover that stopped its
    /// receiver is over, until it takes part again: what a node needs that has
    /// rebooted, or that Lictor stopped, is Lictor's to do; what an operator has
    /// stopped is not.
    pub returned: bool,
    /// Set while a late command of Lictor may still stop or close it; it stays
    /// `returned` for as long.
    pub entrusted: Option<Entrusted>,
    /// The moment as of which its data was last known to be complete.
    pub fresh_as_of: Option<Mono>,
    /// Set while it is known that it acknowledges nothing to the primary.
    pub idle: Option<Idle>,
    /// Since when its receiver has been seen at work, without a stop, towards
    /// the source it has now.
    pub seeking_since: Option<Mono>,
    /// When it last heard the source it has now. It never moves back: how long ago
    /// that was is said by the node's clock, which may run faster than ours.
    pub heard_at: Option<Mono>,
    /// A command that makes it receive is under way.
    pub moving: bool,
    /// When the last command ended that started or stopped its receiver.
    pub moved_at: Option<Mono>,
    /// Since when sessions wait to commit there and nothing was committed.
    pub stalled_since: Option<Mono>,
    /// Since when fewer replicas can acknowledge there than commits wait for.
    pub starved_since: Option<Mono>,
    /// The agent that guards the start of it which it shows, if one does.
    pub guard: Option<Guard>,
}

impl NodeView {
    /// The last report, however old.
    #[must_use]
    pub fn report(&self) -> Option<&NodeReport> {
        self.answer.as_ref().map(|answer| &answer.report)
    }

    /// The last report, if the node is not silent and it is at most `age` old.
    #[must_use]
    pub fn fresh_report(&self, now: Mono, age: Duration) -> Option<&NodeReport> {
        let answer = self.answer.as_ref().filter(|_| self.silence.is_none())?;
        (now.since(answer.at) <= age).then_some(&answer.report)
    }

    /// Whether its host refuses connections.
    #[must_use]
    pub fn refused(&self) -> bool {
        matches!(self.silence, Some((Silence::Refused, _)))
    }

    /// Whether its receiver is stopped, and not by Lictor or by its boot.
    #[must_use]
    pub fn stopped_by_operator(&self) -> bool {
        let Some(answer) = &self.answer else {
            return false;
        };
        let replication = answer.report.replication.as_ref();
        let stopped = replication.is_some_and(|r| r.receiver == ReceiverState::Stopped);
        let since_moved = self.moved_at.is_none_or(|at| answer.asked() >= at);
        stopped && since_moved && !self.moving && !self.returned
    }

    /// It answered what was asked at `asked`. A connection that ended since may
    /// mean that it is gone: that takes a later question to clear.
    pub(super) fn gave_a_sign(&mut self, asked: Mono, now: Mono) {
        let reconnected = self.connection_lost.is_some_and(|lost| lost <= asked);
        let is_back = self.silence.is_some() || reconnected;
        self.returned |= is_back;
        let heard = is_back || self.entrusted == Some(Entrusted::Unheard);
        if heard && self.entrusted.is_some() {
            self.entrusted = Some(Entrusted::Heard(now));
        }
        self.silence = None;
        if reconnected {
            self.connection_lost = None;
        }
        self.alive_at = Some(now);
    }

    fn answered(&mut self, report: NodeReport, latency: Duration, now: Mono) {
        self.seeking_since = seeks(&report).then(|| self.sought_since(&report, now));
        self.heard_at = self.last_heard(&report, now);
        self.gave_a_sign(now - latency, now);
        let idle = self
            .answer
            .as_ref()
            .is_some_and(|last| last.report.executed == report.executed);
        self.stalled_since =
            (!report.stalls.is_empty()).then(|| self.stalled_since.filter(|_| idle).unwrap_or(now));
        let known = |instance| self.guard.filter(|guard| guard.instance == instance);
        self.guard = report
            .instance
            .map(|instance| known(instance).unwrap_or(Guard::new(instance, now)));
        let semi_sync = report.semi_sync.as_ref();
        self.starved_since = semi_sync
            .filter(|s| s.clients < s.level())
            .map(|_| self.starved_since.unwrap_or(now));
        self.answer = Some(Answer {
            report,
            at: now,
            latency,
        });
    }

    /// Since when its receiver has been at work towards this source, as far as
    /// nothing came in between. What it heard before our first look, it heard
    /// with the receiver it has.
    fn sought_since(&self, report: &NodeReport, now: Mono) -> Mono {
        let source = |report: &NodeReport| report.replication.as_ref().map(|r| r.source.clone());
        let Some(last) = &self.answer else {
            let heard_ago = report.replication.as_ref().and_then(|r| r.heard_ago);
            return heard_ago.map_or(now, |ago| now - ago);
        };
        let same = seeks(&last.report) && source(&last.report) == source(report);
        let moved = self.moving || self.moved_at.is_some_and(|at| last.asked() < at);
        let went_on = same && !moved && self.silence.is_none();
        self.seeking_since.filter(|_| went_on).unwrap_or(now)
    }

    fn last_heard(&self, report: &NodeReport, now: Mono) -> Option<Mono> {
        let said = report.replication.as_ref()?;
        let last = self
            .answer
            .as_ref()
            .and_then(|it| it.report.replication.as_ref());
        let same = last.is_some_and(|last| last.source == said.source);
        let heard_at = now - said.heard_ago?;
        Some(
            self.heard_at
                .filter(|_| same)
                .map_or(heard_at, |known| known.max(heard_at)),
        )
    }

    fn silent(&mut self, why: Silence, now: Mono) {
        let since = self.silence.as_ref().map_or(now, |(_, since)| *since);
        self.silence = Some((why, since));
    }

    pub(super) fn probed(&mut self, outcome: ProbeOutcome, now: Mono) {
        match outcome {
            ProbeOutcome::Answered { report, latency } => self.answered(*report, latency, now),
            ProbeOutcome::Refused => self.silent(Silence::Refused, now),
            ProbeOutcome::TimedOut => self.silent(Silence::Mute, now),
            ProbeOutcome::Unreachable { reason } => {
                self.silent(Silence::Unreachable(reason), now);
            }
            ProbeOutcome::Denied { reason } => {
                self.alive_at = Some(now);
                self.silent(Silence::Denied(reason), now);
            }
            ProbeOutcome::Broken { reason } => self.silent(Silence::Broken(reason), now),
        }
    }

    pub(super) fn knocked(&mut self, knock: &Knock, now: Mono) {
        match knock {
            // A greeting is life, but no report: the silence is only over
            // when a probe is answered.
            Knock::Greeted => {
                self.alive_at = Some(now);
                if self.refused() {
                    self.silent(Silence::Broken("it greets again".to_owned()), now);
                }
            }
            Knock::Refused => self.silent(Silence::Refused, now),
            Knock::Silent => self.silent(Silence::Mute, now),
            Knock::Unreachable => {
                self.silent(
                    Silence::Unreachable("no connection in time".to_owned()),
                    now,
                );
            }
            Knock::Dropped => {}
        }
    }
}

fn seeks(report: &NodeReport) -> bool {
    let replication = report.replication.as_ref();
    replication.is_some_and(|replication| replication.receiver != ReceiverState::Stopped)
}
