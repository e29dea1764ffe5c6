//! What goes into a keeper and what comes out: events and commands, as values.

use std::time::Duration;

use lictor_domain::report::Knock;
use lictor_domain::{
    Cluster, Endpoint, Epoch, GtidSet, LongTransactions, Mono, NodeAddress, NodeName, ProbeOutcome,
    Quarantine, RebuildId, Recovery, RecoveryId, Standing,
};

use crate::durability::Enforcement;
use crate::fencing::Fenced;
use crate::rebuild::{Order, RebuildAct, RebuildDone};
use crate::switchover::Facts;
use crate::timing::deadline;
use crate::witness::Word;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Time has passed.
    Tick,
    /// A probe of a node ended.
    Probed {
        /// The node.
        node: NodeName,
        /// How.
        outcome: ProbeOutcome,
    },
    /// A handshake attempt ended.
    Knocked {
        /// The node.
        node: NodeName,
        /// What it found.
        knock: Knock,
    },
    /// Another instance of the control plane said how it reaches a node.
    Witnessed {
        /// The instance.
        member: String,
        /// The node.
        node: NodeName,
        /// When it was asked.
        asked: Mono,
        /// What it said.
        word: Word,
    },
    /// The standing connection to a node ended.
    ConnectionLost {
        /// The node.
        node: NodeName,
    },
    /// A hand has finished a command of a recovery.
    Finished {
        /// The recovery it belongs to.
        recovery: RecoveryId,
        /// What was done, and how it ended.
        done: Done,
    },
    /// A hand has finished a command outside any recovery.
    Tended {
        /// The node.
        node: NodeName,
        /// How it ended.
        result: Result<(), String>,
    },
    /// The cluster's definition was changed.
    Redefined(Cluster),
    /// An operator wants a node back.
    Readmitted {
        /// The node.
        node: NodeName,
    },
    /// Somebody wants a node rebuilt.
    RebuildOrdered {
        /// The identity it gets.
        id: RebuildId,
        /// What is wanted.
        order: Order,
    },
    /// A hand has looked at what a switchover would meet.
    Looked {
        /// The primary.
        node: NodeName,
        /// What was found.
        facts: Facts,
    },
    /// A hand tells of a step of a rebuild.
    Rebuilding {
        /// The rebuild.
        id: RebuildId,
        /// How the step went.
        done: RebuildDone,
    },
}

/// The end of one command of a recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// The record is stored in at least one store, or in none.
    IntentStored {
        /// How far the recovery had come in what was stored.
        standing: Standing,
        /// How it ended.
        result: Result<(), String>,
    },
    /// A receiver is stopped; everything its node holds.
    ReceiverStopped {
        /// The replica.
        node: NodeName,
        /// What it holds.
        holds: Result<GtidSet, String>,
    },
    /// The candidate has applied all it received.
    CaughtUp(Result<(), String>),
    /// A replica got what only another one held; everything it holds now.
    Gathered {
        /// The replica.
        node: NodeName,
        /// What it holds.
        holds: Result<GtidSet, String>,
    },
    /// The candidate accepts writes.
    Opened(Result<(), String>),
    /// The route was handed to the push.
    Published {
        /// Subscribers it goes to.
        subscribers: u32,
    },
    /// A replica follows the new primary.
    Repointed {
        /// The replica.
        node: NodeName,
        /// How it ended.
        result: Result<(), String>,
    },
    /// The new primary has forgotten its old source.
    Detached(Result<(), String>),
    /// No long transaction is open any more.
    TransactionsCleared(Result<(), String>),
    /// Subscribers hold their writes, or did not say so in time.
    Held {
        /// How many said so.
        acked: u32,
        /// How many were asked.
        of: u32,
    },
    /// A node takes no writes any more.
    Closed {
        /// The node.
        node: NodeName,
        /// All it has committed.
        result: Result<GtidSet, String>,
    },
    /// The old primary takes writes again.
    Reopened(Result<(), String>),
}

/// Something to be done. Every command is idempotent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Probe a node now, out of turn; ends in `Event::Probed`.
    Probe {
        /// The node.
        node: NodeName,
    },
    /// Try a handshake; ends in `Event::Knocked`.
    Knock {
        /// The node.
        node: NodeName,
    },
    /// Ask the other instances of the control plane whether they reach a node; each
    /// that answers ends in `Event::Witnessed`.
    AskMembers {
        /// The node.
        node: NodeName,
    },
    /// A command of a recovery; ends in `Event::Finished`.
    Recover {
        /// The recovery it belongs to.
        recovery: RecoveryId,
        /// What to do.
        act: Act,
    },
    /// Look at what a switchover would meet, and change nothing; ends in
    /// `Event::Looked`.
    Look {
        /// The primary.
        node: NodeName,
        /// From this age on a transaction is long.
        older_than: Duration,
    },
    /// Write a recovery into the history; nobody waits for it.
    Record(Box<Recovery>),
    /// A command outside any recovery; ends in `Event::Tended`.
    Tend {
        /// The node.
        node: NodeName,
        /// What to do.
        care: Care,
    },
    /// A step of a rebuild; ends in `Event::Rebuilding`.
    Rebuild {
        /// The rebuild.
        id: RebuildId,
        /// What to do.
        act: RebuildAct,
    },
}

impl Command {
    /// The commands of one recovery.
    pub(crate) fn recover(recovery: RecoveryId, acts: Vec<Act>) -> Vec<Self> {
        let each = acts.into_iter();
        each.map(|act| Self::Recover { recovery, act }).collect()
    }
}

/// A command of a recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Store the record in both stores side by side; done when either has it.
    StoreIntent(Box<Recovery>),
    /// Stop a replica's receiver, and read all it holds.
    StopReceiver {
        /// The replica.
        node: NodeName,
    },
    /// Close a node for writes, whatever hinders it: clients whose commits wait
    /// are cut off.
    CloseForcibly {
        /// The old primary, or a candidate that may have been opened.
        node: NodeName,
    },
    /// Let the candidate apply all it holds.
    CatchUp {
        /// The candidate.
        node: NodeName,
        /// What it must have applied.
        holds: GtidSet,
        /// How long it may take.
        within: Duration,
    },
    /// Let a replica receive and apply what only another one holds, and stop its
    /// receiver then.
    Gather {
        /// The replica.
        node: NodeName,
        /// Who holds it.
        from: Endpoint,
        /// The other one waits for acknowledgements: it is to stop that first, or
        /// it might not apply what it is to give.
        donor_waits: bool,
        /// What the replica must have applied then.
        holds: GtidSet,
        /// How long it may take.
        within: Duration,
    },
    /// Open the candidate for writes.
    Promote {
        /// The candidate.
        node: NodeName,
        /// The proof without which nothing is promoted.
        fenced: Fenced,
    },
    /// Make the new primacy known: push, store, Consul.
    Publish {
        /// The new primacy.
        epoch: Epoch,
        /// Who holds it.
        primary: Endpoint,
    },
    /// Point a replica at its source under the new primary and start its receiver.
    Repoint {
        /// The replica.
        node: NodeName,
        /// The new primary, or another replica of it.
        source: NodeAddress,
    },
    /// Make the new primary forget its old source.
    Detach {
        /// The new primary.
        node: NodeName,
    },
    /// Start a receiver again that a recovery had stopped, after giving up.
    StartReceiver {
        /// The replica.
        node: NodeName,
    },
    /// Get long transactions out of the way before a switchover.
    ClearTransactions {
        /// The primary.
        node: NodeName,
        /// Whether to wait for them or to end them.
        how: LongTransactions,
        /// From this age on a transaction is long.
        older_than: Duration,
        /// How long it may take.
        within: Duration,
    },
    /// Wait until the subscribers hold their writes; the route says so already.
    Hold {
        /// How long at most.
        within: Duration,
    },
    /// Close the old primary for writes. What runs there finishes; when that
    /// takes too long, it fails and nobody is cut off.
    Close {
        /// The old primary.
        node: NodeName,
        /// How long it may take.
        within: Duration,
    },
    /// Open the old primary again, after giving up.
    Reopen {
        /// The old primary.
        node: NodeName,
        /// The proof that nobody else can take writes.
        fenced: Fenced,
    },
    /// Make the old primary follow the new one: it acknowledges at once, and
    /// leaves the primary's settings afterwards.
    Demote {
        /// The old primary.
        node: NodeName,
        /// The new primary.
        source: NodeAddress,
    },
    /// Make a withdrawn candidate follow the old primary, every setting anew.
    Follow {
        /// The candidate.
        node: NodeName,
        /// The old primary.
        source: NodeAddress,
    },
}

impl Act {
    /// How long it may take: whoever carries it out and is silent for longer has
    /// failed.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        match self {
            Self::StoreIntent(_) => deadline::INTENT,
            Self::StopReceiver { .. } => deadline::STOP_RECEIVER,
            Self::Promote { .. } => deadline::OPEN,
            Self::CloseForcibly { .. } => deadline::CLOSE,
            Self::Reopen { .. } => deadline::REOPEN,
            Self::Publish { .. } => Duration::ZERO,
            Self::Repoint { .. }
            | Self::Detach { .. }
            | Self::StartReceiver { .. }
            | Self::Demote { .. }
            | Self::Follow { .. } => deadline::REPOINT,
            Self::CatchUp { within, .. }
            | Self::Gather { within, .. }
            | Self::ClearTransactions { within, .. }
            | Self::Hold { within }
            | Self::Close { within, .. } => *within,
        }
    }

    /// How it ended when nobody said how.
    #[must_use]
    pub fn failed(self, error: String) -> Done {
        match self {
            Self::StoreIntent(record) => Done::IntentStored {
                standing: record.standing(),
                result: Err(error),
            },
            Self::StopReceiver { node } => Done::ReceiverStopped {
                node,
                holds: Err(error),
            },
            Self::CatchUp { .. } => Done::CaughtUp(Err(error)),
            Self::Gather { node, .. } => Done::Gathered {
                node,
                holds: Err(error),
            },
            Self::Promote { .. } => Done::Opened(Err(error)),
            Self::Publish { .. } => Done::Published { subscribers: 0 },
            Self::Repoint { node, .. }
            | Self::StartReceiver { node }
            | Self::Demote { node, .. }
            | Self::Follow { node, .. } => Done::Repointed {
                node,
                result: Err(error),
            },
            Self::Detach { .. } => Done::Detached(Err(error)),
            Self::ClearTransactions { .. } => Done::TransactionsCleared(Err(error)),
            Self::Hold { .. } => Done::Held { acked: 0, of: 0 },
            Self::CloseForcibly { node } | Self::Close { node, .. } => Done::Closed {
                node,
                result: Err(error),
            },
            Self::Reopen { .. } => Done::Reopened(Err(error)),
        }
    }
}

/// What a node outside any recovery needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Care {
    /// Make it `super_read_only`: it is not the primary.
    Close,
    /// Open the primary again after its restart.
    Reopen {
        /// The proof that nobody else was promoted.
        fenced: Fenced,
    },
    /// Make it follow a source, every setting anew.
    Follow {
        /// The source.
        source: NodeAddress,
    },
    /// Move a replica of the cluster to another source: its applier runs on, and
    /// what it received stays.
    Move {
        /// The source.
        source: NodeAddress,
    },
    /// Make the primary forget a source it once followed.
    Detach,
    /// Start its receiver and applier again after its restart.
    Resume,
    /// Let the primary's commits wait for so many acknowledgements, without any
    /// fall-back.
    Enforce(Enforcement),
    /// Make it acknowledge as a semi-sync replica.
    Acknowledge {
        /// Its receiver must connect anew for it.
        reconnect: bool,
    },
    /// Turn off the semi-sync source side of a closed replica.
    StopWaiting,
    /// Let ordinary clients in again, whom Lictor turned away to close it.
    LetClientsIn,
    /// Commit something on the primary that changes nothing: commits that wait
    /// for an acknowledgement that never comes go on with the next one's.
    CommitNothing,
    /// Keep it out of every pool, or let it back.
    Quarantine(Option<Quarantine>),
}
