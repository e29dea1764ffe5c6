//! Events and commands in few words, for a transcript.

use std::fmt;

use lictor_domain::{GtidSet, NodeAddress, RebuildState, RecoveryOutcome};
use lictor_engine::message::{Act, Care, Command, Done, Event};
use lictor_engine::rebuild::{RebuildAct, RebuildDone};

use crate::hands::Work;
use crate::transcript::short;

/// An event.
#[must_use]
pub fn event(event: &Event) -> String {
    match event {
        Event::Tick => "time has passed".to_owned(),
        Event::Probed { node, .. } => format!("{node} was probed"),
        Event::Knocked { node, knock } => format!("knock at {node}: {knock:?}"),
        Event::Witnessed { member, node, .. } => format!("{member} testifies on {node}"),
        Event::ConnectionLost { node } => format!("the standing connection to {node} ended"),
        Event::Finished { done, .. } => self::done(done),
        Event::Tended { node, result } => format!("{node} was tended{}", failure(result)),
        Event::Redefined(cluster) => {
            let policy = &cluster.policy;
            let paused = if cluster.pause.is_some() {
                ", paused"
            } else {
                ""
            };
            let (mode, durability) = (policy.mode, policy.durability);
            format!("the cluster is defined anew: {mode}, {durability}{paused}")
        }
        Event::Readmitted { node } => format!("{node} is wanted back"),
        Event::RebuildOrdered { order, .. } => format!("{} is to be rebuilt", order.node),
        Event::Looked { node, facts } => {
            let failed = failure(&facts.transactions);
            format!("the transactions of {node} were looked at{failed}")
        }
        Event::Rebuilding { done, .. } => format!("rebuild: {}", self::rebuilt(done)),
    }
}

fn failure<T>(result: &Result<T, String>) -> String {
    let failed = |error: &String| format!(", but failed: {error}");
    result.as_ref().err().map(failed).unwrap_or_default()
}

fn holding(result: &Result<GtidSet, String>) -> String {
    match result {
        Ok(set) => format!(" and holds {}", short(set)),
        Err(error) => format!(", but failed: {error}"),
    }
}

fn done(done: &Done) -> String {
    match done {
        Done::IntentStored { standing, result } => {
            format!("the record ({standing:?}) is stored{}", failure(result))
        }
        Done::ReceiverStopped { node, holds } => {
            format!("{node} has stopped its receiver{}", holding(holds))
        }
        Done::CaughtUp(result) => format!("the candidate has caught up{}", failure(result)),
        Done::Gathered { node, holds } => {
            format!("{node} has got what it lacked{}", failure(holds))
        }
        Done::Opened(result) => format!("the candidate is open{}", failure(result)),
        Done::Published { .. } => "the route is published".to_owned(),
        Done::Repointed { node, result } => {
            format!("{node} was told whom to follow{}", failure(result))
        }
        Done::Detached(result) => format!("its old source is forgotten{}", failure(result)),
        Done::TransactionsCleared(result) => {
            format!("no long transaction is open{}", failure(result))
        }
        Done::Held { acked, of } => format!("{acked} of {of} subscribers hold their writes"),
        Done::Closed { node, result } => format!("{node} is closed{}", holding(result)),
        Done::Reopened(result) => format!("the old primary is open again{}", failure(result)),
    }
}

/// A command.
#[must_use]
pub fn command(command: &Command) -> String {
    match command {
        Command::Probe { node } => format!("probe {node}"),
        Command::Knock { node } => format!("knock at {node}"),
        Command::AskMembers { node } => format!("ask the others about {node}"),
        Command::Recover { act, .. } => self::act(act),
        Command::Look { node, .. } => format!("look for long transactions on {node}"),
        Command::Record(record) => match &record.outcome {
            RecoveryOutcome::Running => "write down that it runs".to_owned(),
            RecoveryOutcome::Done => "write down that it is done".to_owned(),
            RecoveryOutcome::Aborted { reason } => {
                format!("write down that it was given up: {reason}")
            }
        },
        Command::Tend { node, care } => format!("{node}: {}", self::care(care)),
        Command::Rebuild { act, .. } => format!("rebuild: {}", rebuild(act)),
    }
}

fn act(act: &Act) -> String {
    match act {
        Act::StoreIntent(record) => {
            let chosen = record.new_primary.as_ref();
            let chosen = chosen.map_or_else(String::new, |node| format!(" for {node}"));
            let (epoch, verdict) = (record.epoch, &record.verdict);
            format!("store the record of epoch {epoch}{chosen}: {verdict}")
        }
        Act::StopReceiver { node } => format!("stop the receiver of {node}"),
        Act::CloseForcibly { node } => format!("close {node}, whatever hinders it"),
        Act::CatchUp { node, holds, .. } => format!("let {node} apply {}", short(holds)),
        Act::Gather { node, from, .. } => {
            format!("let {node} get what it lacks from {}", from.node)
        }
        Act::Promote { node, fenced } => format!("open {node}: {}", fenced.proof()),
        Act::Publish { epoch, primary } => {
            format!("publish {} as the primary of epoch {epoch}", primary.node)
        }
        Act::Repoint { node, source } => format!("point {node} at {}", host(source)),
        Act::Detach { node } => format!("let {node} forget its source"),
        Act::StartReceiver { node } => format!("start the receiver of {node}"),
        Act::ClearTransactions { node, .. } => format!("wait for long transactions on {node}"),
        Act::Hold { within } => format!("let subscribers hold their writes, {within:?} at most"),
        Act::Close { node, within } => format!("close {node} within {within:?}"),
        Act::Reopen { node, .. } => format!("open {node} again"),
        Act::Demote { node, source } => format!("make {node} a replica of {}", host(source)),
        Act::Follow { node, source } => format!("let {node} follow {} anew", host(source)),
    }
}

fn care(care: &Care) -> String {
    match care {
        Care::Close => "close it".to_owned(),
        Care::Reopen { .. } => "open it again".to_owned(),
        Care::Follow { source } => format!("follow {} anew", host(source)),
        Care::Move { source } => format!("follow {} instead", host(source)),
        Care::LetClientsIn => "let clients in".to_owned(),
        Care::CommitNothing => "commit something that changes nothing".to_owned(),
        Care::Detach => "forget its source".to_owned(),
        Care::Resume => "start its receiver and applier".to_owned(),
        Care::Enforce(enforcement) => format!("semi-sync {enforcement}"),
        Care::Acknowledge { .. } => "acknowledge".to_owned(),
        Care::StopWaiting => "wait for no acknowledgements".to_owned(),
        Care::Quarantine(None) => "let it back".to_owned(),
        Care::Quarantine(Some(quarantine)) => format!("quarantine it: {}", quarantine.reason),
    }
}

fn rebuild(act: &RebuildAct) -> String {
    match act {
        RebuildAct::Check { node, donor } => format!("may {node} get the data of {donor}?"),
        RebuildAct::Begin { record, .. } => format!("store that it begins with {}", record.node),
        RebuildAct::Copy { node, donor } => format!("copy {donor} to {node}"),
        RebuildAct::Inspect { node } => format!("what does {node} run on?"),
        RebuildAct::Save(record) => {
            let why = match &record.state {
                RebuildState::Failed { reason } => format!(": {reason}"),
                _ => String::new(),
            };
            format!(
                "write down that {} is {}{why}",
                record.node,
                record.state.as_str()
            )
        }
    }
}

fn rebuilt(done: &RebuildDone) -> String {
    match done {
        RebuildDone::Checked(result) => format!("both servers can{}", failure(result)),
        RebuildDone::Begun(result) => format!("it is stored that it begins{}", failure(result)),
        RebuildDone::Progress(_) => "the copy goes on".to_owned(),
        RebuildDone::Copied(result) => format!("the copy is whole{}", failure(result)),
        RebuildDone::Inspected(Ok(found)) => format!("it runs on {found:?}"),
        RebuildDone::Inspected(Err(error)) => format!("it does not say what it runs on: {error}"),
    }
}

fn host(address: &NodeAddress) -> String {
    address.to_string()
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Act(_, act) => f.write_str(&self::act(act)),
            Self::Care(node, care) => write!(f, "{node}: {}", self::care(care)),
        }
    }
}
