//! A problem: something about a cluster that is not as it should be, with its
//! evidence and with what Lictor does about it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::names::NodeName;
use crate::policy::words;

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Redundancy or freshness suffers.
    Warning,
    /// Writes or data are in danger.
    Critical,
}
words!(Severity, "severity", Info => "info", Warning => "warning", Critical => "critical");

/// Declares each kind of problem once: how much it matters, what it means, and
/// what is done about it.
macro_rules! codes {
    ($($code:ident: $severity:ident, $meaning:literal, $response:literal;)+) => {
        /// The stable name of a kind of problem.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum ProblemCode {
            $(#[doc = $meaning] $code),+
        }

        impl ProblemCode {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// The word in the CLI and the API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code)),+ }
            }

            /// How much a problem of this kind matters.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$code => Severity::$severity),+ }
            }

            /// What it means, as a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$code => $meaning),+ }
            }

            /// What Lictor does about it in mode auto, and what is left to the
            /// operator. A problem's own response says it of the case at hand.
            #[must_use]
            pub const fn response(self) -> &'static str {
                match self { $(Self::$code => $response),+ }
            }
        }
    };
}

codes! {
    DeadPrimary: Critical,
        "The primary's process is gone, and its replicas lost it.",
        "Lictor fails over at once to the replica that holds everything.";
    HungPrimary: Critical,
        "The primary gives no sign of life, to us or to its replicas.",
        "Lictor fails over once the profile's threshold has passed.";
    StalledPrimary: Critical,
        "The primary answers, but no commit passes: it waits for acknowledgements, for disk \
         space or for a global read lock.",
        "No failover. Waits for acknowledgements end as the durability policy says; the operator \
         ends the others.";
    UnreachablePrimary: Critical,
        "We cannot reach the primary, but someone still hears it.",
        "No failover: the operator looks after the network or the control account.";
    PrimaryAndReplicasUnreachable: Critical,
        "We reach neither the primary nor its replicas: we are the ones cut off.",
        "No failover: the operator looks after the network of lictord.";
    PrimaryReadOnly: Critical,
        "The primary answers and accepts no writes.",
        "Lictor opens it if its restart closed it and it has lost nothing; what an operator \
         closed stays closed.";
    NoPrimary: Critical,
        "The primary's process is gone, and no other node accepts writes.",
        "Lictor fails over if it can; otherwise the operator starts the nodes that are down.";
    MultiplePrimaries: Critical,
        "More than one node accepts writes.",
        "Lictor closes all but the primary.";
    UnfencedPrimary: Critical,
        "A former primary of an async cluster does not answer, and may still take writes.",
        "The operator keeps clients from it and stops it; Lictor closes it when it answers.";
    ReplicaIsWritable: Critical,
        "A replica accepts writes.",
        "Lictor makes it super_read_only.";
    ReplicationBroken: Warning,
        "A replica's applier stopped.",
        "It leaves the readers as its data grows old; the operator solves what the error says.";
    ReceiverDown: Warning,
        "A replica's receiver is stopped or cannot connect.",
        "Lictor starts one that a restart or Lictor itself stopped; an operator's stop stands.";
    ReplicaLagging: Warning,
        "A replica is further behind than the policy allows, or it is unknown how far.",
        "It serves no reads until it has caught up, unless the policy keeps it as one of the \
         last readers.";
    DelayedReplica: Info,
        "A replica applies transactions late because its operator said so.",
        "It is never promoted, and serves no reads if the delay is above the limit for readers.";
    ErrantGtid: Warning,
        "A replica holds transactions that the primary never had.",
        "It serves no reads and is never promoted; one that stopped following is quarantined.";
    DivergedReplica: Critical,
        "A replica holds transactions numbered by the primary that the primary has not: the \
         primary lost them.",
        "A closed primary is not opened again; the operator decides whose data counts.";
    WrongSource: Warning,
        "A replica follows something else than the primary.",
        "Lictor makes it follow the primary.";
    UnreachableReplica: Warning,
        "A replica gives no sign of life.",
        "It serves no reads and cannot be promoted until it answers.";
    IntermediateReplicaDead: Warning,
        "A replica that others follow gives no sign of life.",
        "Lictor makes those that follow it follow the primary.";
    ConfigurationDrift: Warning,
        "A node's settings are not those that a safe failover relies on.",
        "Lictor makes a replica super_read_only and acknowledge; the operator sets the rest.";
    AgentSilent: Warning,
        "A node's server was started by an agent that asks for no lease.",
        "Without it there is no proof that the server is dead when it cannot be reached; the \
         operator looks after the agent, its watchdog and its way to lictord.";
    SemiSyncNotEnforced: Critical,
        "The primary does not enforce the durability policy.",
        "Lictor sets it right, the replicas' side first.";
    DurabilityLoosened: Critical,
        "Commits wait for fewer replicas than the durability demands, as the policy allows while \
         too few can acknowledge.",
        "Lictor tightens it again when enough replicas can acknowledge; a failover must not lose \
         what is acknowledged meanwhile.";
    SemiSyncStarved: Critical,
        "Fewer replicas can acknowledge than the primary waits for.",
        "Commits wait, unless the policy says that Lictor may loosen what they wait for.";
    NoViableCandidate: Critical,
        "No replica can be promoted, or none could be if the primary died now.",
        "Lictor tries again when what it knows changes; the operator removes the blockers.";
    FailoverBlocked: Critical,
        "The primary is lost, and what a failover needs is missing: a proof that the old primary \
         is fenced, a store that takes the intent, or a replica that can be opened.",
        "Lictor tries again when what it knows changes; the operator removes what stands in the \
         way, or goes on without a proof by `lictor cluster failover --force`.";
    FailoverBudgetSpent: Critical,
        "As many failovers were done as the budget allows.",
        "No failover by itself until the window has passed or the operator raises the budget; one \
         that is ordered asks no budget.";
    ActionWithheld: Critical,
        "The policy does not let Lictor act by itself.",
        "The operator sets the mode to auto, or acts by hand.";
    FailoverOrdered: Info,
        "An operator ordered a failover.",
        "Lictor closes the primary if it answers, fences it, and promotes the best replica.";
    UnfinishedRecovery: Critical,
        "A recovery lost its leader, and what it had done is not certain yet.",
        "Lictor touches nothing until the node that was chosen answers, or enough of the others; \
         the operator starts them.";
    BetterPlacedReplica: Info,
        "A failover's winner held the most, and another replica is better placed.",
        "Lictor switches over to it once it has caught up, within 10 min of the failover and not a \
         second time; otherwise the operator does.";
    Maintenance: Info,
        "An operator works on a node.",
        "It serves no reads, is never promoted and not tended; what is wrong with it is no alarm.";
    ClusterPaused: Warning,
        "An operator wants nothing to be done by itself.",
        "Lictor finishes what runs, begins nothing, and records what it would have done.";
    NodeRebuild: Warning,
        "A node is being rebuilt, or its last rebuild failed.",
        "It stays quarantined until it runs on a whole copy and follows the primary.";
    SwitchoverOrdered: Info,
        "An operator wants another primary.",
        "Lictor holds writes for a moment and changes the primary, or undoes everything.";
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One problem of one cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Its kind.
    pub code: ProblemCode,
    /// How much it matters.
    pub severity: Severity,
    /// The node it is about, where it is about one.
    pub node: Option<NodeName>,
    /// What is wrong, as a sentence.
    pub sentence: String,
    /// What Lictor does about it, or what the operator can do, as a sentence.
    pub response: String,
    /// The facts it rests on.
    pub evidence: Vec<Evidence>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_says_what_it_means_and_what_is_done() {
        for code in ProblemCode::ALL {
            assert!(code.meaning().ends_with('.'), "{code}");
            assert!(code.response().ends_with('.'), "{code}");
        }
    }
}
