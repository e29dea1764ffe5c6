//! Which questions are under way while the primary is suspected: each node is
//! asked one thing at a time, soon at first and less often as the silence lasts,
//! so that suspicion never becomes a load of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_domain::{Mono, NodeName};

use crate::message::Command;
use crate::timing::Timing;
use crate::verdict;
use crate::view::ClusterView;

/// A question whose answer never came is forgotten after this.
const FORGOTTEN: Duration = Duration::from_secs(3);
const SLOWEST: Duration = Duration::from_millis(200);
/// The other instances are asked no more often.
const MEMBERS: Duration = Duration::from_millis(100);

/// What is being asked of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Probe,
    Knock,
}

/// When a question was asked, and when it was last answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Asked {
    at: Option<Mono>,
    answered: Option<Mono>,
}

/// The questions under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asking {
    asked: BTreeMap<(NodeName, Question), Asked>,
    /// When the other instances were asked. Whether they answered makes no
    /// difference: nothing waits for them.
    members: Option<Mono>,
}

impl Asking {
    /// A probe of this node ended, asked for or scheduled.
    pub(super) fn probed(&mut self, node: &NodeName, now: Mono) {
        self.answered(node, Question::Probe, now);
    }

    /// A knock at this node ended.
    pub(super) fn knocked(&mut self, node: &NodeName, now: Mono) {
        self.answered(node, Question::Knock, now);
    }

    fn answered(&mut self, node: &NodeName, question: Question, now: Mono) {
        let asked = self.asked.entry((node.clone(), question)).or_default();
        *asked = Asked {
            at: None,
            answered: Some(now),
        };
    }

    /// The questions due now.
    pub(super) fn ask(&mut self, view: &ClusterView, timing: &Timing, now: Mono) -> Vec<Command> {
        let pace = pace(view, timing, now);
        let primary = &view.cluster.primary;
        let mut commands = vec![];
        if self.due(primary, Question::Knock, pace, now) {
            commands.push(Command::Knock {
                node: primary.clone(),
            });
        }
        let recent = |at: Mono| now.since(at) < pace.max(MEMBERS);
        if !self.members.is_some_and(recent) {
            self.members = Some(now);
            commands.push(Command::AskMembers {
                node: primary.clone(),
            });
        }
        for node in &view.cluster.nodes {
            if self.due(&node.name, Question::Probe, pace, now) {
                commands.push(Command::Probe {
                    node: node.name.clone(),
                });
            }
        }
        commands
    }

    fn due(&mut self, node: &NodeName, question: Question, pace: Duration, now: Mono) -> bool {
        let asked = self.asked.entry((node.clone(), question)).or_default();
        let waiting = asked.at.is_some_and(|at| now.since(at) < FORGOTTEN);
        let recent = asked.answered.is_some_and(|at| now.since(at) < pace);
        let due = !waiting && !recent;
        if due {
            asked.at = Some(now);
        }
        due
    }
}

/// When there is something to ask or to judge next.
pub(super) fn wake_at(view: &ClusterView, timing: &Timing, now: Mono) -> Mono {
    let due = verdict::due(view, timing, now);
    if verdict::first_sign(view, timing, now).is_none() {
        return due;
    }
    let next = now + pace(view, timing, now);
    if due > now { due.min(next) } else { next }
}

/// The longer the doubt, the slower; a greeting does not end it.
fn pace(view: &ClusterView, timing: &Timing, now: Mono) -> Duration {
    let since = verdict::first_sign(view, timing, now).unwrap_or(now);
    (now.since(since) / 20).clamp(timing.suspicion_pace, SLOWEST)
}
