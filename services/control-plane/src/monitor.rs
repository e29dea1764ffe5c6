//! The watch over one node: a standing connection whose end is a signal, and
//! probes on an interval, each with its deadline.
//!
//! A node has at most one probe and one standing connection at a time, and
//! tasks of its own, so a dead node never delays a live one. Only the probe
//! calls on a node that does not answer: each call that a hung server leaves
//! unanswered counts against this host when it wakes up, and a hundred in a row
//! would lock it out. What is seen goes to the cluster's keeper as events;
//! nothing is judged here.

use std::sync::Arc;
use std::time::Duration;

use lictor_domain::{NodeName, ProbeOutcome};
use lictor_engine::message::Event;
use lictor_engine::timing::Timing;
use lictor_mysql::{Target, Tripwire};
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::contact::Contact;

/// Setting up the standing connection.
const TRIPWIRE_DEADLINE: Duration = Duration::from_secs(2);
/// Before a broken standing connection is set up again.
const TRIPWIRE_PAUSE: Duration = Duration::from_millis(250);

/// What the watch over one node needs.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    /// The node.
    pub(crate) node: NodeName,
    /// How to reach it.
    pub(crate) target: Target,
    /// Takes what is seen.
    pub(crate) events: mpsc::Sender<Event>,
    /// How often and how patiently to look; changes with the policy.
    pub(crate) timing: watch::Receiver<Timing>,
    /// Asks for a probe now.
    pub(crate) now: Arc<Notify>,
    /// Whether the last probe was answered.
    pub(crate) answers: watch::Sender<bool>,
    /// Ends the watch.
    pub(crate) end: CancellationToken,
}

impl Watch {
    /// Probes until the watch ends.
    pub(crate) async fn probe(self) {
        let mut contact = Contact::new(self.target.clone());
        loop {
            let deadline = self.timing.borrow().probe_deadline;
            let outcome = tokio::select! {
                outcome = probe_once(&mut contact, deadline) => outcome,
                () = self.end.cancelled() => return,
            };
            let answered = matches!(outcome, ProbeOutcome::Answered { .. });
            self.answers.send_if_modified(|answers| {
                let changed = *answers != answered;
                *answers = answered;
                changed
            });
            let event = Event::Probed {
                node: self.node.clone(),
                outcome,
            };
            if self.events.send(event).await.is_err() {
                return;
            }
            let interval = self.timing.borrow().probe_interval;
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = self.now.notified() => {}
                () = self.end.cancelled() => return,
            }
        }
    }

    /// Keeps a standing connection until the watch ends, and reports each end
    /// of one.
    pub(crate) async fn tripwire(self) {
        let mut answers = self.answers.subscribe();
        loop {
            let stand = async {
                answers.wait_for(|answers| *answers).await.ok()?;
                let tripwire = Tripwire::set(&self.target, TRIPWIRE_DEADLINE).await.ok()?;
                Some(tripwire.broken().await)
            };
            let broken = tokio::select! {
                broken = stand => broken,
                () = self.end.cancelled() => return,
            };
            if let Some(reason) = broken {
                tracing::info!(node = %self.node, %reason, "standing connection ended");
                let event = Event::ConnectionLost {
                    node: self.node.clone(),
                };
                if self.events.send(event).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(TRIPWIRE_PAUSE) => {}
                () = self.end.cancelled() => return,
            }
        }
    }
}

async fn probe_once(contact: &mut Contact, deadline: Duration) -> ProbeOutcome {
    let begun = tokio::time::Instant::now();
    match contact.probe(deadline).await {
        Ok(report) => {
            let latency = begun.elapsed();
            metrics::histogram!(crate::telemetry::PROBE_SECONDS).record(latency);
            ProbeOutcome::Answered {
                report: Box::new(report),
                latency,
            }
        }
        Err(error) => error.into(),
    }
}
