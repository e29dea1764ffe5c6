//! The hands of one cluster's keeper: they carry out its commands on MySQL
//! nodes and report how each ended.
//!
//! Invariant: no command is sent to a node unless this instance has a valid
//! lease of the keeper's own term at that moment; a knock, which commands
//! nothing, needs none. Every command of a recovery ends in an event: a hand
//! that dies, or is silent for longer than its command may take, has failed. A
//! hand decides nothing and repeats nothing, but for one try on a new connection
//! where the old one had died.

mod hand;
pub(crate) mod rebuild;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lictor_domain::report::Knock;
use lictor_domain::{
    Durability, Endpoint, GtidSet, LongTransactions, NodeAddress, NodeName, OpenTransaction,
    Recovery, RecoveryId,
};
use lictor_engine::durability::Enforcement;
use lictor_engine::message::{Act, Care, Done, Event};
use lictor_engine::switchover::Facts;
use lictor_engine::timing::deadline;
use lictor_mysql::{Account, Closing, How};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

pub(crate) use self::hand::{Hand, HandError};
use crate::app::Shared;
use crate::failpoint;
use crate::intent;
use crate::leadership::Reign;

/// The hands of one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Hands {
    /// The control plane.
    pub(crate) app: Shared,
    /// The reign they act in.
    pub(crate) reign: Reign,
    /// One hand for each node.
    pub(crate) nodes: BTreeMap<NodeName, Arc<Hand>>,
    /// What Lictor itself logs in with.
    pub(crate) control: Account,
    /// What replicas log in with at their source.
    pub(crate) replication: Account,
    /// What a commit must survive.
    pub(crate) durability: Durability,
    /// Takes how commands ended.
    pub(crate) events: mpsc::Sender<Event>,
    /// Their tasks.
    pub(crate) tasks: TaskTracker,
}

/// Between two looks at long transactions: a server that is asked more often than
/// every 100 ms may answer from an old copy.
const LOOK_AGAIN: Duration = Duration::from_millis(150);
/// One such look.
const LOOK_DEADLINE: Duration = Duration::from_secs(2);
/// A hand that says nothing for so long after its command should have ended is
/// given up. It bounds itself; this is for what nobody thought of.
const SILENCE: Duration = Duration::from_secs(5);

type Outcome<T = ()> = Result<T, HandError>;

impl Hands {
    /// Knocks at a node.
    pub(crate) fn knock(&self, node: NodeName) {
        let Some(hand) = self.nodes.get(&node).cloned() else {
            return;
        };
        let asked = node.clone();
        let knock = async move {
            let knock = lictor_mysql::knock(&hand.target.address, deadline::KNOCK).await;
            Event::Knocked { node, knock }
        };
        self.supervise(deadline::KNOCK, knock, |_| Event::Knocked {
            node: asked,
            knock: Knock::Unreachable,
        });
    }

    /// Carries out one command of a recovery.
    pub(crate) fn recover(&self, recovery: RecoveryId, act: Act) {
        let (hands, given) = (self.clone(), act.clone());
        let step = step(&act);
        let work = async move {
            failpoint::before(step).await;
            let done = hands.act(act).await;
            failpoint::after(step).await;
            Event::Finished { recovery, done }
        };
        self.supervise(given.deadline(), work, move |error| {
            tracing::error!(step, error, "a hand is given up");
            let done = given.failed(error);
            Event::Finished { recovery, done }
        });
    }

    /// Looks at what a switchover would meet.
    pub(crate) fn look(&self, node: NodeName, older_than: Duration, subscribers: u32) {
        let (hands, asked) = (self.clone(), node.clone());
        let work = async move {
            let transactions = told(hands.long_transactions(&node, older_than).await);
            let facts = Facts {
                transactions,
                subscribers,
            };
            Event::Looked { node, facts }
        };
        self.supervise(LOOK_DEADLINE, work, move |error| {
            let facts = Facts {
                transactions: Err(error),
                subscribers,
            };
            Event::Looked { node: asked, facts }
        });
    }

    /// Carries out what a node needs outside any recovery.
    pub(crate) fn tend(&self, node: NodeName, care: Care) {
        let (hands, tended) = (self.clone(), node.clone());
        let work = async move {
            tracing::info!(%node, ?care, "tending");
            let result = hands.care(&node, care).await.map_err(|error| {
                tracing::warn!(%node, %error, "tending failed");
                error.to_string()
            });
            Event::Tended { node, result }
        };
        self.supervise(deadline::REPOINT, work, |error| {
            tracing::error!(node = %tended, error, "a hand is given up");
            let (node, result) = (tended, Err(error));
            Event::Tended { node, result }
        });
    }

    fn spawn(&self, work: impl Future<Output = Event> + Send + 'static) {
        let events = self.events.clone();
        self.tasks.spawn(async move {
            // A keeper that is gone needs no answer.
            let _ = events.send(work.await).await;
        });
    }

    /// Does `work`, which bounds itself by `within`; `failed` tells the keeper
    /// when it does not.
    fn supervise(
        &self,
        within: Duration,
        work: impl Future<Output = Event> + Send + 'static,
        failed: impl FnOnce(String) -> Event + Send + 'static,
    ) {
        let hand = self.tasks.spawn(work);
        self.spawn(async move {
            let answer = answer(hand, within + SILENCE).await;
            answer.unwrap_or_else(failed)
        });
    }

    fn hand(&self, node: &NodeName) -> Outcome<&Hand> {
        self.nodes
            .get(node)
            .map(Arc::as_ref)
            .ok_or(HandError::NoSuchNode)
    }

    async fn act(&self, act: Act) -> Done {
        match act {
            Act::StoreIntent(record) => Done::IntentStored {
                standing: record.standing(),
                result: self.store_intent(&record).await,
            },
            Act::StopReceiver { node } => Done::ReceiverStopped {
                holds: told(self.stop_receiver(&node).await),
                node,
            },
            Act::CatchUp {
                node,
                holds,
                within,
            } => Done::CaughtUp(told(self.catch_up(&node, &holds, within).await)),
            Act::Gather {
                node,
                from,
                donor_waits,
                holds,
                within,
            } => {
                let gathering = self.gather(&node, &from, donor_waits, &holds, within);
                let holds = gathering.await.map_err(|error| error.to_string());
                Done::Gathered { node, holds }
            }
            Act::CloseForcibly { node } => {
                let closing = self.close(&node, Closing::Forced, deadline::CLOSE);
                let result = told(closing.await);
                Done::Closed { node, result }
            }
            Act::Promote { node, fenced } => {
                tracing::info!(%node, proof = %fenced.proof(), "promoting");
                Done::Opened(told(self.open(&node).await))
            }
            Act::Repoint { node, source } => Done::Repointed {
                result: told(self.follow(&node, &source, How::HostOnly).await),
                node,
            },
            Act::Detach { node } => Done::Detached(told(self.detach(&node).await)),
            Act::StartReceiver { node } => {
                let result = told(self.start_receiver(&node).await);
                Done::Repointed { node, result }
            }
            Act::ClearTransactions {
                node,
                how,
                older_than,
                within,
            } => {
                let clearing = self.clear_transactions(&node, how, older_than, within);
                Done::TransactionsCleared(told(clearing.await))
            }
            Act::Close { node, within } => {
                let closing = self.close(&node, Closing::Gentle, within);
                let result = told(closing.await);
                Done::Closed { node, result }
            }
            Act::Reopen { node, fenced } => {
                tracing::info!(%node, proof = %fenced.proof(), "opening the old primary again");
                Done::Reopened(told(self.reopen(&node).await))
            }
            Act::Demote { node, source } => Done::Repointed {
                result: told(self.follow(&node, &source, How::Demoted).await),
                node,
            },
            Act::Follow { node, source } => Done::Repointed {
                result: told(self.follow(&node, &source, How::Full).await),
                node,
            },
            // The steward publishes: it alone has the route.
            Act::Publish { .. } => Done::Published { subscribers: 0 },
            Act::Hold { .. } => Done::Held { acked: 0, of: 0 },
        }
    }

    async fn care(&self, node: &NodeName, care: Care) -> Outcome {
        match care {
            Care::Close => {
                let closing = self.close(node, Closing::Forced, deadline::CLOSE);
                closing.await.map(drop)
            }
            Care::Reopen { fenced } => {
                tracing::info!(%node, proof = %fenced.proof(), "opening the primary again");
                self.open(node).await
            }
            Care::Follow { source } => self.follow(node, &source, How::Full).await,
            Care::Move { source } => self.follow(node, &source, How::HostOnly).await,
            Care::Detach => self.detach(node).await,
            Care::Resume => {
                let hand = self.hand(node)?;
                hand.with(deadline::REPOINT, |session, left| {
                    Box::pin(session.start_replication(left))
                })
                .await
            }
            Care::Enforce(Enforcement { acks, .. }) => self.wait_for_acks(node, acks).await,
            Care::StopWaiting => self.wait_for_acks(node, 0).await,
            Care::Acknowledge { reconnect } => {
                let hand = self.hand(node)?;
                hand.with(deadline::REPOINT, |session, left| {
                    Box::pin(session.acknowledge(reconnect, left))
                })
                .await
            }
            Care::LetClientsIn => {
                let hand = self.hand(node)?;
                hand.with(deadline::OPEN, |session, left| {
                    Box::pin(session.let_clients_in(left))
                })
                .await
            }
            Care::CommitNothing => {
                let hand = self.hand(node)?;
                hand.with(deadline::OPEN, |session, left| {
                    Box::pin(session.commit_nothing(left))
                })
                .await
            }
            // The steward writes it down: nothing is done on the node itself.
            Care::Quarantine(_) => Ok(()),
        }
    }

    /// Both stores side by side; done when either has it.
    async fn store_intent(&self, record: &Recovery) -> Result<(), String> {
        let postgres = async {
            let save = self.app.store.recovery_save(self.reign.term, record);
            tokio::time::timeout(deadline::INTENT, save)
                .await
                .map_err(|_| "Postgres: no answer in time".to_owned())?
                .map_err(|error| format!("Postgres: {error}"))
        };
        let consul = async {
            tokio::time::timeout(deadline::INTENT, intent::save(&self.app.consul, record))
                .await
                .map_err(|_| "Consul: no answer in time".to_owned())?
                .map_err(|error| format!("Consul: {error}"))
        };
        tokio::pin!(postgres, consul);
        let (first, second) = tokio::select! {
            first = &mut postgres => (first, None),
            first = &mut consul => (first, Some(())),
        };
        let Err(first_error) = first else {
            return Ok(());
        };
        let second = match second {
            None => consul.await,
            Some(()) => postgres.await,
        };
        second.map_err(|second_error| format!("{first_error}; {second_error}"))
    }

    async fn stop_receiver(&self, node: &NodeName) -> Outcome<GtidSet> {
        let hand = self.hand(node)?;
        hand.with(deadline::STOP_RECEIVER, |session, left| {
            Box::pin(session.stop_receiver(left))
        })
        .await
    }

    async fn start_receiver(&self, node: &NodeName) -> Outcome {
        let hand = self.hand(node)?;
        hand.with(deadline::REPOINT, |session, left| {
            Box::pin(session.start_receiver(left))
        })
        .await
    }

    async fn catch_up(&self, node: &NodeName, holds: &GtidSet, within: Duration) -> Outcome {
        let hand = self.hand(node)?;
        let applied = hand
            .with(within, |session, left| {
                let holds = holds.clone();
                Box::pin(async move { session.wait_applied(&holds, left).await })
            })
            .await?;
        if applied {
            Ok(())
        } else {
            Err(HandError::NotApplied(within))
        }
    }

    /// Everything the node holds, once it has applied what it had to get. It does
    /// not go on receiving, whatever came of it.
    async fn gather(
        &self,
        node: &NodeName,
        from: &Endpoint,
        donor_waits: bool,
        holds: &GtidSet,
        within: Duration,
    ) -> Outcome<GtidSet> {
        let ends = Instant::now() + within;
        if donor_waits {
            self.wait_for_acks(&from.node, 0).await?;
        }
        self.follow(node, &from.address, How::HostOnly).await?;
        let left = ends.saturating_duration_since(Instant::now());
        let left = left.saturating_sub(deadline::STOP_RECEIVER);
        let applied = self.catch_up(node, holds, left).await;
        let held = self.stop_receiver(node).await;
        applied?;
        held
    }

    /// Everything it has committed, once it is closed.
    async fn close(&self, node: &NodeName, how: Closing, within: Duration) -> Outcome<GtidSet> {
        let hand = self.hand(node)?;
        let closing = hand.with(within, |session, left| {
            Box::pin(session.close_for_writes(how, left))
        });
        Ok(closing.await?.executed)
    }

    async fn reopen(&self, node: &NodeName) -> Outcome {
        let hand = self.hand(node)?;
        hand.with(deadline::REOPEN, |session, left| {
            Box::pin(session.reopen_for_writes(self.durability, left))
        })
        .await
    }

    async fn long_transactions(
        &self,
        node: &NodeName,
        older_than: Duration,
    ) -> Outcome<Vec<OpenTransaction>> {
        let hand = self.hand(node)?;
        hand.with(LOOK_DEADLINE, |session, left| {
            Box::pin(session.long_transactions(older_than, left))
        })
        .await
    }

    /// Waits for long transactions, or ends them, until there is none.
    async fn clear_transactions(
        &self,
        node: &NodeName,
        how: LongTransactions,
        older_than: Duration,
        within: Duration,
    ) -> Outcome {
        let hand = self.hand(node)?;
        let ends = Instant::now() + within;
        loop {
            let open = self.long_transactions(node, older_than).await?;
            let Some(oldest) = open.first() else {
                return Ok(());
            };
            if Instant::now() >= ends {
                return Err(HandError::StillOpen(open.len(), oldest.clone()));
            }
            if how == LongTransactions::Kill {
                tracing::warn!(%node, count = open.len(), %oldest, "ending long transactions");
                hand.with(LOOK_DEADLINE, |session, left| {
                    let open = open.clone();
                    Box::pin(async move { session.end_transactions(&open, left).await })
                })
                .await?;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn open(&self, node: &NodeName) -> Outcome {
        let hand = self.hand(node)?;
        hand.with(deadline::OPEN, |session, left| {
            Box::pin(session.open_for_writes(self.durability, left))
        })
        .await
    }

    async fn wait_for_acks(&self, node: &NodeName, acks: u32) -> Outcome {
        let hand = self.hand(node)?;
        hand.with(deadline::OPEN, |session, left| {
            Box::pin(session.wait_for_acks(acks, left))
        })
        .await
    }

    async fn follow(&self, node: &NodeName, source: &NodeAddress, how: How) -> Outcome {
        let hand = self.hand(node)?;
        hand.with(deadline::REPOINT, |session, left| {
            let (source, account) = (source.clone(), self.replication.clone());
            Box::pin(async move { session.follow(&source, &account, how, left).await })
        })
        .await
    }

    async fn detach(&self, node: &NodeName) -> Outcome {
        let hand = self.hand(node)?;
        hand.with(deadline::REPOINT, |session, left| {
            Box::pin(session.detach(left))
        })
        .await
    }
}

/// What a hand says within `patience`; who has not by then is broken off.
async fn answer(mut hand: JoinHandle<Event>, patience: Duration) -> Result<Event, String> {
    let Ok(answer) = tokio::time::timeout(patience, &mut hand).await else {
        hand.abort();
        return Err("no word from its hand".to_owned());
    };
    answer.map_err(|died| format!("its hand died: {died}"))
}

/// How a command ended, as the keeper is told.
fn told<T>(outcome: Outcome<T>) -> Result<T, String> {
    outcome.map_err(|error| error.to_string())
}

/// The name of an act as a step at which a test can end this process.
const fn step(act: &Act) -> &'static str {
    match act {
        Act::StoreIntent(_) => "store-intent",
        Act::StopReceiver { .. } => "stop-receiver",
        Act::CloseForcibly { .. } => "close-forcibly",
        Act::CatchUp { .. } => "catch-up",
        Act::Gather { .. } => "gather",
        Act::Promote { .. } => "promote",
        Act::Publish { .. } => "publish",
        Act::Repoint { .. } => "repoint",
        Act::Detach { .. } => "detach",
        Act::StartReceiver { .. } => "start-receiver",
        Act::ClearTransactions { .. } => "clear-transactions",
        Act::Hold { .. } => "hold",
        Act::Close { .. } => "close",
        Act::Reopen { .. } => "reopen",
        Act::Demote { .. } => "demote",
        Act::Follow { .. } => "follow",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hand_that_dies_or_never_answers_has_failed() {
        let patience = Duration::from_millis(50);
        let dead = tokio::spawn(async { panic!("a mistake") });
        let long = Duration::from_secs(10);
        let said = answer(dead, long).await.unwrap_err();
        assert!(said.contains("died"), "{said}");

        let (held, dropped) = tokio::sync::oneshot::channel::<()>();
        let mute = tokio::spawn(async move {
            let _held = held;
            std::future::pending().await
        });
        let said = answer(mute, patience).await.unwrap_err();
        assert!(said.contains("no word"), "{said}");
        assert!(dropped.await.is_err(), "it is broken off");

        let good = tokio::spawn(async { Event::Tick });
        assert_eq!(answer(good, long).await, Ok(Event::Tick));
    }
}
